"""Calls and pages by HTTP, made with a real client over a real socket."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest
from eitp.v1.emotion_service_pb2 import (
    GetStateRequest,
    GetStateResponse,
    WatchPacketsRequest,
    WatchPacketsResponse,
)
from eitp.v1.telemetry_pb2 import TelemetryBatch
from eitp.v1.telemetry_service_pb2 import IngestRequest, IngestResponse
from transport.server import open_shop
from transport.shop import ORIGIN, PUBLISHABLE, SECRET, TENANT
from transport.wire import (
    END_STREAM,
    TRAILERS,
    fields,
    frame,
    frames,
    info,
    metadata,
    refused,
    retry_seconds,
    stream_status,
    web_status,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from transport.server import Shop

INGEST = "TelemetryService/Ingest"
STATE = "EmotionService/GetState"
OUTCOME = "InterventionService/ReportOutcome"
MEBIBYTE = 1024 * 1024
READABLE = "access-control-allow-origin"


@pytest.fixture(scope="module")
async def shop() -> AsyncGenerator[Shop]:
    """One server for all tests of the module."""
    async with open_shop() as opened:
        yield opened


async def test_json_as_a_person_types_it_is_answered_in_json(shop: Shop) -> None:
    text = '{"batches": [{"sequence": "1", "dtMs": [50], "dx": [1], "dy": [1]}], "newer": true}'

    response = await shop.post(INGEST, text, SECRET)

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {"applied": 1}


async def test_a_refusal_in_json_says_its_details_in_words(shop: Shop) -> None:
    text = '{"outcome": {"kind": "OUTCOME_KIND_LEAD", "currency": "euro"}}'

    response = await shop.post(OUTCOME, text, SECRET)

    assert response.status_code == 400
    words = {detail["type"]: detail["debug"] for detail in response.json()["details"]}
    assert words["google.rpc.ErrorInfo"]["reason"] == "FIELD_INVALID"
    assert words["google.rpc.BadRequest"]["fieldViolations"][0]["field"] == "outcome.currency"


async def test_a_binary_message_is_answered_in_binary(shop: Shop) -> None:
    request = IngestRequest(batches=[TelemetryBatch(sequence=1)])

    response = await shop.post(INGEST, request, shop.token(), ORIGIN)

    assert response.headers["content-type"] == "application/proto"
    assert IngestResponse.FromString(response.content).applied == 1


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ('"NaN"', "FIELD_INVALID"),
        ('"Infinity"', "FIELD_INVALID"),
        ("NaN", "MALFORMED_MESSAGE"),
        ("1e999", "MALFORMED_MESSAGE"),
        ("{}", "MALFORMED_MESSAGE"),
    ],
)
async def test_a_number_that_is_none_is_refused(shop: Shop, value: str, reason: str) -> None:
    text = f'{{"policy": {{"vertical": "cars", "holdoutShare": {value}}}}}'

    status = refused(await shop.post("AdminService/UpdatePolicy", text, SECRET))

    assert info(status).reason == reason
    assert ("policy.holdout_share" in fields(status)) == (reason == "FIELD_INVALID")


@pytest.mark.parametrize(
    ("metric", "margin", "path"),
    [
        ("COMPLAINT", 1, ""),
        ("COMPLAINT", 5, "policy.guardrails[0]"),
        ("RESPONSE_LATENCY", 50_000, ""),
        ("RESPONSE_LATENCY", 70_000, "policy.guardrails[0].margin"),
    ],
)
async def test_a_margin_lies_within_what_its_metric_can_be(
    shop: Shop, metric: str, margin: float, path: str
) -> None:
    guardrail = {"metric": f"GUARDRAIL_METRIC_{metric}", "margin": margin}
    text = json.dumps({"policy": {"vertical": "cars", "guardrails": [guardrail]}})

    response = await shop.post("AdminService/UpdatePolicy", text, SECRET)

    assert response.is_success == (not path)
    assert not path or list(fields(refused(response))) == [path]


@pytest.mark.parametrize(
    "body",
    [
        *(b"\xff\xff", b"\x0a\x05ab"),
        *("", "{", "[]", "null", '""', '{"batches": 7}', '{"batches": [null]}', "\x00"),
        "[" * 100_000,
        '{"batches": [{"sequence": ' + "9" * 5_000 + "}]}",
    ],
    ids=lambda body: str(body[:24]),
)
async def test_what_is_no_message_is_malformed(shop: Shop, body: bytes | str) -> None:
    status = refused(await shop.post(INGEST, body, SECRET))

    assert info(status).reason == "MALFORMED_MESSAGE"
    assert retry_seconds(status) is None


async def test_a_compressed_body_is_read(shop: Shop) -> None:
    request = IngestRequest(batches=[TelemetryBatch(sequence=1)]).SerializeToString()

    response = await shop.post(INGEST, gzip.compress(request), SECRET, content_encoding="gzip")

    assert IngestResponse.FromString(response.content).applied == 1


@pytest.mark.parametrize(
    ("body", "encoding", "reason"),
    [
        (gzip.compress(bytes(64 * MEBIBYTE)), "gzip", "MESSAGE_TOO_LARGE"),
        (gzip.compress(b"\x0a\x00")[:-4], "gzip", "MALFORMED_MESSAGE"),
        (b"no gzip", "gzip", "MALFORMED_MESSAGE"),
        (b"\x0a\x00", "br", "NOT_IMPLEMENTED"),
    ],
    ids=["bomb", "truncated", "not compressed", "unknown"],
)
async def test_a_body_that_cannot_be_decompressed_is_refused(
    shop: Shop, body: bytes, encoding: str, reason: str
) -> None:
    status = refused(await shop.post(INGEST, body, SECRET, content_encoding=encoding))

    assert info(status).reason == reason


async def test_a_body_is_refused_by_its_announced_size(shop: Shop) -> None:
    status = refused(await shop.post(INGEST, bytes(65_537), shop.token(), ORIGIN))

    assert info(status).reason == "MESSAGE_TOO_LARGE"
    assert info(status).metadata["limit"] == "65536"


async def test_a_body_of_unknown_size_is_refused_once_it_is_too_large(shop: Shop) -> None:
    async def endless() -> AsyncGenerator[bytes]:
        for _ in range(64):
            yield bytes(64 * 1024)

    headers = {"content-type": "application/proto", **dict(metadata(SECRET))}
    response = await shop.web.post(f"/eitp.v1.{INGEST}", content=endless(), headers=headers)

    assert info(refused(response)).reason == "MESSAGE_TOO_LARGE"


@pytest.mark.parametrize("milliseconds", ["50", "0", "soon", "99999999999"])
async def test_a_client_that_does_not_wait_is_told_to_come_again(
    shop: Shop, milliseconds: str
) -> None:
    request = GetStateRequest(session_id="slow")

    status = refused(await shop.post(STATE, request, SECRET, connect_timeout_ms=milliseconds))

    assert info(status).reason == "OVERLOADED"
    assert retry_seconds(status) == 1.0


async def test_a_call_that_changes_nothing_may_be_a_get(shop: Shop) -> None:
    query = {"encoding": "json", "message": "{}"}

    state = await shop.web.get(f"/eitp.v1.{STATE}", params=query, headers=dict(metadata(SECRET)))
    ingest = await shop.web.get(f"/eitp.v1.{INGEST}", params=query)

    assert state.json() == {"packet": {"sessionId": TENANT}}
    assert ingest.status_code == 405


@pytest.mark.parametrize("content_type", ["text/plain", "application/grpc", "application/xml"])
async def test_a_body_of_another_kind_is_no_call(shop: Shop, content_type: str) -> None:
    response = await shop.post(INGEST, b"", SECRET, content_type=content_type)

    assert response.status_code == 415


@pytest.mark.parametrize("path", ["TelemetryService/Digest", "WeatherService/Forecast"])
async def test_a_path_that_is_no_call_is_unimplemented(shop: Shop, path: str) -> None:
    response = await shop.post(path, "{}", SECRET)

    assert response.status_code == 501
    assert info(refused(response)).reason == "NOT_IMPLEMENTED"


async def test_a_watch_is_a_stream_of_frames(shop: Shop) -> None:
    request = frame(b'{"sessionId": "brief"}')

    response = await shop.post(
        "EmotionService/WatchPackets", request, SECRET, content_type="application/connect+json"
    )

    *messages, (flags, end) = frames(response.content)
    assert [json.loads(message)["heartbeat"] for _, message in messages] == [{}] * 3
    assert (flags, json.loads(end)) == (END_STREAM, {})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (frame(b"\xff\xff"), "MALFORMED_MESSAGE"),
        (b"", "NOT_IMPLEMENTED"),
        (frame(b"")[:-1], "MALFORMED_MESSAGE"),
        (frame(bytes(5 * MEBIBYTE)), "MESSAGE_TOO_LARGE"),
        (frame(gzip.compress(bytes(64 * MEBIBYTE)), flags=1), "MESSAGE_TOO_LARGE"),
    ],
    ids=["malformed", "missing", "truncated", "too large", "bomb"],
)
async def test_a_stream_without_a_proper_request_is_refused(
    shop: Shop, body: bytes, reason: str
) -> None:
    response = await shop.post(
        "EmotionService/WatchPackets",
        body,
        SECRET,
        content_type="application/connect+proto",
        connect_content_encoding="gzip",
    )

    assert info(stream_status(response)).reason == reason


async def test_grpc_web_is_spoken_too(shop: Shop) -> None:
    response = await shop.post(STATE, frame(b""), SECRET, content_type="application/grpc-web+proto")

    (_, message), (flags, _) = frames(response.content)
    assert GetStateResponse.FromString(message).packet.session_id == TENANT
    assert flags == TRAILERS
    assert web_status(response).code == 0


async def test_a_watch_by_grpc_web_is_told_why_it_ends(shop: Shop) -> None:
    request = frame(WatchPacketsRequest(session_id="brief").SerializeToString())
    path, kind = "EmotionService/WatchPackets", "application/grpc-web"

    whole = await shop.post(path, request, SECRET, content_type=kind)
    alien = await shop.post(path, request, PUBLISHABLE, content_type=kind)

    *messages, _ = frames(whole.content)
    cursors = [WatchPacketsResponse.FromString(message).cursor for _, message in messages]
    assert cursors == [b"." * 200] * 3
    assert info(web_status(alien)).reason == "KEY_KIND_NOT_ALLOWED"


async def test_a_page_of_the_shop_may_ask_first_and_read_every_answer(shop: Shop) -> None:
    asking = {"origin": ORIGIN, "access-control-request-method": "POST"}

    preflight = await shop.web.options(f"/eitp.v1.{INGEST}", headers=asking)
    answer = await shop.post(INGEST, "{}", shop.token(), ORIGIN)
    refusal = await shop.post(INGEST, "{}", "", ORIGIN)
    stream = await shop.post(STATE, frame(b""), SECRET, ORIGIN, content_type="application/grpc-web")

    assert preflight.status_code == 204
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    for response in (preflight, answer, refusal, stream):
        assert response.headers[READABLE] == ORIGIN
        assert "access-control-allow-credentials" not in response.headers
    assert (answer.status_code, refusal.status_code) == (200, 401)


@pytest.mark.parametrize("origin", ["https://evil.example", "https://shop.example.evil", "null"])
async def test_a_page_of_nobody_may_not_read_anything(shop: Shop, origin: str) -> None:
    asking = {"origin": origin, "access-control-request-method": "POST"}

    preflight = await shop.web.options(f"/eitp.v1.{INGEST}", headers=asking)
    answer = await shop.post(INGEST, "{}", shop.token(), origin)

    assert preflight.status_code == 403
    assert info(refused(answer)).reason == "ORIGIN_NOT_ALLOWED"
    for response in (preflight, answer):
        assert READABLE not in response.headers


async def test_the_server_says_how_it_is(shop: Shop) -> None:
    await shop.post(INGEST, "{}", SECRET)
    await shop.post(INGEST, "{}")

    assert (await shop.web.get("/healthz")).text == "ok\n"
    assert (await shop.web.get("/readyz")).text == "ready\n"
    metrics = (await shop.web.get("/metrics")).text
    for code in ("OK", "UNAUTHENTICATED"):
        count = shop.boundary.tally.calls[f"/eitp.v1.{INGEST}", code]
        assert f'eitp_calls_total{{code="{code}",method="/eitp.v1.{INGEST}"}} {count}.0' in metrics
    assert (await shop.web.get("/nowhere")).status_code == 404


async def test_a_watch_that_its_page_leaves_is_closed(shop: Shop) -> None:
    url = "/eitp.v1.EmotionService/WatchPackets"
    headers = {"content-type": "application/connect+json", **dict(metadata(SECRET))}

    async with shop.web.stream("POST", url, content=frame(b"{}"), headers=headers) as response:
        async for _ in response.aiter_raw():
            break
        opened = shop.boundary.tally.open_streams
    while shop.boundary.tally.open_streams:
        await shop.web.get("/healthz")

    assert opened == 1
