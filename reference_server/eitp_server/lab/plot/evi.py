"""The index as a picture: candles, the sampling band, and gaps where there is no value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.lab.plot.canvas import (
    BLUE,
    FAINT,
    GREY,
    INK,
    SKY,
    VERMILION,
    blank,
    plain,
    save,
)
from eitp_server.volatility.bar import BarPeriod, aggregated
from eitp_server.volatility.methodology import SECOND_US
from eitp_server.volatility.reason import Audience

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from eitp_server.lab.evi.report import EviReport
    from eitp_server.lab.plot.canvas import Axes, Figure
    from eitp_server.volatility.bar import Bar, OpenHighLowClose
    from eitp_server.volatility.index import IndexTick

MOST_CANDLES: Final = 130
"""More than this are drawn as longer bars."""
_DAY_S: Final = 86_400
_WORDS: Final = {
    "NO_BASE": "no base",
    "PARTIAL_COVERAGE": "servers missing",
    "STALE": "nobody heard",
    "INSUFFICIENT_SESSIONS": "too few sessions",
    "INSUFFICIENT_TENANTS": "too few tenants",
    "CONCENTRATED": "one session weighs too much",
    "LOW_PRECISION": "too imprecise",
    "COMPLEMENTARY": "would reveal another",
}


_LENGTHS: Final = {
    BarPeriod.MINUTE: "one-minute",
    BarPeriod.FIVE_MINUTES: "five-minute",
    BarPeriod.HOUR: "hourly",
    BarPeriod.DAY: "daily",
}


def draw_index(found: EviReport, path: Path) -> None:
    """Draw the index (the level while there is no base) above the number of sessions."""
    figure = blank(11, 6.2)
    top = figure.add_axes((0.065, 0.36, 0.915, 0.50))
    low = figure.add_axes((0.065, 0.10, 0.915, 0.17), sharex=top)
    plain(top, "")
    plain(low, "")
    candles = _readable(found.bars)
    _title(figure, found, candles)
    based = found.scaling.base is not None
    if based:
        _draw_band(top, found)
        top.set(ylim=(0, 100), yticks=[0, 11.9, 26.9, 50, 73.1, 88.1, 100])
        top.set_ylabel("index", color=INK)
        top.axhline(50, color=GREY, linewidth=0.8, linestyle="--", zorder=0)
    else:
        top.set_ylabel("level", color=INK)
        top.axhline(1, color=GREY, linewidth=0.8, linestyle="--", zorder=0)
        top.set_ylim(*_limits(candles))
    for bar in candles:
        run = bar.index if based else bar.level
        if run:
            _draw_candle(top, bar, run)
    _draw_gaps(top, found, based=based)
    _draw_sessions(low, found)
    _legend(top, based=based)
    _time_axis(low, found)
    top.tick_params(labelbottom=False)
    save(figure, path)


def _readable(found: Sequence[Bar]) -> Sequence[Bar]:
    for period in BarPeriod:
        if len(found) <= MOST_CANDLES:
            break
        if found[0].period < period:
            found = aggregated(found, period)
    return found


def _limits(candles: Sequence[Bar]) -> tuple[float, float]:
    """Return how far the axis of levels reaches; bars would have it end at the lowest of them."""
    low = min((bar.level.low for bar in candles), default=0.5)
    high = max((bar.level.high for bar in candles), default=1.5)
    room = max(0.08 * (high - low), 0.01)
    return low - room, high + room


def _title(figure: Figure, found: EviReport, candles: Sequence[Bar]) -> None:
    chosen = ", ".join(found.only.values()) or "all sessions"
    whose = "shared feed" if found.audience == Audience.SHARED else "own feed"
    length = _LENGTHS[candles[0].period] if candles else "no"
    base = found.scaling.base
    scaled = (
        f"base: median {base.median:.3f}, spread {base.spread:.3f} ({found.scaling.origin})"
        if base
        else "no base: only the level is known"
    )
    subject = (
        f"{whose}, {chosen}; a tick every {found.tick_us / SECOND_US:g} s, {length} bars; {scaled}"
    )
    heading = "Emotional volatility index" if base else "Level of emotional volatility"
    figure.text(0.012, 0.945, heading, fontsize=13, color=INK, weight="bold")
    figure.text(0.012, 0.905, subject, fontsize=9.5, color=INK)


def _draw_band(axes: Axes, found: EviReport) -> None:
    at = np.array([tick.at_us / SECOND_US / _DAY_S for tick in found.ticks])
    nothing = float("nan")
    lows = np.array([t.value.band_low if t.value else nothing for t in found.ticks])
    highs = np.array([t.value.band_high if t.value else nothing for t in found.ticks])
    smooth = np.array([t.value.smoothed_index if t.value else nothing for t in found.ticks])
    axes.fill_between(at, lows, highs, color=SKY, alpha=0.3, linewidth=0, zorder=1)
    axes.plot(at, smooth, color=INK, linewidth=1.2, zorder=4)


def _draw_candle(axes: Axes, bar: Bar, run: OpenHighLowClose) -> None:
    width = bar.period.us / SECOND_US / _DAY_S
    start = bar.start_us / SECOND_US / _DAY_S
    middle = start + width / 2
    colour = VERMILION if run.close >= run.open else BLUE
    axes.plot([middle, middle], [run.low, run.high], color=colour, linewidth=1, zorder=3)
    bottom, top = sorted((run.open, run.close))
    axes.bar(
        middle,
        top - bottom,
        bottom=bottom,
        width=0.64 * width,
        color=colour,
        edgecolor=colour,
        linewidth=0.8,
        zorder=3,
    )


def _draw_gaps(axes: Axes, found: EviReport, *, based: bool) -> None:
    """Shade stretches without a value, and say why where there is room for words."""
    runs = _without(found.ticks, based=based)
    whole = (found.ticks[-1].at_us - found.ticks[0].at_us) or 1
    for first, last, reason in runs:
        start, end = first - found.tick_us / 2, last + found.tick_us / 2
        left, right = start / SECOND_US / _DAY_S, end / SECOND_US / _DAY_S
        axes.axvspan(left, right, color=FAINT, alpha=0.6, linewidth=0, zorder=0)
        if (end - start) / whole > 0.012:
            axes.text(
                (left + right) / 2,
                0.5,
                _WORDS[reason],
                transform=axes.get_xaxis_transform(),
                rotation=90,
                ha="center",
                va="center",
                fontsize=8,
                color=GREY,
            )


def _without(ticks: Sequence[IndexTick], *, based: bool) -> list[tuple[int, int, str]]:
    runs: list[tuple[int, int, str]] = []
    following = False
    for tick in ticks:
        reason = tick.reason if based else tick.fault
        if reason and following and runs[-1][2] == reason.name:
            runs[-1] = (runs[-1][0], tick.at_us, reason.name)
        elif reason:
            runs.append((tick.at_us, tick.at_us, reason.name))
        following = reason is not None
    return runs


def _draw_sessions(axes: Axes, found: EviReport) -> None:
    at = [tick.at_us / SECOND_US / _DAY_S for tick in found.ticks]
    axes.fill_between(
        at, [tick.total.sessions for tick in found.ticks], step="mid", color=FAINT, linewidth=0
    )
    effective = [tick.level.effective_sessions if tick.level else 0 for tick in found.ticks]
    axes.step(at, effective, where="mid", color=BLUE, linewidth=1)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("sessions", color=INK)
    axes.set_title(
        "sessions that count (grey), and how many equally weighted ones they are worth (blue)",
        loc="left",
        fontsize=9,
        color=INK,
    )


def _legend(axes: Axes, *, based: bool) -> None:
    axes.plot([], [], marker="s", linestyle="", color=VERMILION, label="rose")
    axes.plot([], [], marker="s", linestyle="", color=BLUE, label="fell")
    if based:
        axes.plot([], [], color=INK, linewidth=1.2, label="smoothed")
        axes.fill_between([], [], [], color=SKY, alpha=0.3, label="95 % sampling band")
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=4,
        frameon=False,
        fontsize=9,
        handletextpad=0.4,
        columnspacing=1.2,
    )


def _time_axis(axes: Axes, found: EviReport) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    margin = found.tick_us / SECOND_US / _DAY_S / 2
    first, last = (found.ticks[place].at_us / SECOND_US / _DAY_S for place in (0, -1))
    axes.set_xlim(first - margin, max(last + margin, first + 2 * margin))
    locator = AutoDateLocator(tz=UTC)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=UTC, show_offset=False))
    day = datetime.fromtimestamp(found.ticks[0].at_us / SECOND_US, UTC)
    axes.set_xlabel(f"UTC, from {day:%Y-%m-%d}", color=INK)
