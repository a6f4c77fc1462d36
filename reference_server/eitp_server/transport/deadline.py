"""Ends calls that take too long, with one timer for all of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import TracebackType

_SWEEP_SECONDS: Final = 0.05


class Deadlines:
    """The ends of the calls in progress, looked at twenty times a second.

    A timer of its own would cost a short call a quarter of its time in the server.
    """

    def __init__(self) -> None:
        self._ends: dict[asyncio.Task[object], float] = {}
        self._overdue: set[asyncio.Task[object]] = set()
        self._sweeping = False

    def within(self, seconds: float | None) -> Deadline:
        """Return a context whose body raises `TimeoutError` when it takes longer."""
        return Deadline(self, seconds)

    def start(self, task: asyncio.Task[object], seconds: float) -> None:
        """Watch the task."""
        loop = task.get_loop()
        self._ends[task] = loop.time() + seconds
        if not self._sweeping:
            self._sweeping = True
            loop.call_later(_SWEEP_SECONDS, self._sweep, loop)

    def finish(self, task: asyncio.Task[object]) -> bool:
        """Watch the task no more; tell whether it was ended."""
        del self._ends[task]
        if task not in self._overdue:
            return False
        self._overdue.remove(task)
        return True

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for task, end in self._ends.items():
            if end <= now and task not in self._overdue:
                self._overdue.add(task)
                task.cancel()
        self._sweeping = bool(self._ends)
        if self._sweeping:
            loop.call_later(_SWEEP_SECONDS, self._sweep, loop)


class Deadline:
    """One call's end."""

    __slots__ = ("_deadlines", "_seconds", "_task", "expired")

    def __init__(self, deadlines: Deadlines, seconds: float | None) -> None:
        self._deadlines = deadlines
        self._seconds = seconds
        self._task: asyncio.Task[object] | None = None
        self.expired = False
        """Whether the body was ended."""

    def __enter__(self) -> Deadline:
        if self._seconds is not None and (task := asyncio.current_task()) is not None:
            self._task = task
            self._deadlines.start(task, self._seconds)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._task is None or not self._deadlines.finish(self._task):
            return
        # A body that ended by itself just before still has the cancellation pending.
        cancelled_by_others = self._task.uncancel()
        self.expired = True
        if kind is asyncio.CancelledError and not cancelled_by_others:
            raise TimeoutError from error
