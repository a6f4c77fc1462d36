"""How long a button is held: click_hold/1 is the time from a DOWN to the UP that follows it.

Of several buttons held together only the last one down is timed. A hold of over 5 s is a drag, or
its UP was lost, and says nothing.
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

LONGEST_MS = 5000

_BUTTON = np.isin(np.arange(256), [Kind.DOWN, Kind.UP])


@dataclass(slots=True)
class HoldTable(SlotTable):
    """What every session is pressing."""

    down_ms: NDArray[np.int32] = column("i4", fill=NEVER)
    """(capacity,) when the button that is down went down; NEVER when none is."""


def fold_holds(
    table: HoldTable, holding: BaselineTable, events: Events, row: NDArray[np.intp]
) -> None:
    """Learn from the UPs among the events `row` (ascending) how long the session holds."""
    row = row[_BUTTON[events.kind[row]]]
    if not len(row):
        return
    slot, t, up = events.slot[row], whole_ms(events.t_ms[row]), events.kind[row] == Kind.UP
    segments = Segments.of(slot)
    down = np.where(up, NEVER, t).astype(np.int32)
    held = t - segments.lagged(down, table.down_ms[segments.slot])
    table.down_ms[segments.slot] = down[segments.last]
    timed = up & (held <= LONGEST_MS)
    learn(holding, slot=slot[timed], t_ms=t[timed], duration_ms=held[timed])
