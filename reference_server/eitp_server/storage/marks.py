"""What a log notes about itself in the table `meta`."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

REDUCER_VERSION = "reducer_version"
"""The reducer that committed the newest tick."""
OLDEST_TICK = "oldest_tick"
"""The lowest tick that was not trimmed."""
OLDEST_PACKET = "oldest_packet"
"""The lowest packet number that was not forgotten."""
_INCARNATION = "incarnation"


def incarnation(connection: sqlite3.Connection) -> str:
    """Return the identity of this log's life, which begins when it is first asked for."""
    if not (known := get(connection, _INCARNATION)):
        known = str(uuid.uuid4())
        put(connection, _INCARNATION, known)
    return known


def oldest(connection: sqlite3.Connection, mark: str) -> int:
    """Return the lowest position that is still kept, 1 before anything was removed."""
    return int(get(connection, mark) or 1)


def get(connection: sqlite3.Connection, mark: str) -> str:
    """Return what was noted, empty when nothing was."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (mark,)).fetchone()
    return row[0] if row else ""


def put(connection: sqlite3.Connection, mark: str, value: str) -> None:
    """Note something, in place of what was noted before."""
    connection.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (mark, value),
    )
