"""A tick from several servers: any order, any repetition, nothing after it closed."""

from __future__ import annotations

from eitp_server.volatility.assembly import TickAssembly
from eitp_server.volatility.cell import Cell
from hypothesis import given
from hypothesis import strategies as st
from volatility.sessions import AT_US, partial

ONE, OTHER = Cell(tenant_id="one"), Cell(tenant_id="other")
MESSAGES = [
    ("a", 1, {ONE: partial([(100, 1000)])}),
    ("a", 2, {OTHER: partial([(50, 2000), (60, 500)])}),
    ("b", 1, {ONE: partial([(70, 1500)]), OTHER: partial([(10, 100)])}),
]


@given(
    st.lists(st.sampled_from(range(3)), max_size=8).flatmap(
        lambda repeats: st.permutations([*range(3), *repeats])
    )
)
def test_order_and_repetition_do_not_matter(order: list[int]) -> None:
    plain, mixed = TickAssembly(AT_US, frozenset("ab")), TickAssembly(AT_US, frozenset("ab"))
    for message in MESSAGES:
        assert plain.add(*message)
    taken = [mixed.add(*MESSAGES[number]) for number in order]
    assert sum(taken) == 3
    assert mixed.close() == plain.close()
    assert mixed.coverage == 1


def test_coverage_is_the_share_of_shards_that_are_complete() -> None:
    assembly = TickAssembly(AT_US, frozenset("ab"))
    assembly.add("a", 1, {}, last=False)
    assert assembly.coverage == 0
    assembly.add("a", 2, {})
    assembly.add("stranger", 1, {})
    assert assembly.coverage == 0.5
    assert TickAssembly(AT_US, frozenset()).coverage == 1


def test_a_closed_tick_is_never_changed_and_what_is_late_is_counted_once() -> None:
    assembly = TickAssembly(AT_US, frozenset("ab"))
    assembly.add(*MESSAGES[0])
    cells = dict(assembly.close())
    assert not assembly.add(*MESSAGES[2])
    assert not assembly.add(*MESSAGES[2])
    assert dict(assembly.close()) == cells
    assert (assembly.late_sessions, assembly.coverage) == (2, 0.5)
