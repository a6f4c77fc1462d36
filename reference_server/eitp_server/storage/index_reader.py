"""The volatility index in the database, for its readers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import select

from eitp_server.storage.index_query import (
    BARS,
    BASES,
    CORRECTIONS,
    FEEDS,
    TICKS,
    all_rows,
    items_behind,
    newest_tick,
    number_of,
    of_feed,
    oldest_number,
)
from eitp_server.storage.index_row import bar_from, base_from, correction_from, feed_from, tick_from
from eitp_server.storage.refusal import require_kept
from eitp_server.volatility.base import Closes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sqlalchemy import Select
    from sqlmodel import Session

    from eitp_server.storage.database import Readable
    from eitp_server.storage.index_row import BaseRow, CorrectionRow, FeedRow, TickRow
    from eitp_server.volatility.bar import Bar


class IndexReader:
    """Reads the index."""

    def __init__(self, database: Readable) -> None:
        """Read from `database`."""
        self._readable = database

    async def feeds(self) -> list[FeedRow]:
        """Return all feeds by identity."""
        statement = select(FEEDS).order_by(FEEDS.c.feed_id)
        return await self._rows(statement, feed_from)

    async def bases(self, feed: FeedRow) -> list[BaseRow]:
        """Return the bases that a feed has had of its own, in the order of time."""
        statement = select(BASES).where(*of_feed(feed, BASES)).order_by(BASES.c.effective_us)
        return await self._rows(statement, base_from)

    async def tick_at(self, feed: FeedRow, at_us: int) -> TickRow | None:
        """Return the newest tick of a feed at or before a moment, None when there is none kept."""
        statement = newest_tick(feed, TICKS).where(TICKS.c.at_us <= at_us)
        found = await self._rows(statement, tick_from)
        return found[0] if found else None

    async def newest(self, feeds: Sequence[FeedRow]) -> list[TickRow]:
        """Return the newest tick of each feed that has one, in the order of their numbers."""
        statements = [newest_tick(feed, TICKS) for feed in feeds]

        def look(session: Session) -> list[TickRow]:
            found = (all_rows(session.connection(), one, tick_from) for one in statements)
            return sorted((row for rows in found for row in rows), key=number_of)

        return await self._readable.read(look)

    async def ticks(self, feed: FeedRow, start_us: int, end_us: int) -> list[TickRow]:
        """Return the ticks of a feed within [start, end) in the order of time."""
        statement = (
            select(TICKS)
            .where(*of_feed(feed, TICKS), TICKS.c.at_us >= start_us, TICKS.c.at_us < end_us)
            .order_by(TICKS.c.at_us)
        )
        return await self._rows(statement, tick_from)

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
            require_kept(after, oldest_number(session))
            found: list[TickRow | CorrectionRow] = []
            # One query per tenant: over several, SQLite would sort all that is left.
            for tenant_id in tenant_ids:
                found += all_rows(
                    connection, items_behind(TICKS, tenant_id, after, limit, feed_ids), tick_from
                )
                statement = items_behind(CORRECTIONS, tenant_id, after, limit, feed_ids)
                found += all_rows(connection, statement, correction_from)
            return sorted(found, key=number_of)[:limit]

        return await self._readable.read(look)

    async def corrections(self, feed: FeedRow, at_us: int) -> list[CorrectionRow]:
        """Return the corrections of one tick, oldest first."""
        statement = (
            select(CORRECTIONS)
            .where(*of_feed(feed, CORRECTIONS), CORRECTIONS.c.at_us == at_us)
            .order_by(CORRECTIONS.c.number)
        )
        return await self._rows(statement, correction_from)

    async def bars(self, feed: FeedRow, start_us: int, end_us: int, limit: int) -> list[Bar]:
        """Return the first minutes of a feed within [start, end) in the order of time."""
        statement = (
            select(BARS)
            .where(*of_feed(feed, BARS), BARS.c.start_us >= start_us, BARS.c.start_us < end_us)
            .order_by(BARS.c.start_us, BARS.c.base_id)
            .limit(limit)
        )
        return await self._rows(statement, bar_from)

    async def closes(self, feed: FeedRow, start_us: int, end_us: int) -> Closes:
        """Return the levels at the end of the minutes within [start, end)."""
        statement = select(BARS.c.start_us, BARS.c.level_close).where(
            *of_feed(feed, BARS), BARS.c.start_us >= start_us, BARS.c.start_us < end_us
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
            lambda session: all_rows(session.connection(), statement, made)
        )
