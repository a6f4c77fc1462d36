"""A recording as a picture: the path, the clicks, what fired where and when, and a timeline."""

from __future__ import annotations

from math import cos, pi, sin
from typing import TYPE_CHECKING, Literal

import numpy as np

from eitp_server.lab.plot.canvas import (
    BLUE,
    FAINT,
    GREY,
    INK,
    LIGHT,
    blank,
    plain,
    save,
)
from eitp_server.lab.plot.firing import firings
from eitp_server.lab.plot.timeline import draw_timeline, looks_of
from eitp_server.signals.event import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from eitp_server.lab.evaluation.stream import Stream
    from eitp_server.lab.plot.canvas import Axes, Figure
    from eitp_server.lab.plot.firing import Firing
    from eitp_server.lab.plot.timeline import Look
    from eitp_server.signals.event import Events
    from eitp_server.signals.signal import Signal

Colour = Literal["speed", "time"]

UNSEEN_MS = 250
"""A step that took longer was not seen; it is drawn faint, without a speed."""
MOST_LISTED = 26
_BADGE = 0.017
"""Radius of a number by the picture's width."""
_MARGIN = 0.07
_PAGE = (9.24, 6.1)
"""Inches across and down."""
_WIDE = _PAGE[0] / _PAGE[1]
_SMALLEST_PX = 200.0
_POINTER = (Kind.MOVE, Kind.DOWN, Kind.UP, Kind.CLICK)


def draw(stream: Stream, path: Path, *, colour: Colour = "speed") -> None:
    """Write the picture of a recording to a .png, .svg or .pdf file."""
    fired = firings(stream.events)
    looks = looks_of(fired)
    rows = max(len(looks), 1)
    below = 1.0 + 0.26 * rows
    figure = blank(14, 8.2 + below)
    height = 8.2 + below
    _title(figure, stream, fired, height)
    page = figure.add_axes((0.045, (below + 1.05) / height, 0.66, 6.1 / height))
    scale = figure.add_axes((0.713, (below + 1.05) / height, 0.009, 6.1 / height))
    _draw_page(page, scale, stream.events, colour)
    _number(page, fired, looks)
    side = figure.add_axes((0.775, (below + 1.05) / height, 0.215, 6.1 / height))
    _list(side, page, fired, looks)
    line = figure.add_axes((0.145, 0.55 / height, 0.56, below / height))
    draw_timeline(line, stream, fired, looks)
    save(figure, path)


def _title(figure: Figure, stream: Stream, fired: Sequence[Firing], height: float) -> None:
    events = stream.events
    clicks = int((events.kind == Kind.CLICK).sum())
    subject = (
        f"{stream.duration_ms / 1000:.1f} s of {stream.person}: {len(events.t_ms):,} events at "
        f"20 Hz, {_counted(clicks, 'click')}, {_counted(len(fired), 'signal')} fired. Played "
        "alone, so what is usual is what came before in it."
    )
    for line, down, size, weight in ((stream.name, 0.38, 15, "bold"), (subject, 0.66, 10.5, None)):
        # Names are no mathematics, whatever dollars they hold.
        figure.text(
            0.045, 1 - down / height, line, fontsize=size, weight=weight, color=INK,
            parse_math=False,
        )  # fmt: skip


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _draw_page(page: Axes, scale: Axes, events: Events, colour: Colour) -> None:
    from matplotlib.collections import LineCollection

    pointer = np.isin(events.kind, _POINTER)
    x, y, t = (column[pointer].astype(np.float64) for column in (events.x, events.y, events.t_ms))
    points = np.stack((x, y), axis=1)
    pieces = np.stack((points[:-1], points[1:]), axis=1)
    elapsed = np.diff(t)
    seen = (elapsed > 0) & (elapsed <= UNSEEN_MS)
    far = np.hypot(np.diff(x), np.diff(y))
    page.add_collection(LineCollection(list(pieces[~seen]), colors=FAINT, linewidths=1, zorder=1))
    value = far[seen] / elapsed[seen] if colour == "speed" else t[1:][seen] / 1000
    top = float(np.quantile(value, 0.95)) if len(value) else 1.0
    path = LineCollection(list(pieces[seen]), cmap="cividis_r", linewidths=1.7, zorder=2)
    path.set_array(value)
    path.set_clim(0, max(top, 1e-3))
    page.add_collection(path)
    if len(value):
        _colour_bar(page, scale, path, colour)
    else:
        scale.set_axis_off()
    _draw_places(page, events, x, y)
    _frame(page, x, y)


def _colour_bar(page: Axes, scale: Axes, path: object, colour: Colour) -> None:
    bar = page.figure.colorbar(path, cax=scale, extend="max" if colour == "speed" else "neither")
    unit = "speed, px/ms" if colour == "speed" else "time, s"
    bar.set_label(unit, fontsize=9.5, color=INK)
    bar.outline.set_visible(False)
    scale.tick_params(colors=GREY, labelcolor=INK, labelsize=9)


