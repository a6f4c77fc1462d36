"""The volatility index in the database: one transaction a pulse, and what its readers need."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
from sqlalchemy import bindparam, delete, func, insert, select

from eitp_server.errors import Missing, Reason
from eitp_server.storage import tables
from eitp_server.storage.index_row import (
    TICK_COLUMNS,
    BarRow,
    BaseRow,
    CorrectionRow,
    FeedRow,
    TickRow,
    bar_columns,
    bar_from,
    base_columns,
    base_from,
    feed_columns,
    feed_from,
)
from eitp_server.storage.refusal import require_kept
from eitp_server.volatility.base import DAY_US, BaseKind, Closes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Select
    from sqlmodel import Session

    from eitp_server.storage.database import Database, Readable
    from eitp_server.volatility.bar import Bar

# The tables themselves and not their records: a record takes ten times as long to make.
_TABLES: Final = tables.Record.metadata.tables
_FEEDS, _BASES = _TABLES["index_feeds"], _TABLES["index_bases"]
_TICKS, _BARS = _TABLES["index_ticks"], _TABLES["index_bars"]
_CORRECTIONS: Final = _TABLES["index_corrections"]
_OLDEST: Final = "oldest_index_number"
"""The lowest number that was not forgotten."""
_FORGET_AT_ONCE: Final = 2_048
"""Small steps, so that a commit never waits long behind the removal of a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseWrites:
    """What one pulse adds."""

    feeds: Sequence[FeedRow] = ()
    """New ones, and those that changed."""
    ticks: Sequence[TickRow] = ()
    bars: Sequence[BarRow] = ()
    """In place of what was there of the same minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptIndex:
    """Where the index goes on after a restart."""

    last_number: int
    feeds: Sequence[FeedRow]
    bases: Sequence[BaseRow]
    ticks: Mapping[str, TickRow]
    """The newest tick of each feed."""
    bars: Mapping[str, Bar]
    """The newest minute of each feed."""


class IndexReader:
    """Reads the index."""

    def __init__(self, database: Readable) -> None:
        """Read from `database`."""
        self._readable = database

    async def feeds(self) -> list[FeedRow]:
        """Return all feeds by identity."""
        statement = select(_FEEDS).order_by(_FEEDS.c.feed_id)
        return await self._rows(statement, feed_from)

    async def bases(self, feed: FeedRow) -> list[BaseRow]:
        """Return the bases that a feed has had of its own, in the order of time."""
        statement = select(_BASES).where(*_of(feed, _BASES)).order_by(_BASES.c.effective_us)
        return await self._rows(statement, base_from)

    async def tick_at(self, feed: FeedRow, at_us: int) -> TickRow | None:
        """Return the newest tick of a feed at or before a moment, None when there is none kept."""
        statement = _newest(feed, _TICKS).where(_TICKS.c.at_us <= at_us)
        found = await self._rows(statement, _tick)
        return found[0] if found else None

    async def newest(self, feeds: Sequence[FeedRow]) -> list[TickRow]:
        """Return the newest tick of each feed that has one, in the order of their numbers."""
        statements = [_newest(feed, _TICKS) for feed in feeds]

        def look(session: Session) -> list[TickRow]:
            found = (_all(session.connection(), one, _tick) for one in statements)
            return sorted((row for rows in found for row in rows), key=_number)

        return await self._readable.read(look)

    async def ticks(self, feed: FeedRow, start_us: int, end_us: int) -> list[TickRow]:
        """Return the ticks of a feed within [start, end) in the order of time."""
        statement = (
            select(_TICKS)
            .where(*_of(feed, _TICKS), _TICKS.c.at_us >= start_us, _TICKS.c.at_us < end_us)
            .order_by(_TICKS.c.at_us)
        )
        return await self._rows(statement, _tick)

    async def items(
        self,
        tenant_ids: Sequence[str],
        after: int,
        limit: int,
        feed_ids: Collection[str] | None = None,
    ) -> list[TickRow | CorrectionRow]:
        """Return the ticks and corrections of tenants with a number above `after`, ascending.

        `feed_ids` are the feeds to read, None for all.
        Raises `OutOfRange(CURSOR_COMPACTED)` with metadata `oldest` when some of them are gone.
        """

        def look(session: Session) -> list[TickRow | CorrectionRow]:
            connection = session.connection()
            require_kept(after, _oldest(session))
            found: list[TickRow | CorrectionRow] = []
            # One query per tenant: over several, SQLite would sort all that is left.
            for tenant_id in tenant_ids:
                found += _all(connection, _behind(_TICKS, tenant_id, after, limit, feed_ids), _tick)
                statement = _behind(_CORRECTIONS, tenant_id, after, limit, feed_ids)
                found += _all(connection, statement, _correction)
            return sorted(found, key=_number)[:limit]

        return await self._readable.read(look)

    async def corrections(self, feed: FeedRow, at_us: int) -> list[CorrectionRow]:
        """Return the corrections of one tick, oldest first."""
        statement = (
            select(_CORRECTIONS)
            .where(*_of(feed, _CORRECTIONS), _CORRECTIONS.c.at_us == at_us)
            .order_by(_CORRECTIONS.c.number)
        )
        return await self._rows(statement, _correction)

    async def bars(self, feed: FeedRow, start_us: int, end_us: int, limit: int) -> list[Bar]:
        """Return the first minutes of a feed within [start, end) in the order of time."""
        statement = (
            select(_BARS)
            .where(*_of(feed, _BARS), _BARS.c.start_us >= start_us, _BARS.c.start_us < end_us)
            .order_by(_BARS.c.start_us, _BARS.c.base_id)
            .limit(limit)
        )
        return await self._rows(statement, bar_from)

    async def closes(self, feed: FeedRow, start_us: int, end_us: int) -> Closes:
        """Return the levels at the end of the minutes within [start, end)."""
        statement = select(_BARS.c.start_us, _BARS.c.level_close).where(
            *_of(feed, _BARS), _BARS.c.start_us >= start_us, _BARS.c.start_us < end_us
        )

        def look(session: Session) -> Closes:
            rows = session.connection().execute(statement).all()
            found = np.array([tuple(row) for row in rows], np.float64).reshape(-1, 2)
            return Closes(found[:, 0].astype(np.int64), found[:, 1])

        return await self._readable.read(look)

    async def _rows(
        self, statement: Select[Any], made: Callable[[Mapping[str, Any]], Any]
    ) -> list[Any]:
        return await self._readable.read(
            lambda session: _all(session.connection(), statement, made)
        )


class IndexStore(IndexReader):
    """Reads and writes the index."""

    def __init__(self, database: Database) -> None:
        """Keep it in `database`."""
        super().__init__(database)
        self._database = database

    async def load(self, now_us: int) -> KeptIndex:
        """Return where to go on; of rolling bases those of today and later."""
        today_us = now_us // DAY_US * DAY_US

        def look(session: Session) -> KeptIndex:
            connection = session.connection()
            feeds: list[FeedRow] = _all(connection, select(_FEEDS), feed_from)
            bases: list[BaseRow] = _all(connection, select(_BASES), base_from)
            ticks = {feed.feed_id: _all(connection, _newest(feed, _TICKS), _tick) for feed in feeds}
            minute = _BARS.c.start_us
            bars = {
                feed.feed_id: _all(
                    connection,
                    select(_BARS).where(*_of(feed, _BARS)).order_by(minute.desc()).limit(1),
                    bar_from,
                )
                for feed in feeds
            }
            return KeptIndex(
                last_number=_last_number(session),
                feeds=feeds,
                bases=[row for row in bases if _lasting(row) or row.base.effective_us >= today_us],
                ticks={name: found[0] for name, found in ticks.items() if found},
                bars={name: found[0] for name, found in bars.items() if found},
            )

        return await self._database.read(look)

    async def write(self, writes: PulseWrites) -> None:
        """Keep what a pulse adds, all or nothing.

        Raises `Exhausted(STORAGE_FULL)` when there is no room.
        """

        def job(session: Session) -> None:
            connection = session.connection()
            _replace(connection, _FEEDS, [feed_columns(row) for row in writes.feeds])
            _insert(connection, _TICKS, [_tick_columns(row) for row in writes.ticks])
            _replace(connection, _BARS, [bar_columns(row) for row in writes.bars])

        await self._database.write(job)

    async def add_base(self, row: BaseRow) -> bool:
        """Keep a base; return False, and change nothing, when there is one of that identity."""

        def job(session: Session) -> bool:
            same = (*_of(row, _BASES), _BASES.c.base_id == row.base.base_id)
            connection = session.connection()
            if connection.execute(select(_BASES.c.base_id).where(*same)).first():
                return False
            _insert(connection, _BASES, [base_columns(row)])
            return True

        return await self._database.write(job)

    async def correct(
        self,
        feed: FeedRow,
        at_us: int,
        change: Callable[[TickRow], TickRow],
        explanation: str,
        now_us: int,
    ) -> CorrectionRow:
        """Publish beside a tick what it should have been; only while no pulse is written.

        Raises `Missing(RESOURCE_UNKNOWN)` when there is no tick of the feed at that moment.
        """

        def job(session: Session) -> CorrectionRow:
            connection = session.connection()
            statement = select(_TICKS).where(*_of(feed, _TICKS), _TICKS.c.at_us == at_us)
            found: list[TickRow] = _all(connection, statement, _tick)
            if not found:
                raise Missing(
                    Reason.RESOURCE_UNKNOWN,
                    f"the feed {feed.feed_id} has no tick at that moment, or not any more",
                    metadata={"feed_id": feed.feed_id, "at_us": str(at_us)},
                )
            row = CorrectionRow(
                tenant_id=feed.tenant_id,
                number=_last_number(session) + 1,
                feed_id=feed.feed_id,
                at_us=at_us,
                issued_us=now_us,
                explanation=explanation,
                original=found[0],
                corrected=change(found[0]),
            )
            _insert(connection, _CORRECTIONS, [_correction_columns(row)])
            return row

        return await self._database.write(job)

    async def forget_ticks(self, before_us: int) -> None:
        """Forget the ticks before a moment, and what was corrected between them."""
        while await self._database.write(lambda session: _forget(session, before_us)):
            pass

    async def forget_bars(self, feed: FeedRow, before_us: int) -> None:
        """Forget the minutes of a feed before a moment."""

        def job(session: Session) -> None:
            old = delete(_BARS).where(*_of(feed, _BARS), _BARS.c.start_us < before_us)
            session.connection().execute(old)

        await self._database.write(job)


def _insert(connection: Connection, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _replace(connection: Connection, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows in place of those with the same keys."""
    keys = tuple(column.name for column in table.primary_key)
    same = [table.c[name] == bindparam(f"old_{name}") for name in keys]
    if rows:
        old = [{f"old_{name}": row[name] for name in keys} for row in rows]
        connection.execute(delete(table).where(*same), old)
    _insert(connection, table, rows)


