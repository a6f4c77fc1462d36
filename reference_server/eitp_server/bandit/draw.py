"""Randomness without a generator: every draw is a hash that anybody with the key can repeat."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from eitp_server.bandit.digest import digest

if TYPE_CHECKING:
    from collections.abc import Sequence

FRACTION_BITS = 53
"""Bits of a float's fraction: all 64 of the hash could round up to 1."""


def draw(key: bytes, *, tenant_id: str, visitor: str, decision_id: str, snapshot_id: str) -> float:
    """Return the uniform number in [0, 1) that picks the arm of a decision."""
    return _unit(digest("eitp.draw", tenant_id, visitor, decision_id, snapshot_id, key=key))


def pick(cumulative: Sequence[float], u: float) -> int:
    """Return the index of the arm whose share of [0, 1) holds `u`.

    `cumulative`: running sums of the arms' probabilities. The last arm also takes what rounding
    left above the last sum.
    """
    return min(bisect_right(cumulative, u), len(cumulative) - 1)


def held_out(*, tenant_id: str, salt: str, visitor: str, share: float) -> bool:
    """Return whether a visitor belongs to the `share` of a tenant's visitors that get nothing.

    The answer is for life: it depends on nothing that happens. A new `salt` draws a new holdout.
    """
    return _unit(digest("eitp.holdout", tenant_id, salt, visitor)) < share


def withheld(
    *, tenant_id: str, pattern_id: str, version: int, session_id: str, share: float
) -> bool:
    """Return whether a session belongs to the `share` of sessions without this version."""
    named = (tenant_id, pattern_id, str(version), session_id)
    return _unit(digest("eitp.withheld", *named)) < share


def _unit(hashed: bytes) -> float:
    return (int.from_bytes(hashed, "big") >> (64 - FRACTION_BITS)) * 2.0**-FRACTION_BITS
