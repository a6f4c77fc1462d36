"""Subscribers of the index: any number, fast or slow, each told what it missed."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from eitp.v1.cursor_pb2 import DeliveryMode, StartPosition
from eitp.v1.volatility_pb2 import BarPeriod
from eitp.v1.volatility_service_pb2 import (
    GetIndexRequest,
    ListBarsRequest,
    ListFeedsRequest,
    SubscribeIndexRequest,
)
from eitp_server.errors import Missing
from eitp_server.services.caller import Caller, CredentialKind
from eitp_server.services.cursor import Cursors, FeedKind
from eitp_server.services.feed_context import Contexts
from eitp_server.services.volatility import VolatilityService
from eitp_server.services.watch import Watch
from eitp_server.storage.index_row import voided
from eitp_server.storage.purchases import Purchases
from eitp_server.volatility.base import DAY_US, MINUTE_US
from ingest.index_crowd import MIDNIGHT_US, SECOND_US, Crowd, given_base, index

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from eitp.v1.volatility_service_pb2 import SubscribeIndexResponse
    from ingest.index_crowd import Index

pytestmark = pytest.mark.anyio

ROOT = "own/shop/all/rolling/evi-0.1/local-test"
RIVAL = "own/rival/all/rolling/evi-0.1/local-test"
ALL = "shared/all/rolling/evi-0.1/local-test"
LATEST = DeliveryMode.DELIVERY_MODE_LATEST
OLDEST = StartPosition.START_POSITION_OLDEST
SHOP = Caller(kind=CredentialKind.SECRET, tenant_id="shop")


def crowd() -> Crowd:
    people = Crowd()
    people.come(40)
    people.come(30, 1300, tenant_id="rival")
    people.come(30, 900, tenant_id="third")
    return people


def served(market: Index) -> VolatilityService:
    """Return the service over an index."""
    database = market.store._database  # pyright: ignore[reportPrivateUsage]
    return VolatilityService(
        Watch(market.feed, Cursors(FeedKind.INDEX, "log"), market.clock),
        market.book,
        market.store,
        Contexts(market.store, Purchases(database), market.pulse.labels, market.clock),
        market.pooling.__contains__,
        market.clock,
    )


@asynccontextmanager
async def watching(
    service: VolatilityService, caller: Caller = SHOP, **fields: Any
) -> AsyncGenerator[AsyncGenerator[SubscribeIndexResponse]]:
    stream = service.subscribe_index(SubscribeIndexRequest(**fields), caller)
    async with aclosing(stream):
        yield stream


async def take(stream: AsyncGenerator[SubscribeIndexResponse], count: int) -> list[Any]:
    """Return the next responses that are no heartbeats."""
    found: list[Any] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            message = await anext(stream)
            if not message.HasField("heartbeat"):
                found.append(message)
    return found


async def test_a_thousand_subscribers_get_every_tick_once() -> None:
    async with index(crowd(), tick_seconds=5) as market:
        await market.beat(MIDNIGHT_US)
        service = served(market)
        got: list[list[int]] = [[] for _ in range(1_000)]

        async def follow(place: int) -> None:
            async with watching(service, start=OLDEST) as stream:
                while len(got[place]) < 6:
                    for message in await take(stream, 1):
                        got[place].append(message.tick.at.seconds)

        readers = asyncio.gather(*(follow(place) for place in range(1_000)))
        for beat in range(1, 6):
            await market.beat(MIDNIGHT_US + beat * 5 * SECOND_US)
        await asyncio.wait_for(readers, 20)
    first = MIDNIGHT_US // SECOND_US
    assert all(found == [first + 5 * beat for beat in range(6)] for found in got)


async def test_a_new_subscriber_gets_the_newest_tick_of_each_feed_first() -> None:
    people = crowd()
    people.come(25, region="DE")
    async with index(people, pooling=("shop", "rival", "third")) as market:
        await market.run(MIDNIGHT_US, 3)
        async with watching(served(market)) as stream:
            found = await take(stream, 3)
    assert {message.tick.feed_id for message in found} == {
        ROOT,
        ALL,
        "own/shop/region/de/rolling/evi-0.1/local-test",
    }
    newest = (MIDNIGHT_US + 2 * MINUTE_US) // SECOND_US
    assert {message.tick.at.seconds for message in found} == {newest}


async def test_every_cursor_goes_on_right_behind_its_message() -> None:
    async with index(crowd()) as market:
        market.book.bases.add(given_base(ROOT))
        await market.run(MIDNIGHT_US, 6)
        service = served(market)
        async with watching(service, start=OLDEST) as stream:
            base, *whole = await take(stream, 7)
        assert base.base.base_id.startswith("imported-")
        for place, message in enumerate([base, *whole[:-1]]):
            async with watching(service, cursor=message.cursor) as stream:
                again = await take(stream, 2)
            assert again[0].base == base.base
            assert again[1] == whole[place]


async def test_a_slow_reader_that_wants_the_latest_is_told_exactly_what_it_missed() -> None:
    async with index(crowd(), tick_seconds=5) as market:
        await market.run(MIDNIGHT_US, 2)
        service = served(market)
        async with watching(service, start=OLDEST) as stream:
            (first,) = await take(stream, 1)
        market.feed._max_lag = 20  # pyright: ignore[reportPrivateUsage]
        await market.run(MIDNIGHT_US + 2 * MINUTE_US, 30)
        async with watching(service, cursor=first.cursor, mode=LATEST) as stream:
            lag, newest = await take(stream, 2)
        async with watching(service, cursor=lag.lagged.from_cursor) as stream:
            skipped = await take(stream, lag.lagged.dropped + 1)
        async with watching(service, cursor=lag.lagged.to_cursor) as stream:
            (following,) = await take(stream, 1)
    assert lag.lagged.dropped == 30
    assert lag.lagged.from_cursor == first.cursor
    assert skipped[-1] == newest == following
    assert newest.tick.at.seconds == (MIDNIGHT_US + 31 * MINUTE_US) // SECOND_US


async def test_a_hurry_never_skips_a_correction() -> None:
    async with index(crowd()) as market:
        await market.run(MIDNIGHT_US, 4)
        feed = market.row(ROOT)
        wrong_us = MIDNIGHT_US + MINUTE_US
        row = await market.store.correct(
            feed, wrong_us, lambda tick: voided(tick, 6), "A test was counted.", MIDNIGHT_US
        )
        market.book.last_number = row.number
        market.feed.publish([row])
        await market.run(MIDNIGHT_US + 10 * MINUTE_US, 10)
        market.feed._max_lag = 3  # pyright: ignore[reportPrivateUsage]
        async with watching(served(market), start=OLDEST, mode=LATEST) as stream:
            found = await take(stream, 4)
    kinds = [message.WhichOneof("item") for message in found]
    assert kinds == ["lagged", "correction", "lagged", "tick"]
    assert [message.lagged.dropped for message in found[::2]] == [4, 9]
    assert found[1].correction.explanation == "A test was counted."


async def test_nobody_reads_the_feeds_of_others() -> None:
    async with index(crowd(), pooling=("rival", "third")) as market:
        await market.beat(MIDNIGHT_US)
        service = served(market)
        listed = await service.list_feeds(ListFeedsRequest(), SHOP)
        messages: list[str] = []
        for name in (RIVAL, ALL, "own/shop/nothing"):
            request = ListBarsRequest(feed_id=name, period=BarPeriod.BAR_PERIOD_MINUTE)
            for call in (
                service.get_index(GetIndexRequest(feed_id=name), SHOP),
                service.list_bars(request, SHOP),
            ):
                with pytest.raises(Missing) as refused:
                    await call
                messages.append(refused.value.message)
            async with watching(service, feed_ids=[name]) as stream:
                with pytest.raises(Missing):
                    await anext(stream)
        async with watching(service, start=OLDEST) as stream:
            (tick,) = await take(stream, 1)
        async with watching(service, cursor=tick.cursor) as stream:
            heartbeat = await asyncio.wait_for(anext(stream), 5)
    assert [feed.feed_id for feed in listed.feeds] == [ROOT]
    assert len(set(messages)) == 1
    assert tick.tick.feed_id == ROOT
    assert heartbeat.HasField("heartbeat")


async def test_who_stops_sharing_stops_reading_what_is_shared() -> None:
    names = ("shop", "rival", "third")
    async with index(crowd(), pooling=names) as market:
        await market.beat(MIDNIGHT_US)
        service = served(market)
        async with watching(service, start=OLDEST) as stream:
            both = await take(stream, 2)
            market.pooling.remove("shop")
            await market.beat(MIDNIGHT_US + MINUTE_US)
            await market.beat(MIDNIGHT_US + 2 * MINUTE_US)
            after = await take(stream, 2)
    assert {message.tick.feed_id for message in both} == {ROOT, ALL}
    assert {message.tick.feed_id for message in after} == {ROOT}


@pytest.mark.parametrize("period", [1, 2, 3, 4])
async def test_pages_of_bars_join_to_the_whole_without_gap_or_repetition(period: int) -> None:
    async with index(crowd()) as market:
        await market.beat(MIDNIGHT_US)
        await market.history(ROOT, 4, 130)
        market.clock.us = MIDNIGHT_US + 5 * DAY_US
        service = served(market)
        wanted: dict[str, Any] = {"feed_id": ROOT, "period": BarPeriod.ValueType(period)}
        whole = await service.list_bars(ListBarsRequest(page_size=1_000, **wanted), SHOP)
        pages: list[Any] = []
        token = ""
        while token or not pages:
            page = await service.list_bars(
                ListBarsRequest(page_size=3 if period > 2 else 70, page_token=token, **wanted), SHOP
            )
            pages += page.bars
            token = page.next_page_token
    assert pages == list(whole.bars)
    assert len(pages) == {1: 521, 2: 105, 3: 13, 4: 4}[period]
    assert sum(bar.ticks for bar in pages) == 521


async def test_bars_are_chosen_by_when_they_start() -> None:
    async with index(crowd()) as market:
        await market.beat(MIDNIGHT_US)
        await market.history(ROOT, 1, 130)
        market.clock.us = MIDNIGHT_US + DAY_US
        request = ListBarsRequest(feed_id=ROOT, period=BarPeriod.BAR_PERIOD_HOUR)
        request.start_at.FromMicroseconds(MIDNIGHT_US + 61 * MINUTE_US)
        request.end_at.FromMicroseconds(MIDNIGHT_US + 121 * MINUTE_US)
        found = await served(market).list_bars(request, SHOP)
    (bar,) = found.bars
    assert bar.start_at.seconds == (MIDNIGHT_US + 120 * MINUTE_US) // SECOND_US
    assert bar.ticks == 60


async def test_feeds_are_listed_by_page_and_by_filter() -> None:
    people = crowd()
    for region in ("DE-BY", "FR", "US-CA"):
        people.come(25, region=region)
    async with index(people) as market:
        await market.beat(MIDNIGHT_US)
        service = served(market)
        names: list[str] = []
        token = ""
        while token or not names:
            request = ListFeedsRequest(page_size=2, page_token=token)
            page = await service.list_feeds(request, SHOP)
            names += [feed.feed_id for feed in page.feeds]
            token = page.next_page_token
        german = await service.list_feeds(ListFeedsRequest(region="DE"), SHOP)
    assert names == sorted(names)
    assert len(names) == 6
    assert [feed.region for feed in german.feeds] == ["DE"]
