"""What one shop may try to learn of another, call by call."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from eitp.v1.audience_pb2 import Audience
from eitp.v1.capability_service_pb2 import GetCapabilitiesRequest
from eitp.v1.cursor_pb2 import StartPosition
from eitp.v1.emotion_service_pb2 import (
    ClassifyTelemetryRequest,
    GetHypothesisRequest,
    GetStateRequest,
    WatchPacketsRequest,
)
from eitp.v1.error_pb2 import ErrorReason
from eitp.v1.intelligence_service_pb2 import (
    GetContagionRequest,
    ListTransfersRequest,
    WatchContagionRequest,
)
from eitp.v1.intervention_pb2 import (
    InterventionDefinition,
    InterventionDisposition,
    InterventionKind,
)
from eitp.v1.intervention_service_pb2 import (
    AcknowledgeInterventionRequest,
    CreateInterventionDefinitionRequest,
    DeleteInterventionDefinitionRequest,
    GetExperimentRequest,
    GetInterventionDefinitionRequest,
    ListDecisionsRequest,
    ListInterventionDefinitionsRequest,
    ReportOutcomeRequest,
    UpdateInterventionDefinitionRequest,
    WatchInterventionsRequest,
)
from eitp.v1.outcome_pb2 import Outcome, OutcomeKind
from eitp.v1.pattern_service_pb2 import GetPatternRequest, ListPatternsRequest
from eitp.v1.session_service_pb2 import CloseSessionRequest, OpenSessionRequest
from eitp.v1.state_pb2 import EmotionLabel
from eitp.v1.telemetry_service_pb2 import IngestRequest, IngestStreamRequest
from eitp.v1.telemetry_service_pb2_grpc import TelemetryServiceStub
from eitp.v1.volatility_pb2 import BarPeriod
from eitp.v1.volatility_service_pb2 import (
    GetIndexRequest,
    ListBarsRequest,
    ListFeedsRequest,
    SubscribeIndexRequest,
)
from end_to_end.live import items, refusal, stream_refusal, until
from end_to_end.shopper import CONSENT, brief, calm, ingest, stuck, visit, visits
from transport.wire import info, metadata

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from eitp.v1.decision_pb2 import Decision
    from eitp.v1.intervention_pb2 import Intervention
    from end_to_end.live import Live
    from end_to_end.shopper import Visit
    from google.protobuf.message import Message

OLDEST = StartPosition.START_POSITION_OLDEST
SHOWN = InterventionDisposition.INTERVENTION_DISPOSITION_SHOWN
ENTRY = InterventionDefinition(
    definition_id="only-here",
    kind=InterventionKind.INTERVENTION_KIND_CUSTOM,
    title="Nobody else's business",
    labels=[EmotionLabel.EMOTION_LABEL_FRUSTRATION],
    enabled=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Belongings:
    """What one shop has and the other must not see."""

    sessions: frozenset[str]
    visit: Visit
    decision: Decision
    intervention: Intervention
    page_token: str
    cursor: bytes


async def belongings(live: Live) -> Belongings:
    """Give the shop one of everything."""
    key = live.shop.secret
    await live.call(CreateInterventionDefinitionRequest(definition=ENTRY), key)
    shoppers = await visits(live, 16)
    for shopper in shoppers:
        await ingest(live, shopper.token, stuck(1))
    request = WatchInterventionsRequest(start=OLDEST)
    async with aclosing(live.watch(request, key)) as watch:
        (first,) = await items(watch, 1)
    intervention: Intervention = first.intervention
    shopper = await visit(live, request_id="theirs")
    await ingest(live, shopper.token, stuck(1))
    shoppers.append(shopper)
    page = await live.call(ListDecisionsRequest(page_size=1), key)
    async with aclosing(live.watch(WatchPacketsRequest(start=OLDEST), key)) as watch:
        (packet,) = await items(watch, 1)
    return Belongings(
        sessions=frozenset(shopper.session_id for shopper in shoppers),
        visit=shopper,
        decision=page.decisions[0],
        intervention=intervention,
        page_token=page.next_page_token,
        cursor=packet.cursor,
    )


async def _sees_nothing(live: Live, request: Message, *names: str) -> None:
    """Assert that the rival's answer has none of the names in it."""
    answer = await live.call(request, live.rival.secret)
    for name in names:
        assert name.encode() not in answer.SerializeToString()


