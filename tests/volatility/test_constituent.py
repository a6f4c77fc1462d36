"""Who counts at a tick, and how much."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from eitp_server.volatility.constituent import constituents, quantised, weight_of
from eitp_server.volatility.increment import NEVER_US, MovementTable, update

SECOND = 1_000_000
END = 60 * SECOND


def restless(count: int = 1, *, seconds: int = 60, intent: float = 0.5) -> MovementTable:
    """Return sessions whose states come every 6 s until `seconds`, to and fro."""
    table, slots = MovementTable.allocate(count), np.arange(count)
    for at in range(0, seconds + 1, 6):
        states = np.full((count, 7), 0.4 + 0.05 * (at // 6 % 2))
        states[:, 5] = intent
        update(table, slots=slots, at_us=np.full(count, at * SECOND), states=states)
    return table


def weight_at(table: MovementTable, at_us: int) -> int:
    return int(constituents(table, np.array([0]), at_us).weight[0])


def test_the_golden_pairs_are_exact(vectors: dict[str, Any]) -> None:
    golden = vectors["E2_cross_section"]
    intent, age, volatility = np.array(golden["input_intent_age_v"]).T
    weight, whole = quantised(weight_of(intent, np.exp2(-age / 30)), volatility)
    assert np.stack((weight, whole), axis=1).tolist() == golden["pairs_exact"]


def test_the_golden_outlier_is_capped(vectors: dict[str, Any]) -> None:
    golden = vectors["E3_outlier"]
    weight, whole = quantised(weight_of(np.array([0.55]), 2 ** (-20 / 30)), np.array([golden["v"]]))
    assert [int(weight[0]), int(whole[0])] == golden["pair"]


def test_an_infinite_volatility_is_capped_and_an_unknown_one_is_none() -> None:
    _, whole = quantised(np.ones(3), np.array([np.inf, np.nan, 4.9996]))
    assert whole.tolist() == [5000, 0, 5000]


@pytest.mark.parametrize(
    ("age", "share"), [(0, 1.0), (30, 0.5), (60, 0.25), (60.000001, 0.0), (600, 0.0)]
)
def test_a_silent_session_fades_and_stops_counting_after_a_minute(age: float, share: float) -> None:
    table = restless(intent=1.0)
    assert weight_at(table, END + round(age * SECOND)) == round(200 * share)


@pytest.mark.parametrize(("intent", "weight"), [(0.0, 50), (0.5, 125), (1.0, 200)])
def test_intent_to_buy_gives_weight(intent: float, weight: int) -> None:
    assert weight_at(restless(intent=intent), END) == weight


def test_a_session_that_moved_for_less_than_ten_seconds_does_not_count_yet() -> None:
    assert weight_at(restless(seconds=6), 6 * SECOND) == 0
    assert weight_at(restless(seconds=12), 12 * SECOND) > 0
    # Twelve seconds of movement fade below ten.
    assert weight_at(restless(seconds=12), 40 * SECOND) == 0


def test_a_session_that_may_not_be_counted_brings_nothing_at_all() -> None:
    table = restless(3)
    eligible = np.array([True, False, True])
    found = constituents(table, np.arange(3), END, eligible=eligible)
    assert found.counted.tolist() == [True, False, True]
    assert found.last_us.tolist() == [END, NEVER_US, END]


def test_a_state_just_after_the_tick_counts_as_of_the_tick_and_a_wrong_clock_not() -> None:
    table = restless(intent=1.0)
    just_before = constituents(table, np.array([0]), END - 2 * SECOND)
    assert just_before.weight[0] == 200
    assert just_before.last_us[0] == END - 2 * SECOND
    far_before = constituents(table, np.array([0]), END - 6 * SECOND)
    assert far_before.weight[0] == 0
    assert far_before.last_us[0] == NEVER_US


def test_nobody_is_no_error() -> None:
    found = constituents(MovementTable.allocate(1), np.zeros(0, np.int64), END)
    assert len(found.weight) == 0
    fresh = constituents(MovementTable.allocate(2), np.arange(2), END)
    assert fresh.weight.tolist() == [0, 0]
