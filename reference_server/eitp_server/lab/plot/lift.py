"""Whether intervening helps, as a picture: the lift over time, and each intervention by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from textwrap import fill
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.lab.plot.canvas import (
    BLUE,
    FAINT,
    GREEN,
    GREY,
    INK,
    SKY,
    VERMILION,
    blank,
    plain,
    save,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from eitp_server.bandit.lift import Lift
    from eitp_server.bandit.study import Point
    from eitp_server.lab.plot.canvas import Axes

_WIDTH: Final = 11.6
_HEAD: Final = 1.55
"""Inches above the axes."""
_OVER_TIME: Final = 3.6
_NOTHING: Final = 0.9
"""Instead of that, while there is nothing to draw over time."""
_BETWEEN: Final = 1.15
_PER_ARM: Final = 0.42
_FOOT: Final = 0.75
_LETTERS: Final = 150
"""Of a line below the heading."""
_NARROWING: Final = 3.0
"""Early bands are cut at so many times the width that the band has had since the middle."""


def draw(
    history: Sequence[Point],
    arms: Mapping[str, Lift],
    path: Path,
    *,
    heading: str,
    statement: str,
    holds_out: bool = True,
) -> None:
    """Write the picture; `history` ends with what is known now, `arms` are by name.

    Unless it `holds_out` visitors the experiment has neither, and the picture says why.
    """
    rows = max(len(arms), 1)
    points = [point for point in history if point.lift.estimate is not None]
    over_time = _OVER_TIME if points else _NOTHING
    height = _HEAD + over_time + _BETWEEN + _PER_ARM * (rows + 1) + _FOOT
    figure = blank(_WIDTH, height)
    figure.text(0.045, 1 - 0.4 / height, heading, fontsize=14, color=INK, weight="bold")
    said = fill(statement.replace(" %", "\N{NO-BREAK SPACE}%"), _LETTERS)
    figure.text(0.045, 1 - 0.52 / height, said, fontsize=9.5, color=INK, va="top")
    bottom = (_FOOT + _PER_ARM * (rows + 1) + _BETWEEN) / height
    above = figure.add_axes((0.085, bottom, 0.885, over_time / height))
    below = figure.add_axes((0.2, _FOOT / height, 0.77, _PER_ARM * (rows + 1) / height))
    _draw_history(above, points, holds_out=holds_out)
    _draw_arms(below, arms, holds_out=holds_out)
    save(figure, path)


def _draw_history(axes: Axes, points: Sequence[Point], *, holds_out: bool) -> None:
    plain(axes, "Everybody treated against the holdout, however often it is looked at")
    if not points:
        missing = "it takes 100 visitors on either side" if holds_out else "nobody is held out"
        _nothing(axes, f"Nothing to draw: {missing}.")
        return
    days = [datetime.fromtimestamp(point.decided_at_us / 1e6, UTC) for point in points]
    estimate = _points(points, "estimate")
    low, high = _points(points, "interval_low"), _points(points, "interval_high")
    bound = _points(points, "lower_bound")
    axes.axhline(0, color=INK, linewidth=0.9)
    axes.fill_between(days, low, high, color=SKY, alpha=0.35, linewidth=0, label="95 % interval")
    axes.plot(days, bound, color=VERMILION, linewidth=1.4, linestyle="--", label="lower bound")
    axes.plot(days, estimate, color=BLUE, linewidth=2.0, label="lift")
    if len(points) == 1:
        axes.errorbar(days, estimate, yerr=[estimate - low, high - estimate], color=BLUE, fmt="o")
    late = slice(len(points) // 2, None)
    reach = _NARROWING * float((high[late] - low[late]).max()) / 2
    middle = float(estimate[-1])
    axes.set_ylim(
        min(max(float(low.min()), middle - reach), 0) - 0.5,
        max(min(float(high.max()), middle + reach), 0) + 0.5,
    )
    axes.set_ylabel("lift, percentage points", color=INK)
    axes.legend(loc="upper right", fontsize=9, frameon=False, ncols=3)
    _date_axis(axes)
    _unit_ticks(axes, points, days)


def _date_axis(axes: Axes) -> None:
    from matplotlib.dates import AutoDateLocator, DateFormatter

    axes.margins(x=0.01)
    first, last = axes.get_xlim()
    axes.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=9))
    axes.xaxis.set_major_formatter(DateFormatter("%d %b" if last - first > 4 else "%d %b %H:%M"))


def _unit_ticks(axes: Axes, points: Sequence[Point], days: Sequence[datetime]) -> None:
    """Say below the days how many visitors had been counted by then."""
    marks = np.linspace(0, len(points) - 1, min(len(points), 6)).tolist()
    places: list[int] = sorted({round(at) for at in marks})
    for place in places:
        axes.annotate(
            f"{points[place].units:,}",
            (days[place], 0),
            xycoords=("data", "axes fraction"),
            xytext=(0, -34),
            textcoords="offset points",
            ha="center",
            fontsize=8.5,
            color=GREY,
        )
        axes.axvline(days[place], color=FAINT, linewidth=0.8, zorder=0)
    axes.annotate(
        "visitors",
        (0, 0),
        xycoords="axes fraction",
        xytext=(-28, -34),
        textcoords="offset points",
        ha="right",
        fontsize=8.5,
        color=GREY,
    )


def _draw_arms(axes: Axes, arms: Mapping[str, Lift], *, holds_out: bool) -> None:
    plain(axes, "Each intervention against the holdout")
    if not arms:
        missing = " yet" if holds_out else " with: nobody is held out"
        _nothing(axes, f"Nothing to compare{missing}.")
        return
    known = sorted(arms, key=lambda arm: (arms[arm].estimate is not None, arms[arm].estimate or 0))
    axes.axvline(0, color=INK, linewidth=0.9)
    edges = [0.0]
    for row, arm in enumerate(known):
        lift = arms[arm]
        counted = f"{lift.treated_units:,} treated"
        if lift.estimate is None or lift.interval_low is None or lift.interval_high is None:
            axes.annotate(
                f"too few visitors yet ({counted})",
                (0, row),
                xytext=(8, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
                color=GREY,
            )
            continue
        low, high, bound = (100 * (x or 0.0) for x in _ends(lift))
        colour = GREEN if bound > 0 else VERMILION if high < 0 else BLUE
        axes.plot([low, high], [row, row], color=colour, linewidth=2.2, solid_capstyle="butt")
        axes.plot([bound], [row], color=colour, marker="|", markersize=13, markeredgewidth=2)
        axes.plot([100 * lift.estimate], [row], color=colour, marker="o", markersize=7)
        axes.annotate(
            counted,
            (high, row),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            color=GREY,
        )
        edges += [low, high]
    if len(edges) == 1:
        axes.set_xticks([])
    axes.set_yticks(range(len(known)), known)
    axes.set_ylim(-0.7, len(known) - 0.3)
    span = max(max(edges) - min(edges), 2.0)
    axes.set_xlim(min(edges) - 0.05 * span, max(edges) + 0.16 * span)
    if len(edges) > 1:
        words = "lift, percentage points; the tick marks the one-sided lower bound"
        axes.set_xlabel(words, color=INK)


def _ends(lift: Lift) -> tuple[float | None, float | None, float | None]:
    return lift.interval_low, lift.interval_high, lift.lower_bound


def _points(points: Sequence[Point], name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return 100 * np.array([getattr(point.lift, name) for point in points], dtype=np.float64)


def _nothing(axes: Axes, words: str) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", color=GREY, fontsize=11)
