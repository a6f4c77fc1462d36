"""How long the hand waits before it clicks: deciding, and resting on what it then clicks.

- hesitation/1: time from the previous click or navigation to a click (deciding) and from the
  pointer's arrival on the target to the click (hovering), each against the session's own.
  Without a target the pointer arrives when it stops moving. A click less than 250 ms after the
  one before repeats it and decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eitp_server.signals.baseline import BaselineTable, learn
from eitp_server.signals.clock import NEVER, whole_ms
from eitp_server.signals.event import Kind
from eitp_server.signals.segment import Segments, run_starts
from eitp_server.signals.slot_table import SlotTable, column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.signals.event import Events
    from eitp_server.signals.kinematics import Rest
    from eitp_server.signals.motion import MotionTable

REPEAT_MS = 250

_DECISIONS = np.isin(np.arange(256), [Kind.CLICK, Kind.BACK, Kind.FORWARD, Kind.NAVIGATE])


@dataclass(slots=True)
class HoverTable(SlotTable):
    """What the pointer of every session is on, and when it last chose something."""

    target: NDArray[np.int64] = column("i8")
    """(capacity,) the element under it, 0 when not known."""
    arrived_ms: NDArray[np.int32] = column("i4", fill=NEVER)
    """(capacity,) when it came there."""
    decided_ms: NDArray[np.int32] = column("i4", fill=NEVER)
    """(capacity,) latest click or navigation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hesitation:
    """The tables that hesitation is kept in."""

    hover: HoverTable
    motion: MotionTable
    deciding: BaselineTable
    hovering: BaselineTable


def fold_hesitation(tables: Hesitation, events: Events, row: NDArray[np.intp], rest: Rest) -> None:
    """Learn from the clicks among the events `row` (ascending) how the session takes its time."""
    row = row[_DECISIONS[events.kind[row]]]
    deciding = _deciding_ms(tables.hover, events, row)
    chosen = (events.kind[row] == Kind.CLICK) & (deciding >= REPEAT_MS)
    click = row[chosen]
    arrived = _arrived_ms(tables, events, click, rest)
    slot, t = events.slot[click], whole_ms(events.t_ms[click])
    hovered = arrived < t
    learn(tables.hovering, slot=slot[hovered], t_ms=t[hovered], duration_ms=(t - arrived)[hovered])
    decided = deciding[chosen] < t - NEVER
    learn(
        tables.deciding, slot=slot[decided], t_ms=t[decided], duration_ms=deciding[chosen][decided]
    )


def _deciding_ms(table: HoverTable, events: Events, row: NDArray[np.intp]) -> NDArray[np.int32]:
    t = whole_ms(events.t_ms[row])
    if not len(row):
        return t
    segments = Segments.of(events.slot[row])
    deciding = t - segments.lagged(t, table.decided_ms[segments.slot])
    table.decided_ms[segments.slot] = t[segments.last]
    return deciding


def _arrived_ms(
    tables: Hesitation, events: Events, click: NDArray[np.intp], rest: Rest
) -> NDArray[np.int32]:
    """Return when the pointer arrived where each of the events `click` happened.

    That is the click's own time when nobody saw it arrive, as on a touch screen.
    """
    on_target = _on_target_since_ms(tables.hover, events, click)
    stopped = _stopped_ms(tables.motion, events, click, rest)
    t = whole_ms(events.t_ms[click])
    hovered = (on_target != NEVER) & (on_target < t)
    return np.minimum(np.where(hovered, on_target, stopped), t)


def _on_target_since_ms(
    table: HoverTable, events: Events, click: NDArray[np.intp]
) -> NDArray[np.int32]:
    """Return since when the pointer is on what is clicked, NEVER when that is not known."""
    segments = Segments.of(events.slot)
    if not events.target.any() and not table.target[segments.slot].any():
        return np.full(len(click), NEVER, np.int32)
    slot, target = events.slot, events.target
    run = run_starts((slot[1:] != slot[:-1]) | (target[1:] != target[:-1]))
    arrived = whole_ms(events.t_ms[run])
    goes_on = target[segments.start] == table.target[segments.slot]
    first = np.searchsorted(run, segments.start[goes_on])
    arrived[first] = table.arrived_ms[segments.slot[goes_on]]
    table.target[segments.slot] = target[segments.last]
    table.arrived_ms[segments.slot] = arrived[np.searchsorted(run, segments.end) - 1]
    since = arrived[np.searchsorted(run, click, side="right") - 1]
    return np.where(target[click] != 0, since, NEVER)


def _stopped_ms(
    table: MotionTable, events: Events, click: NDArray[np.intp], rest: Rest
) -> NDArray[np.int32]:
    slot = events.slot[click]
    stopped = table.still_since_ms[slot]
    if not len(rest.row):
        return stopped
    after = np.searchsorted(rest.row, click, side="right")
    following = np.minimum(after, len(rest.row) - 1)
    stopped = np.where(rest.slot[following] == slot, rest.before_ms[following], stopped)
    # A click at the time of the sample before it is no sample of its own.
    sample = np.maximum(after - 1, 0)
    own = (after > 0) & (rest.slot[sample] == slot)
    return np.where(own, rest.since_ms[sample], stopped)
