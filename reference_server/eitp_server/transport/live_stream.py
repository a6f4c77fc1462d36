"""One stream in progress, and how a server that shuts down ends it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Self

Request = TypeVar("Request")


class LiveStream:
    """Ends a stream in two steps: first its input, then, if it goes on regardless, the stream.

    Both wake whoever waits by cancelling the wait, so that a stream pays nothing per message for
    being interruptible.
    """

    def __init__(self) -> None:
        self.input_ended = False
        self.interrupted = False
        """Whether the service saw an end that the client did not send."""
        self.cut_off = False
        self.writing = False
        """Whether the transport holds a message: a write is never cancelled."""
        self._writer: asyncio.Task[object] | None = asyncio.current_task()
        self._reader: asyncio.Task[object] | None = None

    def end_input(self) -> None:
        """Let the service see the end of the requests, as if the client had said so."""
        self.input_ended = True
        if self._reader is not None:
            self._reader.cancel()

    def cut(self) -> None:
        """End the stream at its next wait."""
        self.input_ended = self.interrupted = self.cut_off = True
        if self._writer is not None and not self.writing:
            self._writer.cancel()

    def absorbs_cancellation(self) -> bool:
        """Tell whether the cancellation that just arrived was all our own."""
        return self.cut_off and self._writer is not None and not self._writer.uncancel()

    async def read(self, reading: Awaitable[Request | None]) -> Request | None:
        """Return what was read; None when the input ended, for whatever reason."""
        self._reader = reader = asyncio.current_task()
        try:
            return await reading
        except asyncio.CancelledError:
            if not self.input_ended or self.cut_off or (reader and reader.uncancel()):
                raise
            self.interrupted = True
            return None
        finally:
            self._reader = None


class Requests(Generic[Request]):
    """The requests of a stream, until the client or the server ends them."""

    def __init__(self, live: LiveStream, read: Callable[[], Awaitable[Request | None]]) -> None:
        self._live = live
        self._read = read

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Request:
        if self._live.input_ended:
            self._live.interrupted = True
            raise StopAsyncIteration
        request = await self._live.read(self._read())
        if request is None:
            raise StopAsyncIteration
        return request
