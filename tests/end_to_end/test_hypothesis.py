"""The running test of the hypothesis: outcomes in, what may be concluded out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from eitp.v1.emotion_service_pb2 import GetHypothesisRequest, GetStateRequest
from eitp.v1.hypothesis_pb2 import HypothesisVerdict
from eitp.v1.intervention_service_pb2 import ReportOutcomeRequest
from eitp.v1.outcome_pb2 import Outcome, OutcomeKind
from end_to_end.live import BOTH, refusal, started, until
from end_to_end.shopper import calm, ingest, stuck, visits
from transport.wire import info

if TYPE_CHECKING:
    from eitp.v1.hypothesis_pb2 import Hypothesis
    from end_to_end.conftest import Clock
    from end_to_end.live import Live, Premises, Transport
    from end_to_end.shopper import Visit

CONVERSION = OutcomeKind.OUTCOME_KIND_CONVERSION
ABANDONMENT = OutcomeKind.OUTCOME_KIND_ABANDONMENT
SETTLED_SECONDS = 61


async def hypothesis(live: Live, key: str = "") -> Hypothesis:
    answer = await live.call(GetHypothesisRequest(), key or live.shop.secret)
    return answer.hypothesis


async def ends(live: Live, shopper: Visit, kind: OutcomeKind) -> None:
    await live.call(ReportOutcomeRequest(outcome=Outcome(kind=kind)), shopper.token)


async def resolved(live: Live, count: int) -> Hypothesis:
    """Wait until so many sessions are counted."""

    async def counted() -> bool:
        return (await hypothesis(live)).secondary.sessions == count

    await until(counted)
    return await hypothesis(live)


async def test_outcomes_are_counted_and_it_is_too_early_to_say_more(
    premises: Premises, clock: Clock
) -> None:
    async with started(premises, holdout_share=0.5) as live:
        shoppers = await visits(live, 12)
        for number, shopper in enumerate(shoppers):
            await ingest(live, shopper.token, stuck(1) if number % 2 else calm(1))
        for number, shopper in enumerate(shoppers[:10]):
            await ends(live, shopper, CONVERSION if number < 3 else ABANDONMENT)
            await ends(live, shopper, CONVERSION if number < 3 else ABANDONMENT)
        before = await hypothesis(live)
        clock.advance(SETTLED_SECONDS)
        found = await resolved(live, 10)
        await ends(live, shoppers[9], CONVERSION)
        after = await hypothesis(live)
        rival = await hypothesis(live, live.rival.secret)

    assert before.secondary.sessions == 0
    assert not before.HasField("window")
    assert found.verdict == HypothesisVerdict.HYPOTHESIS_VERDICT_TOO_EARLY
    assert found.secondary.abandoned == 7
    assert found.primary.sessions < 10
    assert found.further_sessions > 40
    assert found.statement.startswith("Too early to say")
    assert "Nothing may be concluded" in found.conclusion
    assert any("99.5 % bounds" in caveat for caveat in found.caveats)
    assert 0.5 <= found.secondary.comparison.page_only_area.value <= 1
    assert sum(each.sessions for each in found.secondary.comparison.reliability) == 10
    assert found.window.end.seconds <= time.time_ns() // 10**9 + 1
    assert list(found.models) == list(after.models)
    assert (found.late_successes, after.late_successes) == (0, 1)
    assert after.secondary.abandoned == 7
    assert rival.secondary.sessions == 0


async def test_what_was_counted_is_there_after_a_restart(premises: Premises, clock: Clock) -> None:
    async with started(premises) as live:
        first, second = await visits(live, 2)
        for shopper in (first, second):
            await ingest(live, shopper.token, calm(1))
        await ends(live, first, CONVERSION)
        clock.advance(SETTLED_SECONDS)
        await resolved(live, 1)
        await ends(live, second, ABANDONMENT)
    async with started(premises) as live:
        clock.advance(SETTLED_SECONDS)
        found = await resolved(live, 2)
    assert found.secondary.abandoned == 1
    assert any("holds nobody out" in caveat for caveat in found.caveats)


@pytest.mark.parametrize("by", BOTH)
async def test_a_packet_says_how_likely_its_session_is_to_be_abandoned(
    live: Live, by: Transport
) -> None:
    (shopper,) = await visits(live, 1)
    unknown = (await live.call(GetStateRequest(), shopper.token, by=by)).packet
    answer = await ingest(live, shopper.token, stuck(1), by=by, include_packets=True)
    (packet,) = answer.packets
    assert not unknown.HasField("abandonment_risk")
    assert 0 < packet.abandonment_risk < 1
    assert packet.provenance.calibration_version == "shipped/1"


async def test_only_a_secret_key_may_ask(live: Live) -> None:
    (shopper,) = await visits(live, 1)
    status = await refusal(live, GetHypothesisRequest(), shopper.token)
    assert info(status).reason == "KEY_KIND_NOT_ALLOWED"
