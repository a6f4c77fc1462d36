"""A runner over an empty database, for the tests of what spreads between regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eitp_server.apart import Apart
from eitp_server.storage.sqlite_database import SQLiteDatabase
from ingest.regions import Works

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


@pytest.fixture
async def apart() -> AsyncGenerator[Apart]:
    """A process in which windows are analysed."""
    async with Apart() as apart:
        yield apart


@pytest.fixture
async def works(apart: Apart) -> AsyncGenerator[Works]:
    """A runner over an empty database in memory."""
    async with await SQLiteDatabase.open(None) as database:
        yield Works(database, apart)
