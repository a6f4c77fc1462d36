"""Requests that are valid in form and meant to break the server: it answers, and goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from eitp.v1.emotion_service_pb2 import ClassifyTelemetryRequest, GetStateRequest
from eitp.v1.intervention_service_pb2 import ReportOutcomeRequest
from eitp.v1.outcome_pb2 import Outcome, OutcomeKind
from eitp.v1.page_pb2 import CartBucket, PageContext, PageType
from eitp.v1.session_service_pb2 import CloseSessionRequest, OpenSessionRequest
from end_to_end.live import BOTH, Refused, refusal, started
from end_to_end.shopper import CONSENT, brief, goes_on, ingest, stuck, visit
from google.protobuf.timestamp_pb2 import Timestamp
from transport.wire import fields, info

if TYPE_CHECKING:
    from end_to_end.live import Live, Premises, Transport

LATER = 987_654
FAR_PAST = Timestamp(seconds=-(2**62))
YEAR_9000 = Timestamp(seconds=222_000_000_000)


async def test_a_request_id_may_be_used_again_when_its_session_has_ended(
    premises: Premises,
) -> None:
    async with started(premises) as live:
        for _ in range(2):
            shopper = await visit(live, request_id="again")
            await ingest(live, shopper.token, stuck(1))
            await live.call(CloseSessionRequest(), shopper.token)
        await goes_on(live)


@pytest.mark.parametrize("by", BOTH)
async def test_an_outcome_of_the_future_happened_now(own: Live, by: Transport) -> None:
    shopper = await visit(own)
    outcome = Outcome(kind=OutcomeKind.OUTCOME_KIND_BOUNCE, occurred_at=YEAR_9000)
    await own.call(ReportOutcomeRequest(outcome=outcome), shopper.token, by=by)
    await goes_on(own)


async def test_an_outcome_of_long_ago_does_not_stop_the_server(premises: Premises) -> None:
    async with started(premises) as live:
        shopper = await visit(live)
        outcome = Outcome(kind=OutcomeKind.OUTCOME_KIND_BOUNCE, occurred_at=FAR_PAST)
        with pytest.raises(Refused) as refused:
            await live.call(ReportOutcomeRequest(outcome=outcome), shopper.token)
        assert "outcome.occurred_at" in fields(refused.value.status)
        await goes_on(live)


@pytest.mark.parametrize("by", BOTH)
async def test_a_session_may_begin_on_a_page_of_a_later_protocol(live: Live, by: Transport) -> None:
    page = PageContext(type=LATER, cart=LATER)  # pyright: ignore[reportArgumentType]
    shopper = await visit(live, by=by, page=page, pointer_type=LATER)
    state = await live.call(GetStateRequest(), shopper.token)
    assert state.packet.context.page_type == PageType.PAGE_TYPE_OTHER


async def test_a_cart_of_a_later_protocol_is_not_known(live: Live) -> None:
    page = PageContext(cart=LATER)  # pyright: ignore[reportArgumentType]
    shopper = await visit(live, page=page)
    state = await live.call(GetStateRequest(), shopper.token)
    assert state.packet.context.cart == CartBucket.CART_BUCKET_UNSPECIFIED


@pytest.mark.parametrize("field", ["type", "cart"])
async def test_a_page_with_a_negative_number_is_of_a_later_protocol(own: Live, field: str) -> None:
    page = PageContext(**{field: -1})  # pyright: ignore[reportArgumentType]
    assert await own.call(OpenSessionRequest(consent=CONSENT, page=page), own.shop.publishable)


async def test_a_pointer_with_a_negative_number_is_of_a_later_protocol(own: Live) -> None:
    request = OpenSessionRequest(consent=CONSENT, pointer_type=-1)  # pyright: ignore[reportArgumentType]
    assert await own.call(request, own.shop.publishable)


async def test_a_classified_packet_names_no_session(live: Live) -> None:
    answer = await live.call(ClassifyTelemetryRequest(batches=[stuck(1)]), live.shop.secret)
    assert answer.packet.session_id == ""


@pytest.mark.parametrize("by", BOTH)
async def test_telemetry_is_classified_as_in_a_session(live: Live, by: Transport) -> None:
    page = PageContext(type=PageType.PAGE_TYPE_PRODUCT)
    request = ClassifyTelemetryRequest(batches=[stuck(1)], page=page)
    answer = await live.call(request, live.shop.secret, by=by)
    shopper = await visit(live)
    kept = await ingest(live, shopper.token, stuck(1), include_packets=True)
    alone, in_session = answer.packet, kept.packets[0]
    assert alone.label == in_session.label
    assert alone.state.valence.value == pytest.approx(in_session.state.valence.value, abs=1e-6)
    assert {e.signal for e in alone.evidence} == {e.signal for e in in_session.evidence}


@pytest.mark.parametrize(
    "batches", [[stuck(1), brief(2, dx=[1])], [brief(1, dt_ms=[])]], ids=["second", "only"]
)
async def test_what_cannot_be_classified_is_refused(live: Live, batches: list[Any]) -> None:
    status = await refusal(live, ClassifyTelemetryRequest(batches=batches), live.shop.secret)
    assert info(status).reason in {"COLUMN_LENGTH_MISMATCH", "FIELD_INVALID"}
    assert all(field.startswith(f"batches[{len(batches) - 1}]") for field in fields(status))
