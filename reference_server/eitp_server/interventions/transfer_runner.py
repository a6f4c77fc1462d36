"""Asks every night what carries over to other verticals, of each tenant and of those that share."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import structlog

from eitp_server.errors import DomainError
from eitp_server.intelligence.transfer import q_values
from eitp_server.interventions.definition import InterventionKind
from eitp_server.interventions.transfer_counts import Counting
from eitp_server.interventions.transfer_finding import Site, judge_own, judge_shared
from eitp_server.storage.transfers import SHARED, TransferRow

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from eitp_server.bandit.decision import Decision
    from eitp_server.interventions.transfer_counts import Pattern, TenantCounts
    from eitp_server.interventions.transfer_finding import Judged
    from eitp_server.storage.transfers import Transfers
    from eitp_server.storage.trials import Trials

_LOG: Final = structlog.get_logger(__name__)
DAY_US: Final = 86_400_000_000
WINDOW_US: Final = 90 * DAY_US
"""Effects fade: older assignments do not count."""
HALF_PAST_MIDNIGHT_US: Final = 1_800_000_000
_LOOK_SECONDS: Final = 10.0
_REST_SECONDS: Final = 600.0
"""After a failure: whatever it was, ninety days are not read again at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one tenant's experiment gave."""

    counts: Mapping[Pattern, Mapping[str, TenantCounts]]
    invalid: bool


class TransferRunner:
    """Reads what has matured, and replaces what is stored of it."""

    def __init__(
        self,
        trials: Trials,
        transfers: Transfers,
        tenants: Callable[[], Mapping[str, bool]],
        kind_of: Callable[[Decision], int],
        alarmed: Callable[[str], Awaitable[bool]],
        now_us: Callable[[], int],
    ) -> None:
        """Judge `tenants()`, each with whether it agreed to pooling.

        `kind_of` gives the kind that a decision chose, 0 when it is not known any more; `alarmed`
        says whether a check of a tenant's experiment raised its alarm.
        """
        self._trials = trials
        self._transfers = transfers
        self._tenants = tenants
        self._kind_of = kind_of
        self._alarmed = alarmed
        self._now_us = now_us

    async def run(self) -> None:
        """Judge at half past midnight UTC, and at the start when that was missed."""
        done_us = await self._transfers.judged_us()
        while True:
            if done_us < due(self._now_us()):
                try:
                    done_us = await self.judge()
                except DomainError as error:
                    _LOG.warning("transfers could not be kept", reason=error.reason)
                except Exception:  # noqa: BLE001 # the rest before the next try is ours
                    _LOG.exception("judging what carries over failed")
                if done_us < due(self._now_us()):
                    await asyncio.sleep(_REST_SECONDS)
            await asyncio.sleep(_LOOK_SECONDS)

    async def judge(self) -> int:
        """Judge everything once; return the moment of which it is."""
        now_us = self._now_us()
        sharing: list[Seen] = []
        for tenant_id, pooling in self._tenants().items():
            seen = await self._look(tenant_id, now_us)
            rows = await asyncio.to_thread(own_rows, tenant_id, seen, now_us)
            await self._transfers.replace(tenant_id, rows)
            if pooling:
                sharing.append(seen)
        shared = await asyncio.to_thread(shared_rows, sharing, now_us)
        await self._transfers.replace(SHARED, shared)
        # Only now: a night that was cut short is made again, whatever it left.
        await self._transfers.mark_judged(now_us)
        return now_us

    async def _look(self, tenant_id: str, now_us: int) -> Seen:
        counting, is_all = Counting(self._kind_of), False
        after_us = max(now_us - WINDOW_US, 0)
        while not is_all:
            matured = await self._trials.matured(tenant_id, after_us, now_us)
            await asyncio.to_thread(counting.fold, matured.trials)
            after_us, is_all = matured.through_us, matured.is_all
        counts = counting.result()
        return Seen(counts=counts, invalid=bool(counts) and await self._alarmed(tenant_id))


def due(now_us: int) -> int:
    """Return the last half past midnight, UTC."""
    return (now_us - HALF_PAST_MIDNIGHT_US) // DAY_US * DAY_US + HALF_PAST_MIDNIGHT_US


def own_rows(tenant_id: str, seen: Seen, now_us: int) -> list[TransferRow]:
    """Return the findings of one tenant."""
    found: list[tuple[Pattern, Judged]] = []
    for pattern, verticals in sorted(seen.counts.items()):
        sites = [
            Site(vertical=vertical, counts=counts, invalid=seen.invalid)
            for vertical, counts in verticals.items()
            if vertical
        ]
        found.append((pattern, judge_own(sites)))
    return _rows(tenant_id, found, now_us)


def shared_rows(sharing: Sequence[Seen], now_us: int) -> list[TransferRow]:
    """Return the findings over the tenants that share."""
    # A shop's own invention is compared with nothing.
    patterns = {
        pattern
        for seen in sharing
        for pattern in seen.counts
        if pattern.kind != InterventionKind.CUSTOM
    }
    found: list[tuple[Pattern, Judged]] = []
    for pattern in sorted(patterns):
        sites = [
            Site(vertical=vertical, counts=counts, invalid=seen.invalid, tenant=tenant)
            for tenant, seen in enumerate(sharing)
            for vertical, counts in seen.counts.get(pattern, {}).items()
            if vertical
        ]
        found.append((pattern, judge_shared(sites)))
    return _rows(SHARED, found, now_us)


def _rows(
    tenant_id: str, found: Sequence[tuple[Pattern, Judged]], now_us: int
) -> list[TransferRow]:
    """Return the findings that say anything, as one family.

    A narrower pattern in which no vertical has enough data says no more than the wider one.
    """
    telling = [(pattern, one) for pattern, one in found if pattern.is_widest or one.verticals]
    chances = [one.finding.predictive for _, one in telling]
    known = [new.not_positive for new in chances if new is not None]
    controlled = iter(q_values(np.array(known, np.float64)).tolist())
    q_value = [None if new is None else next(controlled) for new in chances]
    return [
        TransferRow(
            tenant_id=tenant_id,
            transfer_id=_identity(tenant_id, pattern),
            kind=pattern.kind,
            label=pattern.label,
            page_section=pattern.page_section,
            verdict=int(one.finding.verdict),
            probability_positive=None if new is None else min(new.positive, 1.0),
            computed_at_us=now_us,
            document={
                **one.as_json(q),
                "start_us": max(now_us - WINDOW_US, 0),
                "end_us": now_us,
            },
        )
        for (pattern, one), new, q in zip(telling, chances, q_value, strict=True)
    ]


def _identity(tenant_id: str, pattern: Pattern) -> str:
    named = f"{tenant_id}\n{pattern.kind}\n{pattern.label}\n{pattern.page_section}"
    return f"transfer-{hashlib.blake2b(named.encode(), digest_size=8).hexdigest()}"
