"""The database port: short jobs over the tables, run where they may block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlmodel import Session

Result = TypeVar("Result")


class Readable(Protocol):
    """Runs jobs that only read, off the event loop."""

    async def read(self, job: Callable[[Session], Result]) -> Result:
        """Run `job` on one consistent view of the tables; what it changes is forgotten."""
        ...


class Database(Readable, Protocol):
    """Runs jobs, each in a transaction of its own, off the event loop."""

    async def write(self, job: Callable[[Session], Result]) -> Result:
        """Run `job` and commit what it changed, or nothing when it raises.

        Raises `Exhausted(STORAGE_FULL)` when there is no room.
        """
        ...
