"""The volatility index of a whole server: from shoppers' hands to subscribers, across restarts."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from eitp.v1.audience_pb2 import Audience
from eitp.v1.capability_service_pb2 import GetCapabilitiesRequest
from eitp.v1.cursor_pb2 import StartPosition
from eitp.v1.intervention_service_pb2 import ReportOutcomeRequest
from eitp.v1.outcome_pb2 import Outcome, OutcomeKind
from eitp.v1.volatility_pb2 import BarPeriod, FeedStatus, NoValueReason
from eitp.v1.volatility_service_pb2 import (
    GetIndexRequest,
    ListBarsRequest,
    ListFeedsRequest,
    SubscribeIndexRequest,
)
from eitp_server.classification.estimator import ESTIMATOR_VERSION
from eitp_server.cli import app
from end_to_end.live import BOTH, clients, items, refusal, started, stream_refusal, until
from end_to_end.process import spawned
from end_to_end.shopper import calm, ingest, stuck, visits
from transport.wire import info
from typer.testing import CliRunner

if TYPE_CHECKING:
    from end_to_end.conftest import Clock
    from end_to_end.live import Live, Premises, Transport
    from end_to_end.shopper import Visit

OLDEST = StartPosition.START_POSITION_OLDEST
FAST = {"index_tick_seconds": 1}
PEOPLE = 24
ROOT = f"own/shop/all/rolling/evi-0.1/{ESTIMATOR_VERSION.replace('/', '-')}"


async def restless(live: Live, clock: Clock, people: list[Visit], first: int = 1) -> int:
    """Let people move for half a minute of server time; return the next sequence."""
    for sequence in range(first, first + 5):
        clock.advance(6)
        for number, person in enumerate(people):
            batch = stuck if (number + sequence) % 2 else calm
            clock_ms = sequence * 13_000
            await ingest(live, person.token, batch(sequence, clock_ms=clock_ms))
    return first + 5


async def read(live: Live, count: int, by: Transport = "grpc", *, cursor: bytes = b"") -> list[Any]:
    """Return the next ticks, bases and corrections of the shop's first feed."""
    request = SubscribeIndexRequest(start=OLDEST, cursor=cursor, feed_ids=[ROOT])
    async with aclosing(live.watch(request, live.shop.secret, by=by)) as watch:
        return await items(watch, count, seconds=20)


def ticks(messages: list[Any]) -> list[Any]:
    return [message.tick for message in messages if message.HasField("tick")]


async def until_counted(live: Live, clock: Clock) -> list[Visit]:
    """Let enough people move that the feed of their shop has a level."""
    people = await visits(live, PEOPLE)
    await restless(live, clock, people)
    request = SubscribeIndexRequest(start=OLDEST)
    async with (
        asyncio.timeout(10),
        aclosing(live.watch(request, live.shop.secret)) as watch,
    ):
        async for message in watch:
            if message.HasField("tick") and message.tick.HasField("level"):
                return people
    raise AssertionError("the stream ended")


async def operate(premises: Premises, *arguments: str) -> str:
    """Run `eitp-server feeds` and return what it prints; not on the loop, for it has its own."""
    environment = {"EITP_DATA_DIR": str(premises.folder)}
    command = ("feeds", *arguments)
    result = await asyncio.to_thread(CliRunner().invoke, app, command, env=environment)
    assert result.exit_code == 0, result.output
    return result.stdout


async def import_base(premises: Premises) -> None:
    file = premises.folder.with_name("base.json")
    file.write_text(json.dumps({"median": 1.0, "spread": 0.5}))
    await operate(premises, "import-base", str(file), "--tenant", "shop")


async def test_a_feed_without_a_base_says_so_and_gives_its_level(
    premises: Premises, clock: Clock
) -> None:
    async with started(premises, **FAST) as live:
        await until_counted(live, clock)
        listed = await live.call(ListFeedsRequest(), live.shop.secret)
        (feed,) = (feed for feed in listed.feeds if feed.feed_id == ROOT)
        index = await live.call(GetIndexRequest(feed_id=ROOT), live.shop.secret)
        bars = await live.call(
            ListBarsRequest(feed_id=ROOT, period=BarPeriod.BAR_PERIOD_MINUTE),
            live.shop.secret,
        )
        capabilities = await live.call(GetCapabilitiesRequest())
    assert feed.audience == Audience.AUDIENCE_TENANT
    assert feed.status == FeedStatus.FEED_STATUS_WARMING
    assert feed.tick_interval.seconds == 1
    assert index.tick.reason == NoValueReason.NO_VALUE_REASON_NO_BASE
    assert index.tick.level > 0
    assert not index.HasField("base")
    assert index.methodology.methodology_id == feed.methodology_id
    assert bars.bars
    assert not bars.bars[-1].HasField("index")
    assert bars.bars[-1].level.close > 0
    assert "eitp.v1.VolatilityService" in capabilities.capabilities.services


async def test_with_a_base_there_is_an_index_and_the_base_comes_before_its_first_tick(
    premises: Premises, clock: Clock
) -> None:
    await import_base(premises)
    async with started(premises, **FAST) as live:
        await until_counted(live, clock)
        found = {by: await read(live, 3, by) for by in BOTH}
        index = await live.call(GetIndexRequest(feed_id=ROOT), live.shop.secret)
    assert found["grpc"] == found["json"]
    base, *rest = found["grpc"]
    assert base.base.feed_id == ROOT
    assert base.base.base_id.startswith("imported-")
    assert all(tick.base_id == base.base.base_id for tick in ticks(rest))
    assert index.base == base.base
    assert 0 <= index.tick.value.band_low <= index.tick.value.index <= index.tick.value.band_high
    assert index.tick.value.min_sessions == PEOPLE
    assert index.tick.value.detail.level == index.tick.level


