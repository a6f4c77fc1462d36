"""One SQLite file: a single writer on its own thread, and readers beside it."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar, cast

import structlog
from sqlmodel import Session

from eitp_server.storage.directory_lock import DirectoryLock
from eitp_server.storage.migration import migrate
from eitp_server.storage.sqlite_connection import (
    READERS,
    full_disk_is_exhausted,
    open_writer,
    read_engine,
    write_engine,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from eitp_server.storage.sqlite_connection import Synchronous

Result = TypeVar("Result")

FILE_NAME = "eitp.db"
_CHECKPOINT_EVERY = 20

_logger = structlog.get_logger(__name__)


class SQLiteDatabase:
    """The database port over one file in a directory, or over memory when there is none.

    SQLite before 3.51.3 can corrupt a file whose write-ahead log is reset by one connection
    while another one writes. So exactly one connection writes, and only that one checkpoints.
    """

    def __init__(self, directory: Path | None, *, synchronous: Synchronous = "FULL") -> None:
        """Open the database in `directory`, creating and migrating it as needed; blocks.

        `NORMAL` and `OFF` lose commits in a power cut and exist to show that a test notices.
        Raises `DirectoryInUse` when another process has the directory.
        """
        self.durable = directory is not None and synchronous == "FULL"
        """Whether what was committed survives a power cut."""
        self._uncheckpointed = 0
        with ExitStack() as resources:
            if directory:
                resources.callback(DirectoryLock(directory).release)
            self._connect(directory and directory / FILE_NAME, synchronous, resources)
            self._resources = resources.pop_all()

    @classmethod
    async def open(cls, directory: Path | None, *, synchronous: Synchronous = "FULL") -> Self:
        """Do what the constructor does, off the event loop."""
        return await asyncio.to_thread(cls, directory, synchronous=synchronous)

    def _connect(self, path: Path | None, synchronous: Synchronous, resources: ExitStack) -> None:
        self._connection = open_writer(path, synchronous)
        resources.callback(self._connection.close)
        resources.callback(self._checkpoint, "TRUNCATE")
        self._writer = write_engine(self._connection)
        with self._writer.begin() as connection:
            migrate(connection)
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        resources.callback(self._writing.shutdown)
        if path:
            self._reader = read_engine(path)
            resources.callback(self._reader.dispose)
            self._reading = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-reader")
            resources.callback(self._reading.shutdown)
        else:
            self._reader, self._reading = self._writer, self._writing

    async def read(self, job: Callable[[Session], Result]) -> Result:
        """Run `job` on one consistent view of the tables; what it changes is forgotten."""
        return await _run(self._reading, lambda: self._read(job))

    async def write(self, job: Callable[[Session], Result]) -> Result:
        """Run `job` on the writer and commit what it changed, or nothing when it raises.

        Raises `Exhausted(STORAGE_FULL)` when there is no room.
        """
        return await _run(self._writing, lambda: self._write(job))

    async def view(self, job: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run `job` like `read`, on the driver's connection."""
        return await _run(self._reading, lambda: self._view(job))

    async def on_writer(self, job: Callable[[], Result]) -> Result:
        """Run `job` on the thread of the writer, where it may use `transaction`."""
        return await _run(self._writing, job)

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """Give the driver's write connection in a transaction; only on the writer's thread.

        Commits at the end, or leaves nothing behind when the block raises.
        Raises `Exhausted(STORAGE_FULL)` when there is no room.
        """
        connection = self._connection
        with full_disk_is_exhausted():
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                connection.rollback()
                raise
        self._count_commit()

    async def close(self) -> None:
        """Finish the jobs that were begun and let go of the file; again does nothing."""
        await asyncio.to_thread(self._resources.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def _read(self, job: Callable[[Session], Result]) -> Result:
        with Session(self._reader, expire_on_commit=False) as session:
            return job(session)

    def _write(self, job: Callable[[Session], Result]) -> Result:
        with full_disk_is_exhausted(), Session(self._writer, expire_on_commit=False) as session:
            result = job(session)
            session.commit()
        self._count_commit()
        return result

    def _view(self, job: Callable[[sqlite3.Connection], Result]) -> Result:
        with self._reader.connect() as connection, connection.begin():
            return job(cast("sqlite3.Connection", connection.connection.driver_connection))

    def _count_commit(self) -> None:
        self._uncheckpointed += 1
        if self._uncheckpointed < _CHECKPOINT_EVERY:
            return
        self._uncheckpointed = 0
        # Queued, so that the commit answers first; when closing, the last checkpoint does it all.
        with suppress(RuntimeError):
            self._writing.submit(self._checkpoint, "PASSIVE")

    def _checkpoint(self, mode: str) -> None:
        try:
            self._connection.execute(f"PRAGMA wal_checkpoint({mode})")
        except sqlite3.Error as error:
            # Nothing is lost: what is not in the file yet stays in the write-ahead log.
            _logger.warning("checkpoint.failed", error=str(error))


async def _run(executor: ThreadPoolExecutor, job: Callable[[], Result]) -> Result:
    return await asyncio.get_running_loop().run_in_executor(executor, job)
