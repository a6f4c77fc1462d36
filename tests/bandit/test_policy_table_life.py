"""A table that lives on answers like one that is read from its dump before every question."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from eitp_server.bandit import policy_table
from eitp_server.bandit.decision import ANY, Cell
from eitp_server.bandit.policy_table import (
    CellPolicy,
    Exploration,
    Goal,
    PolicyTable,
    document_of,
)
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eitp_server.bandit.policy_table import Arms

TENANTS = ("shop", "rival")
NAMES = ("ask", "ask-more", "buy", '"quoted"')
cells = st.builds(
    Cell,
    tenant_id=st.sampled_from(TENANTS),
    vertical=st.sampled_from(["", "shoes"]),
    label=st.sampled_from([ANY, 1, 2]),
    page_section=st.sampled_from([ANY, 0, 3]),
)
sets = st.lists(st.sampled_from(NAMES), unique=True, max_size=3).map(
    lambda names: ("", *sorted(names))
)
numbers = st.floats(0.5, 50.0)


@st.composite
def policies(draw: st.DrawFn) -> CellPolicy:
    names = draw(st.lists(st.sampled_from(["", *NAMES]), unique=True, max_size=5))
    listed = draw(st.lists(sets, unique=True, max_size=3))
    return CellPolicy(
        shapes={name: (draw(numbers), draw(numbers)) for name in names},
        choices={
            arms: (1.0 / len(arms),) * len(arms) for arms in listed if set(arms) <= set(names)
        },
    )


terms = st.dictionaries(
    st.sampled_from(TENANTS),
    st.builds(
        Exploration, floor=st.sampled_from([None, 0.0, 0.1]), goal=st.sampled_from(list(Goal))
    ),
    max_size=2,
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("install"), st.dictionaries(cells, policies(), max_size=4), terms),
        st.tuples(st.just("forget"), st.sampled_from(TENANTS), st.sampled_from(NAMES)),
        st.tuples(st.just("ask"), cells, sets),
        st.tuples(st.just("ask"), cells, sets),
    ),
    max_size=20,
)


def reloaded(table: PolicyTable) -> PolicyTable:
    again = PolicyTable()
    again.load(table.dump())
    return again


def change(table: PolicyTable, step: Sequence[Any]) -> None:
    match step:
        case ("install", told, wished):
            table.install(json.loads(json.dumps(document_of(told, wished))))
        case ("forget", tenant_id, arm):
            table.forget(tenant_id, arm)
        case _:
            pass


def first_difference(live: PolicyTable, stream: Sequence[Sequence[Any]]) -> object:
    """Return the first question that the table answers otherwise than a fresh one."""
    fresh = PolicyTable()
    asked: dict[tuple[Cell, Arms], None] = {}
    for step in stream:
        for table in (live, fresh):
            change(table, step)
        fresh = reloaded(fresh)
        if step[0] == "ask":
            asked[step[1], step[2]] = None
        for place, arms in asked:
            if live.snapshot(place, arms) != reloaded(fresh).snapshot(place, arms):
                return place, arms
        if live.dump() != fresh.dump() or live.known() != fresh.known():
            return step
    return None


def all_unknown(asked: Mapping[Cell, Sequence[Arms]], known: Mapping[Cell, CellPolicy]) -> bool:
    return not any(
        arms in known[place].choices
        for place in asked.keys() & known.keys()
        for arms in asked[place]
    )


@pytest.mark.parametrize("most", [1, 3, 64])
@given(stream=steps)
def test_a_table_that_lives_on_answers_like_a_fresh_one(
    most: int, stream: list[Sequence[Any]]
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(policy_table, "MOST_SETS", most)
        live = PolicyTable()
        assert first_difference(live, stream) is None
        assert all_unknown(live.asked(), live.known())


WIDE = Cell(tenant_id="shop", vertical="shoes", label=ANY, page_section=ANY)
NARROW = Cell(tenant_id="shop", vertical="shoes", label=1, page_section=3)
LEANING: list[Sequence[Any]] = [
    ("install", {WIDE: CellPolicy(shapes={"": (1.0, 9.0), "buy": (5.0, 5.0)})}, {}),
    ("ask", NARROW, ("", "buy")),
    ("forget", "shop", "buy"),
]


class Remembers(PolicyTable):
    """A mutant that keeps what it has found when an arm is forgotten."""

    def forget(self, tenant_id: str, arm: str) -> None:
        found = {place: dict(own) for place, own in self._found.items()}
        super().forget(tenant_id, arm)
        self._found.update(found)


class RemembersWhatLeans(PolicyTable):
    """A mutant that keeps what was computed from wider cells when these change."""

    def install(self, document: Mapping[str, Any]) -> None:
        computed, self._computed = self._computed, {}
        super().install(document)
        self._computed = computed


def test_tables_that_remember_too_much_would_be_noticed() -> None:
    assert first_difference(Remembers(), LEANING) == (NARROW, ("", "buy"))
    told = {WIDE: CellPolicy(shapes={"": (1.0, 9.0), "buy": (1.0, 99.0)})}
    again: list[Sequence[Any]] = [*LEANING[:2], ("install", told, {})]
    assert first_difference(RemembersWhatLeans(), again) == (NARROW, ("", "buy"))
    assert first_difference(PolicyTable(), again) is None
