"""From the level to the index: spreads from the base, mapped to 0..100, with a sampling band."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, log
from typing import TYPE_CHECKING, Final

from scipy.special import expit, stdtrit

from eitp_server.volatility.methodology import DRAFT

if TYPE_CHECKING:
    from eitp_server.volatility.base import Base
    from eitp_server.volatility.level import Level
    from eitp_server.volatility.methodology import Methodology

CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """A level against the base of its feed."""

    z: float
    """Spreads above the median of the base."""
    index: float
    """0..100; 50 is the median of the base."""
    band_low: float
    band_high: float
    """The 95 % sampling band, 0..100."""
    level_index: float
    """100 times the level over the median of the base."""
    imprecision: float
    """Standard error in spreads."""


def scaled(found: Level, base: Base, methodology: Methodology = DRAFT) -> Scaled:
    """Return where a level stands against `base`.

    A level that cannot be told from 0 counts as half the smallest step of a volatility, so that
    its logarithm is finite.
    """
    value = max(found.value, 0.5 / methodology.volatility_scale)
    z = log(value / base.median) / base.spread
    imprecision = found.standard_error / (value * base.spread)
    half = half_width(found.effective_sessions) * imprecision if imprecision else 0.0
    return Scaled(
        z=z,
        index=index_of(z),
        band_low=index_of(z - half),
        band_high=index_of(z + half),
        level_index=100 * found.value / base.median,
        imprecision=imprecision,
    )


def index_of(z: float) -> float:
    """Return 100 / (1 + exp(-z))."""
    return 100 * float(expit(z))


def half_width(effective_sessions: float) -> float:
    """Return how many standard errors a band reaches to each side, by Student's t."""
    degrees_of_freedom = effective_sessions - 1
    # Not scipy.stats, which takes half a second to import.
    reach = (
        float(stdtrit(degrees_of_freedom, (1 + CONFIDENCE) / 2)) if degrees_of_freedom > 0 else inf
    )
    return reach if isfinite(reach) else inf