async def _is_told(live: Live, request: Message, reason: str) -> None:
    status = await refusal(live, request, live.rival.secret)
    assert info(status).reason == reason


async def _is_fed_its_own_alone(live: Live, shop: Belongings, request: Message) -> None:
    """Assert that the rival's watch starts with what happens at the rival's."""
    async with aclosing(live.watch(request, live.rival.secret)) as watch:
        reading = asyncio.ensure_future(items(watch, 1))
        while not reading.done():
            shopper = await visit(live, live.rival.publishable)
            await ingest(live, shopper.token, stuck(1))
        (message,) = reading.result()
    item = getattr(message, message.WhichOneof("item"))
    assert item.session_id not in shop.sessions


async def _open_session(live: Live, shop: Belongings) -> None:
    resume = OpenSessionRequest(consent=CONSENT, resume_token=shop.visit.token)
    status = await refusal(live, resume, live.rival.publishable)
    assert info(status).reason == "SESSION_UNKNOWN"
    same = await visit(live, live.rival.publishable, request_id="theirs")
    assert same.session_id != shop.visit.session_id


async def _close_session(live: Live, shop: Belongings) -> None:
    request = CloseSessionRequest(session_id=shop.visit.session_id)
    await live.call(request, live.rival.secret)
    assert await live.call(GetStateRequest(), shop.visit.token)


async def _ingest(live: Live, shop: Belongings) -> None:
    await _is_told(
        live, IngestRequest(batches=[brief(2, shop.visit.session_id)]), "SESSION_UNKNOWN"
    )
    answer = await ingest(live, shop.visit.token, brief(2))
    assert answer.applied == 1


async def _ingest_stream(live: Live, shop: Belongings) -> None:
    async def requests() -> AsyncGenerator[IngestStreamRequest]:
        yield IngestStreamRequest(batches=[brief(3, shop.visit.session_id)])

    stub = TelemetryServiceStub(live.channel)
    call = stub.IngestStream(requests(), metadata=metadata(live.rival.secret), timeout=5)
    (answer,) = [response async for response in call]
    (item,) = answer.rejections
    assert item.rejection.reason == ErrorReason.ERROR_REASON_SESSION_UNKNOWN
    assert answer.applied == 0


async def _get_state(live: Live, shop: Belongings) -> None:
    await _is_told(live, GetStateRequest(session_id=shop.visit.session_id), "SESSION_UNKNOWN")


async def _watch_packets(live: Live, shop: Belongings) -> None:
    await _is_fed_its_own_alone(live, shop, WatchPacketsRequest(start=OLDEST))


async def _classify_telemetry(live: Live, shop: Belongings) -> None:
    request = ClassifyTelemetryRequest(batches=[calm(1, shop.visit.session_id)])
    await _sees_nothing(live, request, shop.visit.session_id)


async def _get_hypothesis(live: Live, shop: Belongings) -> None:
    await _sees_nothing(live, GetHypothesisRequest(), shop.visit.session_id)
    answer = await live.call(GetHypothesisRequest(), live.rival.secret)
    assert answer.hypothesis.secondary.sessions == 0


async def _watch_interventions(live: Live, shop: Belongings) -> None:
    await _is_fed_its_own_alone(live, shop, WatchInterventionsRequest(start=OLDEST))


async def _acknowledge(live: Live, shop: Belongings) -> None:
    request = AcknowledgeInterventionRequest(
        intervention_id=shop.intervention.intervention_id,
        session_id=shop.intervention.session_id,
        disposition=SHOWN,
    )
    await _is_told(live, request, "INTERVENTION_UNKNOWN")
    theirs = ListDecisionsRequest(session_id=shop.intervention.session_id)
    found = await live.call(theirs, live.shop.secret)
    assert not found.decisions[0].delivered


