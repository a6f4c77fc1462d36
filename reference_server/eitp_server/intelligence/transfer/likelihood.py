"""The restricted likelihood of the variance between verticals, and where it is highest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.intelligence.transfer.root import falling_zero

if TYPE_CHECKING:
    from collections.abc import Callable

    from eitp_server.intelligence.transfer.effect import Effects, Vector

SCAN: Final = 512
"""Points that the likelihood is looked at before its maxima are refined."""


def weighted_means(effects: Effects, tau2: Vector) -> tuple[Vector, Vector]:
    """Return the means mu(tau2) and sums of weights 1 / (v + tau2), (n,) each, for `tau2` (n,)."""
    weights = 1 / (effects.variance + tau2[:, None])
    total = weights.sum(axis=1)
    return weights @ effects.value / total, total


def deviations(effects: Effects, tau2: Vector) -> Vector:
    """Return y - mu(tau2), (n, k), for `tau2` (n,).

    Taken from the most precise effect, whose own deviation would vanish in rounding otherwise.
    """
    from_best = effects.value - effects.value[effects.variance.argmin()]
    weights = 1 / (effects.variance + tau2[:, None])
    return from_best - (weights @ from_best / weights.sum(axis=1))[:, None]


def cross_weights(weights: Vector) -> Vector:
    """Return (sum w)^2 - sum w^2 along the last axis, without the difference of large numbers."""
    before = np.cumsum(weights, axis=-1)[..., :-1]
    return 2 * (before * weights[..., 1:]).sum(axis=-1)


def log_likelihood(effects: Effects, tau2: Vector) -> Vector:
    """Return the restricted log likelihood, (n,) for `tau2` (n,), but for a constant.

    0.5 sum ln w - 0.5 sum w (y - mu)^2 - 0.5 ln sum w (Viechtbauer 2005, Journal of Educational
    and Behavioral Statistics 30, equation 13).
    """
    weights = 1 / (effects.variance + tau2[:, None])
    off = (weights * deviations(effects, tau2) ** 2).sum(axis=1)
    return 0.5 * (np.log(weights).sum(axis=1) - off - np.log(weights.sum(axis=1)))


def score(effects: Effects, tau2: Vector) -> Vector:
    """Return the derivative of `log_likelihood` by tau2."""
    weights = 1 / (effects.variance + tau2[:, None])
    off = ((weights * deviations(effects, tau2)) ** 2).sum(axis=1)
    return 0.5 * (off - cross_weights(weights) / weights.sum(axis=1))


def most_likely(effects: Effects) -> float:
    """Return the tau2 of 0 or more at which the restricted likelihood is highest of all."""
    return highest(
        lambda tau2: float(log_likelihood(effects, np.array([tau2]))[0]),
        lambda tau2: score(effects, tau2),
        least=float(effects.variance.min()),
        last=last_maximum(effects, degrees=len(effects) - 1),
    )


def highest(
    likelihood: Callable[[float], float],
    slope: Callable[[Vector], Vector],
    *,
    least: float,
    last: float,
    scan: int = SCAN,
) -> float:
    """Return where in 0..`last` a likelihood is highest, by the zeros of its `slope`.

    There may be several maxima. The slope is scanned evenly in ln(tau2 + `least`), the smallest
    sampling variance, in which each of its terms is smooth on the scale of 1. Two crossings within
    one step are passed over: the rise between them is too small to be the highest.
    """
    if last <= 0:
        return 0.0
    grid = np.geomspace(least, least + last, scan) - least
    grid[0], grid[-1] = 0.0, last
    rising = slope(grid) > 0
    tops = np.flatnonzero(rising[:-1] & ~rising[1:])
    ends = zip(grid[tops].tolist(), grid[tops + 1].tolist(), strict=True)
    maxima = [falling_zero(lambda at: float(slope(np.array([at]))[0]), *own) for own in ends]
    return max([0.0, *maxima], key=likelihood)


def last_maximum(effects: Effects, *, degrees: int) -> float:
    """Return a tau2 above which the likelihood falls, or 0 when it falls everywhere.

    With s2 the sum of squares of the effects around their plain mean over `degrees` of freedom,
    twice the score is at most degrees (s2 / (tau2 + smallest v)^2 - 1 / (tau2 + largest v)).
    """
    s2 = float(((effects.value - effects.value.mean()) ** 2).sum()) / degrees
    least, most = float(effects.variance.min()), float(effects.variance.max())
    half = s2 / 2 - least
    square = half**2 + s2 * most - least**2
    # A little more, so that rounding leaves no maximum outside.
    return 1.001 * (half + float(np.sqrt(square))) if square > 0 else 0.0
