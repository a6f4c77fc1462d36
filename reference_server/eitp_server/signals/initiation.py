"""How long the hand takes to set off: initiation/1 is the time from a click to the next movement.

A navigation begins it too. It ends where the first moving step begins that nothing else came
before; a click, a navigation or the hiding of the page takes the place of the one that waited.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eitp_server.signals.baseline import BaselineTable, learn
from eitp_server.signals.clock import NEVER, whole_ms
from eitp_server.signals.event import Kind
from eitp_server.signals.slot_table import SlotTable, column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.signals.event import Events
    from eitp_server.signals.kinematics import Movement
    from eitp_server.signals.segment import Segments

_BEGINS = np.isin(np.arange(256), [Kind.CLICK, Kind.BACK, Kind.FORWARD, Kind.NAVIGATE])
_MARKS = _BEGINS | np.isin(np.arange(256), [Kind.HIDDEN])


@dataclass(slots=True)
class InitiationTable(SlotTable):
    """What the next movement of every session is measured from."""

    since_ms: NDArray[np.int32] = column("i4", fill=NEVER)
    """(capacity,) click or navigation since which nothing moved; NEVER when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """The times that a movement would end, w of them, in the order of their events."""

    slot: NDArray[np.int32]
    first: NDArray[np.intp]
    """(w,) first event that could end the wait; up to that of the next."""
    since_ms: NDArray[np.int32]
    """(w,) NEVER while the page is hidden."""


def waits_for_movement(
    table: InitiationTable, events: Events, row: NDArray[np.intp], segments: Segments
) -> Waits:
    """Find what begins among the events `row` (ascending), and what `segments` have begun."""
    mark = row[_MARKS[events.kind[row]]]
    begun = table.since_ms[segments.slot]
    carried = np.flatnonzero(begun != NEVER)
    since = np.where(_BEGINS[events.kind[mark]], whole_ms(events.t_ms[mark]), NEVER)
    first = np.concatenate((mark + 1, segments.start[carried]))
    # A mark on a session's last event comes before what the next session carries.
    order = np.argsort(first, kind="stable")
    slot = np.concatenate((events.slot[mark], segments.slot[carried]))
    waiting = np.concatenate((since.astype(np.int32), begun[carried]))
    return Waits(slot=slot[order], first=first[order], since_ms=waiting[order])


def fold_initiation(
    table: InitiationTable, initiating: BaselineTable, waits: Waits, movement: Movement
) -> None:
    """Learn from the first steps of `movement` how long each session takes to set off."""
    if not len(waits.slot):
        return
    step, ended = _first_steps(waits, movement)
    table.since_ms[waits.slot] = np.where(ended, NEVER, waits.since_ms)
    step, slot = step[ended], waits.slot[ended]
    end = movement.end_ms[step]
    took = end - movement.dt[step] - waits.since_ms[ended]
    learn(initiating, slot=slot, t_ms=end, duration_ms=took)


def _first_steps(waits: Waits, movement: Movement) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return the first moving step after the beginning of each wait, and whether it ends it."""
    moving = np.flatnonzero(movement.moving)
    if not len(moving):
        return np.zeros(len(waits.slot), np.intp), np.zeros(len(waits.slot), np.bool_)
    row = movement.row[moving]
    after = np.searchsorted(row, waits.first)
    first = np.minimum(after, len(row) - 1)
    step = moving[first]
    ended = (after < len(row)) & (movement.slot[step] == waits.slot)
    ended[:-1] &= row[first[:-1]] < waits.first[1:]
    return step, ended & (waits.since_ms != NEVER)
