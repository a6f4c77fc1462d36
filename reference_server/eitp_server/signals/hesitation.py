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
from eitp_server.signals.segment import Segments
from eitp_server.signals.slot_table import SlotTable, column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.signals.event import Events
    from eitp_server.signals.hover import Stays
    from eitp_server.signals.kinematics import Rest
    from eitp_server.signals.motion import MotionTable

REPEAT_MS = 250

_DECISIONS = np.isin(np.arange(256), [Kind.CLICK, Kind.BACK, Kind.FORWARD, Kind.NAVIGATE])


@dataclass(slots=True)
class DecisionTable(SlotTable):
    """When every session last chose something."""

    decided_ms: NDArray[np.int32] = column("i4", fill=NEVER)
    """(capacity,) latest click or navigation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paces:
    """The tables that the own pace is kept in."""

    decision: DecisionTable
    deciding: BaselineTable
    hovering: BaselineTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """How to tell when the pointer came to where it clicks."""

    stays: Stays
    rest: Rest
    motion: MotionTable

    def at_ms(self, events: Events, click: NDArray[np.intp]) -> NDArray[np.int32]:
        """Return when the pointer arrived where each of the events `click` happened.

        That is the click's own time when nobody saw it arrive, as on a touch screen.
        """
        t, came = whole_ms(events.t_ms[click]), self.stays.since_ms(events, click)
        hovered = (came != NEVER) & (came < t)
        return np.minimum(np.where(hovered, came, self._stopped_ms(events, click)), t)

    def _stopped_ms(self, events: Events, click: NDArray[np.intp]) -> NDArray[np.int32]:
        rest, slot = self.rest, events.slot[click]
        stopped = self.motion.still_since_ms[slot]
        if not len(rest.row):
            return stopped
        after = np.searchsorted(rest.row, click, side="right")
        following = np.minimum(after, len(rest.row) - 1)
        stopped = np.where(rest.slot[following] == slot, rest.before_ms[following], stopped)
        # A click at the time of the sample before it is no sample of its own.
        sample = np.maximum(after - 1, 0)
        own = (after > 0) & (rest.slot[sample] == slot)
        return np.where(own, rest.since_ms[sample], stopped)


def fold_hesitation(paces: Paces, events: Events, row: NDArray[np.intp], arrival: Arrival) -> None:
    """Learn from the clicks among the events `row` (ascending) how the session takes its time."""
    row = row[_DECISIONS[events.kind[row]]]
    if not len(row):
        return
    deciding = _deciding_ms(paces.decision, events, row)
    chosen = (events.kind[row] == Kind.CLICK) & (deciding >= REPEAT_MS)
    click, deciding = row[chosen], deciding[chosen]
    slot, t = events.slot[click], whole_ms(events.t_ms[click])
    hovering = t - arrival.at_ms(events, click)
    for table, duration, known in (
        (paces.hovering, hovering, hovering > 0),
        (paces.deciding, deciding, deciding < t - NEVER),
    ):
        learn(table, slot=slot[known], t_ms=t[known], duration_ms=duration[known])


def _deciding_ms(table: DecisionTable, events: Events, row: NDArray[np.intp]) -> NDArray[np.int32]:
    t = whole_ms(events.t_ms[row])
    segments = Segments.of(events.slot[row])
    deciding = t - segments.lagged(t, table.decided_ms[segments.slot])
    table.decided_ms[segments.slot] = t[segments.last]
    return deciding
