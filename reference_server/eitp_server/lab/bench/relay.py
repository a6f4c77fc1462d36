"""The load of relays: a few streams with the batches of many sessions."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc.aio
from eitp.v1.telemetry_service_pb2 import IngestStreamResponse

from eitp_server.lab.bench.lane import RefusedError
from eitp_server.lab.bench.pace import now

if TYPE_CHECKING:
    from eitp_server.lab.bench.lane import Lane
    from eitp_server.lab.bench.pace import Pace

    Call = grpc.aio.StreamStreamCall[bytes, bytes]
    Stream = grpc.aio.StreamStreamMultiCallable[bytes, bytes]

_INGEST_STREAM = "/eitp.v1.TelemetryService/IngestStream"


@dataclass(slots=True, kw_only=True)
class Relay:
    """One stream on a connection of its own."""

    lane: Lane
    number: int
    pace: Pace
    in_flight: int
    """Most messages that wait for their acknowledgement."""
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, address: str, key: str) -> None:
        """Send until the pace ends, then wait for what is not acknowledged.

        Raises `RefusedError`, and `grpc.aio.AioRpcError` when the server ends the stream.
        """
        metadata = (("authorization", f"Bearer {key}"),) if key else ()
        # Without its own pool, the channels of one process would share a connection.
        options = (("grpc.use_local_subchannel_pool", 1),)
        async with grpc.aio.insecure_channel(address, options=options) as channel:
            stream: Stream = channel.stream_stream(_INGEST_STREAM)
            call = stream(metadata=metadata)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(call))
                await self._write(call)
                await call.done_writing()

    async def _write(self, call: Call) -> None:
        lane, pace = self.lane, self.pace
        while pace.running and not lane.finished:
            while lane.in_flight >= self.in_flight:
                self._moved.clear()
                await self._moved.wait()
            due = pace.due(self.number)
            if (early := due - now()) > 0:
                await asyncio.sleep(early)
            await call.write(lane.next_message(due))

    async def _read(self, call: Call) -> None:
        async for data in call:
            response = IngestStreamResponse.FromString(data)
            self.lane.acknowledge(response.acknowledged_messages, now())
            if response.rejections or response.duplicates:
                raise RefusedError(str(response))
            self._moved.set()
