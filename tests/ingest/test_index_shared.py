"""Shared feeds: enough tenants, counts in bands, and nothing that gives a sibling away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eitp_server.storage.index_row import SHARED, BaseRow, TickRow
from eitp_server.volatility.base import MINUTE_US, BaseKind
from eitp_server.volatility.reason import NoValueReason
from ingest.index_crowd import ESTIMATOR, MIDNIGHT_US, Crowd, Index, given_base, index

pytestmark = pytest.mark.anyio

VERSION = f"rolling/evi-0.1/{ESTIMATOR.replace('/', '-')}"
ALL = f"shared/all/{VERSION}"
RETAIL = f"shared/vertical/retail/{VERSION}"
TRAVEL = f"shared/vertical/travel/{VERSION}"
GERMANY = f"shared/vertical/retail/region/de/{VERSION}"
FRANCE = f"shared/vertical/retail/region/fr/{VERSION}"
SHOPS = ("a", "b", "c")


def shops(sessions: int, names: tuple[str, ...] = SHOPS, **where: Any) -> Crowd:
    crowd = Crowd()
    come(crowd, sessions, names, **where)
    return crowd


def come(crowd: Crowd, sessions: int, names: tuple[str, ...] = SHOPS, **where: Any) -> None:
    for place, name in enumerate(names):
        crowd.come(sessions, 1000 + 20 * place, tenant_id=name, **where)


async def shared(market: Index, minute: int = 0) -> dict[str, TickRow]:
    """Return the shared ticks of a minute by feed; all feeds have a base."""
    market.book.bases.add(given_base(ALL, SHARED, spread=0.3))
    ticks = await market.beat(MIDNIGHT_US + minute * MINUTE_US)
    return {tick.feed_id: tick for tick in ticks if tick.tenant_id == SHARED}


def fixed(feed_id: str) -> str:
    return feed_id.replace("/rolling/", "/fixed/")


def fixed_base(feed_id: str) -> BaseRow:
    given = given_base(fixed(feed_id), SHARED, spread=0.3)
    return replace(given, base=replace(given.base, base_id="fixed", kind=BaseKind.FIXED))


async def test_two_tenants_are_too_few() -> None:
    async with index(shops(400, ("a", "b")), pooling=SHOPS) as market:
        ticks = await shared(market)
    assert {tick.reason for tick in ticks.values()} == {NoValueReason.INSUFFICIENT_TENANTS}
    assert set(ticks) == {ALL}


async def test_three_tenants_give_a_value_without_anything_behind_it() -> None:
    async with index(shops(400), pooling=SHOPS) as market:
        tick = (await shared(market))[ALL]
    assert tick.reason == 0
    assert tick.index is not None
    assert tick.step is not None
    assert tick.step >= 0.1
    assert tick.index / tick.step == pytest.approx(round(tick.index / tick.step))
    assert (tick.min_sessions, tick.max_sessions) == (1_000, 2_999)
    assert (tick.level, tick.standard_error, tick.effective_sessions) == (None, None, None)
    assert (tick.level_index, tick.unweighted_level, tick.largest_share) == (None, None, None)


async def test_one_session_more_does_not_show() -> None:
    crowd = shops(400)
    async with index(crowd, pooling=SHOPS) as market:
        first = (await shared(market))[ALL]
        crowd.come(401, 1000, tenant_id="a")
        second = (await shared(market, 1))[ALL]
    assert (second.index, second.min_sessions) == (first.index, first.min_sessions)


async def test_who_does_not_share_is_not_counted() -> None:
    async with index(shops(400), pooling=("a", "b")) as market:
        before = (await shared(market))[ALL]
        market.pooling.add("c")
        after = (await shared(market, 1))[ALL]
    assert before.reason == NoValueReason.INSUFFICIENT_TENANTS
    assert after.reason == 0


async def test_nobody_sharing_leaves_no_shared_feed() -> None:
    async with index(shops(400)) as market:
        assert await shared(market) == {}


async def test_own_data_are_in_no_other_tenants_feed() -> None:
    crowd = shops(40, ("a", "b"))
    async with index(crowd, pooling=SHOPS) as market:
        first = {tick.feed_id: tick for tick in await market.beat(MIDNIGHT_US)}
        crowd.come(400, 4000, tenant_id="b")
        second = {tick.feed_id: tick for tick in await market.beat(MIDNIGHT_US + MINUTE_US)}
    own, other = f"own/a/all/{VERSION}", f"own/b/all/{VERSION}"
    assert second[own].level == first[own].level
    assert second[other].level != first[other].level
    assert all(
        tick.feed_id.startswith(f"own/{tick.tenant_id}/") or tick.tenant_id == SHARED
        for tick in second.values()
    )


async def test_a_trade_begins_once_three_tenants_and_fifty_sessions_are_in_it() -> None:
    crowd = shops(400, vertical="retail")
    come(crowd, 100, ("a", "b"), vertical="travel")
    async with index(crowd, pooling=SHOPS) as market:
        await shared(market)
        assert TRAVEL not in market.book.feeds
        come(crowd, 16, vertical="travel")
        await shared(market, 1)
        assert TRAVEL not in market.book.feeds
        come(crowd, 17, vertical="travel")
        await shared(market, 2)
        assert TRAVEL in market.book.feeds
        assert market.row(TRAVEL).parent_feed_id == ALL


async def test_a_trade_that_could_be_subtracted_is_hidden_with_the_smallest_other() -> None:
    crowd = shops(400, vertical="retail", region="DE")
    come(crowd, 300, vertical="travel")
    come(crowd, 300, vertical="toys")
    async with index(crowd, pooling=SHOPS) as market:
        whole = await shared(market)
        come(crowd, 10, vertical="books")
        parted = await shared(market, 1)
    toys = f"shared/vertical/toys/{VERSION}"
    assert {name for name, tick in whole.items() if tick.reason == 0} == {
        ALL,
        RETAIL,
        TRAVEL,
        toys,
        GERMANY,
    }
    hidden = {name for name, tick in parted.items() if tick.reason == NoValueReason.COMPLEMENTARY}
    assert hidden == {toys}
    assert {name for name, tick in parted.items() if tick.reason == 0} == {
        ALL,
        RETAIL,
        TRAVEL,
        GERMANY,
    }


@pytest.mark.parametrize("lacking", ["travel", "toys"])
async def test_what_one_base_keeps_back_the_other_does_not_give_away(lacking: str) -> None:
    crowd = shops(400, vertical="retail")
    come(crowd, 320, vertical="travel")
    come(crowd, 300, vertical="toys")
    come(crowd, 10, vertical="books")
    names = {trade: f"shared/vertical/{trade}/{VERSION}" for trade in ("retail", "travel", "toys")}
    # A trade that is younger than the others has no base of its own yet.
    scaled = [ALL, *(name for trade, name in names.items() if trade != lacking)]
    async with index(crowd, pooling=SHOPS) as market:
        for name in scaled:
            market.book.bases.add(fixed_base(name))
        ticks = await shared(market)
    for name in ("retail", "travel"):
        assert ticks[names[name]].reason == 0
    there = [name for name in scaled if fixed(name) in ticks]
    assert there == scaled
    valued = {name for name in scaled if ticks[fixed(name)].reason == 0}
    assert valued == {name for name in scaled if name != names["toys"]}
    assert ticks[names["toys"]].reason == NoValueReason.COMPLEMENTARY


async def test_the_countries_of_a_hidden_trade_are_hidden_too() -> None:
    crowd = shops(200, vertical="retail", region="DE")
    come(crowd, 200, vertical="retail", region="FR-75")
    come(crowd, 900, vertical="travel")
    async with index(crowd, pooling=SHOPS) as market:
        whole = await shared(market)
        come(crowd, 10, vertical="books")
        parted = await shared(market, 1)
    assert all(whole[name].reason == 0 for name in (RETAIL, GERMANY, FRANCE))
    for name in (RETAIL, GERMANY, FRANCE):
        assert parted[name].reason == NoValueReason.COMPLEMENTARY
        assert parted[name].index is None
    assert parted[TRAVEL].reason == 0


async def test_a_trade_with_nothing_hidden_beside_it_is_published() -> None:
    crowd = shops(200, vertical="retail")
    come(crowd, 900, vertical="travel")
    async with index(crowd, pooling=SHOPS) as market:
        ticks = await shared(market)
    assert ticks[RETAIL].reason == 0


async def test_sessions_of_an_unknown_trade_count_as_a_part_that_is_hidden() -> None:
    crowd = shops(400, vertical="retail")
    come(crowd, 500, vertical="travel")
    come(crowd, 5)
    async with index(crowd, pooling=SHOPS) as market:
        ticks = await shared(market)
    assert ticks[RETAIL].reason == NoValueReason.COMPLEMENTARY
    assert ticks[TRAVEL].reason == 0


async def test_a_late_tick_says_so_in_every_shared_feed() -> None:
    crowd = shops(400, vertical="retail", region="DE")
    async with index(crowd, pooling=SHOPS) as market:
        before = await shared(market)
        late = await market.beat(MIDNIGHT_US + MINUTE_US, after_us=3_000_000)
    after = {tick.feed_id: tick for tick in late if tick.tenant_id == SHARED}
    assert set(after) == set(before) == {ALL, RETAIL, GERMANY}
    assert {tick.reason for tick in after.values()} == {NoValueReason.PARTIAL_COVERAGE}
    assert {(tick.coverage, tick.late_sessions) for tick in after.values()} == {(0.0, 0)}


async def test_shared_feeds_tick_once_a_minute_however_fast_own_ones_are() -> None:
    async with index(shops(400), pooling=SHOPS, tick_seconds=5) as market:
        counts = [len(await market.beat(MIDNIGHT_US + place * 5_000_000)) for place in range(13)]
    assert counts == [4, *[3] * 11, 4]


async def test_levels_of_shared_feeds_without_a_base_are_kept_for_one_and_not_published() -> None:
    async with index(shops(400), pooling=SHOPS) as market:
        ticks = {tick.feed_id: tick for tick in await market.beat(MIDNIGHT_US)}
        (bar,) = await market.bars(ALL)
    assert ticks[ALL].reason == NoValueReason.NO_BASE
    assert ticks[ALL].level is None
    assert bar.index is None
    assert bar.level.close > 0
