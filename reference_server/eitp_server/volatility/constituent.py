"""Which sessions count at a tick, with what weight, in whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eitp_server.volatility.increment import AHEAD_US, NEVER_US
from eitp_server.volatility.methodology import DRAFT, SECOND_US
from eitp_server.volatility.variation import variation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.volatility.increment import MovementTable
    from eitp_server.volatility.methodology import Methodology

SILENCE_US: Final = 60 * SECOND_US
"""After so long a silence a session does not count."""
LEAST_SECONDS: Final = 10.0
"""Decayed seconds of movement that a session needs to count."""
INDIFFERENT: Final = 0.25
"""Weight of a session without any intent to buy; one with all of it has 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constituents:
    """What m sessions bring to a tick; 0 and 0 for one that does not count."""

    weight: NDArray[np.int64]
    """(m,)"""
    volatility: NDArray[np.int64]
    """(m,)"""
    last_us: NDArray[np.int64]
    """(m,) the latest state at or before the tick, NEVER_US without one; of others too."""

    @property
    def counted(self) -> NDArray[np.bool_]:
        """(m,)"""
        return self.weight > 0


def constituents(
    table: MovementTable,
    slots: NDArray[np.integer[Any]],
    at_us: int,
    *,
    methodology: Methodology = DRAFT,
    eligible: NDArray[np.bool_] | None = None,
) -> Constituents:
    """Return what `slots` (m,) bring to the tick at `at_us`.

    `eligible` (m,) is False for sessions without consent and for automated ones. A state up to
    AHEAD_US after the tick counts as if it came with it; a clock farther ahead is wrong.
    """
    last = table.last_us[slots]
    found = variation(table, slots, methodology)
    faded = np.exp2(_half_lives(at_us, table.updated_us[slots], methodology.volatility_half_life_s))
    counted = (last >= at_us - SILENCE_US) & (last <= at_us + AHEAD_US)
    counted &= table.seconds[slots] * faded >= LEAST_SECONDS
    if eligible is not None:
        counted &= eligible
        last = np.where(eligible, last, NEVER_US)
    recency = np.exp2(_half_lives(at_us, last, methodology.recency_half_life_s))
    wanted = weight_of(table.intent[slots], recency)
    weight, volatility = quantised(wanted, found.volatility, methodology)
    weight[~counted] = 0
    volatility[weight == 0] = 0
    heard = np.where(last <= at_us + AHEAD_US, np.minimum(last, at_us), NEVER_US)
    return Constituents(weight=weight, volatility=volatility, last_us=heard)


def weight_of(
    intent: NDArray[np.float64], recency: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    """Return weights (m,) 0..1 by the intent to buy and how recently a session was heard."""
    return (INDIFFERENT + (1 - INDIFFERENT) * np.clip(intent, 0.0, 1.0)) * recency


def quantised(
    weight: NDArray[np.float64],
    volatility: NDArray[np.float64],
    methodology: Methodology = DRAFT,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return weights and capped volatilities (m,) as whole numbers; one that is NaN reads 0."""
    capped = np.minimum(np.nan_to_num(volatility, posinf=np.inf), methodology.volatility_cap)
    return (
        np.floor(methodology.weight_scale * weight + 0.5).astype(np.int64),
        np.floor(methodology.volatility_scale * capped + 0.5).astype(np.int64),
    )


def _half_lives(at_us: int, since_us: NDArray[np.int64], half_life_s: float) -> NDArray[np.float64]:
    """Return (m,) minus the number of half-lives that passed, 0 for what is yet to come."""
    return np.minimum(since_us - at_us, 0) / (half_life_s * SECOND_US)