def _all(
    connection: Connection, statement: Select[Any], made: Callable[[Mapping[str, Any]], Any]
) -> list[Any]:
    found = cast("Iterable[Mapping[str, Any]]", connection.execute(statement).mappings())
    return [made(row) for row in found]


def _of(row: FeedRow | BaseRow | BarRow, table: Any) -> tuple[Any, ...]:
    return table.c.tenant_id == row.tenant_id, table.c.feed_id == row.feed_id


def _newest(feed: FeedRow, table: Any) -> Select[Any]:
    return select(table).where(*_of(feed, table)).order_by(table.c.at_us.desc()).limit(1)


def _behind(
    table: Any, tenant_id: str, after: int, limit: int, feed_ids: Collection[str] | None
) -> Select[Any]:
    statement = select(table).where(table.c.tenant_id == tenant_id, table.c.number > after)
    if feed_ids is not None:
        statement = statement.where(table.c.feed_id.in_(feed_ids))
    return statement.order_by(table.c.number).limit(limit)


def _number(row: TickRow | CorrectionRow) -> int:
    return row.number


def _tick(columns: Mapping[str, Any]) -> TickRow:
    return TickRow(**columns)


def _tick_columns(row: TickRow) -> dict[str, Any]:
    # Not asdict, which copies each value and takes ten times as long.
    return {name: getattr(row, name) for name in TICK_COLUMNS}


