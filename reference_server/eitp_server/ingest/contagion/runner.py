"""Counts regions every minute and looks for what spreads every five, beside the tick."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from eitp_server.errors import DomainError
from eitp_server.ingest.contagion.analysis import Before, analyse_window, is_analysable
from eitp_server.ingest.contagion.levels import minute_of
from eitp_server.ingest.contagion.window import MINUTE_US, SEEN, WINDOW, weeks_of, window_of
from eitp_server.intelligence.contagion.history import WINDOWS
from eitp_server.intelligence.contagion.profile import BASE_MINUTES
from eitp_server.storage.contagion_value import KeptProfile

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from eitp_server.apart import Apart
    from eitp_server.ingest.contagion.analysis import Result, Seen
    from eitp_server.ingest.contagion.window import Window
    from eitp_server.ingest.feed import Feed
    from eitp_server.storage.contagion import Contagion
    from eitp_server.storage.contagion_value import Item, Series
    from eitp_server.volatility.cell import Cell
    from eitp_server.volatility.partial import Partial

_LOG: Final = structlog.get_logger(__name__)
STEP_US: Final = 5 * MINUTE_US
"""Between two analyses."""
DAY_US: Final = 1_440 * MINUTE_US
KEPT_US: Final = (BASE_MINUTES + 2 * 1_440) * MINUTE_US
"""Time for which minutes and messages are kept: a profile of the week, and a day to make it."""
_WINDOW_US: Final = WINDOW * MINUTE_US
_LOOK_SECONDS: Final = 1.0
_PAGE: Final = 256


class ContagionRunner:
    """Everything that it knows stands in the tables, so a restart changes nothing but the gap."""

    def __init__(
        self,
        kept: Contagion,
        feed: Feed[Item],
        cells: Callable[[int], Awaitable[Mapping[Cell, Partial]]],
        pooling: Callable[[], Collection[str]],
        now_us: Callable[[], int],
        apart: Apart,
    ) -> None:
        """Count `cells(at_us)`, the tenants in `pooling()` together as well; analyse `apart`."""
        self._kept = kept
        self._feed = feed
        self._cells = cells
        self._pooling = pooling
        self._now_us = now_us
        self._apart = apart
        self._due = 0
        self._noticed = asyncio.Event()

    async def run(self) -> None:
        """Count and analyse for as long as the server lives."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._count())
            tasks.create_task(self._analyse())

    async def count(self, at_us: int) -> None:
        """Keep what each region does at `at_us`, the end of a minute."""
        cells = await self._cells(at_us)
        minutes = await asyncio.to_thread(minute_of, cells, at_us, self._pooling())
        if minutes:
            await self._kept.keep_minutes(minutes.items())

    async def analyse(self, end_us: int) -> None:
        """Analyse each series that had a session in the window that ends at `end_us`.

        Those with edges as well, which end when there is no analysis for too long.
        """
        await self._publish()
        seen = await self._kept.series(end_us - _WINDOW_US)
        for series in sorted({*seen, *await self._kept.series_with_edges()}):
            try:
                await self._analyse_one(series, end_us)
            except DomainError:
                raise
            except Exception:  # noqa: BLE001 # the other series are analysed all the same
                _LOG.exception("an analysis failed", vertical=series.vertical)

    async def tidy(self, day_us: int) -> None:
        """Fit the profiles of the 28 days before `day_us`, and forget what nobody needs."""
        kept = self._kept
        for series in await kept.series(day_us - DAY_US):
            profile = await kept.profile(series)
            if profile is None or profile.day_us < day_us:
                await self._fit(series, day_us)
        await kept.forget(day_us - KEPT_US, day_us - (WINDOWS + 2) * _WINDOW_US)

    async def _count(self) -> None:
        before = self._now_us() // MINUTE_US
        while True:
            await asyncio.sleep(min(_LOOK_SECONDS, self._until_next()))
            minute = self._now_us() // MINUTE_US
            if minute == before:
                continue
            before, at_us = minute, minute * MINUTE_US
            await self._guarded("a minute of the regions", self.count(at_us))
            if at_us % STEP_US == 0:
                self._due = at_us
                self._noticed.set()

    async def _analyse(self) -> None:
        # The one that may have been missed while the server was away.
        missed_us = self._now_us() // STEP_US * STEP_US
        await self._guarded("an analysis of contagion", self.analyse(missed_us))
        day_us = 0
        while True:
            await self._noticed.wait()
            self._noticed.clear()
            await self._guarded("an analysis of contagion", self.analyse(self._due))
            if self._due // DAY_US * DAY_US > day_us:
                day_us = self._due // DAY_US * DAY_US
                await self._guarded("the profiles of regions", self.tidy(day_us))

    @staticmethod
    async def _guarded(what: str, job: Awaitable[None]) -> None:
        try:
            await job
        except DomainError as error:
            _LOG.warning(f"{what} could not be kept", reason=error.reason)
        except Exception:  # noqa: BLE001 # one that fails must not end the other
            _LOG.exception(f"{what} failed")

    def _until_next(self) -> float:
        return (MINUTE_US - self._now_us() % MINUTE_US) / 1e6

    async def _analyse_one(self, series: Series, end_us: int) -> None:
        kept = self._kept
        state = await kept.state(series)
        if state and state.snapshot.basis.end_us >= end_us:
            return
        minutes = await kept.minutes(series, end_us - _WINDOW_US, end_us)
        window = await asyncio.to_thread(window_of, minutes, end_us)
        before = Before(state=state, windows=await self._windows(series, end_us))
        profile = await kept.profile(series)
        result = await self._result(window, profile, before, max(self._now_us(), end_us))
        await kept.keep_analysis(series, result.state, result.changed, made=result.made)
        await self._publish()

    async def _result(
        self, window: Window, profile: KeptProfile | None, before: Before, now_us: int
    ) -> Result:
        if is_analysable(window):
            return await self._apart.run(analyse_window, window, profile, before, now_us)
        # To say so takes less than another process does to begin.
        return await asyncio.to_thread(analyse_window, window, profile, before, now_us)

    async def _publish(self) -> None:
        """Publish whatever is stored and not published.

        Not what was just written: a write that nobody waited for any more has numbers as well, and
        what has a number below the newest is never looked for.
        """
        while items := await self._kept.unpublished(self._feed.last, _PAGE):
            self._feed.publish(items)

    async def _windows(self, series: Series, end_us: int) -> list[Seen]:
        """Return the window before, and the two before it that overlap neither it nor each other.

        They are all that decides where an edge stands, however many others there were.
        """
        found: list[Seen] = []
        before = await self._kept.window_before(series, end_us - 1)
        if before:
            found.append(before)
        latest = end_us
        for _ in range(WINDOWS - 1):
            earlier = await self._kept.window_before(series, latest - _WINDOW_US)
            if earlier is None:
                break
            latest = earlier[0]
            found.append(earlier)
        return sorted({at_us: (at_us, pairs) for at_us, pairs in found}.values())

    async def _fit(self, series: Series, day_us: int) -> None:
        first = await self._kept.first_minute(series)
        start_us = day_us - BASE_MINUTES * MINUTE_US
        if first is None or first > start_us + MINUTE_US:
            return
        minutes = await self._kept.minutes(series, start_us, day_us)
        window = await asyncio.to_thread(window_of, minutes, day_us, BASE_MINUTES, least=SEEN)
        weights = await asyncio.to_thread(weeks_of, window)
        await self._kept.keep_profile(series, KeptProfile(day_us=day_us, weights=weights))
