"""Chosen sources together in one equation per target: their tests and their coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import fdtrc

from eitp_server.intelligence.contagion.autoregression import Autoregression, invert, solve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.intelligence.contagion.factor import Others
    from eitp_server.intelligence.contagion.gram import Array, Moments


@dataclass(frozen=True, slots=True, kw_only=True)
class Refit:
    """One equation per target: own lags, the factor, and the lags of its chosen sources."""

    model: Autoregression
    """Zero for sources that were not chosen. The factor is held fixed, no part of the system."""
    f_statistic: Array
    """(N, N) that column's lags add nothing to row's equation; NaN where none was chosen."""
    p_value: Array
    """(N, N) of the same."""


def refit(moments: Moments, chosen: NDArray[np.bool_], others: Others | None) -> Refit:
    """Fit each target on its `chosen` sources, (N, N) row = target, with `others` held fixed.

    Raises Refused (SINGULAR).
    """
    series, lags = moments.series, moments.lags
    coefficients = np.zeros((lags, series, series))
    statistic = np.full((series, series), np.nan)
    p_value = np.full((series, series), np.nan)
    variance = np.zeros(series)
    for target in range(series):
        sources = np.flatnonzero(chosen[target])
        equation = _fit(moments, target, sources, others)
        members = np.append(target, sources)
        coefficients[:, target, members] = equation.weights
        variance[target] = equation.variance
        statistic[target, sources] = equation.f_statistic
        p_value[target, sources] = fdtrc(lags, equation.left, equation.f_statistic)
    model = Autoregression(coefficients=coefficients, covariance=np.diag(variance))
    return Refit(model=model, f_statistic=statistic, p_value=p_value)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Equation:
    weights: Array
    """(p, 1 + k): own lags, then those of the sources."""
    variance: float
    f_statistic: Array
    """(k,)."""
    left: int
    """Rows less parameters."""


def _fit(
    moments: Moments, target: int, sources: NDArray[np.intp], others: Others | None
) -> _Equation:
    lags, series = moments.lags, moments.series
    members = np.append(target, sources)
    columns = (np.arange(1, lags + 1)[:, None] * series + members).ravel()
    products, cross = moments.products[np.ix_(columns, columns)], moments.products[columns, target]
    if others is not None:
        # With every other series in the equation, the lags of their mean add nothing new.
        kept = slice(1) if len(members) == series else slice(None)
        with_factor = others.with_columns(target)[:, kept]
        corner = with_factor[columns]
        itself = others.with_itself(target)[kept, kept]
        products = np.block([[products, corner], [corner.T, itself]])
        cross = np.append(cross, with_factor[target])
    inverse = invert(products)
    solution = inverse @ cross
    left = moments.rows - 1 - len(solution)
    variance = float(moments.products[target, target] - cross @ solution) / left
    weights = solution[: len(columns)].reshape(lags, -1)
    own_inverse = inverse[: len(columns), : len(columns)].reshape(lags, len(members), lags, -1)
    blocks = np.einsum("ljmj->jlm", own_inverse)[1:]
    tested = weights[:, 1:].T
    gain = (tested * solve(blocks, tested[:, :, None])[:, :, 0]).sum(axis=1)
    f_statistic = np.maximum(gain, 0.0) / (lags * variance)
    return _Equation(weights=weights, variance=variance, f_statistic=f_statistic, left=left)
