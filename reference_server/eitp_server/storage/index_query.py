"""Statements over the tables of the volatility index, and their rows as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import select

from eitp_server.storage import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from sqlalchemy import Connection, Select
    from sqlmodel import Session

    from eitp_server.storage.index_row import BarRow, BaseRow, CorrectionRow, FeedRow, TickRow

# The tables themselves and not their records: a record takes ten times as long to make.
_TABLES: Final = tables.Record.metadata.tables
FEEDS, BASES = _TABLES["index_feeds"], _TABLES["index_bases"]
TICKS, BARS = _TABLES["index_ticks"], _TABLES["index_bars"]
CORRECTIONS: Final = _TABLES["index_corrections"]
OLDEST: Final = "oldest_index_number"
"""The note of the lowest number that was not forgotten."""


def all_rows(
    connection: Connection, statement: Select[Any], made: Callable[[Mapping[str, Any]], Any]
) -> list[Any]:
    """Return the rows of a statement, each as what `made` makes of its columns."""
    found = cast("Iterable[Mapping[str, Any]]", connection.execute(statement).mappings())
    return [made(row) for row in found]


def of_feed(row: FeedRow | BaseRow | BarRow, table: Any) -> tuple[Any, ...]:
    """Return the conditions for the rows of a feed in a table."""
    return table.c.tenant_id == row.tenant_id, table.c.feed_id == row.feed_id


def newest_tick(feed: FeedRow, table: Any) -> Select[Any]:
    """Return the statement for the newest row of a feed."""
    return select(table).where(*of_feed(feed, table)).order_by(table.c.at_us.desc()).limit(1)


def items_behind(
    table: Any, tenant_id: str, after: int, limit: int, feed_ids: Collection[str] | None
) -> Select[Any]:
    """Return the statement for the first rows of a tenant with a number above `after`."""
    statement = select(table).where(table.c.tenant_id == tenant_id, table.c.number > after)
    if feed_ids is not None:
        statement = statement.where(table.c.feed_id.in_(feed_ids))
    return statement.order_by(table.c.number).limit(limit)


def number_of(row: TickRow | CorrectionRow) -> int:
    """Return the position of an item in the stream of all feeds."""
    return row.number


def oldest_number(session: Session) -> int:
    """Return the lowest number that was not forgotten."""
    mark = session.get(tables.Meta, OLDEST)
    return int(mark.value) if mark else 1