async def test_a_killed_subscriber_goes_on_across_a_restart_without_gap_or_repetition(
    premises: Premises, clock: Clock
) -> None:
    await import_base(premises)
    seen: list[Any] = []
    people: list[Visit] = []
    for life in range(2):
        async with started(premises, **FAST) as live:
            if life == 0:
                people = await visits(live, PEOPLE)
            await restless(live, clock, people, first=1 + 5 * life)
            cursor = seen[-1].cursor if seen else b""
            seen += await read(live, 3 if life else 4, cursor=cursor)
    async with started(premises, **FAST) as live:
        whole = ticks(await read(live, len(ticks(seen)) + 1))
        rest = ticks(await read(live, 3, cursor=seen[-1].cursor))
        later = ticks(await read(live, len(whole) + 3))
    assert whole == ticks(seen)
    moments = [tick.at.seconds for tick in [*whole, *rest]]
    assert moments == sorted(set(moments))
    assert later[: len(moments)] == [*whole, *rest]


async def test_a_server_that_is_killed_takes_no_published_tick_back(premises: Premises) -> None:
    seen: list[Any] = []
    for life in range(2):
        async with spawned(premises, **FAST) as process:
            connected = clients(premises, process.grpc_address, process.web_address)
            async with connected as live:
                if life == 0:
                    await visits(live, 1)
                    await until(lambda: _has_feed(live))
                seen += await read(live, 2, cursor=seen[-1].cursor if seen else b"")
                process.process.kill()
    async with started(premises, **FAST) as live:
        whole = await read(live, len(seen))
    assert whole == seen
    moments = [message.tick.at.seconds for message in seen]
    assert moments == sorted(set(moments))


async def _has_feed(live: Live) -> bool:
    listed = await live.call(ListFeedsRequest(), live.shop.secret)
    return any(feed.feed_id == ROOT for feed in listed.feeds)


async def test_an_unknown_feed_and_a_foreign_one_are_alike_not_found(
    premises: Premises, clock: Clock
) -> None:
    async with started(premises, **FAST) as live:
        await until_counted(live, clock)
        for asked in (ROOT, "own/rival/nothing"):
            requests = (
                GetIndexRequest(feed_id=asked),
                ListBarsRequest(feed_id=asked, period=BarPeriod.BAR_PERIOD_HOUR),
            )
            for request in requests:
                status = await refusal(live, request, live.rival.secret)
                assert status.code == grpc.StatusCode.NOT_FOUND.value[0]
                assert info(status).reason == "RESOURCE_UNKNOWN"
                assert dict(info(status).metadata) == {"feed_id": asked}
            stream = SubscribeIndexRequest(feed_ids=[asked])
            status = await stream_refusal(live, stream, live.rival.secret)
            assert status.code == grpc.StatusCode.NOT_FOUND.value[0]
        response = await live.call(ListFeedsRequest(), live.rival.secret)
    assert not response.feeds


async def test_a_correction_reaches_subscribers_and_stands_beside_its_tick(
    premises: Premises, clock: Clock
) -> None:
    await import_base(premises)
    async with started(premises, **FAST) as live:
        await until_counted(live, clock)
        index = await live.call(GetIndexRequest(feed_id=ROOT), live.shop.secret)
        before = index.tick
    at = before.at.ToJsonString()
    said = "A load test was counted as shoppers."
    await operate(premises, "correct", ROOT, at, "--explanation", said)
    async with started(premises, **FAST) as live:
        again = await live.call(GetIndexRequest(feed_id=ROOT, at=before.at), live.shop.secret)
        request = SubscribeIndexRequest(start=OLDEST, feed_ids=[ROOT])
        corrections: list[Any] = []
        async with asyncio.timeout(10), aclosing(live.watch(request, live.shop.secret)) as watch:
            while not corrections:
                message = await anext(watch)
                corrections += [message.correction] if message.HasField("correction") else []
    assert again.tick == before
    (correction,) = again.corrections
    assert corrections == [correction]
    assert correction.original == before
    assert correction.corrected.reason == NoValueReason.NO_VALUE_REASON_CONCENTRATED
    assert correction.explanation == said


async def test_what_could_be_lost_is_told_once_ten_purchases_with_a_value_are_known(
    premises: Premises, clock: Clock
) -> None:
    async with started(premises, **FAST) as live:
        people = await until_counted(live, clock)
        early = await live.call(GetIndexRequest(feed_id=ROOT), live.shop.secret)
        for person in people[:10]:
            outcome = Outcome(
                session_id=person.session_id,
                kind=OutcomeKind.OUTCOME_KIND_CONVERSION,
                value_micros=30_000_000,
                currency="EUR",
            )
            await live.call(ReportOutcomeRequest(outcome=outcome), live.shop.secret)
        late = early

        async def settled() -> bool:
            nonlocal late
            clock.advance(61)
            late = await live.call(GetIndexRequest(feed_id=ROOT), live.shop.secret)
            return late.context.HasField("revenue_at_risk")

        await until(settled)
    assert not early.context.HasField("revenue_at_risk")
    assert sum(label.share for label in early.context.leading_labels) <= 1
    assert early.context.leading_labels
    risk = late.context.revenue_at_risk
    assert risk.currency == "EUR"
    assert risk.mean_order_micros == 30_000_000
    assert 0 < risk.purchase_rate <= 1
    assert risk.amount_micros == pytest.approx(
        risk.sessions * risk.purchase_rate * risk.mean_order_micros, abs=1
    )
