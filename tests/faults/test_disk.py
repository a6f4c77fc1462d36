"""The failing disk fails as it says: what the other tests conclude from it rests on this."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from faults.failing_disk import Trap

if TYPE_CHECKING:
    from pathlib import Path

    from faults.disk import Disk


def write(path: Path, content: bytes, *, sync: bool) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        if sync:
            os.fsync(file.fileno())


def test_a_cut_takes_what_was_not_synchronised_and_nothing_else(disk: Disk) -> None:
    write(disk.root / "kept", b"kept", sync=True)
    write(disk.root / "lost", b"lost", sync=False)

    disk.cut_power()

    assert (disk.root / "kept").read_bytes() == b"kept"
    assert (disk.root / "lost").read_bytes() == b""


def test_a_cut_takes_a_file_back_to_its_last_synchronisation(disk: Disk) -> None:
    with (disk.root / "file").open("w+b", buffering=0) as file:
        file.write(b"first")
        os.fsync(file.fileno())
        file.seek(0)
        file.write(b"other and longer")
        assert (disk.root / "file").read_bytes() == b"other and longer"

    disk.cut_power()

    assert (disk.root / "file").read_bytes() == b"first"


def test_a_name_outlives_the_cut_with_the_bytes_that_were_synchronised(disk: Disk) -> None:
    write(disk.root / "kept.partial", b"whole", sync=True)
    (disk.root / "kept.partial").rename(disk.root / "kept")
    write(disk.root / "lost.partial", b"whole", sync=False)
    (disk.root / "lost.partial").rename(disk.root / "lost")

    disk.cut_power()

    assert {path.name: path.read_bytes() for path in disk.root.iterdir()} == {
        "kept": b"whole",
        "lost": b"",
    }


def test_a_full_disk_refuses_to_grow_a_file_until_there_is_room(disk: Disk) -> None:
    write(disk.root / "file", b"four", sync=False)
    disk.fill()

    with pytest.raises(OSError, match="No space") as refused:
        write(disk.root / "more", b"no", sync=False)
    with (disk.root / "file").open("r+b") as file:
        file.write(b"FOUR")

    disk.make_room()
    write(disk.root / "more", b"yes", sync=False)
    assert refused.value.errno == errno.ENOSPC
    assert (disk.root / "file").read_bytes() == b"FOUR"


@pytest.mark.parametrize(("done", "left"), [(False, b"1"), (True, b"12")])
def test_a_trap_kills_before_or_after_the_operation(disk: Disk, done: bool, left: bytes) -> None:
    program = "import sys; f = open(sys.argv[1], 'ab', 0); input(); f.write(b'1'); f.write(b'2')"
    victim = subprocess.Popen(
        [sys.executable, "-c", program, disk.root / "file"], stdin=subprocess.PIPE
    )
    disk.set_trap(victim.pid, Trap("write", "file", done=done, count=2))

    victim.communicate(b"\n")

    assert victim.returncode == -9
    assert (disk.root / "file").read_bytes() == left
