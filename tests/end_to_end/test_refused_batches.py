"""Batches that are wrong: each is named with its reason, and nobody else's suffers."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from eitp.v1.emotion_service_pb2 import GetStateRequest
from eitp.v1.error_pb2 import ErrorReason
from eitp.v1.page_pb2 import PageContext, PageType, Target
from eitp.v1.telemetry_pb2 import EventDetails, SparseColumn, TelemetryBatch
from eitp.v1.telemetry_service_pb2 import IngestRequest
from end_to_end.broken_batches import BROKEN
from end_to_end.live import BOTH, refusal
from end_to_end.shopper import brief, calm, ingest, visit, visits
from google.protobuf.json_format import MessageToJson
from transport.wire import fields, info, refused, retry_seconds

if TYPE_CHECKING:
    from eitp.v1.telemetry_service_pb2 import IngestResponse
    from end_to_end.broken_batches import Broken
    from end_to_end.live import Live, Transport

INGEST = "/eitp.v1.TelemetryService/Ingest"
UNKNOWN = 987_654


every_broken_batch = pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)


def reason_name(number: ErrorReason) -> str:
    return ErrorReason.Name(number).removeprefix("ERROR_REASON_")


@every_broken_batch
async def test_a_call_of_broken_batches_alone_fails(live: Live, broken: Broken) -> None:
    shopper = await visit(live)
    request = IngestRequest(batches=[broken.batch("")])
    status = await refusal(live, request, shopper.token)
    path = f"batches[0].{broken.path}".removesuffix(".")
    assert status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert info(status).reason == broken.reason
    assert info(status).metadata["field"] == path
    assert path in fields(status)
    assert retry_seconds(status) is None


@pytest.mark.parametrize("by", BOTH)
@every_broken_batch
async def test_a_broken_batch_does_not_touch_its_neighbours(
    live: Live, broken: Broken, by: Transport
) -> None:
    offender, before, after = await visits(live, 3)
    answer = await ingest(
        live,
        live.shop.secret,
        brief(1, before.session_id),
        broken.batch(offender.session_id),
        brief(1, after.session_id),
        by=by,
    )
    (rejection,) = answer.rejections
    progress = {p.session_id: p.acknowledged_sequence for p in answer.progress}
    assert rejection.batch_index == 1
    assert rejection.session_id == offender.session_id
    assert reason_name(rejection.reason) == broken.reason
    assert rejection.field == f"batches[1].{broken.path}".removesuffix(".")
    assert rejection.message
    assert not rejection.retryable
    assert progress[before.session_id] == progress[after.session_id] == 1
    assert (answer.applied, answer.duplicates) == (2, 0)
    corrected = await ingest(live, offender.token, brief(1))
    assert corrected.progress[0].acknowledged_sequence == 1


@every_broken_batch
async def test_a_broken_batch_does_not_touch_calls_of_the_same_moment(
    live: Live, broken: Broken
) -> None:
    offender, neighbour = await visits(live, 2)
    answers = await asyncio.gather(
        ingest(live, offender.token, broken.batch("")),
        ingest(live, neighbour.token, brief(1)),
        ingest(live, offender.token, broken.batch("")),
        ingest(live, neighbour.token, brief(2)),
        return_exceptions=True,
    )
    assert [isinstance(answer, Exception) for answer in answers] == [True, False, True, False]
    answer = await ingest(live, neighbour.token, brief(3))
    assert answer.progress[0].acknowledged_sequence == 3


async def test_a_batch_for_no_session_is_unknown_beside_one_that_counts(live: Live) -> None:
    neighbour = await visit(live)
    for sequence, by in enumerate(BOTH, 1):
        answer = await ingest(
            live,
            live.shop.secret,
            brief(1, "ses_nobody"),
            brief(sequence, neighbour.session_id),
            by=by,
        )
        (rejection,) = answer.rejections
        assert reason_name(rejection.reason) == "SESSION_UNKNOWN"
        assert rejection.field == "batches[0].session_id"
        assert answer.applied == 1


async def test_no_progress_is_reported_for_a_session_without_any(live: Live) -> None:
    offender, neighbour = await visits(live, 2)
    broken = brief(1, offender.session_id, dx=[1])
    answer = await ingest(live, live.shop.secret, broken, brief(1, neighbour.session_id))
    assert [p.session_id for p in answer.progress] == [neighbour.session_id]


async def test_different_reasons_are_listed_and_do_not_fail_the_call(live: Live) -> None:
    shopper = await visit(live)
    answer = await ingest(
        live, live.shop.secret, brief(1, "ses_nobody"), brief(1, shopper.session_id, dx=[1])
    )
    reasons = {reason_name(rejection.reason) for rejection in answer.rejections}
    assert reasons == {"SESSION_UNKNOWN", "COLUMN_LENGTH_MISMATCH"}
    assert answer.applied == 0


@pytest.mark.parametrize("number", [UNKNOWN, -1])
@pytest.mark.parametrize("by", BOTH)
async def test_values_of_a_later_protocol_are_taken_for_others(
    live: Live, by: Transport, number: int
) -> None:
    shopper = await visit(live)
    later: dict[str, Any] = {
        "kind": [number] * 3,
        "targets": [Target(identity=1, role=number, section=number)],  # pyright: ignore[reportArgumentType]
        "details": EventDetails(target=SparseColumn(event=[0], value=[0])),
        "page": PageContext(type=number, cart=number),  # pyright: ignore[reportArgumentType]
        "pointer_type": number,
    }
    answer = await ingest(live, shopper.token, brief(1, **later), by=by, include_packets=True)
    assert answer.applied == 1
    assert answer.packets[0].context.page_type == PageType.PAGE_TYPE_OTHER


async def test_a_field_of_a_later_protocol_is_no_error(live: Live) -> None:
    shopper = await visit(live)
    batch = TelemetryBatch.FromString(brief(1).SerializeToString() + b"\xfa\x3e\x03new")
    answer = await ingest(live, shopper.token, batch)
    assert answer.applied == 1
    body = '{"batches": [{"sequence": 2, "dtMs": [1], "dx": [1], "dy": [1], "new": {"a": 1}}]}'
    response = await live.post(INGEST, body, shopper.token)
    assert response.json()["applied"] == 1


@pytest.mark.parametrize(
    "body",
    [
        '{"batches": [{"sequence": 1, "clockMs": -5, "dtMs": [1], "dx": [1], "dy": [1]}]}',
        '{"batches": [{"sequence": 1, "clockMs": "-5", "dtMs": [1], "dx": [1], "dy": [1]}]}',
        '{"batches": [{"sequence": 1, "dtMs": [-1], "dx": [1], "dy": [1]}]}',
        '{"batches": [{"sequence": 1, "dtMs": [NaN], "dx": [1], "dy": [1]}]}',
        '{"batches": [{"sequence": 1, "dtMs": ["NaN"], "dx": [1], "dy": [1]}]}',
        '{"batches": [{"sequence": 1, "dtMs": [1e999], "dx": [1], "dy": [1]}]}',
        '{"batches": [{"sequence": 1, "dtMs": [1.5], "dx": [1], "dy": [1]}]}',
        '{"batches": [{"sequence": 1, "dtMs": [1], "dx": [3000000000], "dy": [1]}]}',
        '{"batches": [{"sequence": 18446744073709551616, "dtMs": [1], "dx": [1], "dy": [1]}]}',
        '{"batches": [{"page": {"devicePixelRatio": NaN}}]}',
        '{"batches": [{"page": {"devicePixelRatio": 1e999}}]}',
        '{"batches": {"sequence": 1}}',
        '{"batches": [null]}',
        '{"batches": ' + "[" * 5000 + "]" * 5000 + "}",
        '{"batches"',
        "",
        "[]",
        "null",
        "\u0000",
    ],
)
async def test_what_json_cannot_say_is_malformed(live: Live, body: str) -> None:
    shopper = await visit(live)
    status = refused(await live.post(INGEST, body, shopper.token))
    assert status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert info(status).reason == "MALFORMED_MESSAGE"
    assert retry_seconds(status) is None
    assert (await ingest(live, shopper.token, brief(1))).applied == 1


async def test_a_kind_that_json_names_and_nobody_knows_is_no_move(live: Live) -> None:
    shopper = await visit(live)
    batch = json.loads(MessageToJson(calm(1)))
    batch["kind"] = ["EVENT_KIND_TELEPATHY"] * len(batch["dtMs"])
    await live.post(INGEST, json.dumps({"batches": [batch]}), shopper.token)
    state = await live.call(GetStateRequest(), shopper.token)
    assert not state.packet.state.ListFields()


async def test_a_quoted_nan_breaks_the_rule_of_its_field(live: Live) -> None:
    shopper = await visit(live)
    body = (
        '{"batches": [{"sequence": 1, "dtMs": [1], "dx": [1], "dy": [1],'
        ' "page": {"devicePixelRatio": "NaN"}}]}'
    )
    status = refused(await live.post(INGEST, body, shopper.token))
    assert info(status).reason == "FIELD_INVALID"
    assert fields(status) == {"batches[0].page.device_pixel_ratio": "double.finite"}


async def test_a_request_without_batches_is_refused(live: Live) -> None:
    shopper = await visit(live)
    status = await refusal(live, IngestRequest(), shopper.token)
    assert info(status).reason == "FIELD_INVALID"
    assert fields(status) == {"batches": "repeated.min_items"}


async def test_a_request_with_too_many_batches_is_refused_as_a_whole(live: Live) -> None:
    shopper = await visit(live)
    request = IngestRequest(batches=[brief(i) for i in range(1, 258)])
    status = await refusal(live, request, shopper.token)
    assert info(status).reason == "FIELD_INVALID"
    assert fields(status) == {"batches": "repeated.max_items"}
    answer: IngestResponse = await live.call(
        IngestRequest(batches=request.batches[:256]), shopper.token
    )
    assert answer.progress[0].acknowledged_sequence == 256


async def test_a_message_of_a_megabyte_is_too_large_for_a_page(live: Live) -> None:
    shopper = await visit(live)
    request = IngestRequest(batches=[brief(1, "s" * 1_000_000)])
    status = await refusal(live, request, shopper.token)
    assert status.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert info(status).reason == "MESSAGE_TOO_LARGE"
    assert info(status).metadata["limit"] == "65536"
    assert retry_seconds(status) is None


async def test_a_batch_of_a_megabyte_has_too_many_events_for_a_relay(live: Live) -> None:
    shopper, neighbour = await visits(live, 2)
    huge = brief(1, shopper.session_id, **dict.fromkeys(("dt_ms", "dx", "dy"), [1] * 330_000))
    answer = await ingest(live, live.shop.secret, huge, brief(1, neighbour.session_id))
    (rejection,) = answer.rejections
    assert huge.ByteSize() > 950_000
    assert re.match(r"batches\[0\]\.(dt_ms|dx|dy)$", rejection.field)
    assert answer.applied == 1


async def test_a_message_beyond_a_mebibyte_is_too_large_for_a_relay(live: Live) -> None:
    request = IngestRequest(batches=[brief(1, "s" * 1_100_000)])
    status = await refusal(live, request, live.shop.secret)
    assert info(status).reason == "MESSAGE_TOO_LARGE"
    assert info(status).metadata["limit"] == "1048576"
