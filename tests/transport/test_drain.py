"""A server that shuts down finishes what it can and says where everything else should go."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import pytest
from eitp.v1.emotion_service_pb2 import GetStateRequest, GetStateResponse, WatchPacketsRequest
from eitp.v1.telemetry_pb2 import TelemetryBatch
from eitp.v1.telemetry_service_pb2 import (
    IngestRequest,
    IngestStreamRequest,
    IngestStreamResponse,
)
from grpc_health.v1 import health_pb2
from transport.server import read, rest
from transport.shop import SECRET, TENANT
from transport.wire import (
    frame,
    frames,
    grpc_status,
    info,
    refused,
    retry_seconds,
    stream_status,
)

if TYPE_CHECKING:
    from google.rpc.status_pb2 import Status
    from transport.server import Shop

FLUSH_SECONDS = 0.2
WATCH = "EmotionService/WatchPackets"


def assert_draining(status: Status | None) -> None:
    assert status is not None
    assert status.code == grpc.StatusCode.UNAVAILABLE.value[0]
    assert info(status).reason == "DRAINING"
    assert retry_seconds(status) == 1.0


async def test_new_calls_are_sent_elsewhere(shop: Shop) -> None:
    await shop.boundary.drain(FLUSH_SECONDS)

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await shop.call("TelemetryService/Ingest", IngestRequest(), SECRET)
    assert_draining(grpc_status(caught.value))
    assert_draining(refused(await shop.post("TelemetryService/Ingest", "{}", SECRET)))
    assert (await shop.web.get("/readyz")).status_code == 503
    assert (await shop.web.get("/healthz")).status_code == 200


async def test_a_watch_gets_what_is_there_and_is_then_sent_elsewhere(shop: Shop) -> None:
    watch = shop.watch(WATCH, WatchPacketsRequest(), SECRET)
    await read(watch)

    await shop.boundary.drain(FLUSH_SECONDS)
    messages, status = await rest(watch)

    assert messages == 2
    assert_draining(status)
    assert shop.boundary.tally.open_streams == 0


async def test_a_watch_by_http_is_sent_elsewhere_too(shop: Shop) -> None:
    kind = "application/connect+json"
    watch = asyncio.create_task(shop.post(WATCH, frame(b"{}"), SECRET, content_type=kind))
    await shop.emotion.watched.wait()

    await shop.boundary.drain(FLUSH_SECONDS)
    response = await watch

    assert len(frames(response.content)) == 4
    assert_draining(stream_status(response))


async def test_a_watch_that_never_waits_is_ended_as_well(shop: Shop) -> None:
    watch = shop.watch(WATCH, WatchPacketsRequest(session_id="endless"), SECRET)
    reading = asyncio.create_task(rest(watch))
    await shop.emotion.watched.wait()

    await shop.boundary.drain(FLUSH_SECONDS)
    messages, status = await reading

    assert messages > 0
    assert_draining(status)


async def test_an_ingest_stream_is_acknowledged_to_its_last_message(shop: Shop) -> None:
    call = shop.exchange("TelemetryService/IngestStream", SECRET)
    batch = TelemetryBatch(sequence=1)
    await call.write(IngestStreamRequest(batches=[batch]).SerializeToString())
    await read(call)

    await shop.boundary.drain(FLUSH_SECONDS)
    last = IngestStreamResponse.FromString(await read(call))
    messages, status = await rest(call)

    assert (last.acknowledged_messages, last.applied) == (1, 99)
    assert messages == 0
    assert_draining(status)


async def test_a_stream_that_ends_by_itself_meanwhile_is_complete(shop: Shop) -> None:
    watch = shop.watch(WATCH, WatchPacketsRequest(), SECRET)
    await read(watch)

    draining = asyncio.create_task(shop.boundary.drain(5.0))
    shop.emotion.released.set()
    messages, status = await rest(watch)
    await draining

    assert (messages, status) == (2, None)


async def test_a_call_in_progress_is_answered(shop: Shop) -> None:
    request = GetStateRequest(session_id="slow")
    by_grpc = asyncio.create_task(shop.call("EmotionService/GetState", request, SECRET))
    by_http = asyncio.create_task(shop.post("EmotionService/GetState", request, SECRET))
    while len(shop.emotion.waiting) < 2:
        await shop.web.get("/healthz")

    await shop.boundary.drain(FLUSH_SECONDS)
    stopping = asyncio.create_task(shop.grpc_server.stop(5.0))
    shop.emotion.released.set()

    assert GetStateResponse.FromString(await by_grpc).packet.session_id == TENANT
    assert GetStateResponse.FromString((await by_http).content).packet.session_id == TENANT
    await stopping


async def test_health_turns_before_calls_are_refused(shop: Shop) -> None:
    await shop.grpc_server.announce_end()

    answer = await shop.call("/grpc.health.v1.Health/Check", b"")
    health = health_pb2.HealthCheckResponse.FromString(answer)
    assert health.status == health_pb2.HealthCheckResponse.NOT_SERVING
    await shop.call("TelemetryService/Ingest", IngestRequest(), SECRET)
