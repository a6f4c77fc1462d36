"""One process per data directory, kept so by a lock that dies with its holder."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from eitp_server.storage.fault import DirectoryInUse

if TYPE_CHECKING:
    from pathlib import Path

LOCK_NAME = "eitp.lock"


class DirectoryLock:
    """Holds a directory until it is released or the process ends."""

    def __init__(self, directory: Path) -> None:
        """Take `directory`, creating it when there is none.

        Raises `DirectoryInUse` when another holder lives.
        """
        directory.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._descriptor, 32).decode().strip() or "(unknown)"
            os.close(self._descriptor)
            raise DirectoryInUse(directory, holder) from None
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let the next process in."""
        os.close(self._descriptor)
