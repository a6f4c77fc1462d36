"""The valid ticks of a stretch of time in short: first, highest, lowest and last."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from itertools import groupby
from typing import TYPE_CHECKING

from eitp_server.volatility.base import DAY_US, MINUTE_US

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eitp_server.volatility.index import IndexTick


class BarPeriod(IntEnum):
    """Length of a bar; numbers are those of `eitp.v1.BarPeriod`."""

    MINUTE = 1
    FIVE_MINUTES = 2
    HOUR = 3
    DAY = 4

    @property
    def us(self) -> int:
        """Length in µs."""
        return (MINUTE_US, 5 * MINUTE_US, 60 * MINUTE_US, DAY_US)[self - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHighLowClose:
    """First, highest, lowest and last of a run of values."""

    open: float
    high: float
    low: float
    close: float

    @classmethod
    def of(cls, runs: Sequence[OpenHighLowClose]) -> OpenHighLowClose:
        """Return that of one run after the other."""
        return cls(
            open=runs[0].open,
            high=max(run.high for run in runs),
            low=min(run.low for run in runs),
            close=runs[-1].close,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """The ticks of a stretch that has at least one."""

    start_us: int
    period: BarPeriod
    base_id: str
    """Empty without a base."""
    level: OpenHighLowClose
    index: OpenHighLowClose | None
    """None while there is no base: such bars are for the first base, not to be published."""
    ticks: int
    tick_us: int
    """Time between two ticks."""
    min_sessions: int
    """Fewest sessions of any of the ticks."""

    @property
    def end_us(self) -> int:
        """First moment after the bar; it is complete from then on."""
        return self.start_us + self.period.us

    @property
    def expected_ticks(self) -> int:
        """Ticks that the stretch has room for."""
        return max(self.period.us // self.tick_us, 1)


def bars(
    ticks: Iterable[IndexTick], *, tick_us: int, period: BarPeriod = BarPeriod.MINUTE
) -> list[Bar]:
    """Return the bars of ticks in the order of time.

    Ticks with a value count, and those whose level is sound while there is no base. A stretch
    without one has no bar. Levels do not add up over servers once they are bars, so ticks come
    from merged partials.
    """
    single = [bar for tick in ticks if (bar := _of_tick(tick, tick_us, period))]
    return _grouped(single, period)


def aggregated(parts: Iterable[Bar], period: BarPeriod) -> list[Bar]:
    """Return longer bars from shorter ones in the order of time, the same as from their ticks."""
    return _grouped(list(parts), period)


def _of_tick(tick: IndexTick, tick_us: int, period: BarPeriod) -> Bar | None:
    warming = tick.sound and not tick.base_id
    if tick.level is None or not (tick.value or warming):
        return None
    sessions = tick.value.sessions.least if tick.value else tick.total.sessions
    return Bar(
        start_us=tick.at_us // period.us * period.us,
        period=period,
        base_id=tick.base_id,
        level=_run(tick.level.value),
        index=_run(tick.value.index) if tick.value else None,
        ticks=1,
        tick_us=tick_us,
        min_sessions=sessions,
    )


def _run(value: float) -> OpenHighLowClose:
    return OpenHighLowClose(open=value, high=value, low=value, close=value)


def _grouped(parts: list[Bar], period: BarPeriod) -> list[Bar]:
    def place(bar: Bar) -> tuple[int, str]:
        return bar.start_us // period.us * period.us, bar.base_id

    found = groupby(parts, key=place)
    return [_joined(start, list(group), period) for (start, _), group in found]


def _joined(start_us: int, group: Sequence[Bar], period: BarPeriod) -> Bar:
    runs = [bar.index for bar in group if bar.index]
    return Bar(
        start_us=start_us,
        period=period,
        base_id=group[0].base_id,
        level=OpenHighLowClose.of([bar.level for bar in group]),
        index=OpenHighLowClose.of(runs) if runs else None,
        ticks=sum(bar.ticks for bar in group),
        tick_us=group[0].tick_us,
        min_sessions=min(bar.min_sessions for bar in group),
    )
