"""How volatile each session is, and how much of that is jumps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import poch

from eitp_server.volatility.methodology import DRAFT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.volatility.increment import MovementTable
    from eitp_server.volatility.methodology import Methodology


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """The movement of m sessions; NaN before a session's first increment."""

    variance: NDArray[np.float64]
    """(m,) V: squared change per second, 1 being as usual in the base period."""
    increments: NDArray[np.float64]
    """(m,) m: number of equally weighted increments that would tell as much."""
    degrees_of_freedom: NDArray[np.float64]
    volatility: NDArray[np.float64]
    """(m,) v: root of the variance, freed from the bias of few increments."""
    continuous_variance: NDArray[np.float64]
    """(m,) variance that rare jumps leave alone, NaN before two increments in a row."""
    jump_share: NDArray[np.float64]
    """(m,) 0..1 of the variance, NaN as `continuous_variance`, and for a session that is still."""


def variation(
    table: MovementTable, slots: NDArray[np.integer[Any]], methodology: Methodology = DRAFT
) -> Variation:
    """Return how volatile `slots` (m,) are.

    The continuous part is the bipower variation of Barndorff-Nielsen & Shephard 2004, Journal of
    Financial Econometrics 2, here summed over dimensions and per second.
    """
    seconds = table.seconds[slots]
    variance = _ratio(table.squares[slots], seconds)
    increments = _ratio(seconds * seconds, table.squared_seconds[slots])
    degrees_of_freedom = methodology.effective_dimensions * increments
    continuous = _ratio(table.products[slots], table.product_seconds[slots])
    return Variation(
        variance=variance,
        increments=increments,
        degrees_of_freedom=degrees_of_freedom,
        volatility=np.sqrt(variance) / root_bias(degrees_of_freedom),
        continuous_variance=continuous,
        jump_share=np.maximum(0.0, 1.0 - _ratio(continuous, variance)),
    )


def root_bias(degrees_of_freedom: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return c4 (m,): the mean of the root of a mean of so many squared standard normals.

    sqrt(2/n) Gamma((n + 1)/2) / Gamma(n/2), known from control charts.
    """
    half = degrees_of_freedom / 2
    return poch(half, 0.5) / np.sqrt(half)


def _ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(
        numerator, denominator, out=np.full_like(numerator, np.nan), where=denominator > 0
    )
