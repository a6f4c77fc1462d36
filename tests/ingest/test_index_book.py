"""Which feeds there may be: invented regions must not use up the room of others for good."""

from __future__ import annotations

import pytest
from eitp_server.ingest.index import book
from eitp_server.volatility.base import DAY_US, MINUTE_US
from ingest.index_crowd import MIDNIGHT_US, Crowd, index

pytestmark = pytest.mark.anyio


def regions(crowd: Crowd, *names: str) -> None:
    crowd.cells.clear()
    for name in names:
        crowd.come(40, region=name)


@pytest.mark.parametrize(("days", "begins"), [(6, False), (8, True)])
async def test_a_region_without_a_level_for_seven_days_makes_room_for_another(
    monkeypatch: pytest.MonkeyPatch, days: int, begins: bool
) -> None:
    # The root, and two regions.
    monkeypatch.setattr(book, "MOST_FEEDS", 3)
    crowd = Crowd()
    later_us = MIDNIGHT_US + days * DAY_US
    async with index(crowd) as shop:
        regions(crowd, "AQ", "BV")
        await shop.beat(MIDNIGHT_US)
        regions(crowd, "DE")
        await shop.beat(MIDNIGHT_US + MINUTE_US)
        assert not any("/region/de/" in name for name in shop.book.feeds)
        await shop.beat(later_us)
        assert any("/region/de/" in name for name in shop.book.feeds) is begins


async def test_a_region_that_comes_back_goes_on_with_its_feed() -> None:
    crowd = Crowd()
    async with index(crowd) as shop:
        regions(crowd, "DE")
        first = await shop.beat(MIDNIGHT_US)
        crowd.cells.clear()
        await shop.beat(MIDNIGHT_US + 5 * DAY_US)
        regions(crowd, "DE")
        again = await shop.beat(MIDNIGHT_US + 9 * DAY_US)
    assert {tick.feed_id for tick in first} == {tick.feed_id for tick in again}
    assert all(tick.level for tick in again)
