"""A feed as it stands, and what one more tick of it adds to storage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eitp_server.storage.index_row import BarRow, TickRow
from eitp_server.volatility.bar import BarPeriod, aggregated, bars
from eitp_server.volatility.base import DAY_US
from eitp_server.volatility.reason import Audience
from eitp_server.volatility.smoothing import Smoothed

if TYPE_CHECKING:
    from eitp_server.ingest.index.series import Choice
    from eitp_server.storage.index_row import FeedRow
    from eitp_server.volatility.bar import Bar
    from eitp_server.volatility.index import IndexTick

USED_DAYS: Final = 7


@dataclass(slots=True)
class FeedState:
    """A feed, and what its next tick goes on from."""

    row: FeedRow
    last: TickRow | None = None
    bar: Bar | None = None
    """The newest minute."""

    @property
    def smoothed(self) -> Smoothed | None:
        """The smoothed index before it is rounded."""
        if self.last is None or self.last.smoothed_z is None or self.last.smoothed_us is None:
            return None
        return Smoothed(self.last.smoothed_z, self.last.smoothed_us)

    def is_used(self, at_us: int) -> bool:
        """Return whether the feed began, or had a level, within the last USED_DAYS."""
        since_us = at_us - USED_DAYS * DAY_US
        fresh = self.row.started_us >= since_us
        return not self.row.ends_us and (
            fresh or (self.bar is not None and self.bar.start_us >= since_us)
        )

    def late_since_midnight(self, at_us: int) -> int:
        """Return how many sessions were heard too late on the day of a moment."""
        same_day = self.last is not None and self.last.at_us // DAY_US == at_us // DAY_US
        return self.last.late_sessions if self.last and same_day else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One tick of one feed, not stored yet."""

    choice: Choice
    state: FeedState
    tick: IndexTick
    is_new: bool
    """Whether it is the first tick of the feed."""

    def row(self, number: int, late_sessions: int) -> TickRow:
        """Return the tick as it is published; `late_sessions` were heard after it."""
        tick, value, feed = self.tick, self.tick.value, self.state.row
        own = feed.audience == Audience.TENANT
        told = own and (value is not None or (not tick.base_id and tick.sound))
        level = tick.level if told else None
        detail = level if value else None
        return TickRow(
            tenant_id=feed.tenant_id,
            number=number,
            feed_id=feed.feed_id,
            at_us=tick.at_us,
            base_id=tick.base_id,
            reason=tick.reason or 0,
            index=value and value.index,
            band_low=value and value.band_low,
            band_high=value and value.band_high,
            smoothed_index=value and value.smoothed_index,
            step=value and value.step,
            min_sessions=value and value.sessions.least,
            max_sessions=value and value.sessions.most,
            low_precision=value and value.low_precision,
            coverage=tick.coverage,
            late_sessions=late_sessions + self.state.late_since_midnight(tick.at_us) if own else 0,
            level=level and level.value,
            standard_error=detail and detail.standard_error,
            level_index=tick.scaled.level_index if detail and tick.scaled else None,
            unweighted_level=detail and detail.unweighted,
            effective_sessions=detail and detail.effective_sessions,
            largest_share=detail and detail.largest_share,
            smoothed_z=tick.smoothed and tick.smoothed.z,
            smoothed_us=tick.smoothed and tick.smoothed.at_us,
        )

    def bar(self) -> BarRow | None:
        """Return the minute with this tick in it, None when the tick is not valid."""
        feed, before = self.state.row, self.state.bar
        found = bars([self.tick], tick_us=feed.tick_us)
        if not found:
            return None
        (minute,) = found
        if before and (before.start_us, before.base_id) == (minute.start_us, minute.base_id):
            (minute,) = aggregated([before, minute], BarPeriod.MINUTE)
        return BarRow(tenant_id=feed.tenant_id, feed_id=feed.feed_id, bar=minute)
