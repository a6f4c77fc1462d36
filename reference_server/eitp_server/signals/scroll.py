"""Scrolling up and down again.

- scroll_reversals/1: a change of vertical direction.
- rereads/1: a change of vertical direction within the page section of the scroll before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eitp_server.signals.action import Action, Tally
from eitp_server.signals.event import Kind
from eitp_server.signals.segment import Segments
from eitp_server.signals.slot_table import SlotTable, column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.signals.event import Events

DEAD_ZONE_PX = 10
"""A smaller scroll says nothing about direction."""


@dataclass(slots=True)
class ScrollTable(SlotTable):
    """The latest scroll of every session."""

    direction: NDArray[np.int8] = column("i1")
    """(capacity,) -1 up, 1 down, 0 not yet."""
    section: NDArray[np.uint8] = column("u1")
    """(capacity,) `eitp.v1.PageSection` that it was in, 0 when not reported."""


def fold_scrolls(table: ScrollTable, events: Events, row: NDArray[np.intp]) -> list[Tally]:
    """Add the scrolls among the events `row` (ascending) to `table`."""
    row = row[events.kind[row] == Kind.SCROLL]
    amount = events.scroll_y[row].astype(np.int64)
    far = np.abs(amount) >= DEAD_ZONE_PX
    row, direction = row[far], np.sign(amount[far]).astype(np.int8)
    if not len(row):
        return []
    segments = Segments.of(events.slot[row])
    reversed_ = direction * segments.lagged(direction, table.direction[segments.slot]) < 0
    section = events.section[row]
    again = section == segments.lagged(section, table.section[segments.slot])
    table.direction[segments.slot] = direction[segments.last]
    table.section[segments.slot] = section[segments.last]
    return [
        Tally.of(events, row[reversed_], Action.SCROLL_REVERSALS),
        Tally.of(events, row[reversed_ & again & (section != 0)], Action.REREADS),
    ]
