"""What the pointer is on, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eitp_server.signals.clock import NEVER, whole_ms
from eitp_server.signals.segment import run_starts
from eitp_server.signals.slot_table import SlotTable, column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.signals.event import Events
    from eitp_server.signals.segment import Segments


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

    def since_ms(self, events: Events, row: NDArray[np.intp]) -> NDArray[np.int32]:
        """Return since when the pointer is on what it is on at the events `row`.

        NEVER where that is not known.
        """
        since = self.arrived_ms[np.searchsorted(self.start, row, side="right") - 1]
        return np.where(events.target[row] != 0, since, NEVER)


def fold_hover(table: HoverTable, events: Events, segments: Segments) -> Stays:
    """Follow the pointer from target to target through `events`, of the sessions `segments`."""
    slot, target = events.slot, events.target
    if not target.any() and not table.target[segments.slot].any():
        return Stays(start=np.zeros(1, np.intp), arrived_ms=np.full(1, NEVER, np.int32))
    start = run_starts((slot[1:] != slot[:-1]) | (target[1:] != target[:-1]))
    arrived = whole_ms(events.t_ms[start])
    goes_on = target[segments.start] == table.target[segments.slot]
    first = np.searchsorted(start, segments.start[goes_on])
    arrived[first] = table.arrived_ms[segments.slot[goes_on]]
    table.target[segments.slot] = target[segments.last]
    table.arrived_ms[segments.slot] = arrived[np.searchsorted(start, segments.end) - 1]
    return Stays(start=start, arrived_ms=arrived)
