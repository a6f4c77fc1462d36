"""What is no call at all: bytes that are no message, paths that are no method, cut connections."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

import grpc
import pytest
from eitp.v1.cursor_pb2 import StartPosition
from eitp.v1.emotion_service_pb2 import GetStateRequest, WatchPacketsRequest
from eitp.v1.telemetry_service_pb2 import (
    IngestRequest,
    IngestStreamRequest,
    IngestStreamResponse,
)
from eitp.v1.telemetry_service_pb2_grpc import TelemetryServiceStub
from end_to_end.live import items, raw_refusal, until
from end_to_end.shopper import brief, calm, ingest, stuck, visit
from transport.wire import grpc_status, info, metadata, refused, retry_seconds

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from end_to_end.live import Live

OLDEST = StartPosition.START_POSITION_OLDEST
INGEST = "/eitp.v1.TelemetryService/Ingest"
INVALID_ARGUMENT = grpc.StatusCode.INVALID_ARGUMENT.value[0]


async def open_streams(live: Live) -> int:
    """Return how many streams the server says it has open."""
    shown = (await live.web.get("/metrics")).text.splitlines()
    (line,) = (line for line in shown if line.startswith("eitp_open_streams "))
    return round(float(line.split()[1]))


@pytest.mark.parametrize("kept", [1, 10, -1])
async def test_a_truncated_message_is_malformed(live: Live, kept: int) -> None:
    shopper = await visit(live)
    data = IngestRequest(batches=[calm(1)]).SerializeToString()[:kept]
    for status in (
        await raw_refusal(live, INGEST, data, shopper.token),
        refused(await live.post(INGEST, data, shopper.token)),
    ):
        assert status.code == INVALID_ARGUMENT
        assert info(status).reason == "MALFORMED_MESSAGE"
        assert info(status).metadata["type"] == "eitp.v1.IngestRequest"
        assert retry_seconds(status) is None
    assert (await ingest(live, shopper.token, calm(1))).applied == 1


@pytest.mark.parametrize("data", [b"\xff" * 64, b"\x0a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"])
async def test_noise_is_malformed(live: Live, data: bytes) -> None:
    shopper = await visit(live)
    status = await raw_refusal(live, INGEST, data, shopper.token)
    assert info(status).reason == "MALFORMED_MESSAGE"
    assert info(refused(await live.post(INGEST, data, shopper.token))) == info(status)


@pytest.mark.parametrize(
    "path",
    ["/eitp.v1.TelemetryService/Explode", "/eitp.v2.TelemetryService/Ingest", "/nobody/knows"],
)
async def test_an_unknown_method_is_not_implemented(live: Live, path: str) -> None:
    status = await raw_refusal(live, path, b"", live.shop.secret)
    assert status.code == grpc.StatusCode.UNIMPLEMENTED.value[0]
    assert info(status).reason == "NOT_IMPLEMENTED"
    assert info(status).metadata["method"] == path
    response = await live.post(path, "{}", live.shop.secret)
    if path.startswith("/eitp.v1."):
        assert refused(response) == status
    else:
        assert response.status_code == 404


async def test_metadata_beyond_all_measure_is_refused_and_harms_nobody(live: Live) -> None:
    shopper = await visit(live)
    data = GetStateRequest().SerializeToString()
    path = "/eitp.v1.EmotionService/GetState"
    status = await raw_refusal(live, path, data, shopper.token, padding="x" * 100_000)
    assert status.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert (await ingest(live, shopper.token, brief(1))).applied == 1


async def test_headers_beyond_all_measure_are_refused(live: Live) -> None:
    path = "/eitp.v1.CapabilityService/GetCapabilities"
    response = await live.post(path, "{}", padding="x" * 4_000_000)
    assert response.status_code in {400, 431}


async def test_a_request_that_ends_too_early_harms_nobody(live: Live) -> None:
    shopper = await visit(live)
    url = live.web.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = (
        f"POST {INGEST} HTTP/1.1\r\nhost: shop\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {shopper.token}\r\ncontent-length: 1000\r\n\r\n"
    )
    writer.write(head.encode() + b'{"batches": [')
    writer.write_eof()
    async with asyncio.timeout(5):
        await reader.read()
    writer.close()
    assert (await ingest(live, shopper.token, brief(1))).applied == 1


async def test_what_is_no_http_2_harms_nobody(live: Live) -> None:
    shopper = await visit(live)
    host, port = live.grpc_address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.1\r\n\r\n" + bytes(range(256)) * 64)
    async with asyncio.timeout(5):
        await reader.read()
    writer.close()
    assert (await ingest(live, shopper.token, brief(1))).applied == 1


async def test_open_streams_end_when_their_client_goes(live: Live) -> None:
    async def all_gone() -> bool:
        return await open_streams(live) == 0

    await until(all_gone)
    watches = [live.watch(WatchPacketsRequest(), live.shop.secret) for _ in range(3)]
    for watch in watches:
        await asyncio.wait_for(anext(watch), 5)
    assert await open_streams(live) == 3
    for watch in watches:
        await watch.aclose()
    await until(all_gone)


async def test_what_a_broken_stream_had_acknowledged_is_kept(live: Live) -> None:
    shopper = await visit(live)

    async def requests() -> AsyncGenerator[IngestStreamRequest]:
        for sequence in range(1, 4):
            yield IngestStreamRequest(batches=[brief(sequence)])
        await asyncio.Event().wait()

    call = TelemetryServiceStub(live.channel).IngestStream(
        requests(), metadata=metadata(shopper.token)
    )
    acknowledged = 0
    async with asyncio.timeout(5):
        while acknowledged < 3:
            acknowledged = (await anext(aiter(call))).acknowledged_messages
    call.cancel()
    again = await ingest(live, shopper.token, *map(brief, range(1, 5)))
    assert (again.applied, again.duplicates) == (1, 3)


async def test_a_stream_with_a_broken_message_keeps_what_came_before(live: Live) -> None:
    shopper = await visit(live)
    sent = [IngestStreamRequest(batches=[brief(1)]).SerializeToString(), b"\xff\xff"]

    async def requests() -> AsyncGenerator[bytes]:
        for data in sent:
            yield data

    path = "/eitp.v1.TelemetryService/IngestStream"
    stream = cast("Any", live.channel).stream_stream(path)
    call = stream(requests(), metadata=metadata(shopper.token))
    answer = await asyncio.wait_for(anext(aiter(call)), 5)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await asyncio.wait_for(anext(aiter(call)), 5)
    assert IngestStreamResponse.FromString(answer).applied == 1
    assert info(grpc_status(caught.value)).reason == "MALFORMED_MESSAGE"
    assert (await ingest(live, shopper.token, brief(1))).duplicates == 1


async def test_a_stream_names_the_batch_and_the_message_that_are_wrong(live: Live) -> None:
    shopper = await visit(live)

    async def requests() -> AsyncGenerator[IngestStreamRequest]:
        yield IngestStreamRequest(batches=[brief(1)])
        yield IngestStreamRequest(batches=[brief(2), brief(3, dx=[1])])

    call = TelemetryServiceStub(live.channel).IngestStream(
        requests(), metadata=metadata(shopper.token)
    )
    async with asyncio.timeout(5):
        answers = [answer async for answer in call]
    (rejection,) = (item for answer in answers for item in answer.rejections)
    assert (rejection.message, rejection.rejection.batch_index) == (2, 1)
    assert rejection.rejection.field == "batches[1]"
    assert (answers[-1].acknowledged_messages, answers[-1].applied) == (2, 2)


async def test_a_client_that_reads_no_acknowledgements_stops_nobody(live: Live) -> None:
    silent, lively = await visit(live), await visit(live)

    async def requests() -> AsyncGenerator[IngestStreamRequest]:
        for sequence in range(1, 201):
            yield IngestStreamRequest(batches=[brief(sequence)])
        await asyncio.Event().wait()

    call = TelemetryServiceStub(live.channel).IngestStream(
        requests(), metadata=metadata(silent.token)
    )

    async def all_applied() -> bool:
        answer = await ingest(live, silent.token, brief(1))
        return answer.progress[0].acknowledged_sequence == 200

    await until(all_applied)
    request = WatchPacketsRequest(session_id=lively.session_id, start=OLDEST)
    async with aclosing(live.watch(request, live.shop.secret)) as watch:
        await ingest(live, lively.token, stuck(1))
        assert len(await items(watch, 1)) == 1
    call.cancel()
