"""Variances from highs and lows, against walks whose variance is known."""

from __future__ import annotations

import numpy as np
import pytest
from eitp_server.volatility.bar import OpenHighLowClose
from eitp_server.volatility.bar_range import garman_klass, parkinson

VARIANCE = 0.04


@pytest.mark.parametrize("ticks", [5, 12, 20, 40, 60, 120, 400])
def test_estimates_are_right_on_average_for_any_number_of_ticks(ticks: int) -> None:
    rng = np.random.default_rng(ticks)
    steps = rng.normal(0, np.sqrt(VARIANCE / ticks), (4000, ticks - 1))
    walks = np.exp(np.pad(np.cumsum(steps, axis=1), ((0, 0), (1, 0))))
    runs = [
        OpenHighLowClose(
            open=float(w[0]), high=float(w.max()), low=float(w.min()), close=float(w[-1])
        )
        for w in walks
    ]
    for estimate in (parkinson, garman_klass):
        found = [value for run in runs if (value := estimate(run, ticks)) is not None]
        assert np.mean(found) / VARIANCE == pytest.approx(1, abs=0.06)
    # The control: without the correction few ticks read low.
    plain = np.mean([np.log(run.high / run.low) ** 2 / (4 * np.log(2)) for run in runs]) / VARIANCE
    assert plain < 0.96


@pytest.mark.parametrize(
    ("run", "ticks"),
    [
        (OpenHighLowClose(open=1, high=2, low=0.5, close=1), 4),
        (OpenHighLowClose(open=1, high=1, low=0, close=1), 60),
    ],
)
def test_too_few_ticks_or_a_level_of_nought_give_no_estimate(
    run: OpenHighLowClose, ticks: int
) -> None:
    assert parkinson(run, ticks) is None
    assert garman_klass(run, ticks) is None


def test_a_level_that_stands_still_has_no_variance() -> None:
    still = OpenHighLowClose(open=1, high=1, low=1, close=1)
    assert parkinson(still, 60) == garman_klass(still, 60) == 0
