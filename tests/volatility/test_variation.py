"""Volatility without the bias of few increments, and jumps told from movement."""

from __future__ import annotations

from math import pi, sqrt

import numpy as np
import pytest
from eitp_server.volatility.increment import MovementTable, update
from eitp_server.volatility.methodology import DRAFT
from eitp_server.volatility.variation import root_bias, variation


def moved(jumps: float, *, sessions: int = 400, increments: int = 12) -> MovementTable:
    """Return sessions that move by the usual amount, with one jump of `jumps` root seconds."""
    rng = np.random.default_rng(5)
    table, slots = MovementTable.allocate(sessions), np.arange(sessions)
    scale = np.array(DRAFT.dimension_scales)
    state = np.full((sessions, 7), -0.2)
    for number in range(increments + 1):
        time_us = np.full(sessions, number * 5_000_000, np.int64)
        update(table, slots=slots, at_us=time_us, states=state)
        state = state + scale * sqrt(5) * rng.standard_normal((sessions, 7))
        if number == increments // 2:
            state = state + scale * jumps
    return table


@pytest.mark.parametrize(
    ("degrees", "value"), [(1, sqrt(2 / pi)), (2, sqrt(pi) / 2), (4, 0.939986)]
)
def test_the_bias_of_a_root_is_that_of_control_charts(degrees: float, value: float) -> None:
    assert root_bias(np.array([float(degrees)]))[0] == pytest.approx(value, abs=1e-6)


def test_the_bias_goes_away_with_many_degrees_of_freedom() -> None:
    found = root_bias(np.array([1e2, 1e4, 1e6]))
    np.testing.assert_allclose(1 - found, [1 / 4e2, 1 / 4e4, 1 / 4e6], rtol=0.01)


def test_a_session_without_an_increment_has_no_volatility() -> None:
    found = variation(MovementTable.allocate(2), np.array([0, 1]))
    assert np.isnan(found.volatility).all()
    assert np.isnan(found.jump_share).all()


def test_a_still_session_has_none_of_it() -> None:
    table = MovementTable.allocate(1)
    for seconds in range(0, 60, 6):
        at = np.array([seconds * 1_000_000])
        update(table, slots=np.array([0]), at_us=at, states=np.full((1, 7), 0.5))
    found = variation(table, np.array([0]))
    assert found.volatility[0] == 0
    assert np.isnan(found.jump_share[0])


def test_movement_without_jumps_has_few_of_them_and_a_jump_shows() -> None:
    slots = np.arange(400)
    smooth, jumpy = variation(moved(0), slots), variation(moved(25), slots)
    assert np.median(smooth.jump_share) < 0.15
    assert np.median(jumpy.jump_share) > 0.5


def test_the_continuous_part_of_movement_without_jumps_is_all_of_it() -> None:
    table = moved(0)
    total = float(table.squares.sum() / table.seconds.sum())
    continuous = float(table.products.sum() / table.product_seconds.sum())
    assert continuous == pytest.approx(total, rel=0.04)
