"""The smoothed index: an exponential mean over valid ticks, however irregular they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from eitp_server.volatility.methodology import DRAFT, SECOND_US, Methodology

RESTART: Final = 5
"""Half-lives without a valid tick after which smoothing starts anew."""


@dataclass(frozen=True, slots=True)
class Smoothed:
    """The smoothed index in spreads from the base, and when it was valid last."""

    z: float
    at_us: int


def smoothed(
    before: Smoothed | None, z: float, at_us: int, methodology: Methodology = DRAFT
) -> Smoothed:
    """Return S + (1 - 2^(-dt/H)) (z - S), or z after too long a gap or without a past."""
    half_life_us = methodology.smoothing_half_life_s * SECOND_US
    if before is None or not 0 <= at_us - before.at_us <= RESTART * half_life_us:
        return Smoothed(z, at_us)
    kept = 2.0 ** (-(at_us - before.at_us) / half_life_us)
    return Smoothed(before.z + (1 - kept) * (z - before.z), at_us)
