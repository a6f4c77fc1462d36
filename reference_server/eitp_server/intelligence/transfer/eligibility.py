"""Which verticals have enough data for the normal approximation of their effect."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from eitp_server.intelligence.transfer.effect import Counts

LEAST_CONVERSIONS: Final = 10
"""In each arm."""
LEAST_HOLDOUT_SHARE: Final = 0.1
LEAST_HOLDOUT_UNITS: Final = 400
"""A holdout of so many units is large enough, whatever its share."""


class Exclusion(IntEnum):
    """Why a vertical is left out; numbers are those of `eitp.v1.VerticalExclusionReason`."""

    UNSPECIFIED = 0
    TOO_FEW_CONVERSIONS = 1
    HOLDOUT_TOO_SMALL = 2
    EXPERIMENT_INVALID = 3
    INSUFFICIENT_TENANTS = 4


def exclusions(counts: Counts) -> tuple[Exclusion | None, ...]:
    """Return for each row why its counts leave it out; None where they do not."""
    hits = zip(counts.treated_conversions, counts.holdout_conversions, strict=True)
    units = zip(counts.treated_units, counts.holdout_units, strict=True)
    return tuple(
        _exclusion(min(own_hits), treated, holdout)
        for own_hits, (treated, holdout) in zip(hits, units, strict=True)
    )


def _exclusion(fewest: float, treated: float, holdout: float) -> Exclusion | None:
    if fewest < LEAST_CONVERSIONS:
        return Exclusion.TOO_FEW_CONVERSIONS
    large = holdout >= LEAST_HOLDOUT_UNITS or holdout >= LEAST_HOLDOUT_SHARE * (treated + holdout)
    return None if large else Exclusion.HOLDOUT_TOO_SMALL
