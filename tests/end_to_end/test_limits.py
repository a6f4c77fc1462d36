"""Limits of a session and of the server, and what happens as time passes."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import aclosing, closing
from typing import TYPE_CHECKING

import grpc
import pytest
from eitp.v1.cursor_pb2 import StartPosition
from eitp.v1.emotion_service_pb2 import GetStateRequest, WatchPacketsRequest
from eitp.v1.intervention_service_pb2 import ReportOutcomeRequest, WatchInterventionsRequest
from eitp.v1.outcome_pb2 import Outcome, OutcomeKind
from eitp.v1.session_service_pb2 import OpenSessionRequest
from eitp.v1.telemetry_service_pb2 import IngestRequest
from end_to_end.live import Refused, items, refusal, started, until
from end_to_end.shopper import CONSENT, brief, emit, ingest, stuck, visit, visits
from transport.wire import info, retry_seconds

if TYPE_CHECKING:
    from eitp.v1.packet_pb2 import Packet
    from eitp.v1.session_service_pb2 import OpenSessionResponse
    from end_to_end.conftest import Clock
    from end_to_end.live import Live, Premises
    from end_to_end.shopper import Visit
    from google.rpc.status_pb2 import Status

HOURLY = 100
MINUTE = 60
DAY = 86_400
RESOURCE_EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
OLDEST = StartPosition.START_POSITION_OLDEST


async def events(live: Live, session_id: str, count: int) -> list[Packet]:
    """Return the emotional events of a session, after making sure that there are `count`."""
    request = WatchPacketsRequest(start=OLDEST, session_id=session_id)
    async with aclosing(live.watch(request, live.shop.secret)) as watch:
        found = await items(watch, count)
        with pytest.raises(TimeoutError):
            await items(watch, 1, seconds=0.2)
    return [message.packet for message in found]


async def drive(live: Live, shopper: Visit, first: int, last: int) -> None:
    """Send batches that are each worth a packet."""
    for sequence in range(first, last + 1):
        await emit(live, [shopper], sequence)


async def test_a_session_emits_a_hundred_events_an_hour_and_counts_the_others(
    premises: Premises, clock: Clock
) -> None:
    async with started(premises) as live:
        shopper = await visit(live)
        await drive(live, shopper, 1, HOURLY + 20)
        emitted = await events(live, shopper.session_id, HOURLY)
        clock.advance(20 * MINUTE)
        await drive(live, shopper, HOURLY + 21, HOURLY + 30)
    async with started(premises) as live:
        clock.advance(20 * MINUTE)
        await drive(live, shopper, HOURLY + 31, HOURLY + 31)
        clock.advance(20 * MINUTE + 2)
        await drive(live, shopper, HOURLY + 32, HOURLY + 32)
        (*before, after) = await events(live, shopper.session_id, HOURLY + 1)
    assert before == emitted
    assert {packet.suppressed for packet in emitted} == {0}
    assert after.suppressed == 31


async def test_the_limit_is_each_sessions_own(own: Live) -> None:
    busy, quiet = await visits(own, 2)
    await drive(own, busy, 1, HOURLY + 5)
    await drive(own, quiet, 1, 1)
    (packet,) = await events(own, quiet.session_id, 1)
    assert packet.suppressed == 0


async def test_a_silent_session_ends(premises: Premises, clock: Clock) -> None:
    async with started(premises) as live:
        silent, lively = await visits(live, 2)
        clock.advance(20 * MINUTE)
        await ingest(live, live.shop.secret, brief(1, lively.session_id))
        clock.advance(11 * MINUTE)

        async def ended() -> bool:
            try:
                await live.call(GetStateRequest(session_id=silent.session_id), live.shop.secret)
            except Refused as refused:
                return info(refused.status).reason == "SESSION_UNKNOWN"
            return False

        await until(ended)
        answer = await ingest(live, live.shop.secret, brief(2, lively.session_id))
        assert answer.progress[0].acknowledged_sequence == 2


async def test_a_token_ends_after_its_life_and_the_session_goes_on(
    premises: Premises, clock: Clock
) -> None:
    async with started(premises) as live:
        shopper = await visit(live)
        clock.advance(16 * MINUTE)
        status = await refusal(live, IngestRequest(batches=[brief(1)]), shopper.token)
        assert info(status).reason == "TOKEN_EXPIRED"
        request = OpenSessionRequest(consent=CONSENT, resume_token=shopper.token)
        opened: OpenSessionResponse = await live.call(request, live.shop.publishable)
        assert opened.session.session_id == shopper.session_id
        assert (await ingest(live, opened.session_token, brief(1))).applied == 1


async def test_a_wall_clock_that_is_put_back_shuts_nobody_out(
    premises: Premises, clock: Clock
) -> None:
    clock.advance(DAY)
    async with started(premises) as live:
        before = await visit(live)
        clock.advance(-10 * MINUTE)
        assert (await ingest(live, before.token, brief(1))).applied == 1
        after = await visit(live)
        assert (await ingest(live, after.token, brief(1))).applied == 1


async def test_an_intervention_is_not_handed_out_after_its_time(
    premises: Premises, clock: Clock
) -> None:
    async with started(premises) as live:
        shoppers = await visits(live, 16)
        for shopper in shoppers:
            await ingest(live, shopper.token, stuck(1))
        request = WatchInterventionsRequest(start=OLDEST)
        async with aclosing(live.watch(request, live.shop.secret)) as watch:
            (first,) = await items(watch, 1)
        tokens = {shopper.session_id: shopper.token for shopper in shoppers}
        token = tokens[first.intervention.session_id]
        async with aclosing(live.watch(WatchInterventionsRequest(), token)) as watch:
            assert (await items(watch, 1))[0].intervention == first.intervention
        clock.advance(MINUTE)
        async with aclosing(live.watch(WatchInterventionsRequest(), token)) as watch:
            with pytest.raises(TimeoutError):
                await items(watch, 1, seconds=0.2)


async def test_an_outcome_after_a_day_is_credited_to_nothing(
    premises: Premises, clock: Clock
) -> None:
    async with started(premises) as live:
        shopper = await visit(live)
        await ingest(live, shopper.token, stuck(1))
        outcome = Outcome(kind=OutcomeKind.OUTCOME_KIND_LEAD, session_id=shopper.session_id)
        clock.advance(DAY + MINUTE)
        answer = await live.call(ReportOutcomeRequest(outcome=outcome), live.shop.secret)
        assert answer.decision_id == ""


async def test_an_outcome_that_is_reported_again_days_later_is_kept_once_and_harms_nobody(
    premises: Premises, clock: Clock
) -> None:
    async with started(premises) as live:
        outcome = Outcome(
            kind=OutcomeKind.OUTCOME_KIND_CONVERSION, session_id="ses_1", outcome_id="order-1"
        )
        request = ReportOutcomeRequest(outcome=outcome)
        await live.call(request, live.shop.secret)
        clock.advance(3 * DAY)
        await live.call(request, live.shop.secret)
        assert (await live.call(request, live.shop.secret)).duplicate
    with closing(sqlite3.connect(premises.folder / "eitp.db")) as database:
        assert database.execute("SELECT count(*) FROM outcomes").fetchone() == (1,)


async def test_overload_refuses_with_a_wait_and_loses_nothing(premises: Premises) -> None:
    async with started(premises, max_queued_batches=4) as live:
        shoppers = [await visit(live) for _ in range(40)]
        refused: list[Status] = []

        async def shop(shopper: Visit) -> list[tuple[int, int, int]]:
            standings: list[tuple[int, int, int]] = []
            while len(standings) < 5:
                try:
                    answer = await ingest(live, shopper.token, brief(len(standings) + 1))
                except Refused as error:
                    refused.append(error.status)
                    await asyncio.sleep(retry_seconds(error.status) or 0.0)
                else:
                    (now,) = answer.progress
                    standings.append((now.acknowledged_sequence, now.waiting, now.lost))
            return standings

        async with asyncio.timeout(20):
            for standings in await asyncio.gather(*map(shop, shoppers)):
                assert standings == [(sequence, 0, 0) for sequence in range(1, 6)]
        assert {info(status).reason for status in refused} == {"OVERLOADED"}
        assert {status.code for status in refused} == {RESOURCE_EXHAUSTED}
        assert all(retry_seconds(status) for status in refused)
        for shopper in shoppers:
            answer = await ingest(live, shopper.token, brief(5))
            assert (answer.applied, answer.duplicates) == (0, 1)
