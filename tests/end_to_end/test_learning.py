"""A running server learns: from decisions and outcomes that came in to how it chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eitp.v1.intervention_service_pb2 import ListDecisionsRequest, ReportOutcomeRequest
from eitp.v1.outcome_pb2 import Outcome, OutcomeKind
from eitp.v1.session_pb2 import Consent
from eitp.v1.session_service_pb2 import OpenSessionRequest
from eitp_server.bandit.policy_table import UNTAUGHT
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.tables import CensoredDecision
from end_to_end.live import started, until
from end_to_end.shopper import CONSENT, ingest, stuck, visit, visits
from sqlmodel import select

if TYPE_CHECKING:
    from eitp.v1.decision_pb2 import Decision
    from eitp.v1.intervention_service_pb2 import ListDecisionsResponse
    from end_to_end.conftest import Clock
    from end_to_end.live import Live, Premises
    from sqlmodel import Session

EAGER = {"learning_seconds": 0.01, "learning_events": 1}
SESSIONS = 40
HELP = "help-chat"


async def decided(live: Live, count: int = 1, *, rival: bool = False) -> list[Decision]:
    """Let so many new shoppers get stuck, and return what was decided for them."""
    shop = live.rival if rival else live.shop
    shoppers = await visits(live, count, shop.publishable)
    await ingest(live, shop.secret, *(stuck(1, each.session_id) for each in shoppers))
    found: list[Decision] = []
    for each in shoppers:
        request = ListDecisionsRequest(session_id=each.session_id)
        answer: ListDecisionsResponse = await live.call(request, shop.secret)
        found += answer.decisions
    assert len(found) == count
    return found


def probability(decision: Decision) -> float:
    """How probably help was offered."""
    return {arm.definition_id: arm.probability for arm in decision.arms}[HELP]


async def convert(live: Live, decision: Decision) -> None:
    outcome = Outcome(kind=OutcomeKind.OUTCOME_KIND_CONVERSION, decision_id=decision.decision_id)
    answer = await live.call(ReportOutcomeRequest(outcome=outcome), live.shop.secret)
    assert answer.decision_id == decision.decision_id


async def test_what_was_tried_and_reported_decides_what_is_tried_next(
    premises: Premises, clock: Clock
) -> None:
    async with started(premises, **EAGER) as live:
        tried = await decided(live, SESSIONS)
        await decided(live, SESSIONS, rival=True)
        for decision in tried:
            if decision.chosen_definition_id == HELP:
                await convert(live, decision)
        assert [probability(decision) for decision in tried] == pytest.approx([0.5] * SESSIONS)
        assert {decision.snapshot_id for decision in tried} == {UNTAUGHT}

        async def learnt() -> bool:
            (decision,) = await decided(live)
            return probability(decision) > 0.9

        assert not await learnt()
        # The window of the decisions above closes; whoever comes next makes the server look.
        clock.advance(25 * 3600)
        await until(learnt, seconds=15)
        (after,) = await decided(live)
        (foreign,) = await decided(live, rival=True)
    assert after.snapshot_id != UNTAUGHT
    assert sum(arm.probability for arm in after.arms) == pytest.approx(1.0, abs=1e-9)
    assert probability(foreign) < 0.7
    async with started(premises, learning_seconds=3600) as live:
        (again,) = await decided(live)
    assert again.snapshot_id == after.snapshot_id
    assert [arm.probability for arm in again.arms] == [arm.probability for arm in after.arms]


async def test_a_server_that_does_not_look_stays_with_what_it_knows(
    premises: Premises, clock: Clock
) -> None:
    async with started(premises, learning_seconds=3600, learning_events=10_000) as live:
        for decision in await decided(live, SESSIONS):
            if decision.chosen_definition_id == HELP:
                await convert(live, decision)
        clock.advance(25 * 3600)
        for _ in range(5):
            (after,) = await decided(live)
            assert (after.snapshot_id, probability(after)) == (UNTAUGHT, pytest.approx(0.5))


async def test_who_takes_consent_back_leaves_decisions_that_count_nowhere(
    premises: Premises,
) -> None:
    async with started(premises) as live:
        shopper = await visit(live)
        await ingest(live, shopper.token, stuck(1))
        request = ListDecisionsRequest(session_id=shopper.session_id)
        listed: ListDecisionsResponse = await live.call(request, live.shop.secret)
        for consent in (CONSENT, Consent(telemetry=True), Consent(telemetry=True)):
            reopened = OpenSessionRequest(consent=consent, resume_token=shopper.token)
            await live.call(reopened, live.shop.publishable)

    def look(session: Session) -> list[tuple[str, str]]:
        rows = session.exec(select(CensoredDecision)).all()
        return [(row.tenant_id, row.decision_id) for row in rows]

    async with await SQLiteDatabase.open(premises.folder) as database:
        assert await database.read(look) == [
            ("shop", decision.decision_id) for decision in listed.decisions
        ]
    assert listed.decisions
