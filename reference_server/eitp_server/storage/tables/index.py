"""What the volatility index leaves: feeds, bases, ticks, bars and corrections.

`tenant_id` is empty in rows of shared feeds.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field

from eitp_server.storage.tables.record import Record


class IndexFeed(Record, table=True):
    """One published series."""

    __tablename__ = "index_feeds"

    tenant_id: str = Field(primary_key=True)
    feed_id: str = Field(primary_key=True)
    vertical: str
    region: str
    page_section: int
    parent_feed_id: str
    tick_us: int = Field(sa_type=BigInteger)
    base_kind: int
    methodology_id: str
    estimator_version: str
    started_us: int = Field(sa_type=BigInteger)
    ends_us: int = Field(sa_type=BigInteger)
    """0 while the end is not known."""


class IndexBase(Record, table=True):
    """What a feed was scaled by; borrowed ones are their parents' and not kept again."""

    __tablename__ = "index_bases"

    tenant_id: str = Field(primary_key=True)
    feed_id: str = Field(primary_key=True)
    base_id: str = Field(primary_key=True)
    kind: int
    source: int
    median: float
    spread: float
    start_us: int = Field(sa_type=BigInteger)
    end_us: int = Field(sa_type=BigInteger)
    valid_minutes: int = Field(sa_type=BigInteger)
    effective_us: int = Field(sa_type=BigInteger)


class IndexTick(Record, table=True):
    """One tick as it was published, and what the next one goes on from."""

    __tablename__ = "index_ticks"
    __table_args__ = (Index(None, "tenant_id", "feed_id", "at_us", unique=True),)

    tenant_id: str = Field(primary_key=True)
    number: int = Field(
        primary_key=True,
        sa_type=BigInteger,
        unique=True,
        sa_column_kwargs={"autoincrement": False},
    )
    feed_id: str
    at_us: int = Field(sa_type=BigInteger)
    base_id: str
    reason: int
    """A `NoValueReason`, 0 with a value."""
    index: float | None
    band_low: float | None
    band_high: float | None
    smoothed_index: float | None
    step: float | None
    min_sessions: int | None = Field(sa_type=BigInteger)
    max_sessions: int | None = Field(sa_type=BigInteger)
    low_precision: bool | None
    coverage: float
    late_sessions: int = Field(sa_type=BigInteger)
    level: float | None
    """NULL in a shared feed, as the five that follow."""
    standard_error: float | None
    level_index: float | None
    unweighted_level: float | None
    effective_sessions: float | None
    largest_share: float | None
    smoothed_z: float | None
    """Not published: the smoothed index before it is rounded, in spreads."""
    smoothed_us: int | None = Field(sa_type=BigInteger)


class IndexBar(Record, table=True):
    """One minute of valid ticks; that of the present minute is replaced as it goes on."""

    __tablename__ = "index_bars"

    tenant_id: str = Field(primary_key=True)
    feed_id: str = Field(primary_key=True)
    start_us: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    base_id: str = Field(primary_key=True)
    tick_us: int = Field(sa_type=BigInteger)
    ticks: int
    min_sessions: int = Field(sa_type=BigInteger)
    level_open: float
    """Never published of a shared feed, as the three that follow."""
    level_high: float
    level_low: float
    level_close: float
    index_open: float | None
    index_high: float | None
    index_low: float | None
    index_close: float | None


class IndexCorrection(Record, table=True):
    """A published error put right; numbered among the ticks."""

    __tablename__ = "index_corrections"
    __table_args__ = (Index(None, "tenant_id", "feed_id", "at_us"),)

    tenant_id: str = Field(primary_key=True)
    number: int = Field(
        primary_key=True,
        sa_type=BigInteger,
        unique=True,
        sa_column_kwargs={"autoincrement": False},
    )
    feed_id: str
    at_us: int = Field(sa_type=BigInteger)
    issued_us: int = Field(sa_type=BigInteger)
    explanation: str = Field(sa_type=Text)
    original: str = Field(sa_type=Text)
    """JSON object with the columns of the tick, as is `corrected`."""
    corrected: str = Field(sa_type=Text)
