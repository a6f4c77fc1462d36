"""What all other series do at once, which is held fixed while a pair is tested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.linalg import LinAlgError, cholesky, solve_triangular

from eitp_server.intelligence.contagion.refusal import Reason, Refused

if TYPE_CHECKING:
    from eitp_server.intelligence.contagion.gram import Array, Moments

FEWEST: Final = 3
"""With two series the mean of the others is the source itself, so there is no factor."""
FEWEST_TO_WEIGH: Final = 4
"""Among fewer series loadings are not determined."""
ROUNDS: Final = 200
MOST_COMMON: Final = 0.9
"""A series counts as having no larger part in common, or it would be the factor by itself."""
LEAST_COMMON: Final = 0.01
LEAST_WEIGHT: Final = 0.01
"""Of the largest weight."""
MOST_WEIGHT: Final = 3.0
"""Of the median weight. Where nothing is in common, principal axes end at one series alone."""


class Others:
    """The leave-one-out factor: the weighted mean of all series but one, at each lag.

    It is linear in the weighted sum of all series and in the one left out, so its products with
    every column follow from sums that are made once for all targets.
    """

    def __init__(self, moments: Moments, weights: Array) -> None:
        self._moments = moments
        self._weights = weights / weights.mean()
        shape = (-1, moments.lags + 1, moments.series)
        self._with_sum = moments.products.reshape(shape) @ self._weights

    @classmethod
    def of(cls, moments: Moments) -> Others | None:
        """Weigh all series alike; None when there are too few for a factor."""
        return cls(moments, np.ones(moments.series)) if moments.series >= FEWEST else None

    @classmethod
    def by_loading(cls, moments: Moments) -> Others | None:
        """Weigh each series by how well it shows what all have in common; None for too few."""
        if moments.series < FEWEST_TO_WEIGH:
            return None
        return cls(moments, factor_weights(moments.products[: moments.series, : moments.series]))

    def with_columns(self, target: int) -> Array:
        """Return (N (p + 1), p + 1): products of each column with each lag of the factor."""
        series = self._moments.series
        own = self._weights[target] * self._moments.products[:, target::series]
        return (self._with_sum - own) / (series - 1)

    def with_itself(self, target: int) -> Array:
        """Return (p + 1, p + 1): products of the factor's lags with each other."""
        series, lags = self._moments.series, self._moments.lags
        by_lag = self.with_columns(target).reshape(lags + 1, series, lags + 1)
        own = self._weights[target] * by_lag[:, target]
        return (np.einsum("lnm,n->lm", by_lag, self._weights) - own) / (series - 1)

    def share(self, target: int) -> float:
        """Return R^2 of the target on its factor at the same minute, 0..1."""
        cross = self.with_columns(target)[target, 0]
        own = self._moments.products[target, target]
        return float(cross**2 / (own * self.with_itself(target)[0, 0]))


def factor_weights(products: Array) -> Array:
    """Return (N,) weights, above 0, of the best linear guess at one common factor.

    Loadings by principal axes, repeated until the parts in common agree; weight = loading over
    what is not in common (Bartlett 1937, British Journal of Psychology 28). A mean of series that
    are divided by their spread does the reverse: it weighs down those that the factor moves most.
    """
    spread = np.sqrt(np.diag(products))
    correlation = products / np.outer(spread, spread)
    np.fill_diagonal(correlation, 0.0)
    common = np.clip(np.abs(correlation).max(axis=1), LEAST_COMMON, MOST_COMMON)
    loading = np.sqrt(common)
    for _ in range(ROUNDS):
        # One step of power iteration in place of an eigendecomposition; the shift by 1 keeps the
        # largest eigenvalue, since none is below -1.
        moved = correlation @ loading + (common + 1.0) * loading
        axis = moved / np.linalg.norm(moved)
        size = axis @ (correlation @ axis) + common @ axis**2
        loading = axis * np.sqrt(max(float(size), LEAST_COMMON))
        common = np.clip(loading**2, LEAST_COMMON, MOST_COMMON)
    weight = loading * np.sign(loading.sum() or 1.0) / (1.0 - common) / spread
    weight = np.maximum(weight, LEAST_WEIGHT * weight.max())
    return np.minimum(weight, MOST_WEIGHT * np.median(weight))


def common_share(moments: Moments) -> float:
    """Return the mean R^2 of a series on the mean of all others at the same minute, 0..1."""
    others = Others(moments, np.ones(moments.series))
    return float(np.mean([others.share(target) for target in range(moments.series)]))


def beside(moments: Moments, target: int, others: Others | None) -> tuple[Array, Array]:
    """Return what is held fixed for a target: own lags, then the factor at each lag.

    First its products with all columns, (N (p + 1), b), then with itself, (b, b).
    """
    own = slice(moments.series + target, None, moments.series)
    with_own = moments.products[:, own]
    if others is None:
        return with_own, with_own[own]
    with_factor = others.with_columns(target)
    corner = with_factor[own]
    fixed = np.block([[with_own[own], corner], [corner.T, others.with_itself(target)]])
    return np.hstack([with_own, with_factor]), fixed


def whitened(fixed: Array, with_fixed: Array) -> Array:
    """Return (b, columns) whose products along b are the part of all products that is explained.

    Raises Refused (SINGULAR) when what is held fixed is not independent of itself.
    """
    spread = np.sqrt(np.diag(fixed))
    try:
        lower = cholesky(fixed / np.outer(spread, spread), lower=True)
    except LinAlgError:
        raise Refused(
            Reason.SINGULAR, "a series is a sum of others or of its past; leave it out"
        ) from None
    return solve_triangular(lower, (with_fixed / spread).T, lower=True)
