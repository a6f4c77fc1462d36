"""What is kept of the volatility index, as values."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from eitp_server.storage import tables
from eitp_server.volatility.bar import Bar, BarPeriod, OpenHighLowClose
from eitp_server.volatility.base import Base, BaseKind, BaseSource
from eitp_server.volatility.reason import Audience

if TYPE_CHECKING:
    from collections.abc import Mapping

SHARED: Final = ""
"""In place of a tenant: what counts the sessions of several."""
IMPORTED: Final = "imported-"
"""How the identity of a base begins that the operator brought along."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """One published series; fields are those of `eitp.v1.Feed`."""

    tenant_id: str
    feed_id: str
    vertical: str = ""
    region: str = ""
    page_section: int = 0
    parent_feed_id: str = ""
    tick_us: int
    base_kind: BaseKind = BaseKind.ROLLING
    methodology_id: str
    estimator_version: str
    started_us: int
    ends_us: int = 0
    """0 while the end is not known."""

    @property
    def audience(self) -> Audience:
        """Whose sessions are counted."""
        return Audience.SHARED if self.tenant_id == SHARED else Audience.TENANT


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseRow:
    """What a feed is scaled by."""

    tenant_id: str
    feed_id: str
    base: Base

    @property
    def imported(self) -> bool:
        """Whether the operator brought it along."""
        return self.base.base_id.startswith(IMPORTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class TickRow:
    """A tick as it was published; fields are those of `eitp.v1.IndexTick` and what it holds."""

    tenant_id: str
    number: int
    """Position in the stream of all feeds."""
    feed_id: str
    at_us: int
    base_id: str
    reason: int
    """0 with a value."""
    index: float | None = None
    band_low: float | None = None
    band_high: float | None = None
    smoothed_index: float | None = None
    step: float | None = None
    min_sessions: int | None = None
    max_sessions: int | None = None
    low_precision: bool | None = None
    coverage: float = 1.0
    late_sessions: int = 0
    level: float | None = None
    standard_error: float | None = None
    level_index: float | None = None
    unweighted_level: float | None = None
    effective_sessions: float | None = None
    largest_share: float | None = None
    smoothed_z: float | None = None
    smoothed_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionRow:
    """A published error put right."""

    tenant_id: str
    number: int
    """Position in the stream of all feeds, among the ticks."""
    feed_id: str
    at_us: int
    issued_us: int
    explanation: str
    original: TickRow
    corrected: TickRow


@dataclass(frozen=True, slots=True, kw_only=True)
class BarRow:
    """One minute of a feed."""

    tenant_id: str
    feed_id: str
    bar: Bar


def feed_columns(row: FeedRow) -> dict[str, Any]:
    """Return the row by column."""
    return asdict(row)


def feed_from(columns: Mapping[str, Any]) -> FeedRow:
    """Return the row that `feed_columns` took apart."""
    fields = dict(columns)
    return FeedRow(base_kind=BaseKind(fields.pop("base_kind")), **fields)


def tick_from(columns: Mapping[str, Any]) -> TickRow:
    """Return the row that `tick_columns` took apart."""
    return TickRow(**columns)


def tick_columns(row: TickRow) -> dict[str, Any]:
    """Return the row by column."""
    # Not asdict, which copies each value and takes ten times as long.
    return {name: getattr(row, name) for name in TICK_COLUMNS}


def correction_columns(row: CorrectionRow) -> dict[str, Any]:
    """Return the row by column."""
    written = {"original": json.dumps(asdict(row.original))}
    written["corrected"] = json.dumps(asdict(row.corrected))
    return {**asdict(row), **written}


def correction_from(columns: Mapping[str, Any]) -> CorrectionRow:
    """Return the row that `correction_columns` took apart."""
    fields = dict(columns)
    original, corrected = (json.loads(fields.pop(name)) for name in ("original", "corrected"))
    return CorrectionRow(**fields, original=TickRow(**original), corrected=TickRow(**corrected))


def base_columns(row: BaseRow) -> dict[str, Any]:
    """Return the row by column."""
    return {"tenant_id": row.tenant_id, "feed_id": row.feed_id, **asdict(row.base)}


def base_from(columns: Mapping[str, Any]) -> BaseRow:
    """Return the row that `base_columns` took apart."""
    fields = dict(columns)
    tenant_id, feed_id = fields.pop("tenant_id"), fields.pop("feed_id")
    kind, source = BaseKind(fields.pop("kind")), BaseSource(fields.pop("source"))
    base = Base(kind=kind, source=source, **fields)
    return BaseRow(tenant_id=tenant_id, feed_id=feed_id, base=base)


def bar_columns(row: BarRow) -> dict[str, Any]:
    """Return the row by column."""
    bar = row.bar
    return {
        "tenant_id": row.tenant_id,
        "feed_id": row.feed_id,
        "start_us": bar.start_us,
        "base_id": bar.base_id,
        "tick_us": bar.tick_us,
        "ticks": bar.ticks,
        "min_sessions": bar.min_sessions,
        **{f"level_{name}": getattr(bar.level, name) for name in _RUN},
        **{f"index_{name}": bar.index and getattr(bar.index, name) for name in _RUN},
    }


def bar_from(columns: Mapping[str, Any]) -> Bar:
    """Return the minute that `bar_columns` took apart."""
    return Bar(
        start_us=columns["start_us"],
        period=BarPeriod.MINUTE,
        base_id=columns["base_id"],
        level=OpenHighLowClose(**{name: columns[f"level_{name}"] for name in _RUN}),
        index=None
        if columns["index_open"] is None
        else OpenHighLowClose(**{name: columns[f"index_{name}"] for name in _RUN}),
        ticks=columns["ticks"],
        tick_us=columns["tick_us"],
        min_sessions=columns["min_sessions"],
    )


def voided(tick: TickRow, reason: int) -> TickRow:
    """Return the tick without its value, as a correction says that it should have been."""
    kept = {"tenant_id", "number", "feed_id", "at_us", "base_id", "coverage", "late_sessions"}
    emptied = {name: None for name in TICK_COLUMNS if name not in kept}
    return replace(tick, **{**emptied, "reason": reason})


_RUN: Final = ("open", "high", "low", "close")
TICK_COLUMNS: Final = tuple(tables.IndexTick.model_fields)
"""In the order of the table."""
