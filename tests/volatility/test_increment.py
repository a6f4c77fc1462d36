"""How much sessions move: the golden session, a second implementation, and bad input."""

from __future__ import annotations

from math import inf, nan
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from eitp_server.classification.packet import DIMENSIONS as PACKET_DIMENSIONS
from eitp_server.volatility.constituent import constituents
from eitp_server.volatility.increment import (
    AHEAD_US,
    NEVER_US,
    MovementTable,
    Step,
    fold,
    update,
)
from eitp_server.volatility.methodology import DIMENSIONS
from eitp_server.volatility.variation import variation
from hypothesis import given, settings
from hypothesis import strategies as st
from volatility.scalar_rule import Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

SECOND = 1_000_000
STILL = (0.1, 0.3, 0.2, 0.1, 0.5, 0.4, 0.1)
NAMES = {"ref": "FIRST", "skip": "WAITED", "inc": "ADDED", "late": "LATE", "reset": "RESTARTED"}

_VALUES = st.one_of(st.floats(-1, 1, width=32), st.sampled_from([nan, inf, -inf, 1.5]))
_GAPS = st.one_of(
    st.integers(-4, 12), st.sampled_from([5, 60, 61, 90]), st.floats(0, 20, allow_nan=False)
)
_STATES = st.tuples(_GAPS, st.lists(_VALUES, min_size=7, max_size=7))


def one(table: MovementTable, slot: int, at: float, values: tuple[float, ...]) -> Step:
    slots, times = np.array([slot]), np.array([round(at * SECOND)], np.int64)
    return Step(int(update(table, slots=slots, at_us=times, states=np.array([values]))[0]))


def rows_of(table: MovementTable) -> list[NDArray[Any]]:
    return [getattr(table, name) for name in MovementTable.__dataclass_fields__]


def test_the_order_of_the_dimensions_is_that_of_packets() -> None:
    assert DIMENSIONS == PACKET_DIMENSIONS


def test_the_golden_session_gives_the_sums_of_the_vector(vectors: dict[str, Any]) -> None:
    golden = vectors["E1_session"]
    table = MovementTable.allocate(4)
    steps = [one(table, 2, at, values) for at, values in golden["input"]]
    assert [step.name for step in steps] == [NAMES[action[1]] for action in golden["actions"]]
    found = variation(table, np.array([2]))
    expected = {
        "Q": table.squares[2],
        "X": table.seconds[2],
        "X2": table.squared_seconds[2],
        "BP": table.products[2],
        "XB": table.product_seconds[2],
        "V": found.variance[0],
        "meff": found.increments[0],
        "nu": found.degrees_of_freedom[0],
        "v": found.volatility[0],
        "B": found.continuous_variance[0],
        "jump": found.jump_share[0],
    }
    for name, value in expected.items():
        assert value == pytest.approx(golden[name], rel=1e-9), name
    at_tick = constituents(table, np.array([2]), round(golden["tick"] * SECOND))
    assert [int(at_tick.weight[0]), int(at_tick.volatility[0])] == golden["quantised"]


def test_increments_are_those_of_the_vector(vectors: dict[str, Any]) -> None:
    golden = vectors["E1_session"]
    table = MovementTable.allocate(1)
    for (at, values), action in zip(golden["input"], golden["actions"], strict=True):
        before, since = float(table.squares[0]), int(table.updated_us[0])
        if one(table, 0, at, values) == Step.ADDED:
            faded = before * 2 ** (-(at * SECOND - since) / (60 * SECOND)) if before else 0.0
            assert table.squares[0] - faded == pytest.approx(action[3], rel=1e-9)


@given(st.lists(_STATES, min_size=1, max_size=40))
def test_the_rule_is_that_of_a_second_implementation(
    states: list[tuple[float, list[float]]],
) -> None:
    table, session, at = MovementTable.allocate(1), Session(), 0.0
    for gap, values in states:
        at = round(at + gap, 6)
        assert one(table, 0, at, tuple(values)).name == session.state(at, values)
    if session.increments:
        ours = [
            table.squares[0],
            table.seconds[0],
            table.squared_seconds[0],
            table.products[0],
            table.product_seconds[0],
            variation(table, np.array([0])).volatility[0],
        ]
        theirs = [
            session.squares(),
            session.seconds(),
            session.squared_seconds(),
            session.products(),
            session.product_seconds(),
            session.volatility(),
        ]
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)
    else:
        assert table.seconds[0] == 0


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 3), _STATES), min_size=1, max_size=40), st.data())
def test_however_states_are_batched_the_bits_are_the_same(
    arrived: list[tuple[int, tuple[float, list[float]]]], data: st.DataObject
) -> None:
    at = np.cumsum([max(gap, 0) * SECOND for _, (gap, _) in arrived]).astype(np.int64)
    slots = np.array([slot for slot, _ in arrived])
    states = np.array([values for _, (_, values) in arrived])
    single, batched = MovementTable.allocate(4), MovementTable.allocate(4)
    one_by_one = [
        int(update(single, slots=slots[[i]], at_us=at[[i]], states=states[[i]])[0])
        for i in range(len(slots))
    ]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(slots)), max_size=4)))
    together: list[int] = []
    for part in np.split(np.arange(len(slots)), cuts):
        steps = fold(batched, slots=slots[part], at_us=at[part], states=states[part])
        together += steps.tolist()
    assert together == one_by_one
    for left, right in zip(rows_of(single), rows_of(batched), strict=True):
        np.testing.assert_array_equal(left, right)


