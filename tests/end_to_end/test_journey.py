"""From a session to a conversion: what a shop and a shopper see when all goes well."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest
from eitp.v1.cursor_pb2 import StartPosition
from eitp.v1.emotion_service_pb2 import GetStateRequest, WatchPacketsRequest
from eitp.v1.evidence_pb2 import SignalId
from eitp.v1.intervention_pb2 import InterventionDisposition
from eitp.v1.intervention_service_pb2 import (
    AcknowledgeInterventionRequest,
    ListDecisionsRequest,
    ReportOutcomeRequest,
    WatchInterventionsRequest,
)
from eitp.v1.outcome_pb2 import Outcome, OutcomeKind
from eitp.v1.page_pb2 import PageSection, PageType
from eitp.v1.session_pb2 import Consent
from eitp.v1.session_service_pb2 import CloseSessionRequest, OpenSessionRequest
from eitp.v1.state_pb2 import EmotionLabel
from end_to_end.live import BOTH, items, refusal
from end_to_end.shopper import CONSENT, Visit, calm, ingest, stuck, visit
from transport.wire import fields, info

if TYPE_CHECKING:
    from eitp.v1.decision_pb2 import Decision
    from eitp.v1.emotion_service_pb2 import GetStateResponse
    from eitp.v1.intervention_pb2 import Intervention
    from eitp.v1.intervention_service_pb2 import ListDecisionsResponse, ReportOutcomeResponse
    from eitp.v1.session_service_pb2 import OpenSessionResponse
    from end_to_end.live import Live, Transport

FRUSTRATION = EmotionLabel.EMOTION_LABEL_FRUSTRATION
OLDEST = StartPosition.START_POSITION_OLDEST


async def decisions(live: Live, session_id: str, by: Transport = "grpc") -> list[Decision]:
    request = ListDecisionsRequest(session_id=session_id)
    answer: ListDecisionsResponse = await live.call(request, live.shop.secret, by=by)
    return list(answer.decisions)


async def helped(live: Live) -> tuple[Visit, Decision]:
    """Return a session for which something other than nothing was chosen."""
    for _ in range(64):
        shopper = await visit(live)
        await ingest(live, shopper.token, stuck(1))
        (decision,) = await decisions(live, shopper.session_id)
        if decision.chosen_definition_id:
            return shopper, decision
    raise AssertionError("in 64 sessions, nothing was always chosen")


async def sent(live: Live, shopper: Visit, by: Transport = "grpc") -> Intervention:
    request = WatchInterventionsRequest()
    async with aclosing(live.watch(request, shopper.token, by=by)) as watch:
        (message,) = await items(watch, 1)
    return message.intervention


@pytest.mark.parametrize("by", BOTH)
async def test_a_page_opens_a_session_and_its_token_takes_telemetry(
    live: Live, by: Transport
) -> None:
    request = OpenSessionRequest(consent=CONSENT, visitor_id="v-1")
    opened: OpenSessionResponse = await live.call(
        request, live.shop.publishable, live.shop.origin, by=by
    )
    token = opened.session_token
    answer = await ingest(live, token, calm(1), origin=live.shop.origin, by=by)
    assert opened.session.consent == CONSENT
    assert opened.next_sequence == 1
    assert len(opened.target_salt) == 16
    assert opened.session.idle_deadline.seconds > opened.session.opened_at.seconds
    assert [p.session_id for p in answer.progress] == [opened.session.session_id]


@pytest.mark.parametrize("by", BOTH)
async def test_everybody_is_told_the_same_packet(live: Live, by: Transport) -> None:
    shopper = await visit(live, by=by)
    answer = await ingest(live, shopper.token, stuck(1), by=by, include_packets=True)
    own: GetStateResponse = await live.call(GetStateRequest(), shopper.token, by=by)
    asked: GetStateResponse = await live.call(
        GetStateRequest(session_id=shopper.session_id), live.shop.secret, by=by
    )
    request = WatchPacketsRequest(start=OLDEST, session_id=shopper.session_id)
    async with aclosing(live.watch(request, live.shop.secret, by=by)) as watch:
        (event,) = await items(watch, 1)
    packets = [*answer.packets, own.packet, asked.packet, event.packet]
    assert len({packet.packet_id for packet in packets}) == 1
    assert {packet.label for packet in packets} == {FRUSTRATION}
    assert {packet.sequence for packet in packets} == {1}
    assert event.cursor


async def test_a_packet_says_why_where_and_for_how_long(live: Live) -> None:
    shopper = await visit(live)
    answer = await ingest(live, shopper.token, stuck(1), include_packets=True)
    (packet,) = answer.packets
    assert packet.session_id == shopper.session_id
    assert SignalId.SIGNAL_ID_DEAD_CLICK in {item.signal for item in packet.evidence}
    assert all(item.rule_version for item in packet.evidence)
    assert packet.context.vertical == "retail"
    assert packet.context.page_type == PageType.PAGE_TYPE_PRODUCT
    assert packet.context.page_section == PageSection.PAGE_SECTION_FORM
    assert packet.valid_until.seconds > packet.emitted_at.seconds
    assert packet.window_end_ms == 11_500
    assert packet.state.valence.uncertainty > 0


async def test_a_session_about_which_little_is_known_has_no_label(live: Live) -> None:
    shopper = await visit(live)
    state: GetStateResponse = await live.call(GetStateRequest(), shopper.token)
    assert state.packet.label == EmotionLabel.EMOTION_LABEL_UNSPECIFIED
    assert state.packet.abstain_reason
    assert not state.packet.HasField("confidence")
    assert not state.packet.state.ListFields()


@pytest.mark.parametrize("by", BOTH)
async def test_an_intervention_reaches_its_own_session_and_no_other(
    live: Live, by: Transport
) -> None:
    bystander = await visit(live, by=by)
    request = WatchInterventionsRequest()
    async with aclosing(live.watch(request, bystander.token, by=by)) as beside:
        begun = await asyncio.wait_for(anext(beside), 5)
        shopper, decision = await helped(live)
        own = await sent(live, shopper, by)
        everything = WatchInterventionsRequest(start=OLDEST, session_id=shopper.session_id)
        async with aclosing(live.watch(everything, live.shop.secret, by=by)) as watch:
            (seen,) = await items(watch, 1)
        with pytest.raises(TimeoutError):
            await items(beside, 1, seconds=0.2)
    assert begun.WhichOneof("item") == "heartbeat"
    assert own.decision_id == decision.decision_id
    assert own.session_id == shopper.session_id
    assert own.definition.definition_id == decision.chosen_definition_id
    assert own.expires_at.ToNanoseconds() > own.created_at.ToNanoseconds()
    assert seen.intervention == own


@pytest.mark.parametrize("by", BOTH)
async def test_a_decision_shows_its_whole_propensity_vector(live: Live, by: Transport) -> None:
    shopper = await visit(live)
    await ingest(live, shopper.token, stuck(1))
    (decision,) = await decisions(live, shopper.session_id, by)
    arms = {arm.definition_id: arm.probability for arm in decision.arms}
    assert "" in arms
    assert len(arms) == len(decision.arms) > 1
    assert sum(arms.values()) == pytest.approx(1.0, abs=1e-12)
    assert min(arms.values()) > 0
    assert not decision.holdout
    assert decision.propensity == pytest.approx(
        arms[decision.chosen_definition_id] * (1 - decision.holdout_share)
    )
    assert 0 <= decision.draw < 1
    assert decision.cell.label == FRUSTRATION
    assert decision.snapshot_id
    assert decision.policy_version


@pytest.mark.parametrize("by", BOTH)
async def test_an_acknowledgement_may_be_repeated_and_never_goes_back(
    live: Live, by: Transport
) -> None:
    shopper, decision = await helped(live)
    assert not decision.delivered
    shown = await sent(live, shopper)
    for disposition in (
        InterventionDisposition.INTERVENTION_DISPOSITION_SHOWN,
        InterventionDisposition.INTERVENTION_DISPOSITION_SHOWN,
        InterventionDisposition.INTERVENTION_DISPOSITION_DELIVERED,
        InterventionDisposition.INTERVENTION_DISPOSITION_CLICKED,
    ):
        request = AcknowledgeInterventionRequest(
            intervention_id=shown.intervention_id, disposition=disposition
        )
        await live.call(request, shopper.token, by=by)
    (acknowledged,) = await decisions(live, shopper.session_id)
    assert acknowledged.delivered


async def test_what_was_acknowledged_is_not_shown_again(live: Live) -> None:
    shopper, _ = await helped(live)
    shown = await sent(live, shopper)
    again = await sent(live, shopper)
    assert again == shown
    disposition = InterventionDisposition.INTERVENTION_DISPOSITION_DISMISSED
    request = AcknowledgeInterventionRequest(
        intervention_id=shown.intervention_id, disposition=disposition
    )
    await live.call(request, shopper.token)
    async with aclosing(live.watch(WatchInterventionsRequest(), shopper.token)) as watch:
        with pytest.raises(TimeoutError):
            await items(watch, 1, seconds=0.3)


@pytest.mark.parametrize("by", BOTH)
async def test_an_outcome_is_credited_once(live: Live, by: Transport) -> None:
    shopper, decision = await helped(live)
    outcome = Outcome(
        kind=OutcomeKind.OUTCOME_KIND_CONVERSION,
        outcome_id="order-1",
        value_micros=12_500_000,
        currency="EUR",
    )
    request = ReportOutcomeRequest(outcome=outcome)
    first: ReportOutcomeResponse = await live.call(request, shopper.token, by=by)
    again: ReportOutcomeResponse = await live.call(request, shopper.token, by=by)
    outcome.value_micros = 99_000_000
    other = await refusal(live, ReportOutcomeRequest(outcome=outcome), shopper.token)
    assert (first.decision_id, first.duplicate) == (decision.decision_id, False)
    assert (again.decision_id, again.duplicate) == (decision.decision_id, True)
    assert info(other).reason == "OUTCOME_CONFLICT"


async def test_an_outcome_without_a_decision_is_credited_to_none(live: Live) -> None:
    shopper = await visit(live)
    outcome = Outcome(kind=OutcomeKind.OUTCOME_KIND_BOUNCE)
    answer: ReportOutcomeResponse = await live.call(
        ReportOutcomeRequest(outcome=outcome), shopper.token
    )
    assert answer.decision_id == ""
    assert not answer.duplicate


async def test_an_outcome_of_nobody_is_refused_by_its_field(live: Live) -> None:
    outcome = Outcome(kind=OutcomeKind.OUTCOME_KIND_BOUNCE)
    status = await refusal(live, ReportOutcomeRequest(outcome=outcome), live.shop.secret)
    assert info(status).reason == "FIELD_INVALID"
    assert "outcome.session_id" in fields(status)


async def test_a_shopper_who_wants_no_intervention_gets_no_decision(live: Live) -> None:
    shopper = await visit(live, consent=Consent(telemetry=True))
    answer = await ingest(live, shopper.token, stuck(1), include_packets=True)
    assert answer.packets[0].label == FRUSTRATION
    assert await decisions(live, shopper.session_id) == []


@pytest.mark.parametrize("by", BOTH)
async def test_a_closed_session_takes_nothing_more(live: Live, by: Transport) -> None:
    shopper = await visit(live, by=by)
    await ingest(live, shopper.token, calm(1), by=by)
    await live.call(CloseSessionRequest(), shopper.token, by=by)
    await live.call(CloseSessionRequest(), shopper.token, by=by)
    for request in (GetStateRequest(), GetStateRequest(session_id=shopper.session_id)):
        status = await refusal(live, request, shopper.token)
        assert info(status).reason == "SESSION_UNKNOWN"


@pytest.mark.parametrize("by", BOTH)
async def test_the_same_request_id_opens_the_same_session(live: Live, by: Transport) -> None:
    first = await visit(live, request_id="r-1", by=by)
    await ingest(live, first.token, calm(1))
    opened: OpenSessionResponse = await live.call(
        OpenSessionRequest(consent=CONSENT, request_id="r-1"), live.shop.publishable, by=by
    )
    assert opened.session.session_id == first.session_id
    assert opened.next_sequence == 2


@pytest.mark.parametrize("by", BOTH)
async def test_a_session_goes_on_with_its_token(live: Live, by: Transport) -> None:
    first = await visit(live, by=by)
    await ingest(live, first.token, calm(1))
    request = OpenSessionRequest(consent=CONSENT, resume_token=first.token)
    opened: OpenSessionResponse = await live.call(request, live.shop.publishable, by=by)
    assert opened.session.session_id == first.session_id
    assert opened.next_sequence == 2
    answer = await ingest(live, opened.session_token, calm(2, clock_ms=10_000), by=by)
    assert answer.progress[0].acknowledged_sequence == 2
