"""Made-up crowds of sessions, and the volatility index over them on a clock that can leap."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eitp_server.ingest.census import Counted
from eitp_server.ingest.feed import Feed
from eitp_server.ingest.index.book import IndexBook
from eitp_server.ingest.index.pulse import Pulse, Retention
from eitp_server.storage.index_row import BarRow, BaseRow, TickRow
from eitp_server.storage.index_store import IndexStore, PulseWrites
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.volatility.bar import Bar, BarPeriod, OpenHighLowClose
from eitp_server.volatility.base import DAY_US, MINUTE_US, Base, BaseKind, BaseSource
from eitp_server.volatility.cell import Cell
from eitp_server.volatility.partial import Partial
from volatility.sessions import partial

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import AsyncGenerator, Sequence
    from pathlib import Path

    from eitp_server.storage.index_row import FeedRow

ESTIMATOR = "local/test"
MIDNIGHT_US = 20_000 * DAY_US
SECOND_US = 1_000_000


@dataclass(slots=True)
class Crowd:
    """The sessions of each cell; a copy of itself at any moment."""

    cells: dict[Cell, Partial] = field(default_factory=dict[Cell, Partial])
    labels: dict[Cell, Counter[int]] = field(default_factory=dict["Cell", "Counter[int]"])
    silent_since_us: int | None = None

    def come(
        self,
        sessions: int,
        volatility: int = 1000,
        *,
        tenant_id: str = "shop",
        weight: int = 100,
        **where: Any,
    ) -> None:
        """Let so many sessions be in a cell, in place of those that were."""
        pairs = [(weight, max(volatility + 40 * (k % 9 - 4), 1)) for k in range(sessions)]
        self.cells[Cell(tenant_id=tenant_id, **where)] = partial(pairs)

    def counted(self, at_us: int) -> Counted:
        """Return what there is, heard just now unless they are silent."""
        heard_us = at_us if self.silent_since_us is None else self.silent_since_us
        cells = {cell: _heard(part, heard_us) for cell, part in self.cells.items()}
        return Counted(cells, self.labels)


@dataclass(slots=True)
class Clock:
    """The time, as tests set it."""

    us: int = MIDNIGHT_US

    def __call__(self) -> int:
        return self.us


@dataclass(slots=True)
class Index:
    """The index over a crowd."""

    crowd: Crowd
    clock: Clock
    book: IndexBook
    store: IndexStore
    feed: Feed[Any]
    pulse: Pulse
    pooling: set[str]

    async def beat(self, at_us: int, *, after_us: int = 0) -> list[TickRow]:
        """Make the tick of a moment, `after_us` later; return what it published."""
        self.clock.us = at_us + after_us
        before = self.book.last_number
        await self.pulse.beat(at_us)
        rows = await self.store.items(self.owners, before, 1_000)
        return [row for row in rows if isinstance(row, TickRow)]

    async def run(self, start_us: int, minutes: int) -> list[TickRow]:
        """Beat once a minute; return what was published of it all."""
        published: list[TickRow] = []
        for minute in range(minutes):
            published += await self.beat(start_us + minute * MINUTE_US)
        return published

    async def history(self, feed_id: str, days: int, minutes: int) -> None:
        """Write the minutes that so many days leave, the first after a tick at MIDNIGHT_US."""
        row = self.row(feed_id)
        places = [(day, minute) for day in range(days) for minute in range(minutes)]
        bars = [_bar(row, day, minute) for day, minute in places]
        await self.store.write(PulseWrites(bars=bars))

    async def day_begins(self, day: int) -> None:
        """Compute what is due ten minutes after a midnight."""
        self.clock.us = MIDNIGHT_US + day * DAY_US + 10 * MINUTE_US
        await self.pulse.keep_up()

    @property
    def owners(self) -> list[str]:
        """Every tenant there is, and the shared one."""
        return ["", *sorted({state.row.tenant_id for state in self.book.feeds.values()} - {""})]

    def row(self, feed_id: str) -> FeedRow:
        """Return a feed."""
        return self.book.feeds[feed_id].row

    async def bars(self, feed_id: str) -> list[Bar]:
        """Return all stored minutes of a feed."""
        return await self.store.bars(self.row(feed_id), 0, 2**62, 100_000)


@asynccontextmanager
async def index(
    crowd: Crowd,
    folder: Path | None = None,
    *,
    clock: Clock | None = None,
    tick_seconds: int = 60,
    pooling: Sequence[str] = (),
    estimator: str = ESTIMATOR,
    **retention: float,
) -> AsyncGenerator[Index]:
    """Open the index in a folder, or in memory, as a server does when it starts."""
    clock = clock or Clock()
    shared = set(pooling)
    tick_us = tick_seconds * SECOND_US
    async with await SQLiteDatabase.open(folder, synchronous="OFF") as database:
        store, book = IndexStore(database), IndexBook(estimator, tick_us)
        book.load(await store.load(clock()), clock())
        feed: Feed[Any] = Feed(None, book.last_number)
        pulse = Pulse(
            book=book,
            store=store,
            feed=feed,
            copy=lambda: crowd,
            pooling=lambda: shared,
            now_us=clock,
            tick_us=tick_us,
            retention=Retention(**retention),
        )
        yield Index(crowd, clock, book, store, feed, pulse, shared)


def given_base(
    feed_id: str, tenant_id: str = "shop", median: float = 1.0, spread: float = 0.1
) -> BaseRow:
    """Return a base that an operator brought along."""
    base = Base(
        base_id="imported-2024-10-04",
        kind=BaseKind.ROLLING,
        source=BaseSource.OWN,
        median=median,
        spread=spread,
        start_us=MIDNIGHT_US - 28 * DAY_US,
        end_us=MIDNIGHT_US,
        valid_minutes=10_000,
        effective_us=MIDNIGHT_US - DAY_US,
    )
    return BaseRow(tenant_id=tenant_id, feed_id=feed_id, base=base)


def _bar(row: FeedRow, day: int, minute: int) -> BarRow:
    level = 1.0 + (minute % 21 - 10) / 100
    bar = Bar(
        start_us=MIDNIGHT_US + day * DAY_US + (60 + minute) * MINUTE_US,
        period=BarPeriod.MINUTE,
        base_id="",
        level=OpenHighLowClose(open=level, high=level, low=level, close=level),
        index=None,
        ticks=1,
        tick_us=row.tick_us,
        min_sessions=40,
    )
    return BarRow(tenant_id=row.tenant_id, feed_id=row.feed_id, bar=bar)


def _heard(part: Partial, at_us: int) -> Partial:
    return Partial(**{**_fields(part), "newest_us": at_us})


def _fields(part: Partial) -> dict[str, Any]:
    return {name: getattr(part, name) for name in part.__dataclass_fields__}
