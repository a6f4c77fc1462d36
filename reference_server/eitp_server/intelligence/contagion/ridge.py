"""Vector autoregressions with a penalty, for totals that no choice of edges decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.intelligence.contagion.autoregression import Autoregression
from eitp_server.intelligence.contagion.factor import beside, whitened
from eitp_server.intelligence.contagion.refusal import Reason, Refused

if TYPE_CHECKING:
    from eitp_server.intelligence.contagion.factor import Others
    from eitp_server.intelligence.contagion.gram import Array, Moments

PENALTIES: Final = np.logspace(-5, 3, 30)
"""What is compared, per row."""
LEAST_FREEDOM: Final = 0.05
"""A fit that leaves less of the rows free follows each of them: its score would be 0 / 0."""


def ridge(moments: Moments) -> Autoregression:
    """Fit each series on the past of all, with a penalty per equation.

    The penalty has the least generalised cross-validation score, rows RSS / (rows - 1 - trace of
    the hat matrix)^2: Golub, Heath and Wahba 1979, Technometrics 21. With Z'Z = V D V' both are
    sums over D, so one eigendecomposition serves all penalties and equations. It is well defined
    with more parameters than rows. Raises Refused (INSUFFICIENT).
    """
    series, lags = moments.series, moments.lags
    own, past = slice(series), moments.past
    size, axes = _axes(moments)
    turned = axes.T @ moments.products[past, own]
    shrunk = 1.0 / (size + moments.rows * PENALTIES[:, None])
    explained = (shrunk * (2.0 - size * shrunk)) @ turned**2
    residual = np.diag(moments.products)[own] - explained
    freedom = moments.rows - 1.0 - (size * shrunk).sum(axis=1)
    best = _score(residual, freedom[:, None], moments.rows).argmin(axis=0)
    solution = axes @ (shrunk[best].T * turned)
    fitted = moments.products[past, own].T @ solution
    sums = moments.products[own, own] - fitted - fitted.T
    sums += solution.T @ moments.products[past, past] @ solution
    left = np.sqrt(freedom[best])
    return Autoregression(
        coefficients=solution.reshape(lags, series, series).transpose(0, 2, 1),
        covariance=sums / np.outer(left, left),
    )


def ridge_beside(moments: Moments, others: Others | None) -> Autoregression:
    """Fit as `ridge` does, with own past and the factor held fixed and free of the penalty.

    A common shock that lasts makes everybody's past foretell everybody. The penalty spreads that
    over all pairs, and their sum is many times what passes between them; held fixed it is not
    counted. The covariance is diagonal: what is left has no common part to speak of.

    Taking b columns out of Z leaves V (D - U U') V' with U of rank b, so the same
    eigendecomposition serves all targets (Woodbury). Raises Refused (INSUFFICIENT, SINGULAR).
    """
    series, lags = moments.series, moments.lags
    size, axes = _axes(moments)
    coefficients = np.empty((lags, series, series))
    variance = np.empty(series)
    for target in range(series):
        with_fixed, fixed = beside(moments, target, others)
        white = whitened(fixed, with_fixed)
        turned, variance[target] = _best(moments, target, white, size, axes)
        weights = axes @ turned
        explained = with_fixed[target] - with_fixed[moments.past].T @ weights
        coefficients[:, target] = weights.reshape(lags, series)
        coefficients[:, target, target] += np.linalg.solve(fixed, explained)[:lags]
    return Autoregression(coefficients=coefficients, covariance=np.diag(variance))


def _best(
    moments: Moments, target: int, white: Array, size: Array, axes: Array
) -> tuple[Array, float]:
    """Return the weights along the axes with the best penalty, and the residual variance."""
    out = axes.T @ white[:, moments.past].T
    own = white[:, target]
    cross = axes.T @ moments.products[moments.past, target] - out @ own
    penalty = moments.rows * PENALTIES
    shrunk = 1.0 / (size + penalty[:, None])
    # U' E U of all penalties E at once: one product of matrices in place of thirty.
    outer = (out[:, :, None] * out[:, None, :]).reshape(len(size), -1)
    shape = (-1, len(own), len(own))
    inner = np.linalg.inv(np.eye(len(own)) - (shrunk @ outer).reshape(shape))
    missed = np.einsum("lbc,lcb->l", inner, (shrunk**2 @ outer).reshape(shape))
    freedom = moments.rows - 1 - len(own) - len(size) + penalty * (shrunk.sum(axis=1) + missed)
    back = np.einsum("lbc,lc->lb", inner, (shrunk * cross) @ out)
    found = shrunk * (cross + back @ out.T)
    residual = moments.products[target, target] - own @ own
    residual = residual - 2 * found @ cross + found**2 @ size - ((found @ out) ** 2).sum(axis=1)
    best = int(_score(residual, freedom, moments.rows).argmin())
    return found[best], float(residual[best] / freedom[best])


def _axes(moments: Moments) -> tuple[Array, Array]:
    size, axes = np.linalg.eigh(moments.products[moments.past, moments.past])
    return np.maximum(size, 0.0), axes


def _score(residual: Array, freedom: Array, rows: int) -> Array:
    possible = freedom > LEAST_FREEDOM * rows
    if not possible.any():
        raise Refused(Reason.INSUFFICIENT, f"{rows} rows are too few for a ridge fit")
    return np.where(possible, rows * residual / np.maximum(freedom, 1.0) ** 2, np.inf)
