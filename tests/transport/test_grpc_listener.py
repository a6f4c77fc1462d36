"""Calls by gRPC, made with a real client over a real socket."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from eitp.v1.emotion_service_pb2 import (
    GetStateRequest,
    GetStateResponse,
    WatchPacketsRequest,
    WatchPacketsResponse,
)
from eitp.v1.intervention_service_pb2 import ReportOutcomeRequest
from eitp.v1.outcome_pb2 import Outcome, OutcomeKind
from eitp.v1.pattern_service_pb2 import GetPatternRequest
from eitp.v1.telemetry_pb2 import TelemetryBatch
from eitp.v1.telemetry_service_pb2 import (
    IngestRequest,
    IngestResponse,
    IngestStreamRequest,
    IngestStreamResponse,
)
from eitp_server.errors import Exhausted, Reason
from eitp_server.services.descriptor import service_descriptors
from eitp_server.transport.call import Limits
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from transport.server import open_shop, read, rest
from transport.shop import ORIGIN, SECRET, TENANT
from transport.wire import fields, grpc_status, info, retry_seconds

if TYPE_CHECKING:
    from google.rpc.status_pb2 import Status
    from transport.server import Shop

INGEST = "TelemetryService/Ingest"
STATE = "EmotionService/GetState"
WATCH = "EmotionService/WatchPackets"
MEBIBYTE = 1024 * 1024


def batches(count: int) -> list[TelemetryBatch]:
    return [TelemetryBatch(sequence=i + 1, dt_ms=[50], dx=[1], dy=[1]) for i in range(count)]


async def refusal(shop: Shop, path: str, *arguments: Any, **options: Any) -> Status:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await shop.call(path, *arguments, **options)
    return grpc_status(caught.value)


async def test_a_session_token_reaches_its_session(shop: Shop) -> None:
    answer = await shop.call(INGEST, IngestRequest(batches=batches(3)), shop.token(), ORIGIN)

    assert IngestResponse.FromString(answer) == IngestResponse(applied=3, session_token="ses_1")


async def test_a_truncated_message_is_malformed(shop: Shop) -> None:
    whole = IngestRequest(batches=batches(3)).SerializeToString()

    status = await refusal(shop, INGEST, whole[:-1], SECRET)

    assert info(status).reason == "MALFORMED_MESSAGE"
    assert info(status).metadata["type"] == "eitp.v1.IngestRequest"


async def test_a_page_may_send_less_at_once_than_a_relay(shop: Shop) -> None:
    large = IngestRequest(batches=[TelemetryBatch(session_id="s" * 70_000)])

    status = await refusal(shop, INGEST, large, shop.token(), ORIGIN)
    answer = await shop.call(INGEST, large, SECRET)

    assert info(status).reason == "MESSAGE_TOO_LARGE"
    assert info(status).metadata["limit"] == "65536"
    assert retry_seconds(status) is None
    assert IngestResponse.FromString(answer).applied == 1


async def test_a_relay_has_a_limit_too(shop: Shop) -> None:
    status = await refusal(shop, INGEST, bytes(2 * MEBIBYTE), SECRET)

    assert info(status).reason == "MESSAGE_TOO_LARGE"


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
async def test_what_no_call_may_bring_is_refused_before_it_is_read(
    shop: Shop, compression: grpc.Compression
) -> None:
    status = await refusal(shop, INGEST, bytes(30 * MEBIBYTE), SECRET, compression=compression)

    assert status.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]


async def test_a_broken_rule_is_named_with_its_field(shop: Shop) -> None:
    outcome = Outcome(kind=OutcomeKind.OUTCOME_KIND_CONVERSION, currency="euro")

    status = await refusal(
        shop, "InterventionService/ReportOutcome", ReportOutcomeRequest(outcome=outcome), SECRET
    )

    assert info(status).reason == "FIELD_INVALID"
    assert fields(status) == {"outcome.currency": "string.pattern"}
    assert status.message.startswith("outcome.currency: ")


async def test_telemetry_is_left_to_its_service_to_check(shop: Shop) -> None:
    answer = await shop.call(INGEST, IngestRequest(), SECRET)

    assert IngestResponse.FromString(answer).applied == 0


@pytest.mark.parametrize(
    ("path", "request_"),
    [
        ("PatternService/GetPattern", GetPatternRequest(pattern_id="p")),
        ("InterventionService/ListDecisions", ReportOutcomeRequest()),
        ("TelemetryService/Digest", IngestRequest()),
        ("WeatherService/Forecast", IngestRequest()),
    ],
    ids=["no service", "no method of the service", "no call of the schema", "no such service"],
)
async def test_what_is_not_offered_is_unimplemented(
    shop: Shop, path: str, request_: GetPatternRequest
) -> None:
    status = await refusal(shop, path, request_)

    assert status.code == grpc.StatusCode.UNIMPLEMENTED.value[0]
    assert info(status).reason == "NOT_IMPLEMENTED"
    assert info(status).metadata["method"] == f"/eitp.v1.{path}"


async def test_a_call_that_takes_too_long_is_ended_and_may_be_retried() -> None:
    async with open_shop(limits=Limits(unary_seconds=0.1)) as shop:
        status = await refusal(shop, STATE, GetStateRequest(session_id="slow"), SECRET)
        shop.emotion.released.set()
        answer = await shop.call(STATE, GetStateRequest(session_id="slow"), SECRET)

    assert info(status).reason == "OVERLOADED"
    assert retry_seconds(status) == 1.0
    assert GetStateResponse.FromString(answer).packet.session_id == TENANT


async def test_a_time_out_inside_a_service_is_no_matter_of_the_caller(shop: Shop) -> None:
    shop.emotion.errors["ses_1"] = TimeoutError("the model did not answer")

    status = await refusal(shop, STATE, GetStateRequest(session_id="ses_1"), SECRET)

    assert info(status).reason == "INTERNAL"


async def test_a_full_server_refuses_before_it_decodes() -> None:
    class Full:
        def admit(self, tenant_id: str, method: str, size_bytes: int) -> None:
            asked.append((tenant_id, method, size_bytes))
            raise Exhausted(Reason.OVERLOADED, "full", retry_after=2.0)

    asked: list[tuple[str, str, int]] = []
    async with open_shop(gate=Full()) as shop:
        status = await refusal(shop, INGEST, b"\xff\xff\xff", SECRET)

    assert info(status).reason == "OVERLOADED"
    assert retry_seconds(status) == 2.0
    assert asked == [(TENANT, f"/eitp.v1.{INGEST}", 3)]


async def test_a_stream_of_requests_is_acknowledged_as_it_comes(shop: Shop) -> None:
    call = shop.exchange("TelemetryService/IngestStream", SECRET)
    acknowledged: list[int] = []
    for count in (1, 2, 3):
        await call.write(IngestStreamRequest(batches=batches(count)).SerializeToString())
        response = IngestStreamResponse.FromString(await read(call))
        acknowledged.append(response.acknowledged_messages)
    await call.done_writing()
    last = IngestStreamResponse.FromString(await read(call))

    assert acknowledged == [1, 2, 3]
    assert (last.acknowledged_messages, last.applied) == (3, 99)
    assert await call.code() is grpc.StatusCode.OK


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"\xff\xff\xff", "MALFORMED_MESSAGE"),
        (bytes(2 * MEBIBYTE), "MESSAGE_TOO_LARGE"),
        (IngestStreamRequest(batches=batches(13)).SerializeToString(), "SESSION_UNKNOWN"),
    ],
    ids=["malformed", "too large", "refused by the service"],
)
async def test_a_stream_ends_with_the_first_message_that_cannot_be_taken(
    shop: Shop, message: bytes, reason: str
) -> None:
    call = shop.exchange("TelemetryService/IngestStream", SECRET)
    await call.write(IngestStreamRequest(batches=batches(1)).SerializeToString())
    first = IngestStreamResponse.FromString(await read(call))
    await call.write(message)

    messages, status = await rest(call)

    assert first.acknowledged_messages == 1
    assert messages == 0
    assert status is not None
    assert info(status).reason == reason


async def test_a_reader_that_does_not_read_stops_the_service_and_nobody_else(shop: Shop) -> None:
    watch = shop.watch(WATCH, WatchPacketsRequest(session_id="endless"), SECRET)
    produced = -1
    async with asyncio.timeout(5):
        while produced != shop.emotion.produced:
            produced = shop.emotion.produced
            for _ in range(20):
                await shop.call(INGEST, IngestRequest(), SECRET)

    assert 0 < produced * 200 < 512 * 1024
    first = await read(watch)
    assert len(WatchPacketsResponse.FromString(first).cursor) == 200
    watch.cancel()


async def test_a_stream_that_its_reader_leaves_is_closed(shop: Shop) -> None:
    watch = shop.watch(WATCH, WatchPacketsRequest(), SECRET)
    await read(watch)
    opened = shop.boundary.tally.open_streams
    watch.cancel()
    async with asyncio.timeout(5):
        while shop.boundary.tally.open_streams:
            await shop.call(INGEST, IngestRequest(), SECRET)

    assert opened == 1


async def test_health_tells_what_is_offered(shop: Shop) -> None:
    async def health(service: str) -> health_pb2.HealthCheckResponse:
        request = health_pb2.HealthCheckRequest(service=service)
        answer = await shop.call("/grpc.health.v1.Health/Check", request)
        return health_pb2.HealthCheckResponse.FromString(answer)

    for name in ("", "eitp.v1.TelemetryService"):
        assert (await health(name)).status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.aio.AioRpcError, match="NOT_FOUND"):
        await health("eitp.v1.SeerService")


async def test_reflection_lists_the_whole_schema(shop: Shop) -> None:
    call = shop.exchange("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
    request = reflection_pb2.ServerReflectionRequest(list_services="")

    await call.write(request.SerializeToString())
    response = reflection_pb2.ServerReflectionResponse.FromString(await read(call))
    await call.done_writing()

    listed = {service.name for service in response.list_services_response.service}
    assert listed >= {service.full_name for service in service_descriptors()}
    assert listed >= {"grpc.health.v1.Health"}