async def _report_outcome(live: Live, shop: Belongings) -> None:
    outcome = Outcome(
        kind=OutcomeKind.OUTCOME_KIND_CONVERSION, decision_id=shop.decision.decision_id
    )
    await _is_told(live, ReportOutcomeRequest(outcome=outcome), "DECISION_UNKNOWN")
    outcome = Outcome(kind=OutcomeKind.OUTCOME_KIND_CONVERSION, session_id=shop.decision.session_id)
    answer = await live.call(ReportOutcomeRequest(outcome=outcome), live.rival.secret)
    assert answer.decision_id == ""
    answer = await live.call(ReportOutcomeRequest(outcome=outcome), live.shop.secret)
    assert not answer.duplicate


async def _create_definition(live: Live, shop: Belongings) -> None:
    answer = await live.call(
        CreateInterventionDefinitionRequest(definition=ENTRY), live.rival.secret
    )
    assert answer.definition.revision == 1
    request = DeleteInterventionDefinitionRequest(definition_id=ENTRY.definition_id)
    await live.call(request, live.rival.secret)


async def _get_definition(live: Live, shop: Belongings) -> None:
    request = GetInterventionDefinitionRequest(definition_id=ENTRY.definition_id)
    await _is_told(live, request, "DEFINITION_UNKNOWN")


async def _list_definitions(live: Live, shop: Belongings) -> None:
    await _sees_nothing(live, ListInterventionDefinitionsRequest(), ENTRY.definition_id)


async def _update_definition(live: Live, shop: Belongings) -> None:
    await _is_told(
        live, UpdateInterventionDefinitionRequest(definition=ENTRY), "DEFINITION_UNKNOWN"
    )


async def _delete_definition(live: Live, shop: Belongings) -> None:
    request = DeleteInterventionDefinitionRequest(definition_id=ENTRY.definition_id)
    await _is_told(live, request, "DEFINITION_UNKNOWN")
    kept = GetInterventionDefinitionRequest(definition_id=ENTRY.definition_id)
    assert await live.call(kept, live.shop.secret)


async def _list_decisions(live: Live, shop: Belongings) -> None:
    names = (shop.decision.decision_id, shop.decision.session_id)
    await _sees_nothing(live, ListDecisionsRequest(), *names)
    await _sees_nothing(live, ListDecisionsRequest(session_id=names[1]), *names)
    await _sees_nothing(live, ListDecisionsRequest(page_token=shop.page_token), "ses_")


async def _get_experiment(live: Live, shop: Belongings) -> None:
    await _sees_nothing(live, GetExperimentRequest(), ENTRY.definition_id, live.shop.tenant_id)


async def _list_patterns(live: Live, shop: Belongings) -> None:
    answer = await live.call(ListPatternsRequest(include_past=True), live.rival.secret)
    assert not answer.patterns
    assert answer.patterns_version == ""


async def _get_pattern(live: Live, shop: Belongings) -> None:
    await _is_told(live, GetPatternRequest(pattern_id=ENTRY.definition_id), "RESOURCE_UNKNOWN")


async def _feed(live: Live) -> str:
    """Return the feed over all sessions of the shop, which begins with the next tick."""

    async def found() -> bool:
        return bool((await live.call(ListFeedsRequest(), live.shop.secret)).feeds)

    await until(found, seconds=10)
    return (await live.call(ListFeedsRequest(), live.shop.secret)).feeds[0].feed_id


async def _list_feeds(live: Live, shop: Belongings) -> None:
    await _sees_nothing(live, ListFeedsRequest(), await _feed(live), live.shop.tenant_id)


async def _get_index(live: Live, shop: Belongings) -> None:
    await _is_told(live, GetIndexRequest(feed_id=await _feed(live)), "RESOURCE_UNKNOWN")


async def _list_bars(live: Live, shop: Belongings) -> None:
    request = ListBarsRequest(feed_id=await _feed(live), period=BarPeriod.BAR_PERIOD_MINUTE)
    await _is_told(live, request, "RESOURCE_UNKNOWN")


