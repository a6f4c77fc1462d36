"""How SQLite is opened, and what its full disk is called here."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool, StaticPool

from eitp_server.storage.refusal import storage_full

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from sqlalchemy import Connection, Engine

Synchronous = Literal["FULL", "NORMAL", "OFF"]
"""When the disk must have it: at every commit, at checkpoints only, whenever it likes."""

READERS = 4
_BUSY_MS = 5_000
_LOG_LIMIT_BYTES = 64 * 1024 * 1024
_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)


def open_writer(path: Path | None, synchronous: Synchronous) -> sqlite3.Connection:
    """Return the one connection that may write to `path`, or to memory when that is None."""
    return _open(
        str(path or ":memory:"),
        "journal_mode = WAL",
        f"synchronous = {synchronous}",
        f"fullfsync = {int(synchronous == 'FULL')}",
        "foreign_keys = ON",
        # Builds differ; overwriting what is removed would write every trimmed envelope once more.
        "secure_delete = FAST",
        f"journal_size_limit = {_LOG_LIMIT_BYTES}",
    )


def open_reader(path: Path) -> sqlite3.Connection:
    """Return a connection that can neither write nor checkpoint."""
    return _open(f"{path.resolve().as_uri()}?mode=ro")


def write_engine(connection: sqlite3.Connection) -> Engine:
    """Return an engine over the one write connection, for the one thread that owns it."""
    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    return _beginning_with(engine, "BEGIN IMMEDIATE")


def read_engine(path: Path) -> Engine:
    """Return an engine over a few read connections."""
    engine = create_engine(
        "sqlite://",
        creator=lambda: open_reader(path),
        poolclass=QueuePool,
        pool_size=READERS,
        max_overflow=0,
    )
    return _beginning_with(engine, "BEGIN")


@contextmanager
def full_disk_is_exhausted() -> Generator[None]:
    """Raise `Exhausted(STORAGE_FULL)` in place of SQLite's errors for a disk without room."""
    try:
        yield
    except (sqlite3.Error, DBAPIError) as error:
        origin = error.orig if isinstance(error, DBAPIError) else error
        if getattr(origin, "sqlite_errorcode", None) not in _FULL:
            raise
        raise storage_full() from error


def _open(address: str, *settings: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        address, isolation_level=None, check_same_thread=False, uri=address.startswith("file:")
    )
    always = (f"busy_timeout = {_BUSY_MS}", "mmap_size = 0", "wal_autocheckpoint = 0")
    try:
        for setting in (*always, *settings):
            connection.execute(f"PRAGMA {setting}")
    except BaseException:
        connection.close()
        raise
    return connection


def _beginning_with(engine: Engine, statement: str) -> Engine:
    # The driver itself would begin late and not at all before a SELECT or a schema change.
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    listener: Callable[[Connection], None] = begin
    event.listen(engine, "begin", listener)
    return engine
