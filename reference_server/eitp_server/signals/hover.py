"""What the pointer is on, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eitp_server.signals.clock import NEVER, whole_ms
from eitp_server.signals.segment import Segments, run_starts
from eitp_server.signals.slot_table import SlotTable, column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.signals.event import Events


@dataclass(slots=True)
class HoverTable(SlotTable):
    """What the pointer of every session is on."""

    target: NDArray[np.int64] = column("i8")
    """(capacity,) the element under it, 0 when not known."""
    arrived_ms: NDArray[np.int32] = column("i4", fill=NEVER)
    """(capacity,) when it came there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stays:
    """The runs of events with the pointer on one thing, r of them."""

    start: NDArray[np.intp]
    """(r,) first event of each run."""
    arrived_ms: NDArray[np.int32]
    """(r,) when the pointer came there, perhaps before this tick."""
    begins: NDArray[np.bool_]
    """(r,) whether the run's first event is also the first one there."""
    left_after_ms: NDArray[np.int32]
    """(r,) how long the pointer was on what it was on before; 0 when that is not known."""
    known: bool
    """Whether any of it is: else there is one run, which says nothing."""

    def of(self, row: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the run that each of the events `row` is part of."""
        return np.searchsorted(self.start, row, side="right") - 1

    def since_ms(self, events: Events, row: NDArray[np.intp]) -> NDArray[np.int32]:
        """Return since when the pointer is on what it is on at the events `row`.

        NEVER where that is not known.
        """
        return np.where(events.target[row] != 0, self.arrived_ms[self.of(row)], NEVER)


def fold_hover(table: HoverTable, events: Events, segments: Segments) -> Stays:
    """Follow the pointer from target to target through `events`, of the sessions `segments`."""
    slot, target = events.slot, events.target
    if not target.any() and not table.target[segments.slot].any():
        return _unknown()
    start = run_starts((slot[1:] != slot[:-1]) | (target[1:] != target[:-1]))
    sessions = Segments.of(slot[start])
    came = whole_ms(events.t_ms[start])
    arrived, begins = came.copy(), np.ones(len(start), np.bool_)
    carried, carried_ms = table.target[sessions.slot], table.arrived_ms[sessions.slot]
    goes_on = target[segments.start] == carried
    first = sessions.start[goes_on]
    arrived[first] = carried_ms[goes_on]
    begins[first] = False
    left = sessions.lagged(target[start], carried) != 0
    stayed = came - sessions.lagged(arrived, carried_ms)
    table.target[sessions.slot] = target[segments.last]
    table.arrived_ms[sessions.slot] = arrived[sessions.last]
    return Stays(
        start=start, arrived_ms=arrived, begins=begins, left_after_ms=stayed * left, known=True
    )


def _unknown() -> Stays:
    return Stays(
        start=np.zeros(1, np.intp),
        arrived_ms=np.full(1, NEVER, np.int32),
        begins=np.zeros(1, np.bool_),
        left_after_ms=np.zeros(1, np.int32),
        known=False,
    )
