"""How much the level itself swings, from the highest and the lowest of bars."""

from __future__ import annotations

from math import log, sqrt
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from eitp_server.volatility.bar import OpenHighLowClose

LEAST_TICKS: Final = 5
_STEPS: Final = (4, 12, 20, 60, 240)
_PARKINSON: Final = (0.54, 0.69, 0.74, 0.84, 0.92)
"""Share of the true variance that the estimator finds in so many steps: few miss the extremes."""
_GARMAN_KLASS: Final = (0.36, 0.57, 0.65, 0.78, 0.88)


def parkinson(run: OpenHighLowClose, ticks: int) -> float | None:
    """Return the variance of the logarithm over `ticks` intervals, None below LEAST_TICKS.

    Parkinson 1980, Journal of Business 53, (ln H/L)² / (4 ln 2), over its share. Also None for a
    level that was 0.
    """
    if ticks < LEAST_TICKS or run.low <= 0:
        return None
    return log(run.high / run.low) ** 2 / (4 * log(2)) / _share(ticks, _PARKINSON)


def garman_klass(run: OpenHighLowClose, ticks: int) -> float | None:
    """Return the variance of the logarithm over `ticks` intervals, None below LEAST_TICKS.

    Garman & Klass 1980, Journal of Business 53, (ln H/L)² / 2 - (2 ln 2 - 1) (ln C/O)², over its
    share. Also None for a level that was 0.
    """
    if ticks < LEAST_TICKS or run.low <= 0:
        return None
    height, body = log(run.high / run.low), log(run.close / run.open)
    return (height**2 / 2 - (2 * log(2) - 1) * body**2) / _share(ticks, _GARMAN_KLASS)


def _share(ticks: int, table: tuple[float, ...]) -> float:
    """Return the share by interpolation: what is missing goes with one over the root of steps.

    So many ticks are one step fewer, which is a share by itself.
    """
    steps = ticks - 1
    roots = [0.0, *(1 / sqrt(number) for number in reversed(_STEPS))]
    return float(np.interp(1 / sqrt(steps), roots, [1.0, *reversed(table)])) * steps / ticks
