"""Windows are analysed in a process of its own, so that the tick keeps its core.

In a thread, 15 regions already held the interpreter so often that ticks came 25 ms late, and 200
of them half a second.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import struct
import sys
from typing import TYPE_CHECKING, Final

from eitp_server.ingest.contagion.analysis import Result, analyse_window, is_analysable

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from eitp_server.ingest.contagion.analysis import Before
    from eitp_server.ingest.contagion.window import Window
    from eitp_server.storage.contagion_value import KeptProfile

_NICE: Final = 10
"""What the process adds to its niceness: nobody waits for it."""
# With two, threads of a matrix product wait for each other longer than they work.
_ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_LENGTH: Final = struct.Struct(">Q")


class Broken(Exception):
    """The process ended without a result."""


class Apart:
    """Analyses one window after the other; the process begins with the first that needs it."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._end()

    async def analyse(
        self, window: Window, profile: KeptProfile | None, before: Before, now_us: int
    ) -> Result:
        """Return what `analyse_window` does; raises Broken, after which another may succeed."""
        if not is_analysable(window):
            return await asyncio.to_thread(analyse_window, window, profile, before, now_us)
        process = self._process = self._process or await _begin()
        assert process.stdin
        assert process.stdout
        job = pickle.dumps((window, profile, before, now_us))
        try:
            process.stdin.write(_LENGTH.pack(len(job)) + job)
            await process.stdin.drain()
            length = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))[0]
            written = await process.stdout.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            await self._end()
            raise Broken(f"the process ended with code {process.returncode}") from None
        result = pickle.loads(written)  # noqa: S301 (from our own child)
        assert isinstance(result, Result)
        return result

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _begin() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **_ONE_THREAD},
        # Ctrl-C is for the server, which ends this one.
        start_new_session=True,
    )


def main() -> None:
    """Analyse what comes in, until nothing does, and write each result out."""
    os.nice(_NICE)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while head := source.read(_LENGTH.size):
        job = source.read(_LENGTH.unpack(head)[0])
        result = pickle.dumps(analyse_window(*pickle.loads(job)))  # noqa: S301 (from our parent)
        sink.write(_LENGTH.pack(len(result)) + result)
        sink.flush()


if __name__ == "__main__":
    main()
