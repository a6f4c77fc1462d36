"""Whether probabilities come true as often as they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit, ndtri

from eitp_server.classification.roc import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

BINS = 10
_WITHIN = 1e-6
_RIDGE = 1e-6
_STEPS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Sessions with similar probabilities."""

    sessions: int
    foretold: float
    """Mean probability, 0..1."""
    came: Interval
    """Share in which the event came, with Wilson's interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """How probabilities compare with what came."""

    brier: float
    """Mean squared error, 0..1; lower is better (Brier 1950)."""
    brier_of_share: float
    """The same for giving everybody the overall share: what a useful forecast is below."""
    intercept: float
    """Of the logistic regression of the event on the logit; 0 when right (Cox 1958)."""
    slope: float
    """Of the same; 1 when right, below 1 when the probabilities are too extreme."""
    bins: tuple[Bin, ...]
    """Of equal numbers of sessions, from the lowest probabilities to the highest."""


def reliability(
    probability: NDArray[np.float64], event: NDArray[np.bool_], level: float = 0.95
) -> Reliability:
    """Compare `probability` (n,) with `event` (n,), which has both kinds."""
    share = float(event.mean())
    intercept, slope = _regression(logit(np.clip(probability, _WITHIN, 1 - _WITHIN)), event)
    order = np.argsort(probability, kind="stable")
    parts = np.array_split(order, min(BINS, len(order)))
    return Reliability(
        brier=float(np.mean((probability - event) ** 2)),
        brier_of_share=share * (1 - share),
        intercept=intercept,
        slope=slope,
        bins=tuple(_bin(probability[part], event[part], level) for part in parts),
    )


def wilson(came: int, sessions: int, level: float) -> Interval:
    """Return a share with its interval (Wilson 1927, JASA 22); (0, 1) without sessions."""
    if not sessions:
        return Interval(value=0.0, low=0.0, high=1.0)
    z = float(ndtri(0.5 + level / 2))
    share, scale = came / sessions, 1 + z * z / sessions
    centre = (share + z * z / (2 * sessions)) / scale
    half = z / scale * (share * (1 - share) / sessions + z * z / (4 * sessions**2)) ** 0.5
    return Interval(value=share, low=max(centre - half, 0.0), high=min(centre + half, 1.0))


def _bin(probability: NDArray[np.float64], event: NDArray[np.bool_], level: float) -> Bin:
    return Bin(
        sessions=len(event),
        foretold=float(probability.mean()),
        came=wilson(int(event.sum()), len(event), level),
    )


def _regression(x: NDArray[np.float64], event: NDArray[np.bool_]) -> tuple[float, float]:
    """Return intercept and slope by Newton's method; a trace of ridge keeps them finite."""
    design = np.column_stack([np.ones_like(x), x])
    theta = np.array([0.0, 1.0])
    start = theta.copy()
    for _ in range(_STEPS):
        mean = expit(design @ theta)
        gradient = design.T @ (event - mean) - _RIDGE * (theta - start)
        information = (design * (mean * (1 - mean))[:, None]).T @ design + _RIDGE * np.eye(2)
        step = np.linalg.solve(information, gradient)
        # Far from the answer a full step may leap over it.
        theta = theta + step / max(1.0, float(np.abs(step).max()) / 2)
        if np.abs(step).max() < 1e-10:
            break
    return float(theta[0]), float(theta[1])
