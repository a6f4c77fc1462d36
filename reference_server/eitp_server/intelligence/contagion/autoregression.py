"""Vector autoregressions from sums of products: least squares, and the tests that these allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.special import fdtrc

from eitp_server.intelligence.contagion.refusal import Reason, Refused

if TYPE_CHECKING:
    from eitp_server.intelligence.contagion.gram import Array, Moments

RADIUS: Final = 0.999
"""A system whose companion matrix has a spectral radius of this or more does not settle."""
CONDITION: Final = 1e12
"""A matrix of correlations with a larger condition number counts as singular."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Autoregression:
    """y_t = constant + sum over l of A_l y_{t-l} + e_t, in units of the series' spreads."""

    coefficients: Array
    """(p, N, N) A_l; row = what moves, column = what moved l minutes before."""
    covariance: Array
    """(N, N) of e_t, divided by rows less parameters of each equation, the constant included."""

    @property
    def series(self) -> int:
        """N."""
        return len(self.covariance)

    def companion_radius(self) -> float:
        """Return the spectral radius of the companion matrix; movement dies away below 1."""
        lags, series, _ = self.coefficients.shape
        companion = np.zeros((lags * series, lags * series))
        companion[:series] = self.coefficients.transpose(1, 0, 2).reshape(series, -1)
        companion[series:, :-series] = np.eye((lags - 1) * series)
        return _radius(companion)

    def reproduction_index(self) -> float:
        """Return the spectral radius of sum over l of |A_l| without its diagonal.

        It bounds how much of a movement the others pass on. It is no reproduction number of an
        epidemic.
        """
        passed = np.abs(self.coefficients).sum(axis=0)
        np.fill_diagonal(passed, 0.0)
        return _radius(passed)

    def checked(self) -> float:
        """Return the companion radius; raises Refused (UNSTABLE) at 0.999 or more."""
        radius = self.companion_radius()
        if radius >= RADIUS:
            raise Refused(
                Reason.UNSTABLE,
                f"the fitted system does not settle, its spectral radius is {radius:.4f}; take "
                "trends out, for instance by differences",
            )
        return radius


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastSquares:
    """A fit of every series on the past of all, with the tests that it allows."""

    model: Autoregression
    wald: Array
    """(N, N) F statistic that column's lags do not help to foretell row; its own past too."""
    p_value: Array
    """(N, N) of F(p, rows - 1 - N p)."""


def least_squares(moments: Moments) -> LeastSquares:
    """Fit by normal equations and test each pair by W = b' [(Z'Z)^-1 block]^-1 b / (p s_ii).

    The closed form needs one inverse for all pairs. Luetkepohl 2005, New Introduction to Multiple
    Time Series Analysis, 3.2 and 3.6. Raises Refused (UNDERDETERMINED, SINGULAR).
    """
    series, lags = moments.series, moments.lags
    left = moments.rows - 1 - series * lags
    if left < 1:
        raise Refused(
            Reason.UNDERDETERMINED,
            f"{moments.rows} complete rows for {1 + series * lags} parameters in each equation; "
            "give more rows, fewer series or fewer lags",
        )
    own, past = slice(series), moments.past
    cross = moments.products[past, own]
    inverse = invert(moments.products[past, past])
    solution = inverse @ cross
    covariance = (moments.products[own, own] - cross.T @ solution) / left
    by_source = solution.reshape(lags, series, series)
    blocks = np.einsum("ljmj->jlm", inverse.reshape(lags, series, lags, series))
    weighed = solve(blocks, by_source.transpose(1, 0, 2))
    gain = np.einsum("ljt,jlt->tj", by_source, weighed)
    wald = np.maximum(gain, 0.0) / (lags * _positive(np.diag(covariance))[:, None])
    model = Autoregression(coefficients=by_source.transpose(0, 2, 1), covariance=covariance)
    p_value = np.asarray(fdtrc(lags, left, wald), np.float64)
    return LeastSquares(model=model, wald=wald, p_value=p_value)


def solve(systems: Array, sides: Array) -> Array:
    """Solve a batch of systems (..., n, n) for right sides (..., n, k)."""
    # numpy types the result by the kind of number alone.
    return np.asarray(np.linalg.solve(systems, sides), np.float64)


def invert(products: Array) -> Array:
    """Invert a matrix of sums of products; raises Refused (SINGULAR) when it has no inverse."""
    spread = np.sqrt(np.diag(products))
    correlation = products / np.outer(spread, spread)
    try:
        factor = cho_factor(correlation, lower=True)
    except LinAlgError:
        raise _singular() from None
    inverse = cho_solve(factor, np.eye(len(products)))
    # The largest entry of the inverse is, up to the size, the condition number.
    if not inverse.max() < CONDITION:
        raise _singular()
    return inverse / np.outer(spread, spread)


def _singular() -> Refused:
    return Refused(
        Reason.SINGULAR,
        "a series is, to rounding, a sum of others or of its past, so that no fit is the only "
        "one; leave it out",
    )


def _positive(variance: Array) -> Array:
    if not (variance > 0).all():
        raise _singular()
    return variance


def _radius(matrix: Array) -> float:
    return float(np.abs(np.linalg.eigvals(matrix)).max())
