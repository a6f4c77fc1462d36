"""When a tick has no value: the first reason that holds."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

from eitp_server.volatility.constituent import SILENCE_US
from eitp_server.volatility.tenant_cap import TENANTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eitp_server.volatility.partial import Partial

OWN_SESSIONS: Final = 20
SHARED_SESSIONS: Final = 50
COVERAGE: Final = 0.95
IMPRECISE: Final = 1.0
"""Standard error, in spreads, above which a value says little."""


class Audience(IntEnum):
    """Whose sessions a feed counts; numbers are those of `eitp.v1.Audience`."""

    TENANT = 1
    SHARED = 2


class NoValueReason(IntEnum):
    """Why a tick has no value; numbers, and their order, are those of `eitp.v1.NoValueReason`."""

    NO_BASE = 1
    PARTIAL_COVERAGE = 2
    STALE = 3
    INSUFFICIENT_SESSIONS = 4
    INSUFFICIENT_TENANTS = 5
    CONCENTRATED = 6
    LOW_PRECISION = 7
    COMPLEMENTARY = 8


def unsound(
    total: Partial,
    by_tenant: Mapping[str, Partial],
    *,
    audience: Audience,
    at_us: int,
    coverage: float,
) -> NoValueReason | None:
    """Return the first reason for which a level may neither be published nor enter a base.

    `total` is of all tenants with capped weights, `by_tenant` what they have without caps.
    """
    shared = audience == Audience.SHARED
    if not coverage >= COVERAGE:
        return NoValueReason.PARTIAL_COVERAGE
    if total.newest_us < at_us - SILENCE_US:
        return NoValueReason.STALE
    if total.sessions < (SHARED_SESSIONS if shared else OWN_SESSIONS):
        return NoValueReason.INSUFFICIENT_SESSIONS
    if shared and not _enough_tenants(by_tenant):
        return NoValueReason.INSUFFICIENT_TENANTS
    if 10 * total.largest_weight > total.weight:
        return NoValueReason.CONCENTRATED
    return None


def _enough_tenants(by_tenant: Mapping[str, Partial]) -> bool:
    weights = [part.weight for part in by_tenant.values() if part.weight]
    return len(weights) >= TENANTS and 2 * max(weights) <= sum(weights)