async def _subscribe_index(live: Live, shop: Belongings) -> None:
    theirs = await _feed(live)
    request = SubscribeIndexRequest(feed_ids=[theirs])
    status = await stream_refusal(live, request, live.rival.secret)
    assert info(status).reason == "RESOURCE_UNKNOWN"
    await visit(live, live.rival.publishable)
    everything = SubscribeIndexRequest(start=OLDEST)
    async with aclosing(live.watch(everything, live.rival.secret)) as watch:
        (message,) = await items(watch, 1, seconds=10)
    assert message.tick.feed_id.startswith(f"own/{live.rival.tenant_id}/")


async def _get_contagion(live: Live, shop: Belongings) -> None:
    assert (await live.call(GetContagionRequest(), live.shop.secret)).edges
    for vertical in ("", "retail"):
        request = GetContagionRequest(vertical=vertical)
        await _sees_nothing(live, request, live.shop.tenant_id, "US-0")
    status = await refusal(
        live, GetContagionRequest(audience=Audience.AUDIENCE_SHARED), live.rival.secret
    )
    assert info(status).reason == "POOLING_REQUIRED"


async def _watch_contagion(live: Live, shop: Belongings) -> None:
    request = WatchContagionRequest(start=OLDEST)
    async with aclosing(live.watch(request, live.shop.secret)) as watch:
        (first,) = await items(watch, 1)
    async with aclosing(live.watch(request, live.rival.secret)) as watch:
        with pytest.raises(TimeoutError):
            await items(watch, 1, seconds=0.2)
    stolen = WatchContagionRequest(cursor=first.cursor)
    status = await stream_refusal(live, stolen, live.rival.secret)
    assert info(status).reason == "CURSOR_FOREIGN"


async def _list_transfers(live: Live, shop: Belongings) -> None:
    page = await live.call(ListTransfersRequest(page_size=1), live.shop.secret)
    assert page.next_page_token
    assert not (await live.call(ListTransfersRequest(), live.rival.secret)).transfers
    stolen = ListTransfersRequest(page_size=1, page_token=page.next_page_token)
    assert info(await refusal(live, stolen, live.rival.secret)).reason == "PAGE_TOKEN_INVALID"


async def _get_capabilities(live: Live, shop: Belongings) -> None:
    names = (live.shop.tenant_id, shop.visit.session_id)
    await _sees_nothing(live, GetCapabilitiesRequest(), *names)


ATTEMPTS: dict[str, Callable[[Live, Belongings], Awaitable[None]]] = {
    "CapabilityService/GetCapabilities": _get_capabilities,
    "EmotionService/ClassifyTelemetry": _classify_telemetry,
    "EmotionService/GetHypothesis": _get_hypothesis,
    "EmotionService/GetState": _get_state,
    "EmotionService/WatchPackets": _watch_packets,
    "IntelligenceService/GetContagion": _get_contagion,
    "IntelligenceService/ListTransfers": _list_transfers,
    "IntelligenceService/WatchContagion": _watch_contagion,
    "InterventionService/AcknowledgeIntervention": _acknowledge,
    "InterventionService/CreateInterventionDefinition": _create_definition,
    "InterventionService/DeleteInterventionDefinition": _delete_definition,
    "InterventionService/GetExperiment": _get_experiment,
    "InterventionService/GetInterventionDefinition": _get_definition,
    "InterventionService/ListDecisions": _list_decisions,
    "InterventionService/ListInterventionDefinitions": _list_definitions,
    "InterventionService/ReportOutcome": _report_outcome,
    "InterventionService/UpdateInterventionDefinition": _update_definition,
    "InterventionService/WatchInterventions": _watch_interventions,
    "PatternService/GetPattern": _get_pattern,
    "PatternService/ListPatterns": _list_patterns,
    "SessionService/CloseSession": _close_session,
    "SessionService/OpenSession": _open_session,
    "TelemetryService/Ingest": _ingest,
    "TelemetryService/IngestStream": _ingest_stream,
    "VolatilityService/GetIndex": _get_index,
    "VolatilityService/ListBars": _list_bars,
    "VolatilityService/ListFeeds": _list_feeds,
    "VolatilityService/SubscribeIndex": _subscribe_index,
}
"""What the rival tries, by call."""
