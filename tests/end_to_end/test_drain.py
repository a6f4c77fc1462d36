"""A server that is told to stop: what it acknowledged stays, and its clients are told to go on."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc
from eitp.v1.cursor_pb2 import StartPosition
from eitp.v1.emotion_service_pb2 import WatchPacketsRequest
from eitp.v1.telemetry_service_pb2 import IngestStreamRequest
from eitp.v1.telemetry_service_pb2_grpc import TelemetryServiceStub
from end_to_end.live import Refused, clients, items, started, until
from end_to_end.process import spawned
from end_to_end.shopper import STEP_MS, brief, calm, ingest, visits
from grpc_health.v1 import health_pb2, health_pb2_grpc
from transport.wire import grpc_status, info, metadata, retry_seconds

if TYPE_CHECKING:
    from end_to_end.live import Live, Premises
    from end_to_end.process import Spawned
    from end_to_end.shopper import Visit
    from google.rpc.status_pb2 import Status

OLDEST = StartPosition.START_POSITION_OLDEST
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
OVERTAKEN = "Internal error from Core"
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE.value[0]


@dataclass(slots=True)
class Load:
    """What clients had confirmed when the server went, and what they were told then."""

    acknowledged: dict[str, int] = field(default_factory=dict[str, int])
    """Highest sequence acknowledged by session."""
    unary_ends: list[Status] = field(default_factory=list["Status"])
    stream_ends: list[Status] = field(default_factory=list["Status"])
    packets: list[Any] = field(default_factory=list[Any])

    async def send_calls(self, live: Live, shopper: Visit) -> None:
        """Send one batch after the other until the server refuses."""
        sequence = 0
        try:
            while True:
                sequence += 1
                batch = calm(sequence, clock_ms=sequence * STEP_MS)
                answer = await ingest(live, shopper.token, batch)
                self.acknowledged[shopper.session_id] = answer.progress[0].acknowledged_sequence
        except Refused as refused:
            self.unary_ends.append(refused.status)

    async def send_stream(self, live: Live, shopper: Visit) -> None:
        """Stream batches, a few ahead of what is acknowledged, until the server ends it."""
        room = asyncio.Semaphore(32)

        async def write() -> None:
            with suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
                for sequence in range(1, 1_000_000):
                    await room.acquire()
                    await call.write(IngestStreamRequest(batches=[brief(sequence)]))

        call: Any = TelemetryServiceStub(live.channel).IngestStream(
            metadata=metadata(shopper.token)
        )
        writing = asyncio.ensure_future(write())
        try:
            async for answer in call:
                before = self.acknowledged.get(shopper.session_id, 0)
                self.acknowledged[shopper.session_id] = answer.acknowledged_messages
                for _ in range(answer.acknowledged_messages - before):
                    room.release()
        except grpc.aio.AioRpcError as error:
            self.stream_ends.append(grpc_status(error))
        finally:
            writing.cancel()

    async def watch(self, live: Live) -> None:
        """Read packets until the server ends the stream."""
        request = WatchPacketsRequest(start=OLDEST)
        async with aclosing(live.watch(request, live.shop.secret)) as watch:
            try:
                async for message in watch:
                    if message.HasField("packet"):
                        self.packets.append(message)
            except Refused as refused:
                self.stream_ends.append(refused.status)


async def run_until_stopped(server: Spawned, live: Live) -> Load:
    """Put the server under load, stop it, and return what its clients saw."""
    load = Load()
    callers, streamers = await visits(live, 12), await visits(live, 4)
    running = [
        *(asyncio.ensure_future(load.send_calls(live, shopper)) for shopper in callers),
        *(asyncio.ensure_future(load.send_stream(live, shopper)) for shopper in streamers),
        asyncio.ensure_future(load.watch(live)),
    ]

    async def busy() -> bool:
        everybody = len(load.acknowledged) == len(callers) + len(streamers)
        return everybody and min(load.acknowledged.values()) >= 5 and len(load.packets) >= 50

    await until(busy, seconds=15)
    status = await server.terminate()
    await asyncio.wait_for(asyncio.gather(*running), 10)
    assert status == 0
    return load


async def test_what_was_acknowledged_before_the_end_is_there_after_the_restart(
    premises: Premises,
) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(spawned(premises))
        live = await stack.enter_async_context(
            clients(premises, server.grpc_address, server.web_address)
        )
        load = await run_until_stopped(server, live)
        live = await stack.enter_async_context(started(premises))
        for session_id, sequence in load.acknowledged.items():
            answer = await ingest(live, live.shop.secret, brief(sequence + 1_000, session_id))
            assert answer.progress[0].acknowledged_sequence >= sequence
        request = WatchPacketsRequest(start=OLDEST)
        async with aclosing(live.watch(request, live.shop.secret)) as watch:
            whole = await items(watch, len(load.packets))
        assert load.packets == whole
    # A client that is writing when the stream ends may learn of its failed write instead.
    told = [status for status in load.stream_ends if status.message != OVERTAKEN]
    assert len(load.stream_ends) == 5
    assert told
    for status in told:
        assert status.code == UNAVAILABLE
        assert info(status).reason == "DRAINING"
        assert retry_seconds(status)
    assert len(load.unary_ends) == 12
    assert {status.code for status in load.unary_ends} == {UNAVAILABLE}


async def test_a_call_that_the_end_overtakes_may_be_made_again(premises: Premises) -> None:
    load = Load()
    async with started(premises) as live:
        shoppers = await visits(live, 16)
        running = [asyncio.ensure_future(load.send_calls(live, shopper)) for shopper in shoppers]

        async def busy() -> bool:
            return len(load.acknowledged) == 16 and min(load.acknowledged.values()) >= 5

        await until(busy, seconds=15)
    await asyncio.wait_for(asyncio.gather(*running), 10)
    assert {status.code for status in load.unary_ends} == {UNAVAILABLE}
    async with started(premises) as live:
        for session_id, sequence in load.acknowledged.items():
            answer = await ingest(live, live.shop.secret, brief(sequence + 1_000, session_id))
            assert answer.progress[0].acknowledged_sequence >= sequence


async def test_whoever_watches_the_health_is_told_before_the_end(premises: Premises) -> None:
    seen: list[int] = []

    async def watch(live: Live) -> None:
        stub: Any = health_pb2_grpc.HealthStub(live.channel)
        call = stub.Watch(health_pb2.HealthCheckRequest())
        while NOT_SERVING not in seen:
            seen.append((await anext(aiter(call))).status)
        call.cancel()

    async with started(premises) as live:
        watching = asyncio.ensure_future(watch(live))

        async def told() -> bool:
            return bool(seen)

        await until(told)
    await asyncio.wait_for(watching, 5)
    assert seen == [SERVING, NOT_SERVING]
