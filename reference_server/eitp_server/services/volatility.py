"""VolatilityService: feeds, ticks, bars and the stream of the index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eitp.v1.cursor_pb2 import Heartbeat, Lagged, StartPosition
from eitp.v1.volatility_pb2 import FeedStatus
from eitp.v1.volatility_service_pb2 import (
    GetIndexRequest,
    GetIndexResponse,
    ListBarsRequest,
    ListBarsResponse,
    ListFeedsRequest,
    ListFeedsResponse,
    SubscribeIndexRequest,
    SubscribeIndexResponse,
)

from eitp_server.errors import Missing, Reason
from eitp_server.services.index_bars import page_of_bars
from eitp_server.services.index_message import (
    bar_message,
    base_message,
    correction_message,
    feed_message,
    methodology_message,
    status_of,
    tick_message,
)
from eitp_server.services.index_subscriber import Subscriber
from eitp_server.services.moment import microseconds
from eitp_server.services.page import Listing
from eitp_server.storage.index_row import SHARED, CorrectionRow
from eitp_server.volatility.bar import BarPeriod
from eitp_server.volatility.base import borrowed
from eitp_server.volatility.reason import Audience

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from eitp_server.ingest.index.book import IndexBook
    from eitp_server.services.caller import Caller
    from eitp_server.services.feed_context import Contexts
    from eitp_server.services.watch import Watch
    from eitp_server.storage.index_row import FeedRow, TickRow
    from eitp_server.storage.index_store import IndexStore
    from eitp_server.volatility.bar import Bar
    from eitp_server.volatility.base import Base

_BORROWED: Final = "-parent"
"""How the identity of a base ends that is the parent's."""
_FOREVER_US: Final = 2**62


