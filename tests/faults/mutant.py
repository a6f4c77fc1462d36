"""The server with one deliberate fault: `python -m faults.mutant FAULT serve …`."""

from __future__ import annotations

import sys
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import eitp_server.app.stores
from eitp_server.cli import main
from eitp_server.errors import Exhausted
from eitp_server.storage.sqlite_log import SQLiteLog

if TYPE_CHECKING:
    from eitp_server.storage.log import Writes

LATE: Final = ("-m", "faults.mutant", "late")
CARELESS: Final = ("-m", "faults.mutant", "careless")
_BEHIND: Final = 3


class LateLog(SQLiteLog):
    """Says that a tick is durable, and commits it when three later ones have come."""

    _late: deque[tuple[int, bytes, Writes]]

    async def commit(self, tick: int, envelope: bytes, writes: Writes) -> None:
        """Keep the tick in memory and commit the oldest such one."""
        if not hasattr(self, "_late"):
            self._late = deque()
        self._late.append((tick, envelope, writes))
        if len(self._late) > _BEHIND:
            await super().commit(*self._late.popleft())


class CarelessLog(SQLiteLog):
    """Says that a tick is durable although the disk had no room for it."""

    async def commit(self, tick: int, envelope: bytes, writes: Writes) -> None:
        """Commit if there is room."""
        with suppress(Exhausted):
            await super().commit(tick, envelope, writes)


if __name__ == "__main__":
    faults = {"late": LateLog, "careless": CarelessLog}
    eitp_server.app.stores.SQLiteLog = faults[sys.argv.pop(1)]
    main()
