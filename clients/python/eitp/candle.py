"""Candles of the volatility index, for people who look at a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil, floor
from typing import TYPE_CHECKING

from rich.text import Text

from .enum_name import words_of
from .v1.volatility_pb2 import FeedStatus, NoValueReason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .v1.volatility_pb2 import Bar, Feed, IndexTick

MINUTE = 60
ROSE, FELL = "dark_orange", "deep_sky_blue1"
LEAST_POINTS, LEAST_LEVEL = 20.0, 0.2
"""Smallest range that a chart spans, so that nothing looks like a storm."""
_AXIS = 7
"""Columns of the scale on the left."""
_CLOCK_MINUTES = 10
_GLYPHS = {
    ("", ""): " ",
    ("", "wick"): "╷",
    ("", "body"): "╻",
    ("wick", ""): "╵",
    ("wick", "wick"): "│",
    ("wick", "body"): "╽",
    ("body", ""): "╹",
    ("body", "wick"): "╿",
    ("body", "body"): "┃",
}
"""By what the upper and the lower half of a cell hold."""


@dataclass(slots=True)
class Candle:
    """One minute: first, highest, lowest and last value."""

    open: float
    high: float
    low: float
    close: float

    def add(self, value: float) -> None:
        """Take one more value in."""
        self.high, self.low, self.close = max(self.high, value), min(self.low, value), value


@dataclass(slots=True)
class Chart:
    """The newest minutes of one feed, in points of the index, or as levels without a base."""

    feed: Feed
    candles: dict[int, Candle]
    """By the second at which the minute begins."""
    indexed: bool
    """Whether the candles are of the index and not of the level."""
    tick: IndexTick | None = None

    def __init__(self, feed: Feed, bars: list[Bar]) -> None:
        """Begin with stored bars; those of the index when the newest has one."""
        self.feed = feed
        self.indexed = bool(bars) and bars[-1].HasField("index")
        self.tick = None
        self.candles = {}
        for bar in bars:
            if self.indexed == bar.HasField("index"):
                run = bar.index if self.indexed else bar.level
                candle = Candle(run.open, run.high, run.low, run.close)
                self.candles[bar.start_at.seconds] = candle

    def add(self, tick: IndexTick) -> None:
        """Take a tick in: its minute grows by its value, if it has one."""
        newer = self.tick is None or tick.at.ToNanoseconds() > self.tick.at.ToNanoseconds()
        if not newer:
            return
        self.tick = tick
        if tick.HasField("value") and not self.indexed:
            self.indexed = True
            self.candles.clear()
        value = tick.value.index if tick.HasField("value") else tick.level
        drawn = tick.HasField("value") or (not self.indexed and tick.HasField("level"))
        if drawn:
            minute = tick.at.seconds // MINUTE * MINUTE
            candle = self.candles.setdefault(minute, Candle(value, value, value, value))
            candle.add(value)

    def draw(self, width: int, height: int, now: float) -> Text:
        """Return the chart in exactly `height` lines of at most `width` cells."""
        columns = max(width - _AXIS - 1, 1)
        newest = int(now) // MINUTE * MINUTE
        starts = [newest - MINUTE * back for back in range(columns - 1, -1, -1)]
        shown = {start: self.candles[start] for start in starts if start in self.candles}
        rows = max(height - 4, 1)
        low, high = self._span(shown)
        lines = [self._title(width), *self._words(width)]
        lines += self._plot(shown, starts, rows, low, high)
        lines.append(_clock(starts))
        return Text("\n").join(lines[:height])

    def _title(self, width: int) -> Text:
        status = words_of(FeedStatus, self.feed.status, "FEED_STATUS_")
        name = _cut(self.feed.feed_id, width - len(status) - 2)
        return Text.assemble((name, "bold"), "  ", (status, "dim"))

    def _words(self, width: int) -> list[Text]:
        tick = self.tick
        if tick is None:
            return [Text("waiting for the first tick", style="dim"), Text("")]
        first = number(tick)
        what = "index 0–100, 50 is usual" if self.indexed else "level, 1 is usual, no base yet"
        second = Text(f"one-minute candles; {what}; ", style="dim")
        second.append("rose", style=ROSE).append(", ").append("fell", style=FELL)
        for line in (first, second):
            line.truncate(width)
        return [first, second]

    def _span(self, shown: Mapping[int, Candle]) -> tuple[float, float]:
        least = LEAST_POINTS if self.indexed else LEAST_LEVEL
        middle = 50.0 if self.indexed else 1.0
        low = min((candle.low for candle in shown.values()), default=middle)
        high = max((candle.high for candle in shown.values()), default=middle)
        room = max(least - (high - low), 0.1 * (high - low)) / 2
        step = least / 4
        low, high = floor((low - room) / step) * step, ceil((high + room) / step) * step
        return max(low, 0.0), min(high, 100.0) if self.indexed else high

    def _plot(
        self,
        shown: Mapping[int, Candle],
        starts: list[int],
        rows: int,
        low: float,
        high: float,
    ) -> list[Text]:
        lines: list[Text] = []
        half = (high - low) / (2 * rows)
        usual = 50.0 if self.indexed else 1.0
        for row in range(rows):
            top = high - 2 * half * row
            edges = ((top - half, top), (top - 2 * half, top - half))
            is_usual = top - 2 * half <= usual < top
            line = Text(_scale(top - half, row, rows, indexed=self.indexed), style="dim")
            for start in starts:
                candle = shown.get(start)
                glyph = _glyph(candle, edges) if candle else " "
                if candle and glyph != " ":
                    line.append(glyph, style=ROSE if candle.close >= candle.open else FELL)
                else:
                    line.append("┈" if is_usual else " ", style="grey37")
            lines.append(line)
        return lines


def number(tick: IndexTick) -> Text:
    """Return the value of a tick in words, or why it has none."""
    at = datetime.fromtimestamp(tick.at.seconds, UTC)
    line = Text(f"{at:%H:%M:%S}Z  ", style="dim")
    if not tick.HasField("value"):
        why = words_of(NoValueReason, tick.reason, "NO_VALUE_REASON_")
        line.append(f"no value: {why}", style="yellow")
        if tick.HasField("level"):
            line.append(f"   level {tick.level:.3f}")
        return line
    value = tick.value
    line.append(f"{value.index:5.1f}", style="bold")
    line.append(f"  95 % band {value.band_low:.1f} to {value.band_high:.1f}")
    line.append(f"  smoothed {value.smoothed_index:.1f}")
    few, most = value.min_sessions, value.max_sessions
    line.append(f"  n {few:,}" if few == most else f"  n {few:,} to {most:,}")
    if value.low_precision:
        line.append("  imprecise", style="yellow")
    return line


def _glyph(candle: Candle, edges: tuple[tuple[float, float], tuple[float, float]]) -> str:
    upper, lower = (_holds(candle, *half) for half in edges)
    return _GLYPHS[upper, lower]


def _holds(candle: Candle, bottom: float, top: float) -> str:
    first, last = sorted((candle.open, candle.close))
    if first < top and last >= bottom:
        return "body"
    return "wick" if candle.low < top and candle.high >= bottom else ""


def _scale(value: float, row: int, rows: int, *, indexed: bool) -> str:
    labelled = row % 4 == 0 or row == rows - 1
    text = (f"{value:.1f}" if indexed else f"{value:.3f}") if labelled else ""
    return f"{text:>{_AXIS - 1}} "


def _clock(starts: list[int]) -> Text:
    """Return the times below the candles, one every few minutes where there is room."""
    cells = [" "] * len(starts)
    for place, start in enumerate(starts):
        if start % (_CLOCK_MINUTES * MINUTE) == 0 and place + 5 <= len(starts):
            cells[place : place + 5] = f"{datetime.fromtimestamp(start, UTC):%H:%M}"
    return Text(f"{'UTC':>{_AXIS - 1}} " + "".join(cells).rstrip(), style="dim")


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"
