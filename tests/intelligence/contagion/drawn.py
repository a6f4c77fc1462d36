"""Series to test with, and regressions written the long way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from eitp_server.intelligence.contagion.gram import LagGram, Moments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp_server.intelligence.contagion.gram import Array

TOY = np.array([[[0.5, 0.2, 0.0], [0.0, 0.4, 0.1], [0.1, 0.0, 0.3]]])
"""A system of three series with one lag."""


def walk(
    minutes: int, coefficients: Array = TOY, seed: int = 1, mixing: Array | None = None
) -> Array:
    """Return (T, N) values of an autoregression with normal shocks."""
    lags, series, _ = coefficients.shape
    shocks = np.random.default_rng(seed).standard_normal((minutes, series))
    if mixing is not None:
        shocks = shocks @ mixing.T
    values = np.zeros((minutes, series))
    for t in range(lags, minutes):
        values[t] = shocks[t] + sum(coefficients[lag] @ values[t - 1 - lag] for lag in range(lags))
    return values


def moments(values: Array, lags: int) -> Moments:
    return Moments.of(LagGram.of(values, lags))


def lagged_columns(values: Array, series: Sequence[int], lags: int) -> list[Array]:
    """Return the past of some series as columns, lag by lag."""
    rows = len(values)
    return [values[lags - lag : rows - lag, n] for n in series for lag in range(1, lags + 1)]


def factor_columns(values: Array, target: int, lags: int, weights: Array) -> list[Array]:
    """Return the weighted mean of all standardised series but one, at each lag from 0."""
    z = (values - values[lags:].mean(axis=0)) / values[lags:].std(axis=0)
    others = np.delete(z * weights, target, axis=1).sum(axis=1)
    rows = len(values)
    return [others[lags - lag : rows - lag] for lag in range(lags + 1)]


def residual_sum(y: Array, columns: Sequence[Array]) -> float:
    """Return the residual sum of squares of a regression with a constant."""
    design = np.column_stack([np.ones(len(y)), *columns])
    return float(((y - design @ np.linalg.lstsq(design, y)[0]) ** 2).sum())
