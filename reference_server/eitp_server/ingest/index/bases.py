"""What feeds are scaled by: computed each day from stored minutes, looked up at each tick."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eitp_server.ingest.index.series import Choice, choice_of, feed_id
from eitp_server.storage.index_row import BaseRow
from eitp_server.volatility.base import (
    DAY_US,
    WINDOW_DAYS,
    Base,
    BaseKind,
    borrowed,
    fixed_base,
    next_effective_us,
    rolling_base,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eitp_server.storage.index_row import FeedRow
    from eitp_server.storage.index_store import IndexStore
    from eitp_server.volatility.base import Closes


@dataclass(slots=True)
class _OfFeed:
    rolling: dict[int, Base] = field(default_factory=dict[int, Base])
    """By the midnight from which it is in force for a day."""
    imported: Base | None = None
    fixed: Base | None = None


class Bases:
    """The bases that are in force now, and from the next midnight on."""

    def __init__(self, estimator_version: str) -> None:
        self._estimator_version = estimator_version
        self._of: dict[str, _OfFeed] = {}
        self._asked: set[tuple[str, int]] = set()
        """Feeds and midnights for which there are too few closes, as is known already."""

    def add(self, row: BaseRow) -> None:
        """Take a base into account from when it is in force."""
        known = self._of.setdefault(row.feed_id, _OfFeed())
        if row.base.kind == BaseKind.FIXED:
            known.fixed = row.base
        elif row.imported:
            known.imported = row.base
        else:
            known.rolling[row.base.effective_us] = row.base

    def in_force(self, choice: Choice, kind: BaseKind, at_us: int) -> Base | None:
        """Return what a feed is scaled by at a moment, None when there is nothing yet.

        A rolling base of its own comes first, then one that the operator brought along, then
        whatever its parent is scaled by. A fixed base is never borrowed: years are compared by it.
        """
        known = self._of.get(feed_id(choice, kind, self._estimator_version)) or _OfFeed()
        if kind == BaseKind.FIXED:
            return _since(known.fixed, at_us)
        own = known.rolling.get(_midnight(at_us)) or _since(known.imported, at_us)
        if own is not None or choice.parent is None:
            return own
        parent = self.in_force(choice.parent, kind, at_us)
        return borrowed(parent) if parent else None

    async def compute(self, store: IndexStore, feeds: Iterable[FeedRow], now_us: int) -> None:
        """Compute and store the bases of today and of tomorrow that are missing by now.

        Days whose moment was missed are computed later to the same numbers: the minutes that they
        are taken from were over by then.
        """
        days = sorted({_midnight(now_us), next_effective_us(now_us)})
        for feed in feeds:
            if feed.base_kind == BaseKind.ROLLING and not feed.ends_us:
                for day_us in days:
                    await self._compute(store, feed, day_us)
        for known in self._of.values():
            for old in [day for day in known.rolling if day < days[0]]:
                del known.rolling[old]
        self._asked = {(name, day) for name, day in self._asked if day >= days[0]}

    async def _compute(self, store: IndexStore, feed: FeedRow, day_us: int) -> None:
        known = self._of.setdefault(feed.feed_id, _OfFeed())
        if day_us in known.rolling or (feed.feed_id, day_us) in self._asked:
            return
        end_us = day_us - DAY_US
        closes = await store.closes(feed, end_us - WINDOW_DAYS * DAY_US, end_us)
        base = await asyncio.to_thread(rolling_base, closes, day_us)
        if base is None:
            self._asked.add((feed.feed_id, day_us))
            return
        await self._keep(store, feed.tenant_id, feed.feed_id, base)
        await self._fix(store, feed, closes, day_us)

    async def _fix(self, store: IndexStore, feed: FeedRow, closes: Closes, day_us: int) -> None:
        """Compute the base that stays, once the feed has a whole window behind it."""
        name = feed_id(choice_of(feed), BaseKind.FIXED, feed.estimator_version)
        known = self._of.setdefault(name, _OfFeed())
        end_us = day_us - DAY_US
        start_us = end_us - WINDOW_DAYS * DAY_US
        if known.fixed is None and _midnight(feed.started_us) <= start_us:
            base = fixed_base(closes, start_us=start_us, end_us=end_us, effective_us=day_us)
            if base is not None:
                await self._keep(store, feed.tenant_id, name, base)

    async def _keep(self, store: IndexStore, tenant_id: str, name: str, base: Base) -> None:
        row = BaseRow(tenant_id=tenant_id, feed_id=name, base=base)
        await store.add_base(row)
        self.add(row)


def _midnight(at_us: int) -> int:
    return at_us // DAY_US * DAY_US


def _since(base: Base | None, at_us: int) -> Base | None:
    return base if base and base.effective_us <= at_us else None
