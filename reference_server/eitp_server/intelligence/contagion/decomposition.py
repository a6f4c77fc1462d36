"""Who moves whom: shares of forecast errors, and the sums that are published of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eitp_server.intelligence.contagion.refusal import Reason, Refused

if TYPE_CHECKING:
    from eitp_server.intelligence.contagion.autoregression import Autoregression
    from eitp_server.intelligence.contagion.gram import Array


@dataclass(frozen=True, slots=True)
class Spillover:
    """A table of shares: row = receiver, column = source, every row sums to 1."""

    shares: Array
    """(N, N)."""

    @property
    def total(self) -> float:
        """Mean share of a row that comes from others, 0..1."""
        return float(self.from_others.mean())

    @property
    def corrected(self) -> float:
        """`total` times N / (N - 1), comparable between numbers of series; 0..1."""
        series = len(self.shares)
        return self.total * series / (series - 1) if series > 1 else 0.0

    @property
    def from_others(self) -> Array:
        """(N,) sum of each row without its diagonal, 0..1."""
        return self._others.sum(axis=1)

    @property
    def to_others(self) -> Array:
        """(N,) sum of each column without its diagonal, 0 or more."""
        return self._others.sum(axis=0)

    @property
    def net(self) -> Array:
        """(N,) `to_others` less `from_others`; above 0 the series gives more than it takes."""
        return self.to_others - self.from_others

    @property
    def pairwise_net(self) -> Array:
        """(N, N) what column gives row less what row gives column; antisymmetric."""
        return self.shares - self.shares.T

    @property
    def _others(self) -> Array:
        return np.where(np.eye(len(self.shares), dtype=bool), 0.0, self.shares)


def responses(coefficients: Array, steps: int) -> Array:
    """Return (steps, N, N) moving-average weights: what each of N answers h steps after another.

    Psi_0 = I and Psi_h = sum over l of A_l Psi_{h-l}; `coefficients` are (p, N, N).
    """
    lags, series, _ = coefficients.shape
    found = np.zeros((steps, series, series))
    found[0] = np.eye(series)
    for h in range(1, steps):
        for lag in range(1, min(h, lags) + 1):
            found[h] += coefficients[lag - 1] @ found[h - lag]
    return found


def generalized(model: Autoregression, horizon: int) -> Spillover:
    """Decompose by shocks that come with their usual company; same-minute movement counts.

    theta_ij = sum_h (Psi_h Sigma)_ij^2 / s_jj / sum_h (Psi_h Sigma Psi_h')_ii, h = 0..horizon-1,
    each row divided by its sum: Diebold and Yilmaz 2012, International Journal of Forecasting 28,
    equations 2-3. The scale of Sigma cancels.
    """
    moved = responses(model.coefficients, horizon) @ model.covariance
    return _normalised((moved**2).sum(axis=0) / np.diag(model.covariance))


def lagged(model: Autoregression, horizon: int) -> Spillover:
    """Decompose as if shocks came alone, so that only what passes with a delay counts.

    The generalised decomposition with the diagonal of Sigma in its place; rows sum to 1 before
    they are divided, and without dynamics nothing comes from others.
    """
    moved = responses(model.coefficients, horizon) ** 2
    return _normalised(moved.sum(axis=0) * np.diag(model.covariance))


def _normalised(parts: Array) -> Spillover:
    if not np.isfinite(parts).all():
        raise Refused(Reason.NOT_FINITE, "the fitted system holds values that are no numbers")
    return Spillover(parts / parts.sum(axis=1, keepdims=True))
