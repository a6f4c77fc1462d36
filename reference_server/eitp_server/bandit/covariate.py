"""Narrower bounds from what was known of a unit before it was assigned (CUPED).

For experiments that are over and of which a covariate was kept, by `eitp-server lab adjust`: the
server keeps none, and these errors hold for one look.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.bandit.confidence_sequence import Vector

BALANCE_Z = 3.290526731491925
"""Standard errors, two-sided 0.001, by which the sides' covariates may differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """A difference of means, treated minus holdout, before and after the adjustment."""

    theta: float
    """How much of the covariate is taken off each outcome."""
    unadjusted: float
    unadjusted_error: float
    estimate: float
    standard_error: float
    imbalance: float
    """Difference of the covariate's means between the sides in standard errors."""

    @property
    def balanced(self) -> bool:
        """Whether the covariate may be used: it was not touched by the treatment, as it seems."""
        return abs(self.imbalance) <= BALANCE_Z


def adjust(outcome: Vector, covariate: Vector, treated: NDArray[np.bool_]) -> Adjusted:
    """Return the difference of `outcome` between the sides, adjusted for `covariate`, all (n,).

    y' = y - theta (x - mean x) with theta the slope of y on x within the sides, pooled: Deng, Xu,
    Kohavi & Walker, "Improving the sensitivity of online controlled experiments by utilizing
    pre-experiment data". A covariate that never varies changes nothing. Raises
    ValueError with fewer than two units on a side.
    """
    if min(np.count_nonzero(treated), np.count_nonzero(~treated)) < 2:
        raise ValueError("the adjustment takes two units or more on each side")
    theta = _slope(outcome, covariate, treated)
    unadjusted, unadjusted_error = _difference(outcome, treated)
    estimate, standard_error = _difference(outcome - theta * covariate, treated)
    shift, shift_error = _difference(covariate, treated)
    return Adjusted(
        theta=theta,
        unadjusted=unadjusted,
        unadjusted_error=unadjusted_error,
        estimate=estimate,
        standard_error=standard_error,
        imbalance=shift / shift_error if shift_error > 0 else 0.0,
    )


def _slope(outcome: Vector, covariate: Vector, treated: NDArray[np.bool_]) -> float:
    joint, spread = 0.0, 0.0
    for side in (treated, ~treated):
        centred = covariate[side] - covariate[side].mean()
        joint += float(centred @ outcome[side])
        spread += float(centred @ centred)
    return joint / spread if spread > 0 else 0.0


def _difference(values: Vector, treated: NDArray[np.bool_]) -> tuple[float, float]:
    one, other = values[treated], values[~treated]
    variance = one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other)
    return float(one.mean() - other.mean()), float(np.sqrt(variance))
