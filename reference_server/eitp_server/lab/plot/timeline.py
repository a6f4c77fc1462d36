"""The timeline below a recording: its pages, what the hand did, and a row per signal that fired."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from eitp.v1.page_pb2 import PageType

from eitp_server.lab.plot.canvas import BLUE, COLOURS, FAINT, GREY, INK, plain
from eitp_server.signals.event import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eitp_server.lab.evaluation.stream import Stream
    from eitp_server.lab.plot.canvas import Axes
    from eitp_server.lab.plot.firing import Firing
    from eitp_server.signals.event import Events
    from eitp_server.signals.signal import Signal

_LETTER = 0.0095
"""Width of a letter by the timeline's."""
_SHAPES = "osD^vPX*hd"


class Look(NamedTuple):
    """How the firings of a signal look."""

    colour: str
    shape: str


def looks_of(fired: Sequence[Firing]) -> dict[Signal, Look]:
    """Return a look for each signal that fired, in their order."""
    return {
        signal: Look(COLOURS[number % len(COLOURS)], _SHAPES[number % len(_SHAPES)])
        for number, signal in enumerate(sorted({one.signal for one in fired}))
    }


def draw_timeline(
    line: Axes, stream: Stream, fired: Sequence[Firing], looks: Mapping[Signal, Look]
) -> None:
    """Draw the timeline of a recording into axes of its own."""
    events, signals = stream.events, list(looks)
    names = ["page", "hand", *(signal.name.lower().replace("_", " ") for signal in signals)]
    for row in range(len(names)):
        line.axhline(row, color=FAINT, linewidth=0.8, zorder=1)
    _draw_hand(line, events)
    _draw_pages(line, stream)
    for one in fired:
        look = looks[one.signal]
        line.scatter(
            one.t_ms / 1000, 2 + signals.index(one.signal), s=52, color=look.colour,
            marker=look.shape, edgecolors="white", linewidths=0.6, zorder=4,
        )  # fmt: skip
    plain(line, "")
    line.spines["left"].set_visible(False)
    line.set_yticks(range(len(names)), names)
    line.tick_params(axis="y", length=0)
    end = max(stream.duration_ms / 1000, 0.1)
    line.set(xlim=(-0.01 * end, 1.01 * end), ylim=(len(names) - 0.4, -0.6), xlabel="time, s")
    handles, labels = line.get_legend_handles_labels()
    if handles:
        line.legend(
            handles, labels, loc="upper left", bbox_to_anchor=(1.125, 1.03), frameon=False,
            fontsize=9.5, title="On the timeline", alignment="left",
            title_fontproperties={"weight": "bold", "size": 10},
        )  # fmt: skip


_HAND = (
    ((Kind.MOVE,), "|", GREY, 26, "movement"),
    ((Kind.SCROLL,), "_", COLOURS[1], 40, "scroll"),
    ((Kind.KEY,), ".", COLOURS[2], 30, "key"),
    ((Kind.CLICK,), "o", BLUE, 34, "click"),
    ((Kind.HIDDEN, Kind.VISIBLE), "x", INK, 30, "hidden or visible"),
)


def _draw_hand(line: Axes, events: Events) -> None:
    for kinds, shape, colour, size, name in _HAND:
        chosen = np.isin(events.kind, kinds)
        if not chosen.any():
            continue
        hollow = {"facecolors": "none", "edgecolors": colour} if shape == "o" else {"color": colour}
        line.scatter(
            events.t_ms[chosen] / 1000, np.ones(int(chosen.sum())), marker=shape, s=size,
            linewidths=1.4 if shape != "|" else 0.7, label=name, zorder=3, **hollow,
        )  # fmt: skip


def _draw_pages(line: Axes, stream: Stream) -> None:
    begun = stream.times(Kind.NAVIGATE) / 1000
    line.vlines(begun, -0.35, 0.35, color=INK, linewidth=1.4, zorder=3)
    if len(stream.page_types) != len(begun):
        return
    seconds = stream.duration_ms / 1000
    lasted = np.diff(begun, append=seconds)
    for at, room, kind in zip(begun.tolist(), lasted.tolist(), stream.page_types, strict=True):
        name = PageType.Name(kind).removeprefix("PAGE_TYPE_").lower()
        if room > _LETTER * seconds * (len(name) + 1):
            line.annotate(
                name, (at, 0), xytext=(4, 0), textcoords="offset points", va="center",
                fontsize=9, color=INK,
            )  # fmt: skip
