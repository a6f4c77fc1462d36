"""The volatility index as messages."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Final, cast

from eitp.v1.time_window_pb2 import TimeWindow
from eitp.v1.volatility_pb2 import (
    Bar,
    Base,
    Feed,
    FeedStatus,
    IndexCorrection,
    IndexDetail,
    IndexTick,
    IndexValue,
    Methodology,
    OpenHighLowClose,
)

from eitp_server.services.moment import duration, timestamp
from eitp_server.volatility.methodology import DRAFT, SECOND_US
from eitp_server.volatility.reason import Audience

if TYPE_CHECKING:
    from eitp.v1.audience_pb2 import Audience as WireAudience
    from eitp.v1.page_pb2 import PageSection
    from eitp.v1.volatility_pb2 import BarPeriod, BaseKind, BaseSource, NoValueReason

    from eitp_server.storage.index_row import CorrectionRow, FeedRow, TickRow
    from eitp_server.volatility.bar import Bar as MinuteOrLonger
    from eitp_server.volatility.bar import OpenHighLowClose as Run
    from eitp_server.volatility.base import Base as FeedBase

_REMEMBERED: Final = 8_192
"""A tick goes to all of its readers, and is made into a message once."""


def status_of(feed: FeedRow, base: FeedBase | None, now_us: int) -> FeedStatus:
    """Return where a feed is in its life; `base` is in force now."""
    if feed.ends_us:
        ended = feed.ends_us <= now_us
        return FeedStatus.FEED_STATUS_RETIRED if ended else FeedStatus.FEED_STATUS_RETIRING
    return FeedStatus.FEED_STATUS_ACTIVE if base else FeedStatus.FEED_STATUS_WARMING


def feed_message(feed: FeedRow, base: FeedBase | None, now_us: int) -> Feed:
    """Return a feed as it is published; `base` is in force now."""
    return Feed(
        feed_id=feed.feed_id,
        audience=cast("WireAudience", feed.audience.value),
        vertical=feed.vertical,
        region=feed.region,
        page_section=cast("PageSection", feed.page_section),
        parent_feed_id=feed.parent_feed_id,
        tick_interval=duration(feed.tick_us / SECOND_US),
        base_kind=cast("BaseKind", feed.base_kind.value),
        methodology_id=feed.methodology_id,
        estimator_version=feed.estimator_version,
        status=status_of(feed, base, now_us),
        started_at=timestamp(feed.started_us),
        ends_at=timestamp(feed.ends_us) if feed.ends_us else None,
    )


def base_message(feed_id: str, base: FeedBase) -> Base:
    """Return the base of a feed."""
    return Base(
        base_id=base.base_id,
        feed_id=feed_id,
        kind=cast("BaseKind", base.kind.value),
        source=cast("BaseSource", base.source.value),
        median=base.median,
        spread=base.spread,
        window=TimeWindow(start=timestamp(base.start_us), end=timestamp(base.end_us)),
        valid_minutes=base.valid_minutes,
        effective_at=timestamp(base.effective_us),
    )


@lru_cache(maxsize=_REMEMBERED)
def tick_message(row: TickRow) -> IndexTick:
    """Return a tick as it was published."""
    message = IndexTick(
        feed_id=row.feed_id,
        at=timestamp(row.at_us),
        base_id=row.base_id,
        coverage=row.coverage,
        late_sessions=row.late_sessions,
        level=row.level,
    )
    if row.reason:
        message.reason = cast("NoValueReason", row.reason)
    else:
        message.value.CopyFrom(_value(row))
    return message


def correction_message(row: CorrectionRow) -> IndexCorrection:
    """Return a correction with both ticks."""
    return IndexCorrection(
        original=tick_message(row.original),
        corrected=tick_message(row.corrected),
        explanation=row.explanation,
        issued_at=timestamp(row.issued_us),
    )


def bar_message(bar: MinuteOrLonger, feed: FeedRow, now_us: int) -> Bar:
    """Return a bar; of a shared feed without its level."""
    own = feed.audience == Audience.TENANT
    return Bar(
        start_at=timestamp(bar.start_us),
        period=cast("BarPeriod", bar.period.value),
        base_id=bar.base_id,
        index=_run(bar.index) if bar.index else None,
        level=_run(bar.level) if own else None,
        ticks=bar.ticks,
        expected_ticks=bar.expected_ticks,
        min_sessions=bar.min_sessions,
        complete=now_us >= bar.end_us,
    )


def methodology_message() -> Methodology:
    """Return the constants that every feed of this server is computed by."""
    return Methodology(
        methodology_id=DRAFT.methodology_id,
        dimension_weights=DRAFT.dimension_weights,
        dimension_scales=DRAFT.dimension_scales,
        min_gap=duration(DRAFT.min_gap_s),
        max_gap=duration(DRAFT.max_gap_s),
        volatility_half_life=duration(DRAFT.volatility_half_life_s),
        recency_half_life=duration(DRAFT.recency_half_life_s),
        smoothing_half_life=duration(DRAFT.smoothing_half_life_s),
        effective_dimensions=DRAFT.effective_dimensions,
        volatility_cap=DRAFT.volatility_cap,
        weight_scale=DRAFT.weight_scale,
        volatility_scale=DRAFT.volatility_scale,
    )


def _value(row: TickRow) -> IndexValue:
    value = IndexValue(
        index=row.index,
        band_low=row.band_low,
        band_high=row.band_high,
        smoothed_index=row.smoothed_index,
        step=row.step,
        min_sessions=row.min_sessions,
        max_sessions=row.max_sessions,
        low_precision=bool(row.low_precision),
    )
    if row.level is not None:
        detail = IndexDetail(
            level=row.level,
            standard_error=row.standard_error,
            level_index=row.level_index,
            unweighted_level=row.unweighted_level,
            effective_sessions=row.effective_sessions,
            largest_share=row.largest_share,
        )
        value.detail.CopyFrom(detail)
    return value


def _run(run: Run) -> OpenHighLowClose:
    return OpenHighLowClose(**asdict(run))
