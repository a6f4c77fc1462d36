"""Readers follow a feed at their own pace: nothing lost, nothing twice, gaps announced."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from eitp_server.errors import OutOfRange, Reason
from eitp_server.ingest.feed import Beat, Feed, Gap

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Item:
    """One item of the test feed."""

    number: int
    tenant_id: str = "t"
    session_id: str = "s"


class Shelf:
    """Storage that keeps everything from `oldest` on."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.oldest = 1
        self.reads = 0

    async def stored(
        self, tenant_id: str, after: int, limit: int, session_id: str
    ) -> Sequence[Item]:
        """Return items as the log port does."""
        self.reads += 1
        if after + 1 < self.oldest:
            raise OutOfRange(Reason.CURSOR_COMPACTED, "gone", metadata={"oldest": str(self.oldest)})
        found = [
            item
            for item in self.items
            if item.number > after
            and item.tenant_id == tenant_id
            and session_id in ("", item.session_id)
        ]
        return found[:limit]


def fed(
    count: int, *, ring: int = 8, max_lag: int = 4, tenants: str = "t"
) -> tuple[Feed[Any], Shelf]:
    """Return a feed of `count` items, tenants taking turns, and its storage."""
    shelf = Shelf()
    feed: Feed[Any] = Feed(shelf.stored, 0, ring=ring, max_lag=max_lag)
    for number in range(1, count + 1):
        item = Item(number, tenants[number % len(tenants)])
        shelf.items.append(item)
        feed.publish([item])
    return feed, shelf


async def first(feed: Feed[Any], count: int, *, after: int = 0, **options: Any) -> list[Any]:
    """Return the first `count` things that a reader gets."""
    got: list[Any] = []
    async with asyncio.timeout(5), aclosing(feed.follow("t", after, **options)) as items:
        async for item in items:
            got.append(item)
            if len(got) == count:
                break
    return got


async def test_a_reader_far_behind_gets_everything_once_from_storage_and_memory() -> None:
    feed, shelf = fed(1000)
    got = await first(feed, 1000)
    assert [item.number for item in got] == list(range(1, 1001))
    assert shelf.reads > 0


async def test_a_current_reader_never_touches_storage() -> None:
    feed, shelf = fed(1000)
    got = await first(feed, 3, after=997)
    assert [item.number for item in got] == [998, 999, 1000]
    assert shelf.reads == 0


async def test_a_reader_sees_its_own_tenant_only_and_its_position_moves_on() -> None:
    feed, _ = fed(100, tenants="tu")
    got = await first(feed, 51, heartbeat=0.05)
    items = [item for item in got if isinstance(item, Item)]
    assert len(items) == 50
    assert {item.tenant_id for item in items} == {"t"}


async def test_a_waiting_reader_wakes_when_something_is_published() -> None:
    feed, _ = fed(3)
    reading = asyncio.create_task(first(feed, 2, after=3, heartbeat=60))
    await asyncio.sleep(0)
    feed.publish([Item(4)])
    assert await reading == [Beat(3), Item(4)]


async def test_a_reader_of_a_busy_feed_that_holds_nothing_for_it_hears_where_it_stands() -> None:
    feed, _ = fed(100)
    async with asyncio.timeout(5), aclosing(feed.follow("nobody", 0, heartbeat=0.01)) as items:
        async for item in items:
            assert isinstance(item, Beat)
            feed.publish([Item(feed.last + 1)])
            if item.number > 110:
                break


async def test_a_lagging_reader_that_wants_the_latest_is_told_exactly_what_it_missed() -> None:
    feed, _ = fed(1000)
    gap, *rest = await first(feed, 5, latest=True)
    assert isinstance(gap, Gap)
    assert gap.dropped == gap.through - gap.after
    assert [item.number for item in rest] == list(range(gap.through + 1, gap.through + 5))


async def test_the_count_of_what_was_missed_is_that_of_the_readers_own_items() -> None:
    feed, shelf = fed(1000, tenants="tu")
    gap, *_ = await first(feed, 2, latest=True)
    own = [i for i in shelf.items if i.tenant_id == "t" and gap.after < i.number <= gap.through]
    assert gap.dropped == len(own)


async def test_a_reader_whose_items_are_gone_is_told_so() -> None:
    feed, shelf = fed(1000)
    shelf.oldest = 500
    with pytest.raises(OutOfRange) as caught:
        await first(feed, 1, after=10)
    assert caught.value.reason == Reason.CURSOR_COMPACTED


async def test_the_ring_stays_bounded() -> None:
    feed, _ = fed(10_000)
    assert len(feed._ring) <= 16  # pyright: ignore[reportPrivateUsage]
