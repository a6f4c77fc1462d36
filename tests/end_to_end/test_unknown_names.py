"""Names that the schema does not know, as people mistype them and as newer pages send them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import grpc
import pytest
from eitp.v1.emotion_service_pb2 import GetStateRequest
from eitp.v1.session_service_pb2 import OpenSessionRequest
from eitp.v1.telemetry_service_pb2 import IngestResponse
from end_to_end.shopper import CONSENT, calm, visit
from google.protobuf.json_format import MessageToDict, Parse
from transport.wire import fields, info, metadata, refused

if TYPE_CHECKING:
    from end_to_end.live import Live

INGEST = "/eitp.v1.TelemetryService/Ingest"
OPEN = "/eitp.v1.SessionService/OpenSession"
OUTCOME = "/eitp.v1.InterventionService/ReportOutcome"
PATTERNS = "/eitp.v1.PatternService/ListPatterns"
FILTERS = [("label", "NOPE"), ("label", "EMOTION_LABEL_NOPE"), ("kind", "help-chat")]


@pytest.mark.parametrize(("name", "value"), FILTERS)
async def test_a_mistyped_filter_does_not_disappear(live: Live, name: str, value: str) -> None:
    body = json.dumps({name: value})
    query = {"encoding": "json", "message": body}
    headers = dict(metadata(live.shop.secret))

    posted = await live.post(PATTERNS, body, live.shop.secret)
    got = await live.web.get(PATTERNS, params=query, headers=headers)

    for status in map(refused, (posted, got)):
        assert status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
        assert info(status).reason == "FIELD_INVALID"
        assert fields(status) == {name: "enum.defined_only"}
        assert f'"{value}"' in status.message


async def test_a_mistyped_outcome_is_told_which_there_are(live: Live) -> None:
    body = '{"outcome": {"kind": "CONVERSION"}}'

    status = refused(await live.post(OUTCOME, body, live.shop.secret))

    assert fields(status) == {"outcome.kind": "enum.defined_only"}
    assert "OUTCOME_KIND_CONVERSION" in status.message


async def test_a_page_of_next_year_opens_a_session(live: Live) -> None:
    request = MessageToDict(OpenSessionRequest(consent=CONSENT))
    page = {"type": "PAGE_TYPE_HOLOGRAM", "cart": "CART_BUCKET_UNDER_7"}
    newer = {**request, "page": page, "pointerType": "POINTER_TYPE_GAZE"}

    opened = await live.post(OPEN, json.dumps(newer), live.shop.secret)

    assert opened.status_code == 200


async def test_an_event_of_next_year_is_taken_and_one_of_no_year_is_not(live: Live) -> None:
    shopper = await visit(live)
    batch = MessageToDict(calm(1))

    async def sent(kind: str) -> bytes:
        kinds = [kind] * len(batch["dtMs"])
        body = json.dumps({"batches": [{**batch, "kind": kinds}]})
        return (await live.post(INGEST, body, shopper.token)).content

    assert json.loads(await sent("telepathy"))["code"] == "invalid_argument"
    assert Parse(await sent("EVENT_KIND_TELEPATHY"), IngestResponse()).applied == 1
    state = await live.call(GetStateRequest(), shopper.token)
    assert not state.packet.state.ListFields()