def _correction_columns(row: CorrectionRow) -> dict[str, Any]:
    written = {"original": json.dumps(asdict(row.original))}
    written["corrected"] = json.dumps(asdict(row.corrected))
    return {**asdict(row), **written}


def _correction(columns: Mapping[str, Any]) -> CorrectionRow:
    fields = dict(columns)
    original, corrected = (json.loads(fields.pop(name)) for name in ("original", "corrected"))
    return CorrectionRow(**fields, original=TickRow(**original), corrected=TickRow(**corrected))


def _lasting(row: BaseRow) -> bool:
    return row.imported or row.base.kind != BaseKind.ROLLING


def _oldest(session: Session) -> int:
    mark = session.get(tables.Meta, _OLDEST)
    return int(mark.value) if mark else 1


def _last_number(session: Session) -> int:
    connection = session.connection()
    highest = [
        connection.execute(select(func.max(table.c.number))).scalar() or 0
        for table in (_TICKS, _CORRECTIONS)
    ]
    return max(*highest, _oldest(session) - 1)


def _forget(session: Session, before_us: int) -> bool:
    connection, number = session.connection(), _TICKS.c.number
    oldest = select(number, _TICKS.c.at_us).order_by(number).limit(_FORGET_AT_ONCE)
    old = [row.number for row in connection.execute(oldest) if row.at_us < before_us]
    if not old:
        return False
    stop = old[-1] + 1
    for table in (_TICKS, _CORRECTIONS):
        connection.execute(delete(table).where(table.c.number < stop))
    session.merge(tables.Meta(key=_OLDEST, value=str(stop)))
    return True