class VolatilityService:
    """ListFeeds, GetIndex, ListBars, SubscribeIndex."""

    def __init__(
        self,
        watch: Watch,
        book: IndexBook,
        store: IndexStore,
        contexts: Contexts,
        pools: Callable[[str], bool],
        now_us: Callable[[], int],
    ) -> None:
        """Answer from `book` and `store`; `pools(tenant_id)` tells who may read shared feeds."""
        self._watch = watch
        self._book = book
        self._store = store
        self._contexts = contexts
        self._pools = pools
        self._now_us = now_us

    async def list_feeds(self, request: ListFeedsRequest, caller: Caller) -> ListFeedsResponse:
        """List the feeds that the caller may read."""
        asked = (
            request.audience,
            request.vertical,
            request.region,
            request.page_section,
            request.status,
        )
        listing = Listing("ListFeeds", tuple(map(str, asked)))
        page = listing.page(request.page_size, request.page_token, default=50, most=200)
        now_us = self._now_us()
        found = [
            row
            for row in self._readable(caller.tenant_id)
            if row.feed_id > page.after and self._wanted(row, request, now_us)
        ]
        shown = found[: page.size]
        return ListFeedsResponse(
            feeds=[feed_message(row, self._book.base(row, now_us), now_us) for row in shown],
            next_page_token=listing.token(shown[-1].feed_id) if len(found) > page.size else "",
        )

    async def get_index(self, request: GetIndexRequest, caller: Caller) -> GetIndexResponse:
        """Return a tick with all that is needed to understand it."""
        feed = self._feed(request.feed_id, caller.tenant_id)
        now_us = self._now_us()
        past = request.HasField("at")
        at_us = microseconds(request.at) if past else _FOREVER_US
        tick = await self._store.tick_at(feed, at_us)
        response = GetIndexResponse(
            feed=feed_message(feed, self._book.base(feed, now_us), now_us),
            methodology=methodology_message(),
        )
        if tick is not None:
            response.tick.CopyFrom(tick_message(tick))
            corrections = await self._store.corrections(feed, tick.at_us)
            response.corrections.extend(map(correction_message, corrections[-20:]))
            if base := await self._base(feed, tick):
                response.base.CopyFrom(base_message(feed.feed_id, base))
        if feed.audience == Audience.TENANT and not past:
            response.context.CopyFrom(await self._contexts.of(feed, tick))
        return response

    async def list_bars(self, request: ListBarsRequest, caller: Caller) -> ListBarsResponse:
        """List bars, longer ones made of minutes while reading."""
        feed = self._feed(request.feed_id, caller.tenant_id)
        period, now_us = BarPeriod(request.period), self._now_us()
        asked = [request.feed_id, str(period)]
        asked += [str(microseconds(moment)) for moment in (request.start_at, request.end_at)]
        listing = Listing("ListBars", tuple(asked))
        page = listing.page(request.page_size, request.page_token, default=200, most=1000)
        part = await page_of_bars(
            self._store,
            feed,
            period,
            start_us=microseconds(request.start_at) if request.HasField("start_at") else 0,
            end_us=microseconds(request.end_at) if request.HasField("end_at") else now_us,
            page=page,
        )
        return ListBarsResponse(
            bars=[bar_message(bar, feed, now_us) for bar in part.bars if _published(bar, feed)],
            next_page_token=listing.token(part.next) if part.next else "",
        )

    async def subscribe_index(
        self, request: SubscribeIndexRequest, caller: Caller
    ) -> AsyncGenerator[SubscribeIndexResponse]:
        """Stream ticks and corrections, each base before the first tick that uses it."""
        tenant_id = caller.tenant_id
        for name in request.feed_ids:
            self._feed(name, tenant_id)
        chosen = frozenset(request.feed_ids) or None
        subscriber = Subscriber(self._store, tenant_id, chosen, self._pools)
        after = self._watch.start(tenant_id, request.cursor, request.start)
        told: dict[str, str] = {}
        if not request.cursor and request.start != StartPosition.START_POSITION_OLDEST:
            for tick in self._newest(subscriber):
                async for response in self._told(tick, tenant_id, told):
                    yield response
        items = self._watch.follow_as(subscriber, tenant_id, after, request.mode)
        async for cursor, item in items:
            if isinstance(item, Heartbeat):
                yield SubscribeIndexResponse(heartbeat=item)
            elif isinstance(item, Lagged):
                yield SubscribeIndexResponse(lagged=item)
            elif isinstance(item, CorrectionRow):
                yield SubscribeIndexResponse(cursor=cursor, correction=correction_message(item))
            else:
                async for response in self._told(item, tenant_id, told):
                    yield response

    async def _told(
        self, tick: TickRow, tenant_id: str, told: dict[str, str]
    ) -> AsyncGenerator[SubscribeIndexResponse]:
        """Yield a tick, and before it its base unless the stream has said it."""
        if tick.base_id and told.get(tick.feed_id) != tick.base_id:
            base = await self._base(self._book.feeds[tick.feed_id].row, tick)
            if base is not None:
                before = self._watch.cursor(tenant_id, tick.number - 1)
                yield SubscribeIndexResponse(cursor=before, base=base_message(tick.feed_id, base))
            told[tick.feed_id] = tick.base_id
        cursor = self._watch.cursor(tenant_id, tick.number)
        yield SubscribeIndexResponse(cursor=cursor, tick=tick_message(tick))

    def _newest(self, subscriber: Subscriber) -> list[TickRow]:
        """Return the newest tick of each feed, in the order of their numbers."""
        newest = [
            state.last
            for state in self._book.feeds.values()
            if state.last and not state.row.ends_us and subscriber.sees(state.last)
        ]
        return sorted(newest, key=lambda tick: tick.number)

    async def _base(self, feed: FeedRow, tick: TickRow) -> Base | None:
        """Return the base that a tick was scaled by: from memory while it is in force."""
        if not tick.base_id:
            return None
        base = self._book.base(feed, tick.at_us)
        if base is None or base.base_id != tick.base_id:
            base = await self._stored_base(feed, tick.base_id)
        return base

    async def _stored_base(self, feed: FeedRow, base_id: str) -> Base | None:
        for row in await self._store.bases(feed):
            if row.base.base_id == base_id:
                return row.base
        parent = self._book.feeds.get(feed.parent_feed_id)
        if parent is None or not base_id.endswith(_BORROWED):
            return None
        own_id = base_id.removesuffix(_BORROWED)
        base = await self._stored_base(parent.row, own_id)
        base = base or await self._stored_base(parent.row, base_id)
        return borrowed(base) if base else None

    def _readable(self, tenant_id: str) -> list[FeedRow]:
        rows = [state.row for state in self._book.feeds.values()]
        mine = [row for row in rows if self._may_read(row, tenant_id)]
        return sorted(mine, key=lambda row: row.feed_id)

    def _may_read(self, feed: FeedRow, tenant_id: str) -> bool:
        if feed.tenant_id == SHARED:
            return self._pools(tenant_id)
        return feed.tenant_id == tenant_id

    def _feed(self, name: str, tenant_id: str) -> FeedRow:
        """Return a feed; raises the same `Missing` for unknown and for foreign ones."""
        state = self._book.feeds.get(name)
        if state is None or not self._may_read(state.row, tenant_id):
            message = "no such feed for this key; ListFeeds says which there are"
            raise Missing(Reason.RESOURCE_UNKNOWN, message, metadata={"feed_id": name})
        return state.row

    def _wanted(self, feed: FeedRow, request: ListFeedsRequest, now_us: int) -> bool:
        status: FeedStatus = status_of(feed, self._book.base(feed, now_us), now_us)
        return (
            request.audience in (0, feed.audience)
            and request.vertical in ("", feed.vertical)
            and request.region in ("", feed.region)
            and request.page_section in (0, feed.page_section)
            and (
                request.status == status
                if request.status
                else status != FeedStatus.FEED_STATUS_RETIRED
            )
        )


def _published(bar: Bar, feed: FeedRow) -> bool:
    """Return whether a bar is shown: levels without an index are the own tenant's alone."""
    return bar.index is not None or feed.audience == Audience.TENANT
