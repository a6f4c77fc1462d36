"""The policy that decides: what it looks up, what it computes, and what its identities say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from bandit.lessons import ARMS, cell, wider
from eitp_server.bandit.decision import ANY
from eitp_server.bandit.learnt import portions
from eitp_server.bandit.policy_table import (
    DEFAULT,
    MOST_SETS,
    PRIOR,
    UNTAUGHT,
    CellPolicy,
    Exploration,
    Goal,
    PolicyTable,
    document_of,
)
from eitp_server.bandit.selection import best_probabilities, exploration_floor, top_two, with_floor
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from eitp_server.bandit.decision import Cell
    from eitp_server.bandit.policy_table import Shape

FIND_BEST = Exploration(goal=Goal.FIND_BEST)
SHAPES: Mapping[str, Shape] = {"": (3.0, 97.0), "comparison": (4.0, 96.0), "discount": (8.0, 92.0)}
OTHERS: Mapping[str, Shape] = {"": (3.0, 97.0), "comparison": (9.0, 91.0), "discount": (2.0, 98.0)}


def document(
    shapes: Mapping[str, Shape] = SHAPES,
    *,
    of: Cell | None = None,
    exploration: Exploration | None = None,
    choices: Mapping[tuple[str, ...], tuple[float, ...]] | None = None,
) -> dict[str, Any]:
    cells = {of or cell(): CellPolicy(shapes=shapes, choices=choices or {})}
    return document_of(cells, {} if exploration is None else {"shop": exploration})


def knowing(*documents: Mapping[str, Any]) -> PolicyTable:
    table = PolicyTable()
    for each in documents:
        table.install(each)
    return table


def reloaded(table: PolicyTable) -> PolicyTable:
    copy = PolicyTable()
    copy.load(table.dump())
    return copy


def expected(shapes: list[Shape], exploration: Exploration = DEFAULT) -> tuple[float, ...]:
    alpha, beta = np.array(shapes).T
    return tuple(exploration.probabilities(best_probabilities(alpha, beta)).tolist())


def test_a_policy_that_was_taught_nothing_has_the_prior_for_every_arm() -> None:
    table = PolicyTable()
    assert table.shapes(cell(), ARMS) == [PRIOR] * 3
    found = table.snapshot(cell(), ARMS)
    assert found.probabilities == pytest.approx((1 / 3, 1 / 3, 1 / 3), abs=1e-9)
    assert found.arms == ARMS
    assert found.snapshot_id == UNTAUGHT
    assert found.cumulative == pytest.approx((1 / 3, 2 / 3, 1.0), abs=1e-9)


def test_what_is_installed_decides_at_once() -> None:
    table = PolicyTable()
    before = table.snapshot(cell(), ARMS)
    chances = expected(list(SHAPES.values()))
    listing = document(choices={ARMS[:2]: (0.25, 0.75)})
    for installed, is_listed in ((listing, False), (document(choices={ARMS: chances}), True)):
        table.install(installed)
        after = table.snapshot(cell(), ARMS)
        assert after.probabilities == chances
        assert (after.snapshot_id == installed["snapshot_id"]) == is_listed
    assert before.probabilities == pytest.approx((1 / 3,) * 3, abs=1e-9)
    assert after.probabilities[2] > 0.7
    assert table.snapshot(cell(), ARMS) is after


def test_a_set_that_the_document_knows_is_looked_up_and_not_computed() -> None:
    told = (0.2, 0.3, 0.5)
    table = knowing(document(choices={ARMS: told}))
    assert table.snapshot(cell(), ARMS).probabilities == told
    fewer = ARMS[:2]
    assert table.snapshot(cell(), fewer).probabilities == expected([SHAPES[arm] for arm in fewer])


def test_a_cell_that_was_never_seen_stands_where_the_wider_one_does() -> None:
    table = knowing(document(OTHERS, of=wider()), document(SHAPES, of=wider(label=4)))
    found = table.snapshot(cell(section=99), ARMS)
    assert found.probabilities == expected([SHAPES[arm] for arm in ARMS])
    assert table.snapshot(cell(label=5), ARMS).probabilities == expected(
        [OTHERS[arm] for arm in ARMS]
    )
    assert table.shapes(cell("rival"), ARMS) == [PRIOR] * 3


def test_an_arm_that_the_cell_does_not_have_stands_where_the_wider_one_has_it() -> None:
    table = knowing(
        document({"": SHAPES[""]}),
        document({"comparison": (5.0, 6.0)}, of=wider(label=4)),
        document({"comparison": (7.0, 8.0), "discount": (9.0, 10.0)}, of=wider()),
    )
    arms = (*ARMS, "help-chat")
    assert table.shapes(cell(), arms) == [SHAPES[""], (5.0, 6.0), (9.0, 10.0), PRIOR]


def test_what_stands_for_a_cell_has_any_section_and_then_any_label() -> None:
    assert cell().wider() == (replace(cell(), page_section=ANY), wider())


def test_a_wider_cell_that_changes_is_seen_by_those_that_lean_on_it() -> None:
    table = knowing(document(SHAPES, of=wider()))
    before = table.snapshot(cell(), ARMS)
    table.install(document(OTHERS, of=wider()))
    after = table.snapshot(cell(), ARMS)
    assert after.probabilities == expected([OTHERS[arm] for arm in ARMS])
    assert after.snapshot_id != before.snapshot_id


def test_each_tenant_has_its_own_goal_and_floor() -> None:
    mine, other = Exploration(floor=0.01, goal=Goal.FIND_BEST), Exploration(floor=0.1)
    cells = {cell(name): CellPolicy(shapes=SHAPES) for name in ("shop", "rival", "third")}
    table = knowing(document_of(cells, {"shop": mine, "rival": other}))
    alpha, beta = np.array([SHAPES[arm] for arm in ARMS]).T
    best = best_probabilities(alpha, beta)
    for tenant_id, wanted in (
        ("shop", with_floor(top_two(best), 0.01)),
        ("rival", with_floor(best, 0.1)),
        ("third", with_floor(best, exploration_floor(3))),
    ):
        found = table.snapshot(cell(tenant_id), ARMS).probabilities
        assert found == pytest.approx(tuple(wanted.tolist()), abs=1e-11)
    assert len({table.snapshot(cell(name), ARMS).probabilities for name in ("shop", "rival")}) == 2


@pytest.mark.parametrize(
    ("wish", "arms", "floor"),
    [(None, 10, 0.05), (None, 20, 0.025), (0.02, 10, 0.02), (0.2, 2, 0.2), (0.2, 5, 0.1)],
)
def test_the_floor_is_the_wish_unless_chance_had_more_than_half(
    wish: float | None, arms: int, floor: float
) -> None:
    exploration = Exploration(floor=wish)
    assert exploration.floor_of(arms) == pytest.approx(floor)
    nearly_sure = np.eye(arms)[0]
    assert min(exploration.probabilities(nearly_sure)) == pytest.approx(floor, abs=1e-11)


shapes = st.tuples(st.floats(0.01, 5_000.0), st.floats(0.01, 50_000.0))
explorations = st.builds(
    Exploration, floor=st.none() | st.floats(0.0, 0.5), goal=st.sampled_from(Goal)
)


@given(st.lists(shapes, min_size=2, max_size=10), explorations)
def test_probabilities_sum_to_one_and_keep_the_floor(
    drawn: list[Shape], exploration: Exploration
) -> None:
    arms = ("", *(f"arm-{index}" for index in range(len(drawn) - 1)))
    table = knowing(document(dict(zip(arms, drawn, strict=True)), exploration=exploration))
    found = table.snapshot(cell(), arms)
    kept = 0.05 if exploration.floor is None else exploration.floor
    assert sum(found.probabilities) == pytest.approx(1.0, abs=1e-9)
    assert found.cumulative[-1] == pytest.approx(1.0, abs=1e-9)
    assert min(found.probabilities) >= min(kept, 0.5 / len(arms)) - 1e-12


def test_identities_differ_with_what_the_probabilities_follow_from() -> None:
    finding = document({}, of=cell("rival"), exploration=FIND_BEST)
    tables = [
        PolicyTable(),
        knowing(document()),
        knowing(document(OTHERS)),
        knowing(document(choices={ARMS: (0.2, 0.3, 0.5)})),
        knowing(document(of=wider())),
        knowing(document(OTHERS, of=wider())),
        knowing(finding),
        knowing(document(of=wider()), finding),
        knowing(document({"": SHAPES[""]}), document(of=wider())),
        knowing(document({"": SHAPES[""]}), document(OTHERS, of=wider())),
        knowing(document({"": SHAPES[""]})),
    ]
    ids = [table.snapshot(cell(), ARMS).snapshot_id for table in tables]
    assert len(set(ids)) == len(tables)
    assert [table.snapshot(cell(), ARMS).snapshot_id for table in map(reloaded, tables)] == ids


def test_new_terms_show_in_the_identity_of_what_is_computed_before_its_own_portion_arrives() -> (
    None
):
    listed = (0.2, 0.3, 0.5)
    table = knowing(document(choices={ARMS: listed}))
    before = [table.snapshot(cell(), arms) for arms in (ARMS, ARMS[:2])]
    assert before[0].snapshot_id != before[1].snapshot_id
    # The first portion of a document: it brings the terms, and says nothing of this cell yet.
    table.install(document(of=cell(label=9), exploration=FIND_BEST))
    after = [table.snapshot(cell(), arms) for arms in (ARMS, ARMS[:2])]
    assert after[0] == before[0]
    assert after[1].probabilities != before[1].probabilities
    assert after[1].snapshot_id != before[1].snapshot_id


def test_what_is_forgotten_of_an_arm_shows_in_the_identity() -> None:
    table = knowing(document(), document(of=wider()), document(of=cell("rival")))
    before = table.snapshot(cell(), ARMS)
    foreign = table.snapshot(cell("rival"), ARMS)
    table.forget("shop", "discount")
    after = table.snapshot(cell(), ARMS)
    assert table.shapes(cell(), ARMS) == [SHAPES[""], SHAPES["comparison"], PRIOR]
    assert after.probabilities != before.probabilities
    assert after.snapshot_id != before.snapshot_id
    assert table.snapshot(cell("rival"), ARMS) == foreign
    assert reloaded(table).snapshot(cell(), ARMS) == after


def test_sets_with_a_forgotten_arm_are_forgotten_with_it() -> None:
    table = knowing(document(choices={ARMS: (0.2, 0.3, 0.5), ARMS[:2]: (0.25, 0.75)}))
    table.forget("shop", "discount")
    assert table.snapshot(cell(), ARMS[:2]).probabilities == (0.25, 0.75)
    shape = [SHAPES[""], SHAPES["comparison"], PRIOR]
    assert table.snapshot(cell(), ARMS).probabilities == expected(shape)


def test_the_same_content_has_the_same_identity_whenever_it_was_learnt() -> None:
    assert document()["snapshot_id"] == document()["snapshot_id"] != UNTAUGHT
    mixed = {arm: SHAPES[arm] for arm in reversed(ARMS)}
    assert document(mixed)["snapshot_id"] == document()["snapshot_id"]


known = st.dictionaries(
    st.builds(cell, st.sampled_from(["shop", "rival"]), label=st.integers(3, 6)),
    st.dictionaries(st.sampled_from(ARMS), shapes, min_size=1),
    max_size=6,
)
lookups = st.lists(
    st.tuples(
        st.builds(cell, st.sampled_from(["shop", "rival"]), label=st.integers(3, 6)),
        st.sampled_from([ARMS, ARMS[:2], ARMS[::2]]),
    ),
    max_size=8,
)


@given(known, known, explorations, lookups)
def test_a_round_trip_changes_nothing(
    one: dict[Cell, dict[str, Shape]],
    other: dict[Cell, dict[str, Shape]],
    exploration: Exploration,
    asked: list[tuple[Cell, tuple[str, ...]]],
) -> None:
    table = PolicyTable()
    for drawn in (one, other):
        policies = {
            place: CellPolicy(shapes=own, choices={tuple(sorted(own)): (1 / 3,) * len(own)})
            for place, own in drawn.items()
        }
        table.install(document_of(policies, {"shop": exploration}))
        for each in asked:
            table.snapshot(*each)
    copy = reloaded(table)
    assert copy.dump() == table.dump()
    assert copy.known() == table.known()
    assert copy.explorations() == table.explorations()
    assert [copy.snapshot(*each) for each in asked] == [table.snapshot(*each) for each in asked]
    assert copy.dump() == table.dump()


def test_looking_up_leaves_no_trace_in_the_state() -> None:
    table = knowing(document())
    before = table.dump()
    table.snapshot(cell(), ARMS)
    table.snapshot(cell("rival"), ARMS)
    assert table.dump() == before


def test_the_order_of_documents_about_different_cells_does_not_matter() -> None:
    parts = document(), document(OTHERS, of=wider())
    one, other = knowing(*parts), knowing(*reversed(parts))
    assert one.known() == other.known()
    assert one.snapshot(cell(), ARMS) == other.snapshot(cell(), ARMS)


def test_a_document_in_portions_comes_to_the_same_as_the_whole() -> None:
    cells = {cell(label=label): CellPolicy(shapes=SHAPES) for label in range(7)}
    whole = document_of(cells, {"shop": FIND_BEST})
    size = 3 * len(whole["cells"][0][1])
    assert [len(portion["cells"]) for portion in portions(whole, size)] == [3, 3, 1]
    assert [len(portion["cells"]) for portion in portions(whole, 1)] == [1] * 7
    assert knowing(*portions(whole, size)).dump() == knowing(whole).dump()
    terms_only = document_of({}, {"shop": FIND_BEST})
    assert knowing(*portions(terms_only, 3)).explorations() == {"shop": FIND_BEST}


def test_of_each_cell_the_sets_that_were_asked_for_last_are_remembered() -> None:
    table = PolicyTable()
    sets = [("", f"arm-{index:03}") for index in range(MOST_SETS + 5)]
    for arms in sets:
        table.snapshot(cell(), arms)
        table.snapshot(cell(), arms)
    assert table.asked() == {cell(): tuple(sets[5:])}
