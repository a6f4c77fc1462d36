"""The volatility index in the database: what a pulse adds, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, func, insert, select

from eitp_server.errors import Missing, Reason
from eitp_server.storage import tables
from eitp_server.storage.index_query import (
    BARS,
    BASES,
    CORRECTIONS,
    FEEDS,
    OLDEST,
    TICKS,
    all_rows,
    newest_tick,
    of_feed,
    oldest_number,
)
from eitp_server.storage.index_reader import IndexReader
from eitp_server.storage.index_row import (
    BarRow,
    BaseRow,
    CorrectionRow,
    FeedRow,
    TickRow,
    bar_columns,
    bar_from,
    base_columns,
    base_from,
    correction_columns,
    feed_columns,
    feed_from,
    tick_columns,
    tick_from,
)
from eitp_server.volatility.base import DAY_US, BaseKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection
    from sqlmodel import Session

    from eitp_server.storage.database import Database
    from eitp_server.volatility.bar import Bar

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
            feeds: list[FeedRow] = all_rows(connection, select(FEEDS), feed_from)
            bases: list[BaseRow] = all_rows(connection, select(BASES), base_from)
            ticks = {
                feed.feed_id: all_rows(connection, newest_tick(feed, TICKS), tick_from)
                for feed in feeds
            }
            minute = BARS.c.start_us
            bars = {
                feed.feed_id: all_rows(
                    connection,
                    select(BARS).where(*of_feed(feed, BARS)).order_by(minute.desc()).limit(1),
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
            _replace(connection, FEEDS, [feed_columns(row) for row in writes.feeds])
            _insert(connection, TICKS, [tick_columns(row) for row in writes.ticks])
            _replace(connection, BARS, [bar_columns(row) for row in writes.bars])

        await self._database.write(job)

    async def add_base(self, row: BaseRow) -> bool:
        """Keep a base; return False, and change nothing, when there is one of that identity."""

        def job(session: Session) -> bool:
            same = (*of_feed(row, BASES), BASES.c.base_id == row.base.base_id)
            connection = session.connection()
            if connection.execute(select(BASES.c.base_id).where(*same)).first():
                return False
            _insert(connection, BASES, [base_columns(row)])
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
            statement = select(TICKS).where(*of_feed(feed, TICKS), TICKS.c.at_us == at_us)
            found: list[TickRow] = all_rows(connection, statement, tick_from)
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
            _insert(connection, CORRECTIONS, [correction_columns(row)])
            return row

        return await self._database.write(job)

    async def forget_ticks(self, before_us: int) -> None:
        """Forget the ticks before a moment, and what was corrected between them."""
        while await self._database.write(lambda session: _forget(session, before_us)):
            pass

    async def forget_bars(self, feed: FeedRow, before_us: int) -> None:
        """Forget the minutes of a feed before a moment."""

        def job(session: Session) -> None:
            old = delete(BARS).where(*of_feed(feed, BARS), BARS.c.start_us < before_us)
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


def _lasting(row: BaseRow) -> bool:
    return row.imported or row.base.kind != BaseKind.ROLLING


def _last_number(session: Session) -> int:
    connection = session.connection()
    highest = [
        connection.execute(select(func.max(table.c.number))).scalar() or 0
        for table in (TICKS, CORRECTIONS)
    ]
    return max(*highest, oldest_number(session) - 1)


def _forget(session: Session, before_us: int) -> bool:
    connection, number = session.connection(), TICKS.c.number
    oldest = select(number, TICKS.c.at_us).order_by(number).limit(_FORGET_AT_ONCE)
    old = [row.number for row in connection.execute(oldest) if row.at_us < before_us]
    if not old:
        return False
    stop = old[-1] + 1
    for table in (TICKS, CORRECTIONS):
        connection.execute(delete(table).where(table.c.number < stop))
    session.merge(tables.Meta(key=OLDEST, value=str(stop)))
    return True
