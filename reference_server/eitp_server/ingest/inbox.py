"""The inbox: where inputs wait for the next tick, and where overload is refused."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from eitp_server.errors import Exhausted, Reason
from eitp_server.ingest.input import Telemetry

if TYPE_CHECKING:
    from eitp_server.ingest.input import Input


class Inbox:
    """A bounded queue that is emptied as a whole."""

    def __init__(self, *, max_batches: int = 65_536, full_batches: int = 4_096) -> None:
        self._max_batches = max_batches
        self._full_batches = full_batches
        self._inputs: list[Input] = []
        self._batches = 0
        self._arrived = asyncio.Event()
        self._full = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    @property
    def batches(self) -> int:
        """Batches that wait."""
        return self._batches

    def admit(self, tenant_id: str, method: str, size_bytes: int) -> None:
        """Refuse a request before it is decoded when there is no room for it.

        Raises `Exhausted(OVERLOADED)` with the time after which there should be room.
        """
        del tenant_id, size_bytes
        # A stream is held back by flow control instead: it waits in `room` before it reads on.
        if self._batches >= self._max_batches and method.endswith("/Ingest"):
            message = (
                f"the server has {self._batches} batches queued, its limit is {self._max_batches};"
                " wait as told and send the same again"
            )
            metadata = {"method": method, "queued": str(self._batches)}
            raise Exhausted(Reason.OVERLOADED, message, metadata=metadata, retry_after=0.5)

    def put(self, item: Input) -> None:
        """Add an input for the next tick."""
        self._inputs.append(item)
        self._batches += len(item.batches) if isinstance(item, Telemetry) else 1
        self._arrived.set()
        if self._batches >= self._full_batches:
            self._full.set()
        if self._batches >= self._max_batches:
            self._room.clear()

    async def submit(self, item: Input) -> Any:
        """Add an input and return its answer once its tick is durable.

        Raises the `DomainError` that the tick answered with.
        """
        item.result = asyncio.get_running_loop().create_future()
        self.put(item)
        return await item.result

    async def room(self) -> None:
        """Wait until there is room; a stream that waits here is slowed down by flow control."""
        await self._room.wait()

    def take(self) -> list[Input]:
        """Return all inputs and leave the inbox empty."""
        inputs, self._inputs, self._batches = self._inputs, [], 0
        self._arrived.clear()
        self._full.clear()
        self._room.set()
        return inputs

    async def arrived(self, timeout: float) -> bool:
        """Wait until there is an input, at most `timeout` seconds; return whether there is."""
        return await _set_within(self._arrived, timeout)

    async def full(self, timeout: float) -> bool:
        """Wait until a tick's worth of batches is there, at most `timeout` seconds."""
        return await _set_within(self._full, timeout)


async def _set_within(event: asyncio.Event, timeout: float) -> bool:
    if event.is_set():
        return True
    try:
        async with asyncio.timeout(timeout):
            await event.wait()
    except TimeoutError:
        return False
    return True
