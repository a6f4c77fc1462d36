"""The log port over SQLite: one transaction per tick, on disk before it returns."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import TYPE_CHECKING

from eitp_server.storage import marks, tables
from eitp_server.storage.envelope import checksum, require_intact
from eitp_server.storage.fault import CorruptLog, TickOutOfOrder
from eitp_server.storage.refusal import require_kept
from eitp_server.storage.rows import (
    INSERT_ENVELOPE,
    batches,
    intervention_from,
    packet_from,
    select_from,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from typing import Self

    from eitp_server.classification.packet import Packet
    from eitp_server.storage.log import InterventionRow, Writes
    from eitp_server.storage.rows import Row
    from eitp_server.storage.sqlite_database import SQLiteDatabase

_PROCESS, _DISK = 1, 2
_SELECT_ENVELOPES = "SELECT tick, crc, payload FROM envelopes WHERE tick > ? ORDER BY tick"
_READ_BYTES = 8 * 1024 * 1024
# Small steps, so that a commit never waits long behind the removal of a day.
_TRIM_TICKS = 16
_TRIM_PACKETS = 2_048


class SQLiteLog:
    """Envelopes and what they caused in one SQLite database; closes the database with itself."""

    def __init__(
        self,
        database: SQLiteDatabase,
        *,
        incarnation: str,
        last: int,
        reducer_version: str,
        committed_by: str,
    ) -> None:
        """Take over a database that `open` looked at."""
        self._database = database
        self._incarnation = incarnation
        self._last = last
        self._reducer_version = reducer_version
        self._committed_by = committed_by

    @classmethod
    async def open(cls, database: SQLiteDatabase, *, reducer_version: str = "") -> Self:
        """Return the log in `database`, a new one with a new incarnation when it is empty."""

        def look() -> Self:
            with database.transaction() as connection:
                return cls(
                    database,
                    incarnation=marks.incarnation(connection),
                    last=_last(connection),
                    reducer_version=reducer_version,
                    committed_by=marks.get(connection, marks.REDUCER_VERSION),
                )

        return await database.on_writer(look)

    @property
    def incarnation(self) -> str:
        """Identity of this log's life: a re-created log has another one."""
        return self._incarnation

    @property
    def durability(self) -> int:
        """DISK when every commit is synchronised to a file, otherwise PROCESS."""
        return _DISK if self._database.durable else _PROCESS

    @property
    def committed_by(self) -> str:
        """The reducer version that committed the newest tick, empty when there is none."""
        return self._committed_by

    async def commit(self, tick: int, envelope: bytes, writes: Writes) -> None:
        """Append the envelope with its writes, all or nothing.

        Raises `TickOutOfOrder` unless `tick` is the next one, and `Exhausted(STORAGE_FULL)`
        when there is no room.
        """
        await self._database.on_writer(partial(self._commit, tick, envelope, writes))

    async def read(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        """Yield (tick, envelope) above `after` in order.

        Raises `OutOfRange(CURSOR_COMPACTED)` when the next one was trimmed, and `CorruptLog`
        when an envelope is missing or changed.
        """
        while page := await self._database.view(partial(_envelopes, after=after)):
            for tick, envelope in page:
                yield tick, envelope
            after = page[-1][0]

    async def last(self) -> int:
        """Return the highest committed tick, 0 when there is none."""
        return self._last

    async def trim(self, before: int) -> None:
        """Forget envelopes with a tick below `before`."""
        while await self._database.on_writer(partial(self._trim, before)):
            pass

    async def forget_packets(self, before_number: int) -> None:
        """Forget packets with a feed number below `before_number`."""
        while await self._database.on_writer(partial(self._forget_packets, before_number)):
            pass

    async def packets(
        self, tenant_id: str, after: int, limit: int, *, session_id: str = ""
    ) -> Sequence[Packet]:
        """Return stored packets of a tenant with a feed number above `after`, ascending.

        Raises `OutOfRange(CURSOR_COMPACTED)` with metadata `oldest` when some of them are gone.
        """

        def look(connection: sqlite3.Connection) -> list[Packet]:
            require_kept(after, marks.oldest(connection, marks.OLDEST_PACKET))
            rows = _feed(connection, tables.EmotionalEvent, tenant_id, session_id, after, limit)
            return [packet_from(row) for row in rows]

        return await self._database.view(look)

    async def interventions(
        self, tenant_id: str, after: int, limit: int, *, session_id: str = ""
    ) -> Sequence[InterventionRow]:
        """Return stored interventions with a feed number above `after`, ascending."""

        def look(connection: sqlite3.Connection) -> list[InterventionRow]:
            rows = _feed(connection, tables.Intervention, tenant_id, session_id, after, limit)
            return [intervention_from(row) for row in rows]

        return await self._database.view(look)

    async def last_numbers(self) -> tuple[int, int]:
        """Return the highest packet number and the highest intervention number, 0 when none."""
        return await self._database.view(
            lambda connection: (
                _last_packet(connection),
                _highest(connection, "number", tables.Intervention),
            )
        )

    async def close(self) -> None:
        """Finish what was begun and close the database."""
        await self._database.close()

    def _commit(self, tick: int, envelope: bytes, writes: Writes) -> None:
        if tick != self._last + 1:
            raise TickOutOfOrder(tick, self._last + 1)
        with self._database.transaction() as connection:
            connection.execute(INSERT_ENVELOPE, (tick, checksum(tick, envelope), envelope))
            for statement, rows in batches(writes):
                if rows:
                    connection.executemany(statement, rows)
            if self._committed_by != self._reducer_version:
                marks.put(connection, marks.REDUCER_VERSION, self._reducer_version)
        self._last, self._committed_by = tick, self._reducer_version

    def _trim(self, before: int) -> bool:
        with self._database.transaction() as connection:
            oldest = marks.oldest(connection, marks.OLDEST_TICK)
            stop = min(before, self._last + 1, oldest + _TRIM_TICKS)
            if stop > oldest:
                connection.execute("DELETE FROM envelopes WHERE tick < ?", (stop,))
                marks.put(connection, marks.OLDEST_TICK, str(stop))
            return stop > oldest

    def _forget_packets(self, before: int) -> bool:
        with self._database.transaction() as connection:
            oldest = marks.oldest(connection, marks.OLDEST_PACKET)
            stop = min(before, _last_packet(connection) + 1, oldest + _TRIM_PACKETS)
            if stop > oldest:
                connection.execute("DELETE FROM emotional_events WHERE number < ?", (stop,))
                marks.put(connection, marks.OLDEST_PACKET, str(stop))
            return stop > oldest


def _envelopes(connection: sqlite3.Connection, after: int) -> list[tuple[int, bytes]]:
    """Return the envelopes right above `after`, as many as make about 8 MB."""
    require_kept(after, marks.oldest(connection, marks.OLDEST_TICK))
    page: list[tuple[int, bytes]] = []
    size = 0
    try:
        rows = connection.execute(_SELECT_ENVELOPES, (after,))
        for expected, (tick, crc, payload) in enumerate(rows, after + 1):
            require_intact(tick, expected, crc, payload)
            page.append((tick, payload))
            size += len(payload)
            if size > _READ_BYTES:
                break
    except sqlite3.DatabaseError as error:
        raise CorruptLog(
            after + len(page) + 1, f"SQLite cannot read from here on ({error})"
        ) from error
    return page


def _feed(
    connection: sqlite3.Connection,
    table: type[tables.Record],
    tenant_id: str,
    session_id: str,
    after: int,
    limit: int,
) -> list[Row]:
    where, values = "tenant_id = ? AND number > ?", (tenant_id, after)
    if session_id:
        where, values = f"{where} AND session_id = ?", (*values, session_id)
    statement = f"{select_from(table)} WHERE {where} ORDER BY number LIMIT ?"
    return connection.execute(statement, (*values, limit)).fetchall()


def _last(connection: sqlite3.Connection) -> int:
    trimmed = marks.oldest(connection, marks.OLDEST_TICK) - 1
    return max(trimmed, _highest(connection, "tick", tables.Envelope))


def _last_packet(connection: sqlite3.Connection) -> int:
    forgotten = marks.oldest(connection, marks.OLDEST_PACKET) - 1
    return max(forgotten, _highest(connection, "number", tables.EmotionalEvent))


def _highest(connection: sqlite3.Connection, column: str, table: type[tables.Record]) -> int:
    (highest,) = connection.execute(f"SELECT max({column}) FROM {table.__tablename__}").fetchone()
    return highest or 0
