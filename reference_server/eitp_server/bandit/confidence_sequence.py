"""Bounds of a mean that hold at all times at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    Vector: TypeAlias = NDArray[np.float64]
    Values: TypeAlias = NDArray[np.floating[Any]] | NDArray[np.integer[Any]] | float
    """Numbers of any shape; several arguments of a function broadcast against each other."""

ALPHA = 0.05
TIGHTEST_AT = 20_000.0
"""Number of units at which the bounds are tightest by default."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Two bounds, of one shape."""

    low: Vector
    high: Vector


def half_width(
    variance: Values, units: Values, *, alpha: float = ALPHA, tightest_at: float = TIGHTEST_AT
) -> Vector:
    """Return how far the mean of `units` values may lie from the truth, on either side.

    `variance` is that of one value, not of the mean; no unit gives infinity. The interval covers
    the truth at all times at once with probability 1 - alpha, asymptotically. Waudby-Smith,
    Arbour, Sinha, Kennedy & Ramdas, arXiv 2103.06476. Raises ValueError for an alpha outside
    (0, 1).
    """
    precision = _precision(alpha, tightest_at)
    inflated = _inflated(units, precision)
    return _width(variance, units, precision, np.log(np.sqrt(inflated) / alpha))


def one_sided_half_width(
    variance: Values, units: Values, *, alpha: float = ALPHA, tightest_at: float = TIGHTEST_AT
) -> Vector:
    """Return how far the truth may lie below the mean of `units` values, or above, not both.

    As `half_width`, from the one-sided bound of the same paper. Raises ValueError for an alpha
    outside (0, 0.5).
    """
    precision = _precision(2 * alpha, tightest_at)
    inflated = _inflated(units, precision)
    return _width(variance, units, precision, np.log1p(np.sqrt(inflated) / (2 * alpha)))


def interval(
    estimate: Values,
    variance: Values,
    units: Values,
    *,
    alpha: float = ALPHA,
    tightest_at: float = TIGHTEST_AT,
) -> Interval:
    """Return the two-sided interval around `estimate`, the mean of `units` values."""
    half = half_width(variance, units, alpha=alpha, tightest_at=tightest_at)
    return Interval(np.asarray(estimate - half), np.asarray(estimate + half))


def lower_bound(
    estimate: Values,
    variance: Values,
    units: Values,
    *,
    alpha: float = ALPHA,
    tightest_at: float = TIGHTEST_AT,
) -> Vector:
    """Return the one-sided lower bound of the mean; promotions and guardrails rest on it."""
    half = one_sided_half_width(variance, units, alpha=alpha, tightest_at=tightest_at)
    return np.asarray(estimate - half)


def difference_variance(
    treated_conversions: Values,
    treated_units: Values,
    holdout_conversions: Values,
    holdout_units: Values,
) -> Vector:
    """Return the variance of the difference of two observed rates; every side has units."""
    treated = np.asarray(treated_conversions / treated_units)
    holdout = np.asarray(holdout_conversions / holdout_units)
    return treated * (1 - treated) / treated_units + holdout * (1 - holdout) / holdout_units


def _precision(alpha: float, tightest_at: float) -> float:
    if not 0 < alpha < 1:
        raise ValueError(f"alpha leaves (0, 1), or (0, 0.5) when one-sided: it gives {alpha}")
    if not 0 < tightest_at < np.inf:
        raise ValueError(f"tightest_at must be above 0 and finite, not {tightest_at}")
    doubled = -2 * np.log(alpha)
    return float(doubled + np.log1p(doubled)) / tightest_at


def _inflated(units: Values, precision: float) -> Vector:
    return np.asarray(units * precision + 1.0)


def _width(variance: Values, units: Values, precision: float, log_odds: Vector) -> Vector:
    units = np.asarray(units, dtype=np.float64)
    known = np.maximum(units, 1.0)
    spread = 2 * _inflated(known, precision) / (known * known * precision)
    return np.where(units > 0, np.sqrt(variance * spread * log_odds), np.inf)
