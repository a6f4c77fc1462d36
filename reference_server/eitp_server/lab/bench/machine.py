"""What Linux knows about this machine and its processes."""

from __future__ import annotations

import os
import platform
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

_PROCESSES = Path("/proc")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a figure has to be read with."""

    processor: str
    cores: int
    system: str
    python: str
    filesystem: str
    """Type of the file system that the log is on."""
    fsync_ms: float
    """Median time of writing 64 KiB to a file there and making them durable."""


def machine(folder: Path) -> Machine:
    """Describe this machine, with the disk under `folder`."""
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        filesystem=_filesystem(folder.resolve()),
        fsync_ms=_fsync_ms(folder),
    )


def load_average() -> float:
    """Return how many processes wanted a core over the last minute, this run's own included."""
    return round(os.getloadavg()[0], 2)


def cpu_seconds(pid: int) -> float:
    """Return the time that all threads of a process have had a core."""
    # The name before it is in parentheses and may hold spaces.
    fields = (_PROCESSES / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def resident_bytes(pid: int) -> int:
    """Return the memory that a process holds."""
    return int((_PROCESSES / str(pid) / "statm").read_text().split()[1]) * _PAGE_BYTES


def _processor() -> str:
    lines = (_PROCESSES / "cpuinfo").read_text().splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _filesystem(folder: Path) -> str:
    mounts = (line.split()[1:3] for line in (_PROCESSES / "mounts").read_text().splitlines())
    holding = [(len(at), kind) for at, kind in mounts if folder.is_relative_to(at)]
    return max(holding)[1]


def _fsync_ms(folder: Path, times: int = 30) -> float:
    taken: list[float] = []
    probe = folder / "fsync-probe"
    with probe.open("wb") as file:
        for _ in range(times):
            began = time.perf_counter()
            file.write(bytes(65_536))
            file.flush()
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - began)
    probe.unlink()
    return round(1000 * statistics.median(taken), 2)