def test_nothing_depends_on_when_the_clock_began(vectors: dict[str, Any]) -> None:
    early, late = MovementTable.allocate(1), MovementTable.allocate(1)
    for at, values in vectors["E1_session"]["input"]:
        one(early, 0, at, values)
        one(late, 0, at + 1_700_000_000, values)
    assert early.squares[0] == late.squares[0]
    assert early.products[0] == late.products[0]


def test_a_snapshot_goes_on_as_if_nothing_had_happened(vectors: dict[str, Any]) -> None:
    states = vectors["E1_session"]["input"]
    whole, first, second = (MovementTable.allocate(3) for _ in range(3))
    for number, (at, values) in enumerate(states):
        one(whole, 0, at, values)
        if number == 6:
            second.load(np.array([2]), first.dump(np.array([0])))
        one(*((first, 0) if number < 6 else (second, 2)), at, values)
    for left, right in zip(rows_of(whole), rows_of(second), strict=True):
        np.testing.assert_array_equal(left[0], right[2])


def test_a_session_takes_the_memory_that_is_documented() -> None:
    assert MovementTable.bytes_per_slot() == 184


@pytest.mark.parametrize("bad", [nan, inf, -inf, 1.0001, 1e300])
def test_a_state_that_is_no_number_changes_nothing(bad: float) -> None:
    table = MovementTable.allocate(1)
    one(table, 0, 0, STILL)
    before = [column.copy() for column in rows_of(table)]
    assert one(table, 0, 6, (bad,) * 7) == Step.UNKNOWN
    for left, right in zip(before, rows_of(table), strict=True):
        np.testing.assert_array_equal(left, right)


def test_an_unknown_dimension_leaves_its_weight_to_the_others() -> None:
    table = MovementTable.allocate(2)
    moved = tuple(value + 0.02 for value in STILL[1:6])
    one(table, 0, 0, STILL)
    one(table, 0, 5, (nan, *moved, nan))
    assert table.squares[0] == pytest.approx(1.0)
    one(table, 1, 0, STILL)
    one(table, 1, 5, (STILL[0], *moved, 1.0))
    assert table.squares[1] == pytest.approx(5 / 6)


def test_states_with_nothing_in_common_make_no_increment() -> None:
    table = MovementTable.allocate(1)
    one(table, 0, 0, (0.5, *(nan,) * 6))
    assert one(table, 0, 6, (nan, *(0.5,) * 6)) == Step.RESTARTED
    assert table.seconds[0] == 0


def test_an_unknown_intent_counts_as_none() -> None:
    table = MovementTable.allocate(1)
    one(table, 0, 0, STILL)
    assert table.intent[0] == 0.4
    one(table, 0, 1, (*STILL[:5], nan, 0.1))
    assert table.intent[0] == 0


def test_a_clock_that_steps_back_is_late_and_one_ahead_does_not_silence_a_session() -> None:
    table, slots, states = MovementTable.allocate(1), np.array([0]), np.array([STILL])

    def at(seconds: int, now: int | None) -> Step:
        times = np.array([seconds * SECOND])
        now_us = None if now is None else now * SECOND
        return Step(int(update(table, slots=slots, at_us=times, states=states, now_us=now_us)[0]))

    assert at(100, 100) == Step.FIRST
    assert at(40, 101) == Step.LATE
    assert at(86_400, 102) == Step.AHEAD
    assert at(102 + AHEAD_US // SECOND, 102) == Step.ADDED
    assert at(112, 112) == Step.ADDED
    # The control: without the receiver's clock one wrong time is believed, and the rest is late.
    assert at(86_400, None) == Step.RESTARTED
    assert at(120, None) == Step.LATE


def test_an_empty_batch_is_no_news() -> None:
    table = MovementTable.allocate(1)
    none = np.zeros(0, np.int64)
    for take in (update, fold):
        assert len(take(table, slots=none, at_us=none, states=np.zeros((0, 7)))) == 0
    assert table.last_us[0] == NEVER_US


def test_single_precision_states_are_taken_as_they_are() -> None:
    table = MovementTable.allocate(1)
    state = np.array([STILL], np.float32)
    update(table, slots=np.array([0]), at_us=np.array([0]), states=state)
    np.testing.assert_array_equal(table.reference[0], state[0].astype(np.float64))
