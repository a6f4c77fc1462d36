"""The rules that keep one SQLite file whole: one writer, and readers that only read."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING

import pytest
from eitp_server.storage.sqlite_database import FILE_NAME, SQLiteDatabase
from eitp_server.storage.tables import Meta
from sqlalchemy.exc import OperationalError
from sqlmodel import select

if TYPE_CHECKING:
    from pathlib import Path

    from sqlmodel import Session


def _note(key: str) -> Meta:
    return Meta(key=key, value="")


def _keys(session: Session) -> list[str]:
    return sorted(meta.key for meta in session.exec(select(Meta)))


async def test_a_written_job_is_seen_by_readers(database: SQLiteDatabase) -> None:
    await database.write(lambda session: session.add(_note("a")))

    assert await database.read(_keys) == ["a"]


async def test_a_job_that_raises_leaves_nothing(database: SQLiteDatabase) -> None:
    def job(session: Session) -> None:
        session.add(_note("a"))
        session.flush()
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(job)
    assert await database.read(_keys) == []


async def test_a_reader_cannot_write(database: SQLiteDatabase) -> None:
    def job(session: Session) -> None:
        session.add(_note("a"))
        session.flush()

    with pytest.raises(OperationalError, match="readonly"):
        await database.read(job)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await database.view(lambda connection: connection.execute("DELETE FROM meta"))


async def test_a_reader_sees_one_moment(database: SQLiteDatabase) -> None:
    loop = asyncio.get_running_loop()

    def job(session: Session) -> tuple[list[str], list[str]]:
        before = _keys(session)
        written = asyncio.run_coroutine_threadsafe(
            database.write(lambda writing: writing.add(_note("a"))), loop
        )
        written.result(timeout=10)
        return before, _keys(session)

    assert await database.read(job) == ([], [])
    assert await database.read(_keys) == ["a"]


async def test_jobs_offered_together_are_all_done(database: SQLiteDatabase) -> None:
    names = [f"{number:03}" for number in range(100)]

    async with asyncio.TaskGroup() as group:
        for name in names:
            group.create_task(database.write(lambda session, name=name: session.add(_note(name))))

    assert await database.read(_keys) == names


async def test_the_write_ahead_log_stays_small(database: SQLiteDatabase, tmp_path: Path) -> None:
    for number in range(200):
        key = str(number)
        await database.write(lambda session, key=key: session.add(_note(key * 2_000)))
    await database.on_writer(lambda: None)

    assert (tmp_path / "data" / f"{FILE_NAME}-wal").stat().st_size < 4_000_000


async def test_a_database_in_memory_reads_what_it_wrote() -> None:
    async with await SQLiteDatabase.open(None) as database:
        await database.write(lambda session: session.add(_note("a")))
        assert await database.read(_keys) == ["a"]


async def test_a_directory_is_free_again_when_opening_failed(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"this is no database" * 100)
    with pytest.raises(sqlite3.DatabaseError):
        await SQLiteDatabase.open(tmp_path)
    (tmp_path / FILE_NAME).unlink()

    await (await SQLiteDatabase.open(tmp_path)).close()
