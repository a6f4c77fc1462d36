"""The level of a feed with its standard error, from whole sums."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt
from typing import TYPE_CHECKING

from eitp_server.volatility.methodology import DRAFT

if TYPE_CHECKING:
    from eitp_server.volatility.methodology import Methodology
    from eitp_server.volatility.partial import Partial


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Weighted mean of the sessions' volatility; 1 is as usual in the base period."""

    value: float
    standard_error: float
    """Infinite with one session: it tells nothing of its own precision."""
    unweighted: float
    """The mean without weights."""
    effective_sessions: float
    """Equally weighted sessions that would give the same precision."""
    largest_share: float
    """Share of the weight that the heaviest session has."""


def level(part: Partial, methodology: Methodology = DRAFT) -> Level | None:
    """Return the level of `part`, None when nobody counts.

    The standard error is that of a ratio of sums (Cochran 1977, Sampling Techniques, chapter 6),
    from a population without end. Its differences are taken in whole numbers and lose nothing.
    """
    if not part.weight:
        return None
    n, weight, scale = part.sessions, part.weight, methodology.volatility_scale
    spread = (
        part.squared_weighted * weight**2
        - 2 * part.weighted * part.squared_weight_weighted * weight
        + part.weighted**2 * part.squared_weight
    )
    error = sqrt(n * spread / ((n - 1) * weight**4)) / scale if n > 1 else inf
    return Level(
        value=part.weighted / (scale * weight),
        standard_error=error,
        unweighted=part.volatility / (scale * n),
        effective_sessions=weight**2 / part.squared_weight,
        largest_share=part.largest_weight / weight,
    )
