"""How often states come must not set how volatile a shopper looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from eitp_server.volatility.increment import MovementTable, update
from eitp_server.volatility.methodology import DRAFT
from eitp_server.volatility.variation import variation

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHOPPERS, SECONDS, FINE_HZ = 120, 600, 20
RATES = (10.0, 2.0, 0.2)
ERROR = 0.02
"""What an estimator adds of its own, anew in every state."""


@pytest.fixture(scope="module")
def paths() -> NDArray[np.float64]:
    """Return (time, shoppers, 7): walks that change by the usual amount in each second."""
    rng = np.random.default_rng(20)
    steps = rng.standard_normal((SECONDS * FINE_HZ, SHOPPERS, 7))
    walk = np.cumsum(steps * np.array(DRAFT.dimension_scales) / np.sqrt(FINE_HZ), axis=0)
    # Folded at the bounds, so that a walk that strays stays a state.
    return 1 - np.abs((walk + 1) % 4 - 2)


@pytest.fixture(scope="module")
def measured(paths: NDArray[np.float64]) -> dict[float, tuple[float, float]]:
    """Return by rate the mean volatility, and the naive one that sums up every change."""
    return {rate: volatilities(paths, rate) for rate in RATES}


def volatilities(paths: NDArray[np.float64], rate: float) -> tuple[float, float]:
    rng = np.random.default_rng(int(rate * 10))
    table, slots = MovementTable.allocate(SHOPPERS), np.arange(SHOPPERS)
    found: list[float] = []
    naive, before = 0.0, None
    # No client is a metronome: 10 % of jitter, the same for all shoppers.
    times = np.cumsum(rng.uniform(0.9, 1.1, int(SECONDS * rate * 0.99)) / rate)
    for at in times[times < SECONDS - 1]:
        seen = paths[int(at * FINE_HZ)] + rng.normal(0, ERROR, (SHOPPERS, 7))
        seen = np.clip(seen, -1, 1)
        time_us = np.full(SHOPPERS, round(at * 1e6), np.int64)
        update(table, slots=slots, at_us=time_us, states=seen)
        if before is not None:
            change = (seen - before) / np.array(DRAFT.dimension_scales)
            naive += float((change[:, :6] ** 2).mean())
        before = seen
        if at > 100 + len(found):
            found.append(float(variation(table, slots).volatility.mean()))
    return float(np.mean(found)), float(np.sqrt(naive / times[-1]))


@pytest.mark.parametrize("rate", RATES[:2])
def test_a_shopper_is_as_volatile_at_any_rate(
    measured: dict[float, tuple[float, float]], rate: float
) -> None:
    slow, fast = measured[0.2][0], measured[rate][0]
    assert abs(fast / slow - 1) <= 0.05


def test_the_naive_sum_of_all_changes_more_than_doubles_with_the_rate(
    measured: dict[float, tuple[float, float]],
) -> None:
    assert measured[10.0][1] / measured[0.2][1] > 2


def test_a_shopper_who_moves_as_usual_has_a_volatility_near_one(
    paths: NDArray[np.float64],
) -> None:
    table, slots = MovementTable.allocate(SHOPPERS), np.arange(SHOPPERS)
    for at in range(0, SECONDS, 6):
        time_us = np.full(SHOPPERS, at * 1_000_000, np.int64)
        update(table, slots=slots, at_us=time_us, states=paths[at * FINE_HZ])
    found = variation(table, slots).volatility
    assert float(found.mean()) == pytest.approx(1, abs=0.04)
