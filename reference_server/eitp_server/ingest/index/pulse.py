"""The pulse: at whole seconds of UTC, count all sessions, draw every feed, store, publish."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import structlog

from eitp_server.errors import DomainError
from eitp_server.ingest.index.book import Heard
from eitp_server.ingest.index.series import choice_of
from eitp_server.volatility.assembly import CLOSES_AFTER_US, TickAssembly
from eitp_server.volatility.base import DAY_US
from eitp_server.volatility.methodology import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from eitp_server.ingest.census import Counted
    from eitp_server.ingest.feed import Feed
    from eitp_server.ingest.index.book import IndexBook
    from eitp_server.storage.index_row import FeedRow
    from eitp_server.storage.index_store import IndexStore
    from eitp_server.volatility.cell import Cell

_LOG: Final = structlog.get_logger(__name__)
_SHARD: Final = "0"
"""This process, which is all of the deployment."""
_UPKEEP_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long the index is kept."""

    tick_days: float = 7.0
    bar_days: float = 400.0


class Copy(Protocol):
    """A copy of all sessions at one moment."""

    def counted(self, at_us: int) -> Counted:
        """Return the sums of each cell at a tick; takes a while, in any thread."""
        ...


class Pulse:
    """Beats for as long as the server lives."""

    def __init__(
        self,
        *,
        book: IndexBook,
        store: IndexStore,
        feed: Feed[Any],
        copy: Callable[[], Copy],
        pooling: Callable[[], Collection[str]],
        now_us: Callable[[], int],
        tick_us: int,
        retention: Retention,
    ) -> None:
        """Beat every `tick_us` over what `copy` gives; `pooling` are the tenants that share now."""
        self.book = book
        self._store = store
        self._feed = feed
        self._copy = copy
        self._pooling = pooling
        self._now_us = now_us
        self._tick_us = tick_us
        self._retention = retention
        self._labels: Mapping[Cell, Counter[int]] = {}
        self._swept_day = 0

    async def run(self) -> None:
        """Beat until cancelled; what cannot be stored leaves a gap and is tried no more."""
        async with asyncio.TaskGroup() as tasks:
            await self._guarded("the bases of the index", self.keep_up())
            tasks.create_task(self._keep_up_always())
            beaten_us = self._now_us() // self._tick_us * self._tick_us
            while True:
                await asyncio.sleep(self._seconds_to_next())
                at_us = self._now_us() // self._tick_us * self._tick_us
                if at_us > beaten_us:
                    beaten_us = at_us
                    await self._guarded("a tick of the index", self.beat(at_us))

    async def beat(self, at_us: int) -> None:
        """Make one tick of every feed that is due at `at_us`."""
        counted = await asyncio.to_thread(self._copy().counted, at_us)
        heard = self._heard(at_us, counted)
        writes = await asyncio.to_thread(self.book.draw, heard, frozenset(self._pooling()))
        if writes.ticks or writes.feeds:
            await self._store.write(writes)
        self.book.apply(writes)
        self._labels = counted.labels
        self._feed.publish(writes.ticks)

    async def keep_up(self) -> None:
        """Compute the bases that are due, and forget what is old enough."""
        now_us = self._now_us()
        feeds = [state.row for state in self.book.feeds.values()]
        await self.book.bases.compute(self._store, feeds, now_us)
        await self._store.forget_ticks(now_us - round(self._retention.tick_days * DAY_US))
        if now_us // DAY_US > self._swept_day:
            self._swept_day = now_us // DAY_US
            await self._forget_bars(feeds, now_us - round(self._retention.bar_days * DAY_US))

    async def _forget_bars(self, feeds: Sequence[FeedRow], before_us: int) -> None:
        for feed in feeds:
            if feed.started_us < before_us:
                await self._store.forget_bars(feed, before_us)

    def labels(self, feed: FeedRow) -> Counter[int]:
        """Return how many of the sessions that a feed counted last were said to be what."""
        choice, found = choice_of(feed), Counter[int]()
        for cell, labels in self._labels.items():
            if choice.holds(cell):
                found.update(labels)
        return found

    def _heard(self, at_us: int, counted: Counted) -> Heard:
        assembly = TickAssembly(at_us, frozenset({_SHARD}))
        late = self._now_us() > at_us + CLOSES_AFTER_US
        if late:
            assembly.close()
        assembly.add(_SHARD, 1, counted.partials)
        return Heard(
            at_us=at_us,
            cells=assembly.close(),
            late=counted.partials if late else {},
            coverage=assembly.coverage,
        )

    def _seconds_to_next(self) -> float:
        # Not beyond a second: the clock of the day may be set while we sleep.
        return min((self._tick_us - self._now_us() % self._tick_us) / SECOND_US, 1.0)

    async def _keep_up_always(self) -> None:
        while True:
            await asyncio.sleep(_UPKEEP_SECONDS)
            await self._guarded("the bases of the index", self.keep_up())

    async def _guarded(self, what: str, job: Awaitable[None]) -> None:
        try:
            await job
        except DomainError as error:
            _LOG.warning(f"{what} could not be kept", reason=error.reason)
        except Exception:  # noqa: BLE001 # the index must not take the server down with it
            _LOG.exception(f"{what} failed")
