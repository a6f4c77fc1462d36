"""Whether probabilities come true as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from eitp_server.classification.reliability import BINS, reliability, wilson
from scipy.optimize import minimize
from scipy.stats import binomtest


def drawn(a: float, b: float, n: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(5)
    x = chance.normal(2.0, 1.0, n)
    return 1 / (1 + np.exp(-x)), chance.random(n) < 1 / (1 + np.exp(-(a + b * x)))


def test_true_probabilities_have_intercept_zero_and_slope_one() -> None:
    found = reliability(*drawn(0, 1))
    assert (found.intercept, found.slope) == pytest.approx((0, 1), abs=0.1)
    assert found.brier < found.brier_of_share
    assert sum(each.came.low <= each.foretold <= each.came.high for each in found.bins) >= 8


def test_exaggerated_probabilities_have_a_slope_below_one() -> None:
    probability, event = drawn(-0.5, 0.4)
    found = reliability(probability, event)
    x = np.log(probability / (1 - probability))

    def cost(theta: np.ndarray) -> float:
        z = theta[0] + theta[1] * x
        return float((np.logaddexp(0, z) - event * z).sum())

    expected = minimize(cost, [0.0, 1.0]).x
    assert (found.intercept, found.slope) == pytest.approx(tuple(expected), abs=1e-3)


def test_sessions_that_one_number_tells_apart_without_fault_give_finite_numbers() -> None:
    event = np.arange(100) < 90
    found = reliability(np.where(event, 0.95, 0.9), event)
    assert np.isfinite([found.intercept, found.slope, found.brier]).all()


def test_bins_hold_equally_many_sessions_in_ascending_order() -> None:
    found = reliability(*drawn(0, 1, 1000))
    assert [each.sessions for each in found.bins] == [1000 // BINS] * BINS
    foretold = [each.foretold for each in found.bins]
    assert foretold == sorted(foretold)


def test_three_sessions_make_three_bins() -> None:
    found = reliability(np.array([0.1, 0.5, 0.9]), np.array([False, True, True]))
    assert [each.sessions for each in found.bins] == [1, 1, 1]


@pytest.mark.parametrize(("came", "sessions"), [(0, 9), (3, 10), (10, 10)])
def test_the_interval_of_a_share_is_that_of_scipy(came: int, sessions: int) -> None:
    expected = binomtest(came, sessions).proportion_ci(0.95, method="wilson")
    found = wilson(came, sessions, 0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_no_session_says_nothing_of_a_share() -> None:
    assert (wilson(0, 0, 0.95).low, wilson(0, 0, 0.95).high) == (0, 1)
