"""Effects that several tests share, and a way to make more."""

from __future__ import annotations

from typing import Final

import numpy as np
from eitp_server.intelligence.transfer import Counts, Effects
from hypothesis import strategies as st

BCG: Final = (
    (4, 123, 11, 139),
    (6, 306, 29, 303),
    (3, 231, 11, 220),
    (62, 13598, 248, 12867),
    (33, 5069, 47, 5808),
    (180, 1541, 372, 1451),
    (8, 2545, 10, 629),
    (505, 88391, 499, 88391),
    (29, 7499, 45, 7277),
    (17, 1716, 65, 1665),
    (186, 50634, 141, 27338),
    (5, 2498, 3, 2341),
    (27, 16913, 29, 17854),
)
"""Cases of tuberculosis in 13 trials of a vaccine, of how many vaccinated, then of how many not
(Colditz et al. 1994, JAMA 271, 698); the worked example of the literature on these methods."""


def counts(rows: tuple[tuple[int, int, int, int], ...] = BCG) -> Counts:
    a, treated, c, holdout = np.array(rows, np.float64).T
    return Counts(
        treated_conversions=a, treated_units=treated, holdout_conversions=c, holdout_units=holdout
    )


def effects(values: list[float], variances: list[float]) -> Effects:
    return Effects(np.array(values, np.float64), np.array(variances, np.float64))


def log_risk_ratios() -> Effects:
    """Return the trials' effects as they are mostly published."""
    a, treated, c, holdout = np.array(BCG, np.float64).T
    value = np.log(a) - np.log(treated) - np.log(c) + np.log(holdout)
    return Effects(value, 1 / a - 1 / treated + 1 / c - 1 / holdout)


@st.composite
def some_effects(draw: st.DrawFn, least: int = 2) -> Effects:
    """Draw effects whose precisions differ by a factor of up to ten thousand."""
    k = draw(st.integers(least, 8))
    value = draw(st.lists(st.floats(-5, 5), min_size=k, max_size=k))
    exponent = draw(st.lists(st.floats(-4, 0), min_size=k, max_size=k))
    return effects(value, [10**power for power in exponent])
