"""Sessions: nothing that was sent is lost or doubled, and what was opened is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from client.script import AWAY, EXPIRED, GONE, Failure
from eitp.client import Client
from eitp.errors import ConsentRequired, Invalid, SessionGone, TokenExpired, Unreachable
from eitp.recording import Event, Kind, Recording, cut
from eitp.v1.error_pb2 import ERROR_REASON_FIELD_INVALID, ERROR_REASON_QUOTA_EXCEEDED
from eitp.v1.intervention_pb2 import INTERVENTION_DISPOSITION_SHOWN
from eitp.v1.outcome_pb2 import OUTCOME_KIND_CONVERSION, Outcome
from eitp.v1.packet_pb2 import Packet
from eitp.v1.page_pb2 import PAGE_TYPE_PRODUCT, PageContext
from eitp.v1.session_pb2 import Consent
from eitp.v1.telemetry_pb2 import BatchRejection, SessionProgress
from eitp.v1.telemetry_service_pb2 import IngestResponse

if TYPE_CHECKING:
    from client.conftest import Clock
    from client.script import Script
    from eitp.recording import Batch

YES = Consent(telemetry=True, interventions=True)
NO_CONSENT = Failure(code=grpc.StatusCode.PERMISSION_DENIED, reason="CONSENT_REQUIRED")
INVALID = Failure(code=grpc.StatusCode.INVALID_ARGUMENT, reason="FIELD_INVALID")


def moves(*times: float) -> list[Event]:
    """Return moves at these times, each at a place of its own."""
    return [Event(t_ms=t_ms, kind=Kind.MOVE, x=t_ms, y=0) for t_ms in times]


def batch() -> Batch:
    """Return a batch of two moves."""
    return next(cut(Recording(name="a", person="ann", events=tuple(moves(0, 100)))))


def sent(script: Script) -> list[list[int]]:
    """Return the sequences of each request."""
    return [[each.sequence for each in request.batches] for request in script.requests["Ingest"]]


async def test_a_session_says_who_where_and_with_what_consent(
    client: Client, script: Script
) -> None:
    page = PageContext(type=PAGE_TYPE_PRODUCT)
    async with client.open_session(visitor_id="v-1", consent=YES, page=page) as session:
        assert session.session_id == "session-1"
    (request,) = script.requests["OpenSession"]
    assert (request.visitor_id, request.consent, request.page) == ("v-1", YES, page)
    assert request.request_id
    assert script.credentials("OpenSession") == ["Bearer eitp_sk_test"]


async def test_events_are_collected_into_batches_and_the_rest_goes_at_the_end(
    client: Client, script: Script
) -> None:
    async with client.open_session(consent=YES) as session:
        await session.send(moves(0, 100, 200))
        assert sent(script) == []
        receipt = await session.send(moves(600, 700))
        assert (sent(script), receipt.applied) == ([[1]], 1)
    assert sent(script) == [[1], [2]]
    assert script.requests["CloseSession"][0].session_id == "session-1"
    assert set(script.credentials("Ingest")) == {"Bearer token-1"}


async def test_a_session_can_be_left_open_and_resumed(client: Client, script: Script) -> None:
    async with client.open_session(consent=YES, leave_open=True) as session:
        token = session.token
    assert not script.requests["CloseSession"]
    async with client.open_session(consent=YES, resume_token=token):
        assert script.requests["OpenSession"][1].resume_token == "token-1"


async def test_a_failing_block_closes_its_session_and_sends_nothing_more(
    client: Client, script: Script
) -> None:
    async def visit() -> None:
        async with client.open_session(consent=YES) as session:
            await session.send(moves(0))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await visit()
    assert (len(script.requests["CloseSession"]), sent(script)) == (1, [])


async def test_without_consent_there_is_no_session(client: Client, script: Script) -> None:
    script.answers["OpenSession"].append(NO_CONSENT)
    with pytest.raises(ConsentRequired):
        async with client.open_session(consent=Consent()):
            pytest.fail("the block must not run")


async def test_batches_outlive_an_outage_and_go_first_afterwards(
    client: Client, script: Script
) -> None:
    async with client.open_session(consent=YES) as session:
        script.answers["Ingest"].extend([AWAY] * 100)
        with pytest.raises(Unreachable):
            await session.ingest(batch())
        assert session.unacknowledged == 1
        script.answers["Ingest"].clear()
        await session.ingest(batch())
        assert session.unacknowledged == 0
    assert sent(script)[-1] == [1, 2]


async def test_a_resent_batch_is_byte_for_byte_the_same(client: Client, script: Script) -> None:
    script.answers["Ingest"].append(AWAY)
    async with client.open_session(consent=YES) as session:
        await session.ingest(batch())
    first, second = script.requests["Ingest"]
    assert first.SerializeToString() == second.SerializeToString()


async def test_events_beyond_the_limit_of_an_outage_are_counted_for_the_server(
    client: Client, script: Script
) -> None:
    async with client.open_session(consent=YES, most_unacknowledged=1) as session:
        script.answers["Ingest"].extend([AWAY] * 100)
        for _ in range(3):
            with pytest.raises(Unreachable):
                await session.ingest(batch())
        script.answers["Ingest"].clear()
        await session.flush()
        await session.ingest(batch())
    assert sent(script)[-2:] == [[1], [2]]
    assert script.requests["Ingest"][-1].batches[0].dropped == 4


async def test_a_batch_that_the_server_postpones_is_sent_again_when_it_asks(
    client: Client, script: Script, clock: Clock
) -> None:
    postponed = BatchRejection(
        sequence=1, reason=ERROR_REASON_QUOTA_EXCEEDED, retryable=True, retry_after_ms=250
    )
    script.answers["Ingest"].append(IngestResponse(rejections=[postponed]))
    async with client.open_session(consent=YES) as session:
        receipt = await session.ingest(batch())
    assert (receipt.applied, receipt.rejections, clock.waits) == (1, (), [0.25])
    assert sent(script) == [[1], [1]]


async def test_a_batch_that_is_postponed_too_long_waits_for_the_next_call(
    client: Client, script: Script
) -> None:
    postponed = BatchRejection(
        sequence=1, reason=ERROR_REASON_QUOTA_EXCEEDED, retryable=True, retry_after_ms=60_000
    )
    script.answers["Ingest"].append(IngestResponse(rejections=[postponed]))
    async with client.open_session(consent=YES) as session:
        assert (await session.ingest(batch())).applied == 0
        assert (await session.ingest(batch())).applied == 2


async def test_a_batch_that_can_never_be_applied_is_reported_and_given_up(
    client: Client, script: Script
) -> None:
    refused = BatchRejection(sequence=1, reason=ERROR_REASON_FIELD_INVALID)
    script.answers["Ingest"].append(IngestResponse(rejections=[refused]))
    async with client.open_session(consent=YES) as session:
        receipt = await session.ingest(batch())
        assert (receipt.rejections, session.unacknowledged) == ((refused,), 0)


async def test_a_request_of_which_nothing_can_be_applied_fails_and_is_given_up(
    client: Client, script: Script
) -> None:
    script.answers["Ingest"].append(INVALID)
    async with client.open_session(consent=YES) as session:
        with pytest.raises(Invalid):
            await session.ingest(batch())
        assert session.unacknowledged == 0


async def test_batches_that_wait_for_a_missing_one_are_kept_until_they_are_acknowledged(
    client: Client, script: Script
) -> None:
    behind = SessionProgress(session_id="session-1", acknowledged_sequence=0, waiting=1)
    script.answers["Ingest"].append(IngestResponse(applied=1, progress=[behind]))
    async with client.open_session(consent=YES) as session:
        await session.ingest(batch())
        assert session.unacknowledged == 1


async def test_a_fresh_token_from_ingest_is_used_from_then_on(
    client: Client, script: Script
) -> None:
    progress = SessionProgress(session_id="session-1", acknowledged_sequence=1)
    fresh = IngestResponse(applied=1, progress=[progress], session_token="fresh")
    script.answers["Ingest"].append(fresh)
    async with client.open_session(consent=YES) as session:
        await session.ingest(batch())
        await session.state()
    assert script.credentials("GetState") == ["Bearer fresh"]


async def test_an_expired_token_is_traded_for_a_new_one_without_the_caller_noticing(
    client: Client, script: Script
) -> None:
    script.answers["Ingest"].append(EXPIRED)
    async with client.open_session(visitor_id="v-1", consent=YES) as session:
        receipt = await session.ingest(batch())
    assert receipt.applied == 1
    opened, resumed = script.requests["OpenSession"]
    assert (resumed.resume_token, resumed.visitor_id) == ("token-1", "v-1")
    assert resumed.request_id != opened.request_id
    assert script.credentials("Ingest") == ["Bearer token-1", "Bearer token-2"]


async def test_a_token_that_stays_expired_is_not_renewed_for_ever(
    client: Client, script: Script
) -> None:
    async with client.open_session(consent=YES) as session:
        script.answers["GetState"].extend([EXPIRED] * 100)
        with pytest.raises(TokenExpired):
            await session.state()
    assert len(script.requests["GetState"]) == 2


async def test_a_session_that_ended_meanwhile_is_gone(client: Client, script: Script) -> None:
    async with client.open_session(consent=YES, leave_open=True) as session:
        script.answers["GetState"].append(EXPIRED)
        script.answers["OpenSession"].append(GONE)
        with pytest.raises(SessionGone):
            await session.state()


async def test_a_batch_can_bring_the_state_back(client: Client, script: Script) -> None:
    packet = Packet(packet_id="p-9")
    script.answers["Ingest"].append(IngestResponse(applied=1, packets=[packet]))
    async with client.open_session(consent=YES) as session:
        receipt = await session.ingest(batch(), include_packet=True)
    assert receipt.packet == packet
    assert script.requests["Ingest"][0].include_packets


async def test_outcomes_and_acknowledgements_need_no_session_id_with_a_token(
    client: Client, script: Script
) -> None:
    sale = Outcome(kind=OUTCOME_KIND_CONVERSION, value_micros=45_000_000_000, currency="USD")
    async with client.open_session(consent=YES) as session:
        assert (await session.report_outcome(sale)).duplicate is False
        await session.acknowledge("i-1", INTERVENTION_DISPOSITION_SHOWN)
    assert script.requests["ReportOutcome"][0].outcome == sale
    assert script.requests["AcknowledgeIntervention"][0].intervention_id == "i-1"
    assert script.credentials("ReportOutcome") == ["Bearer token-1"]


async def test_a_publishable_key_brings_its_origin(script: Script, address: str) -> None:
    async with (
        Client(address, key="eitp_pk_x", origin="https://shop.example") as client,
        client.open_session(consent=YES),
    ):
        pass
    assert script.metadata["OpenSession"][0]["origin"] == "https://shop.example"


async def test_capabilities_need_no_key(script: Script, address: str) -> None:
    async with Client(address) as client:
        await client.capabilities()
    assert script.credentials("GetCapabilities") == [""]


async def test_decisions_come_page_by_page(client: Client) -> None:
    assert [each.decision_id async for each in client.decisions()] == ["d-1", "d-2", "d-3"]
