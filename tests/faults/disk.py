"""The failing disk from outside: mounted, cut off, filled, and with traps for who uses it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from faults.failing_disk import Trap

_TESTS: Final = Path(__file__).resolve().parents[1]
_PATIENCE: Final = 10.0
"""Seconds that mounting and unmounting may take."""


class Disk:
    """A mounted failing disk."""

    def __init__(self, folder: Path) -> None:
        self._live, self._durable, self._mountpoint = (
            folder / name for name in ("live", "durable", "mounted")
        )
        for path in (self._live, self._durable, self._mountpoint):
            path.mkdir(parents=True)
        self._process = self._mount()

    @property
    def root(self) -> Path:
        """Where it is mounted."""
        return self._mountpoint

    @property
    def data(self) -> Path:
        """A folder for a server."""
        return self._mountpoint / "data"

    def cut_power(self) -> None:
        """Forget what was not synchronised; whoever used the disk must be dead by now."""
        self.unmount()
        shutil.rmtree(self._live)
        shutil.copytree(self._durable, self._live)
        self._process = self._mount()

    def fill(self) -> None:
        """Refuse to extend any file."""
        self._order(full=True)

    def make_room(self) -> None:
        """Undo `fill`."""
        self._order(full=False)

    def set_trap(self, pid: int, trap: Trap) -> None:
        """Kill a process at the operation that the trap names."""
        self._order(kill=pid, at=asdict(trap))

    def unmount(self) -> None:
        """Take the disk away. Raises `TimeoutExpired` when somebody still uses it."""
        subprocess.run(["fusermount3", "-u", "-z", self._mountpoint], check=True)
        try:
            self._process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            raise

    def _mount(self) -> subprocess.Popen[str]:
        paths = (self._live, self._durable, self._mountpoint)
        process = subprocess.Popen(
            [sys.executable, "-m", "faults.failing_disk", *map(str, paths)],
            cwd=_TESTS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        if process.stdout.readline() != "mounted\n":
            process.wait(_PATIENCE)
            raise OSError(f"{self._mountpoint} could not be mounted")
        return process

    def _order(self, **order: Any) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "obeyed\n"


@contextmanager
def mounted(folder: Path) -> Generator[Disk]:
    """Mount a failing disk, or skip the test where that cannot be done."""
    reason = _hindrance()
    if reason:
        pytest.skip(f"NOT TESTED, no file system in user space: {reason}")
    disk = Disk(folder)
    try:
        yield disk
    finally:
        disk.unmount()


def _hindrance() -> str:
    if not Path("/dev/fuse").exists():
        return "/dev/fuse does not exist"
    if shutil.which("fusermount3") is None:
        return "fusermount3 is not installed (Debian package fuse3)"
    return ""
