"""What only a log on disk can do, and what only it can suffer."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import pytest
from eitp_server.errors import Exhausted, Reason
from eitp_server.storage.fault import CorruptLog, DirectoryInUse
from eitp_server.storage.log import Writes
from eitp_server.storage.sqlite_database import FILE_NAME, SQLiteDatabase
from eitp_server.storage.sqlite_log import SQLiteLog
from storage.values import packet

if TYPE_CHECKING:
    from pathlib import Path

    from eitp_server.storage.sqlite_connection import Synchronous


async def open_log(directory: Path, *, reducer_version: str = "") -> SQLiteLog:
    database = await SQLiteDatabase.open(directory)
    return await SQLiteLog.open(database, reducer_version=reducer_version)


async def envelopes(log: SQLiteLog) -> list[tuple[int, bytes]]:
    return [item async for item in log.read(0)]


async def write_and_close(directory: Path, *payloads: bytes) -> None:
    log = await open_log(directory)
    for tick, payload in enumerate(payloads, 1):
        await log.commit(tick, payload, Writes(packets=[packet(tick)]))
    await log.close()


async def test_a_closed_log_opens_with_all_it_had(tmp_path: Path) -> None:
    first = await open_log(tmp_path)
    await first.commit(1, b"one", Writes(packets=[packet(1)]))
    await first.close()

    second = await open_log(tmp_path)
    assert second.incarnation == first.incarnation
    assert await envelopes(second) == [(1, b"one")]
    assert list(await second.packets("shop", 0, 10)) == [packet(1)]
    await second.commit(2, b"two", Writes())
    await second.close()


async def test_a_closed_log_leaves_one_file_to_copy(tmp_path: Path) -> None:
    await write_and_close(tmp_path, b"one")

    assert not (tmp_path / f"{FILE_NAME}-wal").exists()


async def test_the_same_directory_cannot_be_opened_twice(tmp_path: Path) -> None:
    log = await open_log(tmp_path)

    with pytest.raises(DirectoryInUse, match="in use by process"):
        await SQLiteDatabase.open(tmp_path)
    await log.close()
    await (await open_log(tmp_path)).close()


async def test_a_second_process_is_refused_and_told_who_is_there(tmp_path: Path) -> None:
    log = await open_log(tmp_path)
    program = (
        "import pathlib, sys\n"
        "from eitp_server.storage.sqlite_database import SQLiteDatabase\n"
        "SQLiteDatabase(pathlib.Path(sys.argv[1]))\n"
    )

    def start() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    refused = start()
    assert refused.returncode != 0
    assert "DirectoryInUse" in refused.stderr
    await log.close()
    assert start().returncode == 0


async def test_a_changed_byte_of_an_envelope_is_reported_with_its_tick(tmp_path: Path) -> None:
    await write_and_close(tmp_path, b"first envelope", b"second envelope", b"third envelope")
    file = tmp_path / FILE_NAME
    damaged = file.read_bytes().replace(b"second envelope", b"second anvelope")
    file.write_bytes(damaged)

    log = await open_log(tmp_path)
    read = log.read(0)
    with pytest.raises(CorruptLog, match="checksum") as reported:
        _ = [item async for item in read]
    assert reported.value.tick == 2
    assert [item async for item in log.read(2)] == [(3, b"third envelope")]
    await log.close()


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM envelopes WHERE tick = 2",
        "UPDATE envelopes SET payload = x'00' WHERE tick = 2",
        "UPDATE OR REPLACE envelopes SET tick = 2 WHERE tick = 3",
    ],
    ids=["missing", "changed", "another one, whole"],
)
async def test_an_envelope_that_is_not_the_one_of_its_tick_is_reported(
    tmp_path: Path, damage: str
) -> None:
    await write_and_close(tmp_path, b"one", b"two", b"three")
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection, connection:
        connection.execute(damage)

    log = await open_log(tmp_path)
    with pytest.raises(CorruptLog) as reported:
        await envelopes(log)
    assert reported.value.tick == 2
    await log.close()


async def test_a_page_that_sqlite_cannot_read_is_reported(tmp_path: Path) -> None:
    size = 20_000
    await write_and_close(tmp_path, b"\x11" * size, b"\x22" * size)
    file = tmp_path / FILE_NAME
    content = bytearray(file.read_bytes())
    overflow_page = content.index(b"\x22" * 4_000) // 4_096 * 4_096
    content[overflow_page : overflow_page + 4] = b"\xff\xff\xff\xff"
    file.write_bytes(content)

    log = await open_log(tmp_path)
    with pytest.raises(CorruptLog) as reported:
        await envelopes(log)
    # Python's driver reads one row ahead, up to 3.11 at least.
    assert reported.value.tick in (1, 2)
    await log.close()


def _limit_pages(database: SQLiteDatabase, more: int) -> None:
    with database.transaction() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + more}")


async def test_a_full_disk_refuses_a_commit_whole_and_serves_again_when_there_is_room(
    database: SQLiteDatabase, sqlite_log: SQLiteLog
) -> None:
    await sqlite_log.commit(1, b"one", Writes(packets=[packet(1)]))
    await database.on_writer(partial(_limit_pages, database, 4))
    large = b"x" * 50_000

    for _ in range(3):
        with pytest.raises(Exhausted) as refused:
            await sqlite_log.commit(2, large, Writes(packets=[packet(2)]))
        assert refused.value.reason is Reason.STORAGE_FULL
        assert refused.value.retry_after == 30

    assert await sqlite_log.last() == 1
    assert await envelopes(sqlite_log) == [(1, b"one")]
    assert list(await sqlite_log.packets("shop", 0, 10)) == [packet(1)]

    await database.on_writer(partial(_limit_pages, database, 1_000))
    await sqlite_log.commit(2, large, Writes(packets=[packet(2)]))
    assert await envelopes(sqlite_log) == [(1, b"one"), (2, large)]
    integrity = await database.view(lambda c: c.execute("PRAGMA integrity_check").fetchone())
    assert integrity == ("ok",)


async def test_a_full_disk_refuses_rows_that_follow_an_envelope_that_fitted(
    database: SQLiteDatabase, sqlite_log: SQLiteLog
) -> None:
    await database.on_writer(partial(_limit_pages, database, 4))

    with pytest.raises(Exhausted):
        await sqlite_log.commit(1, b"fits", Writes(packets=[packet(n) for n in range(1, 500)]))

    assert await envelopes(sqlite_log) == []
    assert await sqlite_log.last_numbers() == (0, 0)


async def test_trimming_makes_room_on_a_full_disk(
    database: SQLiteDatabase, sqlite_log: SQLiteLog
) -> None:
    large = b"x" * 50_000
    for tick in range(1, 11):
        await sqlite_log.commit(tick, large, Writes())
    await database.on_writer(partial(_limit_pages, database, 2))
    with pytest.raises(Exhausted):
        await sqlite_log.commit(11, large, Writes())

    await sqlite_log.trim(6)
    await sqlite_log.commit(11, large, Writes())


async def test_a_commit_that_fails_for_any_reason_leaves_nothing(sqlite_log: SQLiteLog) -> None:
    await sqlite_log.commit(1, b"one", Writes(packets=[packet(1)]))

    with pytest.raises(sqlite3.IntegrityError):
        await sqlite_log.commit(2, b"two", Writes(packets=[packet(2), packet(1)]))

    assert await envelopes(sqlite_log) == [(1, b"one")]
    await sqlite_log.commit(2, b"two", Writes(packets=[packet(2)]))
    assert await sqlite_log.last_numbers() == (2, 0)


async def test_the_log_knows_which_reducer_committed_last(tmp_path: Path) -> None:
    log = await open_log(tmp_path, reducer_version="1")
    assert log.committed_by == ""
    await log.commit(1, b"", Writes())
    assert log.committed_by == "1"
    await log.close()

    log = await open_log(tmp_path, reducer_version="2")
    assert log.committed_by == "1"
    await log.close()

    log = await open_log(tmp_path, reducer_version="2")
    assert log.committed_by == "1"
    await log.commit(2, b"", Writes())
    await log.close()

    log = await open_log(tmp_path)
    assert log.committed_by == "2"
    await log.close()


async def test_many_large_envelopes_are_read_in_order_across_pages(sqlite_log: SQLiteLog) -> None:
    written = [(tick, bytes([tick]) * 3_000_000) for tick in range(1, 8)]
    for tick, envelope in written:
        await sqlite_log.commit(tick, envelope, Writes())

    assert await envelopes(sqlite_log) == written


@pytest.mark.parametrize(("synchronous", "durability"), [("FULL", 2), ("NORMAL", 1), ("OFF", 1)])
async def test_only_a_fully_synchronised_log_promises_the_disk(
    tmp_path: Path, synchronous: Synchronous, durability: int
) -> None:
    async with await SQLiteDatabase.open(tmp_path, synchronous=synchronous) as database:
        log = await SQLiteLog.open(database)
        assert log.durability == durability


async def test_a_log_in_memory_promises_the_process_only() -> None:
    async with await SQLiteDatabase.open(None) as database:
        log = await SQLiteLog.open(database)
        await log.commit(1, b"one", Writes(packets=[packet(1)]))
        assert log.durability == 1
        assert await envelopes(log) == [(1, b"one")]
