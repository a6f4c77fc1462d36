"""What bounds are compared with: the p-values that go with them, and those of one look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from eitp_server.bandit.confidence_sequence import ALPHA, TIGHTEST_AT, Interval
from scipy.special import stdtr, stdtrit

if TYPE_CHECKING:
    from eitp_server.bandit.confidence_sequence import Values, Vector


def two_sided_p_value(
    estimate: Values,
    variance: Values,
    units: Values,
    *,
    alpha: float = ALPHA,
    tightest_at: float = TIGHTEST_AT,
) -> Vector:
    """Return the anytime-valid p-value of "the mean is zero", 0..1.

    It falls below `alpha`, which also tunes it, exactly when the interval excludes zero.
    """
    precision = _precision(alpha, tightest_at)
    inflated = _inflated(units, precision)
    evidence = _evidence(estimate, variance, units, precision)
    return np.minimum(np.sqrt(inflated) * np.exp(-evidence), 1.0)


def one_sided_p_value(
    estimate: Values,
    variance: Values,
    units: Values,
    *,
    alpha: float = ALPHA,
    tightest_at: float = TIGHTEST_AT,
) -> Vector:
    """Return the anytime-valid p-value of "the mean is zero or less", 0..1.

    It falls below `alpha`, which also tunes it, exactly when the lower bound exceeds zero.
    """
    precision = _precision(2 * alpha, tightest_at)
    inflated = _inflated(units, precision)
    evidence = _evidence(np.maximum(estimate, 0.0), variance, units, precision)
    with np.errstate(divide="ignore", over="ignore"):
        return np.minimum(np.sqrt(inflated) / (2 * np.expm1(evidence)), 1.0)


def degrees_of_freedom(
    treated_conversions: Values,
    treated_units: Values,
    holdout_conversions: Values,
    holdout_units: Values,
) -> Vector:
    """Return Welch and Satterthwaite's degrees of freedom of the difference of two rates.

    Every side has two units or more, and one side at least two different outcomes.
    """
    parts = [
        np.asarray(conversions / units) * (1 - np.asarray(conversions / units)) / units
        for conversions, units in (
            (treated_conversions, treated_units),
            (holdout_conversions, holdout_units),
        )
    ]
    square = parts[0] ** 2 / (treated_units - 1) + parts[1] ** 2 / (holdout_units - 1)
    return (parts[0] + parts[1]) ** 2 / square


def fixed_interval(
    estimate: Values, standard_error: Values, *, freedom: Values = np.inf, alpha: float = ALPHA
) -> Interval:
    """Return the textbook interval, which holds for one look at a size planned beforehand.

    It is Student's, the normal one with infinite `freedom`. For comparison with other tools only:
    looked at repeatedly it errs far more often than alpha.
    """
    quantile = np.asarray(stdtrit(freedom, 1 - alpha / 2), dtype=np.float64)
    half = np.asarray(quantile * standard_error, dtype=np.float64)
    return Interval(np.asarray(estimate - half), np.asarray(estimate + half))


def fixed_p_value(estimate: Values, standard_error: Values, *, freedom: Values = np.inf) -> Vector:
    """Return the textbook p-value of "the mean is zero", with the same reservation; 0..1."""
    return np.asarray(2 * stdtr(freedom, -np.abs(estimate / standard_error)), dtype=np.float64)


def relative_interval(
    treated_conversions: Values,
    treated_units: Values,
    holdout_conversions: Values,
    holdout_units: Values,
    *,
    alpha: float = ALPHA,
) -> tuple[Vector, Interval]:
    """Return the treated rate over the holdout rate, minus one, with its textbook interval.

    From the log of the risk ratio (Katz, Baptista, Azen & Pike 1978, Biometrics 34); for
    display. Every count is above zero.
    """
    ratio = np.log(
        np.asarray((treated_conversions / treated_units) / (holdout_conversions / holdout_units))
    )
    variance = (1 / treated_conversions - 1 / treated_units) + (
        1 / holdout_conversions - 1 / holdout_units
    )
    bounds = fixed_interval(ratio, np.sqrt(variance), alpha=alpha)
    return np.expm1(ratio), Interval(np.expm1(bounds.low), np.expm1(bounds.high))


def _precision(alpha: float, tightest_at: float) -> float:
    doubled = -2 * np.log(alpha)
    return float(doubled + np.log1p(doubled)) / tightest_at


def _inflated(units: Values, precision: float) -> Vector:
    return np.asarray(units * precision + 1.0)


def _evidence(estimate: Values, variance: Values, units: Values, precision: float) -> Vector:
    square = np.square(np.asarray(estimate, dtype=np.float64))
    weight = np.square(units) * precision / (2 * _inflated(units, precision))
    with np.errstate(divide="ignore", invalid="ignore"):
        standardised = np.asarray(square / variance)
    return np.where(square > 0, standardised, 0.0) * weight
