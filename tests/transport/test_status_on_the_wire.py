"""One error is the same status on every transport, and nothing else ever gets out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
from eitp.v1.emotion_service_pb2 import GetStateRequest, WatchPacketsRequest
from eitp.v1.error_pb2 import ErrorReason
from eitp_server.errors import Conflict, DomainError, Exhausted, Invalid, Reason, Violation
from eitp_server.transport.status import CODES, REASONS
from structlog.testing import capture_logs
from transport.server import open_shop, rest
from transport.shop import SECRET
from transport.wire import (
    connect_status,
    fields,
    frame,
    grpc_status,
    info,
    metadata,
    refused,
    retry_seconds,
    stream_status,
    web_status,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from google.rpc.status_pb2 import Status
    from transport.server import Shop

PROTO = Path(__file__).resolve().parents[2] / "proto" / "eitp" / "v1"
REQUEST = GetStateRequest(session_id="ses_1")
WATCH = WatchPacketsRequest(session_id="ses_1")
ERRORS = [
    Invalid(
        Reason.FIELD_INVALID,
        "batches[3].dx: must be short (1 more) — übrigens",
        metadata={"field": "batches[3].dx", "limit": "512"},
        violations=[
            Violation("batches[3].dx", "repeated.max_items", "must have 512 items at most"),
            Violation("batches[4]", "telemetry_batch.lengths", "must be equally long"),
        ],
    ),
    Exhausted(Reason.OVERLOADED, "busy", retry_after=0.25),
    Conflict(Reason.REVISION_MISMATCH, "changed meanwhile"),
]


@pytest.fixture(scope="module")
async def shop() -> AsyncGenerator[Shop]:
    """One server for all tests of the module."""
    async with open_shop() as opened:
        yield opened


async def fail_on_grpc(shop: Shop) -> Status:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await shop.call("EmotionService/GetState", REQUEST, SECRET)
    status = grpc_status(caught.value)
    assert (status.code, status.message) == (caught.value.code().value[0], caught.value.details())
    return status


async def fail_on_a_grpc_stream(shop: Shop) -> Status:
    _, status = await rest(shop.watch("EmotionService/WatchPackets", WATCH, SECRET))
    assert status is not None
    return status


async def fail_on_connect(shop: Shop) -> Status:
    return refused(await shop.post("EmotionService/GetState", REQUEST, SECRET))


async def fail_on_json(shop: Shop) -> Status:
    text = json.dumps({"sessionId": "ses_1"})
    return refused(await shop.post("EmotionService/GetState", text, SECRET))


async def fail_on_get(shop: Shop) -> Status:
    query = {"message": '{"sessionId":"ses_1"}', "encoding": "json"}
    response = await shop.web.get(
        "/eitp.v1.EmotionService/GetState", params=query, headers=dict(metadata(SECRET))
    )
    return refused(response)


async def fail_on_a_connect_stream(shop: Shop) -> Status:
    response = await shop.post(
        "EmotionService/WatchPackets",
        frame(WATCH.SerializeToString()),
        SECRET,
        content_type="application/connect+proto",
    )
    assert response.status_code == 200
    return stream_status(response)


async def fail_on_grpc_web(shop: Shop) -> Status:
    response = await shop.post(
        "EmotionService/GetState",
        frame(REQUEST.SerializeToString()),
        SECRET,
        content_type="application/grpc-web+proto",
    )
    assert response.status_code == 200
    return web_status(response)


WAYS = [
    fail_on_grpc,
    fail_on_a_grpc_stream,
    fail_on_connect,
    fail_on_json,
    fail_on_get,
    fail_on_a_connect_stream,
    fail_on_grpc_web,
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.reason)
async def test_an_error_is_the_same_status_on_every_transport(
    shop: Shop, way: type, error: DomainError
) -> None:
    shop.emotion.errors["ses_1"] = error

    status = await way(shop)

    assert status.code == CODES[error.reason].value[0]
    assert status.message == error.message
    assert info(status).reason == error.reason
    assert dict(info(status).metadata) == error.metadata
    assert fields(status) == {broken.field: broken.rule for broken in error.violations}
    assert retry_seconds(status) == error.retry_after


@pytest.mark.parametrize("way", WAYS)
async def test_an_unexpected_error_says_nothing_but_its_incident(shop: Shop, way: type) -> None:
    shop.emotion.errors["ses_1"] = RuntimeError("password is hunter2")

    with capture_logs() as logs:
        status = await way(shop)

    assert status.code == grpc.StatusCode.INTERNAL.value[0]
    assert info(status).reason == "INTERNAL"
    assert b"hunter2" not in status.SerializeToString()
    (entry,) = [entry for entry in logs if entry["event"] == "call_failed"]
    assert entry["incident"] == info(status).metadata["incident"]
    assert "hunter2" in str(entry["exc_info"])
    assert retry_seconds(status) is None


def test_every_reason_has_the_code_that_the_schema_gives_it() -> None:
    source = (PROTO / "error.proto").read_text()
    said = {
        name: re.findall(rf"\b({'|'.join(code.name for code in grpc.StatusCode)})\b", comment)
        for comment, name in re.findall(r"((?: *//.*\n)+) *ERROR_REASON_(\w+) = [1-9]", source)
    }

    assert {reason.value for reason in CODES} == {reason.value for reason in Reason} == set(said)
    assert {reason.value: code.name for reason, code in CODES.items()} == {
        name: codes[-1] for name, codes in said.items()
    }
    assert set(said) == {name.removeprefix("ERROR_REASON_") for name in ErrorReason.keys()[1:]}


@pytest.mark.parametrize("code", REASONS)
async def test_our_own_connect_answers_as_the_library_does(
    shop: Shop, code: grpc.StatusCode
) -> None:
    shop.emotion.errors["ses_1"] = DomainError(REASONS[code][0], "for the test")
    query = {"message": '{"sessionId":"ses_1"}', "encoding": "json"}

    ours = await shop.post("EmotionService/GetState", query["message"], SECRET)
    theirs = await shop.web.get(
        "/eitp.v1.EmotionService/GetState", params=query, headers=dict(metadata(SECRET))
    )

    assert ours.status_code == theirs.status_code
    assert refused(ours) == refused(theirs)
    assert refused(ours).code == code.value[0]


async def test_a_status_stays_within_what_a_client_takes_in(shop: Shop) -> None:
    shop.emotion.errors["ses_1"] = Invalid(
        Reason.FIELD_INVALID,
        "x" * 100_000,
        metadata={"value": "y" * 100_000},
        violations=[Violation("z" * 1_000, "rule", "w" * 1_000)] * 1_000,
    )

    status = await fail_on_grpc(shop)

    assert info(status).reason == "FIELD_INVALID"
    assert status.ByteSize() < 8_192


def test_a_connect_error_without_details_is_still_read() -> None:
    assert connect_status({"code": "canceled"}).code == grpc.StatusCode.CANCELLED.value[0]
