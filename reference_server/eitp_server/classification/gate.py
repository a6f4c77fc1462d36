"""Which sessions say something now: those whose state is news, and not too many an hour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eitp_server.classification.packet import DIMENSIONS, Label
from eitp_server.signals.clock import NEVER, whole_ms
from eitp_server.signals.slot_table import SlotTable, column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.classification.state import States

HOURLY = 100
"""Packets of one session in any hour."""
HOUR_S = 3600
MIN_GAP_MS = 1000
REFRESH_MS = 60_000
MOVED = 0.15
MOVED_SD = 1.5
_OFFSET_S = HOUR_S + 2


@dataclass(slots=True)
class GateTable(SlotTable):
    """What every session last said, and when it spoke within the hour."""

    sent_s: NDArray[np.int32] = column("i4", shape=(HOURLY,))
    """(capacity, 100) log times of the latest packets, s since the session's first and _OFFSET_S,
    a ring; 0, which is over an hour ago, before any."""
    next_place: NDArray[np.uint8] = column("u1")
    """(capacity,) where the next one goes: the oldest of the ring."""
    first_s: NDArray[np.int64] = column("i8", fill=-1)
    """(capacity,) log time of the session's first packet, s since the epoch; -1 before."""
    mean: NDArray[np.float32] = column("f4", shape=(len(DIMENSIONS),), fill=np.nan)
    """(capacity, dimensions) as last said, NaN where unknown."""
    label: NDArray[np.uint8] = column("u1")
    """(capacity,) the last `Label` said."""
    at_ms: NDArray[np.int32] = column("i4", fill=NEVER)
    """(capacity,) session time of the last packet, sent or held back."""
    held: NDArray[np.int32] = column("i4")
    """(capacity,) packets held back since the last one sent."""
    suppressed: NDArray[np.int32] = column("i4")
    """(capacity,) packets that had been held back before the last one sent."""


def crossing(
    gates: GateTable,
    states: States,
    slots: NDArray[np.integer[Any]],
    at_ms: NDArray[np.integer[Any]],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return (m,) which of the sessions `slots` have news at session times `at_ms`, to tell or not.

    News is a first state, another label, a dimension that moved beyond its noise, or the same
    again after a minute of activity. It is not told within a second of the packet before.
    """
    since = whole_ms(at_ms) - gates.at_ms[slots]
    knows = states.known.any(axis=1)
    first = np.isnan(gates.mean[slots]).all(axis=1)
    relabelled = (states.label != gates.label[slots]) & (states.label != Label.UNSPECIFIED)
    refresh = states.active & (since >= REFRESH_MS)
    news = first | relabelled | _moved(gates, states, slots) | refresh
    rested = since >= MIN_GAP_MS
    return knows & news & rested, knows & news & ~rested


def admit(
    gates: GateTable,
    states: States,
    rows: NDArray[np.integer[Any]],
    slots: NDArray[np.integer[Any]],
    at_ms: NDArray[np.integer[Any]],
    now_us: int,
) -> NDArray[np.bool_]:
    """Record that the crossed `rows` (k,) of the states speak; return which may be heard.

    `slots` and `at_ms` (m,) are those of the states, `now_us` is the tick's time in the log. A
    session is heard unless `HOURLY` packets of it lie less than an hour back. One that is not
    heard counts as held back, and starts anew from what it would have said.
    """
    slot, now_s = slots[rows], now_us // 1_000_000
    fresh = slot[gates.first_s[slot] < 0]
    gates.first_s[fresh] = now_s
    elapsed = (now_s - gates.first_s[slot]).astype(np.int32)
    place = gates.next_place[slot]
    # Seconds are rounded down, so an hour has passed for certain only when 3601 lie between.
    heard = elapsed + _OFFSET_S - gates.sent_s[slot, place] > HOUR_S
    gates.mean[slot] = states.mean[rows]
    gates.label[slot] = np.where(states.label[rows] > 0, states.label[rows], gates.label[slot])
    gates.at_ms[slot] = whole_ms(at_ms[rows])
    gates.held[slot[~heard]] += 1
    _record(gates, slot[heard], place[heard], elapsed[heard])
    return heard


def _record(
    gates: GateTable,
    slot: NDArray[np.integer[Any]],
    place: NDArray[np.uint8],
    elapsed: NDArray[np.int32],
) -> None:
    gates.sent_s[slot, place] = elapsed + _OFFSET_S
    gates.next_place[slot] = (place + 1) % HOURLY
    gates.suppressed[slot] = gates.held[slot]
    gates.held[slot] = 0


def _moved(gates: GateTable, states: States, slots: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Return (m,) whether a known dimension left what was last said; one newly known did."""
    before = gates.mean[slots]
    distance = np.abs(states.mean - before)
    far = (distance >= MOVED) & (distance >= MOVED_SD * states.sd)
    return np.any(states.known & (far | np.isnan(before)), axis=1)
