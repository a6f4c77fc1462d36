"""The index beside the tick: bases come of age, ticks stay as they are, restarts change nothing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from eitp_server.volatility.base import DAY_US, MINUTE_US, BaseKind, BaseSource
from eitp_server.volatility.cell import Cell
from eitp_server.volatility.reason import NoValueReason
from ingest.index_crowd import MIDNIGHT_US, SECOND_US, Clock, Crowd, given_base, index

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.anyio

ROOT = "own/shop/all/rolling/evi-0.1/local-test"
FIXED = "own/shop/all/fixed/evi-0.1/local-test"
BAVARIA = "own/shop/region/de-by/rolling/evi-0.1/local-test"
GERMANY = "own/shop/region/de/rolling/evi-0.1/local-test"


def crowd_of(sessions: int = 40, volatility: int = 1000) -> Crowd:
    crowd = Crowd()
    crowd.come(sessions, volatility)
    return crowd


async def test_a_base_appears_the_day_after_seven_days_and_two_thousand_minutes() -> None:
    async with index(crowd_of(volatility=1100)) as shop:
        ticks = await shop.beat(MIDNIGHT_US)
        await shop.history(ROOT, 7, 286)
        for day in range(9):
            await shop.day_begins(day)
            ticks += await shop.run(MIDNIGHT_US + day * DAY_US + 3600 * SECOND_US, 1)
        base = shop.book.base(shop.row(ROOT), MIDNIGHT_US + 8 * DAY_US)
    *before, after = ticks
    assert {tick.reason for tick in before} == {NoValueReason.NO_BASE}
    assert all(tick.index is None and tick.level is not None for tick in before)
    assert base is not None
    assert base.source == BaseSource.OWN
    assert base.base_id == after.base_id == "rolling-2024-10-12"
    assert base.valid_minutes == 7 * 286 + 1
    assert base.median == pytest.approx(1.0, abs=0.01)
    assert after.index is not None
    assert after.index > 50


@pytest.mark.parametrize(("days", "minutes"), [(6, 400), (8, 200)])
async def test_too_few_days_or_minutes_give_no_base(days: int, minutes: int) -> None:
    async with index(crowd_of()) as shop:
        await shop.beat(MIDNIGHT_US)
        await shop.history(ROOT, days, minutes)
        await shop.day_begins(11)
        (tick,) = await shop.beat(MIDNIGHT_US + 12 * DAY_US)
    assert tick.reason == NoValueReason.NO_BASE


async def test_a_base_whose_moment_was_missed_is_computed_at_the_next_start(
    tmp_path: Path,
) -> None:
    async with index(crowd_of(), tmp_path) as shop:
        await shop.beat(MIDNIGHT_US)
        await shop.history(ROOT, 7, 290)
    clock = Clock(MIDNIGHT_US + 8 * DAY_US + 15 * 3600 * SECOND_US)
    async with index(crowd_of(), tmp_path, clock=clock) as shop:
        await shop.pulse.keep_up()
        (tick,) = await shop.beat(clock.us)
        bases = await shop.store.bases(shop.row(ROOT))
    assert tick.reason == 0
    assert [row.base.base_id for row in bases] == ["rolling-2024-10-12", "rolling-2024-10-13"]


async def test_a_base_in_force_is_frozen_for_its_day() -> None:
    async with index(crowd_of()) as shop:
        await shop.beat(MIDNIGHT_US)
        await shop.history(ROOT, 8, 290)
        await shop.day_begins(8)
        first = shop.book.base(shop.row(ROOT), MIDNIGHT_US + 9 * DAY_US)
        await shop.day_begins(9)
        second = shop.book.base(shop.row(ROOT), MIDNIGHT_US + 9 * DAY_US)
        tomorrow = shop.book.base(shop.row(ROOT), MIDNIGHT_US + 10 * DAY_US)
    assert first is not None
    assert second == first
    assert tomorrow is not None
    assert tomorrow.base_id != first.base_id


async def test_a_base_in_force_outlives_a_restart_whatever_became_of_its_minutes(
    tmp_path: Path,
) -> None:
    async with index(crowd_of(), tmp_path) as shop:
        await shop.beat(MIDNIGHT_US)
        await shop.history(ROOT, 8, 290)
        await shop.day_begins(8)
        before = shop.book.base(shop.row(ROOT), MIDNIGHT_US + 9 * DAY_US)
        await shop.store.forget_bars(shop.row(ROOT), MIDNIGHT_US + 9 * DAY_US)
    clock = Clock(MIDNIGHT_US + 9 * DAY_US + 15 * 3600 * SECOND_US)
    async with index(crowd_of(), tmp_path, clock=clock) as shop:
        await shop.pulse.keep_up()
        after = shop.book.base(shop.row(ROOT), clock.us)
    assert before is not None
    assert after == before


async def test_a_fixed_base_runs_beside_the_rolling_one_after_a_whole_window() -> None:
    async with index(crowd_of()) as shop:
        await shop.beat(MIDNIGHT_US)
        await shop.history(ROOT, 40, 75)
        await shop.day_begins(27)
        assert [tick.feed_id for tick in await shop.beat(MIDNIGHT_US + 28 * DAY_US)] == [ROOT]
        await shop.day_begins(28)
        ticks = await shop.beat(MIDNIGHT_US + 29 * DAY_US)
        await shop.day_begins(31)
        later = await shop.beat(MIDNIGHT_US + 32 * DAY_US)
    assert {tick.feed_id for tick in ticks} == {ROOT, FIXED}
    assert {tick.base_id for tick in later} == {"fixed-2024-11-02", "rolling-2024-11-05"}
    assert shop.row(FIXED).base_kind == BaseKind.FIXED


async def test_a_region_begins_once_it_has_enough_sessions_and_borrows_its_parents_base() -> None:
    crowd = crowd_of()
    crowd.come(19, region="DE-BY")
    async with index(crowd) as shop:
        await shop.store.add_base(given_base(ROOT))
        shop.book.bases.add(given_base(ROOT))
        await shop.beat(MIDNIGHT_US)
        assert set(shop.book.feeds) == {ROOT}
        crowd.come(20, region="DE-BY")
        await shop.beat(MIDNIGHT_US + MINUTE_US)
        crowd.come(3, region="DE-BY")
        ticks = {tick.feed_id: tick for tick in await shop.beat(MIDNIGHT_US + 2 * MINUTE_US)}
        base = shop.book.base(shop.row(BAVARIA), MIDNIGHT_US)
    assert set(ticks) == {ROOT, GERMANY, BAVARIA}
    assert ticks[BAVARIA].reason == NoValueReason.INSUFFICIENT_SESSIONS
    assert base is not None
    assert base.source == BaseSource.PARENT
    assert base.base_id == "imported-2024-10-04-parent"
    assert shop.row(BAVARIA).parent_feed_id == ROOT


async def test_a_part_of_the_page_has_a_feed_of_its_own() -> None:
    crowd = crowd_of()
    crowd.come(25, page_section=3)
    async with index(crowd) as shop:
        ticks = await shop.beat(MIDNIGHT_US)
        sections = {shop.row(tick.feed_id).page_section for tick in ticks}
    assert sections == {0, 3}


async def test_every_reason_is_said_in_its_turn() -> None:
    crowd = crowd_of()
    async with index(crowd) as shop:
        shop.book.bases.add(given_base(ROOT))
        (valid,) = await shop.beat(MIDNIGHT_US)
        (late,) = await shop.beat(MIDNIGHT_US + MINUTE_US, after_us=2 * SECOND_US + 1)
        crowd.silent_since_us = MIDNIGHT_US
        (stale,) = await shop.beat(MIDNIGHT_US + 2 * MINUTE_US)
        crowd.silent_since_us = None
        crowd.come(19)
        (few,) = await shop.beat(MIDNIGHT_US + 3 * MINUTE_US)
        crowd.come(30, weight=1)
        crowd.come(1, region="DE", weight=200)
        (heavy,) = await shop.beat(MIDNIGHT_US + 4 * MINUTE_US)
    assert valid.reason == 0
    assert late.reason == NoValueReason.PARTIAL_COVERAGE
    assert (late.coverage, late.late_sessions) == (0.0, 40)
    assert stale.reason == NoValueReason.STALE
    assert few.reason == NoValueReason.INSUFFICIENT_SESSIONS
    assert heavy.reason == NoValueReason.CONCENTRATED
    assert heavy.late_sessions == 40
    assert all(tick.index is None and tick.level is None for tick in (late, stale, few, heavy))


async def test_bars_hold_valid_ticks_only_and_are_never_carried_forward() -> None:
    crowd = crowd_of()
    async with index(crowd, tick_seconds=5) as shop:
        shop.book.bases.add(given_base(ROOT))
        for place in range(48):
            crowd.come(40 if place < 18 or place >= 40 else 3, 1000 + place)
            await shop.beat(MIDNIGHT_US + place * 5 * SECOND_US)
        bars = await shop.bars(ROOT)
    starts = [(bar.start_us - MIDNIGHT_US) // MINUTE_US for bar in bars]
    assert starts == [0, 1, 3]
    assert [bar.ticks for bar in bars] == [12, 6, 8]
    assert [bar.expected_ticks for bar in bars] == [12, 12, 12]
    assert bars[0].level.open < bars[0].level.close
    assert all(bar.index is not None for bar in bars)


async def test_a_closed_tick_is_never_changed() -> None:
    crowd = crowd_of()
    async with index(crowd) as shop:
        (first,) = await shop.beat(MIDNIGHT_US)
        crowd.come(80, 3000)
        again = await shop.beat(MIDNIGHT_US)
        kept = await shop.store.items(["shop"], 0, 10)
    assert again == []
    assert kept == [first]


@pytest.mark.parametrize("lives", [1, 2, 7])
async def test_restarts_in_the_middle_of_a_minute_give_the_same_rows(
    tmp_path: Path, lives: int
) -> None:
    whole = await lived(tmp_path / "whole", [36])
    cuts = [36] if lives == 1 else [7, 29] if lives == 2 else [5, 5, 5, 5, 5, 5, 6]
    assert await lived(tmp_path / "cut", cuts) == whole


async def lived(folder: Path, lives: list[int]) -> list[object]:
    """Return the ticks and bars of three minutes, lived in so many processes."""
    crowd, place = crowd_of(), 0
    kept: list[object] = []
    for ticks in lives:
        clock = Clock(MIDNIGHT_US + place * 5 * SECOND_US - 1)
        async with index(crowd, folder, tick_seconds=5, clock=clock) as shop:
            if place == 0:
                await shop.store.add_base(given_base(ROOT))
                shop.book.bases.add(given_base(ROOT))
            for _ in range(ticks):
                crowd.come(40 if place % 11 else 3, 1000 + 37 * (place % 7))
                late_us = 3 * SECOND_US if place == 9 else 0
                await shop.beat(MIDNIGHT_US + place * 5 * SECOND_US, after_us=late_us)
                place += 1
            kept = [*await shop.store.items(["shop"], 0, 1_000), *await shop.bars(ROOT)]
    return kept


async def test_a_minute_that_forgot_its_first_half_would_be_noticed(tmp_path: Path) -> None:
    crowd = crowd_of()
    async with index(crowd, tmp_path, tick_seconds=5) as shop:
        for place in range(12):
            if place == 6:
                shop.book.feeds[ROOT].bar = None
            crowd.come(40, 1000 + place)
            await shop.beat(MIDNIGHT_US + place * 5 * SECOND_US)
        (bar,) = await shop.bars(ROOT)
    assert bar.ticks == 6


async def test_a_feed_pauses_while_nobody_is_there() -> None:
    crowd = crowd_of()
    async with index(crowd) as shop:
        await shop.beat(MIDNIGHT_US)
        crowd.cells.clear()
        assert await shop.beat(MIDNIGHT_US + MINUTE_US) == []
        crowd.come(40)
        assert len(await shop.beat(MIDNIGHT_US + 2 * MINUTE_US)) == 1


async def test_another_estimator_ends_the_feeds_of_the_one_before(tmp_path: Path) -> None:
    async with index(crowd_of(), tmp_path) as shop:
        await shop.beat(MIDNIGHT_US)
        row = shop.row(ROOT)
    clock = Clock(MIDNIGHT_US + DAY_US)
    async with index(crowd_of(), tmp_path, clock=clock) as shop:
        shop.book.feeds.clear()
        shop.book._estimator_version = "local/next"  # pyright: ignore[reportPrivateUsage]
        shop.book.load(await shop.store.load(clock.us), clock.us)
        ticks = await shop.beat(clock.us)
        kept = {feed.feed_id: feed for feed in await shop.store.feeds()}
    assert kept[row.feed_id].ends_us == clock.us
    assert [tick.feed_id for tick in ticks] == ["own/shop/all/rolling/evi-0.1/local-next"]


async def test_old_ticks_are_forgotten_and_who_needs_them_is_told() -> None:
    async with index(crowd_of(), tick_days=1) as shop:
        await shop.run(MIDNIGHT_US, 10)
        await shop.run(MIDNIGHT_US + DAY_US, 5)
        shop.clock.us = MIDNIGHT_US + DAY_US + 5 * MINUTE_US
        await shop.pulse.keep_up()
        left = await shop.store.items(["shop"], 5, 100)
        with pytest.raises(Exception, match="oldest kept is 6"):
            await shop.store.items(["shop"], 4, 100)
        assert len(await shop.bars(ROOT)) == 15
    assert [row.number for row in left] == list(range(6, 16))


async def test_old_minutes_are_forgotten_once_a_day() -> None:
    async with index(crowd_of(), bar_days=30) as shop:
        await shop.beat(MIDNIGHT_US)
        await shop.history(ROOT, 40, 2)
        await shop.day_begins(40)
        bars = await shop.bars(ROOT)
    assert len(bars) == 2 * 30
    assert bars[0].start_us >= MIDNIGHT_US + 10 * DAY_US


async def test_labels_are_those_of_the_sessions_that_a_feed_counts() -> None:
    crowd = crowd_of()
    crowd.come(25, region="DE-BY")
    crowd.labels = {
        Cell(tenant_id="shop"): Counter({1: 30, 4: 10}),
        Cell(tenant_id="shop", region="DE-BY"): Counter({4: 25}),
        Cell(tenant_id="rival"): Counter({8: 99}),
    }
    async with index(crowd) as shop:
        await shop.beat(MIDNIGHT_US)
        assert shop.pulse.labels(shop.row(ROOT)) == {1: 30, 4: 35}
        assert shop.pulse.labels(shop.row(GERMANY)) == {4: 25}
