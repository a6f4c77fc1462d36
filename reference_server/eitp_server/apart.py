"""Runs functions in a process of its own, so that the tick keeps its core and its interpreter.

In a thread, an analysis of 15 regions already held the interpreter so often that ticks came 25 ms
late, and one of 200 regions half a second.
"""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar, TypeVarTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import BufferedReader, BufferedWriter
    from types import TracebackType
    from typing import Self

_Arguments = TypeVarTuple("_Arguments")
_Returned = TypeVar("_Returned")

IDLE_SECONDS: Final = 120.0
"""Time without a call after which the process is let go, and its 60 to 90 MB with it.

More than between two rounds of learning while there is something to learn.
"""
_NICE: Final = 10
"""What the process adds to its niceness: nobody waits for it."""
# With two, threads of a matrix product wait for each other longer than they work.
_ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_PROTOCOL: Final = 5
_LOST: Final = (EOFError, ConnectionError, pickle.UnpicklingError)
"""What reading from a process that ends, or writing to it, raises."""


class Broken(Exception):
    """The process ended without an answer."""


class Apart:
    """Runs one call after the other; the process begins with the first and serves the next."""

    def __init__(self, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._child: _Child | None = None
        self._turn = asyncio.Lock()
        # A single one, so that a process is tidied away after the call that it was killed in.
        self._thread = ThreadPoolExecutor(1, "apart")
        self._resting: asyncio.TimerHandle | None = None
        self._is_over = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_over = True
        self._let_go()
        await asyncio.to_thread(self._thread.shutdown)

    async def run(
        self, function: Callable[[*_Arguments], _Returned], *arguments: *_Arguments
    ) -> _Returned:
        """Return what a function of a module returns, or raise what it raises.

        The arguments must stay as they are until then: a thread writes them bit by bit. Few large
        ones, arrays or bytes, hold the loop for a millisecond or two, many small ones for more:
        500,000 strings for 20.

        Raises Broken when the process ends before it answers; the next call begins another. An
        exception that cannot be pickled comes as a RuntimeError that says the same.
        """
        return (await self.timed(function, *arguments))[0]

    async def timed(
        self, function: Callable[[*_Arguments], _Returned], *arguments: *_Arguments
    ) -> tuple[_Returned, float]:
        """Do as `run`, and return the seconds it took beside it, without the wait for its turn."""
        async with self._turn:
            began = time.monotonic()
            error, returned = await self._ask((function, arguments))
            took = time.monotonic() - began
        if error is not None:
            raise error
        return returned, took

    async def _ask(self, call: object) -> tuple[Exception | None, Any]:
        if self._is_over:
            raise Broken("no process begins any more: the server has ended")
        if self._resting:
            self._resting.cancel()
        if self._child and self._child.has_ended:
            self._let_go()
        child = self._child = self._child or _Child()
        loop = asyncio.get_running_loop()
        try:
            answer = await loop.run_in_executor(self._thread, child.ask, call)
        except BaseException:
            # Whoever asks next would get the answer to this call.
            self._let_go()
            raise
        self._resting = loop.call_later(self._idle_seconds, self._let_go)
        return answer

    def _let_go(self) -> None:
        if self._resting:
            self._resting.cancel()
        child, self._child = self._child, None
        if child:
            child.kill()
            self._thread.submit(child.tidy)


class _Child:
    """The process, as the server sees it; everything but `kill` and `has_ended` may block."""

    def __init__(self) -> None:
        # In a pipe of asyncio, 12 MB stop the loop for 8 ms and more, whatever they are.
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **_ONE_THREAD},
            # Ctrl-C is for the server, which ends this one.
            start_new_session=True,
        )
        assert self._process.stdin
        assert self._process.stdout
        self._sink, self._source = self._process.stdin, self._process.stdout

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def ask(self, call: object) -> tuple[Exception | None, Any]:
        try:
            # Not as a whole: each write and each read lets others have the interpreter.
            pickle.dump(call, self._sink, _PROTOCOL)
            self._sink.flush()
            error, told = pickle.load(self._source)  # noqa: S301 (from our own child)
        except _LOST:
            raise Broken(f"the process ended with code {self._end()}") from None
        if error is not None:
            error.add_note(told)
        return error, told

    def kill(self) -> None:
        self._process.kill()

    def tidy(self) -> None:
        self._process.wait()
        self._source.close()
        with suppress(BrokenPipeError):
            self._sink.close()

    def _end(self) -> int:
        """Return the code of a process that has closed its pipes, or written half an answer."""
        try:
            return self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def main() -> None:
    """Run what comes in, until nothing does, and write each answer out."""
    os.nice(_NICE)
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # What a function prints is no answer.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    # Looking for garbage is 40 % of the time of a call that makes a million objects.
    gc.disable()
    with suppress(*_LOST):
        while True:
            _serve(source, sink)
            gc.collect()


def _serve(source: BufferedReader | Any, sink: BufferedWriter) -> None:
    function, arguments = pickle.load(source)  # noqa: S301 (from our parent)
    try:
        answer = pickle.dumps((None, function(*arguments)), _PROTOCOL)
    except Exception as error:  # noqa: BLE001 # whatever it is, the caller is to know
        answer = pickle.dumps((_portable(error), traceback.format_exc()), _PROTOCOL)
    sink.write(answer)
    sink.flush()


def _portable(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error, _PROTOCOL))  # noqa: S301 (what was just written)
    except Exception:  # noqa: BLE001 # an exception's own code decides what goes wrong
        return RuntimeError("".join(traceback.format_exception_only(error)).strip())
    return error


if __name__ == "__main__":
    main()
