"""One database on disk, and the log in both of its forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eitp_server.storage.memory_log import MemoryLog
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.sqlite_log import SQLiteLog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SQLiteDatabase]:
    """An empty database in a directory of its own."""
    async with await SQLiteDatabase.open(tmp_path / "data") as database:
        yield database


@pytest.fixture
async def sqlite_log(database: SQLiteDatabase) -> SQLiteLog:
    """An empty log on disk."""
    return await SQLiteLog.open(database)


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest) -> MemoryLog | SQLiteLog:
    """An empty log, once in memory and once on disk."""
    if request.param == "memory":
        return MemoryLog()
    return request.getfixturevalue("sqlite_log")