def _draw_places(
    page: Axes, events: Events, x: NDArray[np.float64], y: NDArray[np.float64]
) -> None:
    click = events.kind == Kind.CLICK
    page.scatter(
        events.x[click], events.y[click], s=90, facecolors="none", edgecolors=BLUE,
        linewidths=1.6, zorder=6, label="click",
    )  # fmt: skip
    if len(x):
        page.scatter(x[:1], y[:1], marker=">", s=80, color=INK, zorder=5, label="start")
        page.scatter(x[-1:], y[-1:], marker="s", s=52, color=INK, zorder=5, label="end")


def _frame(page: Axes, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    """Show all places, a px as long across as down."""
    plain(page, "")
    low_x, high_x = _extent(x)
    low_y, high_y = _extent(y)
    spare_x = max((high_y - low_y) * _WIDE - (high_x - low_x), 0) / 2
    spare_y = max((high_x - low_x) / _WIDE - (high_y - low_y), 0) / 2
    page.set(xlim=(low_x - spare_x, high_x + spare_x), xlabel="x, px")
    page.set(ylim=(high_y + spare_y, low_y - spare_y), ylabel="y, px")


def _extent(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    margin = max((high - low) * _MARGIN, (_SMALLEST_PX - (high - low)) / 2)
    return low - margin, high + margin


def _number(page: Axes, fired: Sequence[Firing], looks: Mapping[Signal, Look]) -> None:
    """Write the number of each firing beside where it happened, off the others'."""
    left, right = page.get_xlim()
    bottom, top = page.get_ylim()
    radius = (right - left) * _BADGE
    frame = (left + radius, right - radius, top + radius, bottom - radius)
    taken: list[tuple[float, float]] = []
    for number, one in enumerate(fired[:MOST_LISTED], start=1):
        x, y = _free(one, taken, radius, frame)
        taken.append((x, y))
        page.plot([one.x, x], [one.y, y], color=looks[one.signal].colour, linewidth=0.9, zorder=6)
        _badge(page, (x, y), number, looks[one.signal].colour)


def _badge(axes: Axes, place: tuple[float, float], number: int, colour: str) -> None:
    axes.scatter(*place, s=165, color=colour, edgecolors="white", linewidths=0.8, zorder=7)
    axes.text(
        *place, str(number), ha="center", va="center_baseline", fontsize=8, weight="bold",
        color=INK if colour in LIGHT else "white", zorder=8,
    )  # fmt: skip


def _free(
    one: Firing,
    taken: Sequence[tuple[float, float]],
    radius: float,
    frame: tuple[float, float, float, float],
) -> tuple[float, float]:
    """Return the nearest place around a firing, within the frame, that no number is at yet."""
    left, right, top, bottom = frame
    for x, y in _around(one.x, one.y, radius):
        apart = all((x - u) ** 2 + (y - v) ** 2 >= (2 * radius) ** 2 for u, v in taken)
        if apart and left <= x <= right and top <= y <= bottom:
            return x, y
    return one.x, one.y


def _around(x: float, y: float, radius: float) -> Iterator[tuple[float, float]]:
    for ring in range(2, 14):
        turns = 6 * ring
        for turn in range(turns):
            # From above and to the right, where arrows of cursors are not.
            angle = 2 * pi * turn / turns - pi / 3
            yield x + ring * radius * cos(angle), y + ring * radius * sin(angle)


def _list(side: Axes, page: Axes, fired: Sequence[Firing], looks: Mapping[Signal, Look]) -> None:
    side.set_axis_off()
    side.set(xlim=(0, 1), ylim=(MOST_LISTED + 8, 0))
    side.text(0, 0.3, "What fired, when known", fontsize=11, weight="bold", color=INK)
    for number, one in enumerate(fired[:MOST_LISTED], start=1):
        line = number + 1.0
        _badge(side, (0.05, line), number, looks[one.signal].colour)
        side.text(
            0.30, line, f"{one.t_ms / 1000:.1f} s", ha="right", va="center_baseline", fontsize=9.5
        )
        side.text(0.35, line, _words(one), va="center_baseline", fontsize=9.5, color=INK)
    if not fired:
        side.text(0, 2, "nothing", fontsize=9.5, color=GREY)
    if len(fired) > MOST_LISTED:
        more = f"and {len(fired) - MOST_LISTED} more, on the timeline"
        side.text(0.35, MOST_LISTED + 2.0, more, va="center", fontsize=9.5, color=GREY)
    handles, labels = page.get_legend_handles_labels()
    side.legend(
        handles, labels, loc="lower left", bbox_to_anchor=(-0.04, -0.02), frameon=False,
        fontsize=9.5, ncols=3, handletextpad=0.3, columnspacing=1.2,
    )  # fmt: skip


def _words(one: Firing) -> str:
    name = one.signal.name.lower().replace("_", " ")
    if one.signal.name == "HESITATION":
        return f"{name}, {one.value:.1f} spreads"
    return name if one.value == 1 else f"{name} ×{one.value:.0f}"
