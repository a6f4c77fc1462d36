"""What can be wrong with the log itself; none of these is an answer to a client.

LogFault
├── CorruptLog       an envelope is damaged or missing; only an operator can go on
├── TickOutOfOrder   the writer offered another tick than the next one
└── DirectoryInUse   another process has the data directory open
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class LogFault(Exception):
    """Base of the faults above; none of them goes away by trying again."""


class CorruptLog(LogFault):
    """An envelope cannot be trusted."""

    def __init__(self, tick: int, problem: str) -> None:
        super().__init__(
            f"The log is damaged at tick {tick}: {problem}. "
            "Restore the data directory from a backup: going on from here would change history."
        )
        self.tick = tick


class TickOutOfOrder(LogFault):
    """Only the tick after the last one can be committed."""

    def __init__(self, tick: int, expected: int) -> None:
        super().__init__(f"Tick {tick} was offered, the log expects tick {expected}.")
        self.tick = tick
        self.expected = expected


class DirectoryInUse(LogFault):
    """Two writers on one directory would corrupt it, so the second is refused."""

    def __init__(self, directory: Path, holder: str) -> None:
        super().__init__(
            f"{directory} is in use by process {holder}. "
            "Stop that process, or give this one a data directory of its own."
        )
        self.directory = directory
