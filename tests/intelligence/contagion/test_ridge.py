"""Ridge fits against the same written the long way, with every penalty tried by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from eitp_server.intelligence.contagion.autoregression import least_squares
from eitp_server.intelligence.contagion.factor import Others
from eitp_server.intelligence.contagion.refusal import Reason, Refused
from eitp_server.intelligence.contagion.ridge import PENALTIES, ridge, ridge_beside
from intelligence.contagion.drawn import factor_columns, lagged_columns, moments, walk

if TYPE_CHECKING:
    from eitp_server.intelligence.contagion.gram import Array

LAGS = 2
FOUR = 0.3 * np.eye(4)[None] + 0.2 * np.roll(np.eye(4), 1, axis=1)[None]


def by_hand(y: Array, columns: Array, fixed: Array) -> tuple[Array, float]:
    """Return the weights of `columns`, and the residual variance, with the best penalty."""
    out = np.eye(len(y)) - fixed @ np.linalg.pinv(fixed)
    target, design = out @ y, out @ columns
    tried: list[tuple[float, Array, float]] = []
    for penalty in len(y) * PENALTIES:
        penalised = design.T @ design + penalty * np.eye(design.shape[1])
        inverse = np.asarray(np.linalg.inv(penalised), np.float64)
        freedom = len(y) - fixed.shape[1] - np.trace(design @ inverse @ design.T)
        weights = inverse @ design.T @ target
        residual = float(((target - design @ weights) ** 2).sum())
        tried.append((residual / freedom**2, weights, residual / freedom))
    _, weights, variance = min(tried, key=lambda one: one[0])
    return weights, variance


def standardised(values: Array) -> Array:
    return (values - values[LAGS:].mean(axis=0)) / values[LAGS:].std(axis=0)


def test_one_eigendecomposition_gives_the_fit_of_every_penalty() -> None:
    values = standardised(walk(150, FOUR))
    found = ridge(moments(values, LAGS))
    columns = np.column_stack(lagged_columns(values, range(4), LAGS))
    for target in range(4):
        weights, variance = by_hand(values[LAGS:, target], columns, np.ones((148, 1)))
        np.testing.assert_allclose(
            found.coefficients[:, target], weights.reshape(4, LAGS).T, rtol=1e-7, atol=1e-10
        )
        assert found.covariance[target, target] == pytest.approx(variance, rel=1e-8)


def test_own_past_and_the_factor_are_free_of_the_penalty() -> None:
    values = standardised(walk(150, FOUR))
    known = moments(values, LAGS)
    found = ridge_beside(known, Others.of(known))
    for target in range(4):
        others = [n for n in range(4) if n != target]
        columns = np.column_stack(lagged_columns(values, others, LAGS))
        factor = factor_columns(values, target, LAGS, np.ones(4))
        own = lagged_columns(values, [target], LAGS)
        fixed = np.column_stack([np.ones(148), *own, *factor])
        weights, variance = by_hand(values[LAGS:, target], columns, fixed)
        np.testing.assert_allclose(
            found.coefficients[:, target, others], weights.reshape(3, LAGS).T, rtol=1e-6, atol=1e-9
        )
        assert found.covariance[target, target] == pytest.approx(variance, rel=1e-7)


def test_more_parameters_than_rows_have_a_ridge_fit_but_no_other() -> None:
    values = np.random.default_rng(1).standard_normal((60, 40))
    known = moments(values, LAGS)
    assert ridge(known).companion_radius() < 1
    with pytest.raises(Refused) as refused:
        least_squares(known)
    assert refused.value.reason is Reason.UNDERDETERMINED


def test_no_freedom_beside_what_is_held_fixed_is_refused() -> None:
    known = moments(walk(8, FOUR), LAGS)
    with pytest.raises(Refused) as refused:
        ridge_beside(known, Others.of(known))
    assert refused.value.reason is Reason.INSUFFICIENT
