"""A file system that forgets what was not synchronised, fills up, and kills its user on demand.

Run as `python -m faults.failing_disk LIVE DURABLE MOUNTPOINT`. Two folders stand behind it: LIVE
has every byte that was written, DURABLE those of each file as it was when last synchronised. Names
are durable at once, as on a file system that orders its metadata; lengths when the file is
synchronised. No sector is torn and nothing is reordered.

It says `mounted`, then obeys lines of JSON on its input and answers `obeyed` to each:
`{"full": true}` refuses to extend files, `{"kill": PID, "at": {"operation": "write", "name":
"*.partial"}}` kills a process at such an operation; `Trap` has the other fields.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mfusepy

if TYPE_CHECKING:
    from collections.abc import Generator


@dataclass(frozen=True, slots=True)
class Trap:
    """The moment at which a process dies."""

    operation: str
    """create, write, fsync, rename or unlink."""
    name: str
    """Pattern of the file's name."""
    done: bool = False
    """Whether the operation is carried out first."""
    count: int = 1
    """How many such operations it takes."""


Change = tuple[int, bytes | None]


@dataclass(slots=True)
class OpenFile:
    """A file of the live tree and what was done to it since it was last synchronised."""

    name: str
    changes: list[Change] = field(default_factory=list["Change"])
    """(offset, bytes) of writes, (length, None) of truncations."""


class FailingDisk(mfusepy.Operations):
    """The two trees and their faults."""

    use_ns = True

    def __init__(self, live: Path, durable: Path) -> None:
        self.full = False
        self._live = live
        self._durable = durable
        self._files: dict[str, OpenFile] = {}
        self._handles: dict[int, OpenFile] = {}
        self._trap: Trap | None = None
        self._countdown = 0
        self._victim = 0

    def init(self, path: str) -> None:
        _say("mounted")

    def set_trap(self, victim: int, trap: Trap) -> None:
        """Kill the process `victim` once."""
        self._trap, self._countdown, self._victim = trap, trap.count, victim

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        found = os.fstat(fh) if fh is not None else self._at(path).lstat()
        names = ("st_atime_ns", "st_ctime_ns", "st_mtime_ns")
        times = {name.removesuffix("_ns"): getattr(found, name) for name in names}
        kept = ("st_mode", "st_nlink", "st_size", "st_uid", "st_gid", "st_blocks", "st_ino")
        return {**times, **{name: getattr(found, name) for name in kept}}

    def readdir(self, path: str, fh: int) -> list[str]:
        return [".", "..", *(entry.name for entry in self._at(path).iterdir())]

    def statfs(self, path: str) -> dict[str, int]:
        found = os.statvfs(self._at(path))
        names = ("f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail", "f_files", "f_namemax")
        return {name: getattr(found, name) for name in names}

    def mkdir(self, path: str, mode: int) -> int:
        self._at(path).mkdir(mode)
        self._safe(path).mkdir(mode)
        return 0

    def rmdir(self, path: str) -> int:
        self._at(path).rmdir()
        self._safe(path).rmdir()
        return 0

    def chmod(self, path: str, mode: int) -> int:
        self._at(path).chmod(mode)
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        os.utime(self._at(path), ns=times) if times else os.utime(self._at(path))
        return 0

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        with self._watched("create", path):
            handle = os.open(self._at(path), os.O_RDWR | os.O_CREAT | os.O_TRUNC, mode)
            self._safe(path).touch(mode)
            self._files[path] = OpenFile(path)
            self._handles[handle] = self._files[path]
            return handle

    def open(self, path: str, flags: int) -> int:
        # Appending is done by the kernel, which passes the offset of every write.
        access = os.O_RDWR if flags & os.O_ACCMODE == os.O_WRONLY else flags & os.O_ACCMODE
        handle = os.open(self._at(path), access)
        self._handles[handle] = self._files.setdefault(path, OpenFile(path))
        if flags & os.O_TRUNC:
            self.truncate(path, 0, handle)
        return handle

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return os.pread(fh, size, offset)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        with self._watched("write", path):
            if self.full and offset + len(data) > os.fstat(fh).st_size:
                raise OSError(errno.ENOSPC, "the disk is full")
            self._handles[fh].changes.append((offset, bytes(data)))
            return os.pwrite(fh, data, offset)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        if self.full and length > self._at(path).stat().st_size:
            raise OSError(errno.ENOSPC, "the disk is full")
        os.truncate(self._at(path), length)
        self._files.setdefault(path, OpenFile(path)).changes.append((length, None))
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        with self._watched("fsync", path):
            file = self._handles[fh]
            with self._safe(file.name).open("r+b") as durable:
                for position, data in file.changes:
                    if data is None:
                        durable.truncate(position)
                    else:
                        durable.seek(position)
                        durable.write(data)
            file.changes.clear()
            return 0

    def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
        return 0

    def flush(self, path: str, fh: int) -> int:
        return 0

    def release(self, path: str, fh: int) -> int:
        del self._handles[fh]
        os.close(fh)
        return 0

    def rename(self, old: str, new: str) -> int:
        with self._watched("rename", old):
            self._at(old).rename(self._at(new))
            self._safe(old).rename(self._safe(new))
            file = self._files.pop(old, OpenFile(old))
            file.name = new
            self._files[new] = file
            return 0

    def unlink(self, path: str) -> int:
        with self._watched("unlink", path):
            self._at(path).unlink()
            self._safe(path).unlink()
            self._files.pop(path, None)
            return 0

    def _at(self, path: str) -> Path:
        return self._live / path.lstrip("/")

    def _safe(self, path: str) -> Path:
        return self._durable / path.lstrip("/")

    @contextmanager
    def _watched(self, operation: str, path: str) -> Generator[None]:
        """Spring the trap before or after the block when this is the operation it waits for."""
        trap = self._trap
        fits = trap and trap.operation == operation and fnmatch(Path(path).name, trap.name)
        self._countdown -= bool(fits)
        if not trap or not fits or self._countdown:
            yield
            return
        self._trap = None
        if trap.done:
            yield
        os.kill(self._victim, signal.SIGKILL)
        if not trap.done:
            raise OSError(errno.EIO, "the process that asked was killed")


def _obey(disk: FailingDisk) -> None:
    for line in sys.stdin:
        order: dict[str, Any] = json.loads(line)
        if "full" in order:
            disk.full = order["full"]
        else:
            disk.set_trap(order["kill"], Trap(**order["at"]))
        _say("obeyed")


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main(live: str, durable: str, mountpoint: str) -> None:
    """Serve the mountpoint until it is unmounted."""
    disk = FailingDisk(Path(live), Path(durable))
    threading.Thread(target=_obey, args=(disk,), daemon=True).start()
    mfusepy.FUSE(disk, mountpoint, foreground=True, nothreads=True, fsname="eitp-failing-disk")


if __name__ == "__main__":
    main(*sys.argv[1:])
