"""What a server kept of a feed, as the same report that a file of states gives."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from eitp_server.lab.evi.report import EviReport
from eitp_server.lab.evi.scaling import Scaling
from eitp_server.volatility.bar import BarPeriod, aggregated
from eitp_server.volatility.base import DAY_US, MINUTE_US, borrowed
from eitp_server.volatility.index import IndexTick, IndexValue
from eitp_server.volatility.level import Level
from eitp_server.volatility.methodology import DRAFT
from eitp_server.volatility.partial import Partial
from eitp_server.volatility.privacy import Count
from eitp_server.volatility.reason import NoValueReason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eitp_server.storage.index_reader import IndexReader
    from eitp_server.storage.index_row import FeedRow, TickRow
    from eitp_server.volatility.bar import Bar
    from eitp_server.volatility.base import Base


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFeed:
    """A feed and a stretch of its past."""

    feed: FeedRow
    base: Base | None
    """That of the newest tick."""
    ticks: Sequence[TickRow]
    minutes: Sequence[Bar]

    def reasons(self) -> dict[str, int]:
        """Return how many ticks have no value for which reason, most frequent first."""
        counts = Counter(NoValueReason(row.reason).name for row in self.ticks if row.reason)
        return dict(counts.most_common())

    def bars(self, period: BarPeriod) -> list[Bar]:
        """Return its bars of a length."""
        return aggregated(self.minutes, period)

    def report(self) -> EviReport:
        """Return it as it is drawn; needs a tick."""
        counted = {bar.start_us: bar.min_sessions for bar in self.minutes}
        ticks = [_tick(row, counted) for row in self.ticks]
        feed = self.feed
        only = {"vertical": feed.vertical, "region": feed.region}
        return EviReport(
            methodology=DRAFT,
            scales_origin="declared",
            audience=feed.audience,
            only={name: value for name, value in only.items() if value} | {"feed": feed.feed_id},
            tick_us=feed.tick_us,
            scaling=Scaling(self.base, self.base.base_id if self.base else "none"),
            steps={},
            sessions=0,
            sums=(),
            ticks=ticks,
            bars=list(self.minutes),
        )


async def read_feed(index: IndexReader, feed: FeedRow, hours: float) -> StoredFeed:
    """Return the last hours of a feed before its newest tick."""
    newest = await index.tick_at(feed, 2**62)
    end_us = newest.at_us + 1 if newest else 0
    start_us = (end_us - round(hours * 60) * MINUTE_US) // MINUTE_US * MINUTE_US
    return StoredFeed(
        feed=feed,
        base=await _base(index, feed, newest.base_id) if newest and newest.base_id else None,
        ticks=await index.ticks(feed, start_us, end_us),
        minutes=await index.bars(feed, start_us, end_us, round(hours * 60) + DAY_US // MINUTE_US),
    )


async def _base(index: IndexReader, feed: FeedRow, base_id: str) -> Base | None:
    """Return a base of a feed, or of the one that it borrowed it from."""
    for row in await index.bases(feed):
        if row.base.base_id == base_id:
            return row.base
    feeds = {one.feed_id: one for one in await index.feeds()}
    parent = feeds.get(feed.parent_feed_id)
    if parent is None:
        return None
    found = await _base(index, parent, base_id) or await _base(
        index, parent, base_id.removesuffix("-parent")
    )
    return borrowed(found) if found else None


def _tick(row: TickRow, counted: Mapping[int, int]) -> IndexTick:
    reason = NoValueReason(row.reason) if row.reason else None
    only_base = reason == NoValueReason.NO_BASE and row.level is not None
    sessions = row.min_sessions or counted.get(row.at_us // MINUTE_US * MINUTE_US, 0)
    return IndexTick(
        at_us=row.at_us,
        base_id=row.base_id,
        coverage=row.coverage,
        value=_value(row),
        reason=reason,
        fault=None if only_base else reason,
        total=Partial(sessions=sessions if reason is None or only_base else 0),
        level=_level(row),
        scaled=None,
        smoothed=None,
    )


def _value(row: TickRow) -> IndexValue | None:
    if row.index is None:
        return None
    return IndexValue(
        index=row.index,
        band_low=row.band_low or 0.0,
        band_high=row.band_high or 0.0,
        smoothed_index=row.smoothed_index or 0.0,
        step=row.step or 0.0,
        sessions=Count(row.min_sessions or 0, row.max_sessions or 0),
        low_precision=bool(row.low_precision),
    )


def _level(row: TickRow) -> Level | None:
    if row.level is None:
        return None
    return Level(
        value=row.level,
        standard_error=inf if row.standard_error is None else row.standard_error,
        unweighted=row.unweighted_level or row.level,
        effective_sessions=row.effective_sessions or 0.0,
        largest_share=row.largest_share or 0.0,
    )
