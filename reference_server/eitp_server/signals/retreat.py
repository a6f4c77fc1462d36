"""Drawing back: retreats/1 counts stays on something to act on that end without acting.

The pointer was 300 ms or more on a button, a list, a box or a form, or 1000 ms on a link, and a
MOVE led it to something else, without a click in between. Where a page ends, is hidden or is
scrolled meanwhile, which takes the thing away from the pointer, nobody drew back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eitp_server.signals.action import Action, Tally
from eitp_server.signals.event import Kind, Role
from eitp_server.signals.segment import Segments
from eitp_server.signals.slot_table import SlotTable, column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.signals.event import Events
    from eitp_server.signals.hover import Stays

STAY_MS = 300
LINK_STAY_MS = 1000

_LEAST_MS = np.full(256, np.iinfo(np.int32).max, np.int32)
_LEAST_MS[[Role.BUTTON, Role.SELECT, Role.CHECKBOX, Role.FORM]] = STAY_MS
_LEAST_MS[Role.LINK] = LINK_STAY_MS
_SETTLES = np.isin(
    np.arange(256),
    [Kind.CLICK, Kind.SCROLL, Kind.BACK, Kind.FORWARD, Kind.NAVIGATE, Kind.HIDDEN],
)


@dataclass(slots=True)
class RetreatTable(SlotTable):
    """What is known of the stay that every session is in."""

    role: NDArray[np.uint8] = column("u1")
    """(capacity,) of what the pointer is on."""
    settled: NDArray[np.bool_] = column("?")
    """(capacity,) whether a click, a scroll or the end of the page forbids a retreat."""


def fold_retreats(
    table: RetreatTable, events: Events, row: NDArray[np.intp], stays: Stays
) -> list[Tally]:
    """Count the retreats among the ends of `stays`; `row` (ascending) are events but MOVEs."""
    if not stays.known:
        return []
    start = stays.start
    sessions = Segments.of(events.slot[start])
    role, settled = events.role[start], np.zeros(len(start), np.bool_)
    settled[stays.of(row[_SETTLES[events.kind[row]]])] = True
    # What has no identity cannot be left.
    known = events.target[start] != 0
    role, settled = role * known, settled & known
    carried_role, carried = table.role[sessions.slot], table.settled[sessions.slot]
    goes_on = ~stays.begins[sessions.start]
    first = sessions.start[goes_on]
    role[first] = carried_role[goes_on]
    settled[first] |= carried[goes_on]
    table.role[sessions.slot] = role[sessions.last]
    table.settled[sessions.slot] = settled[sessions.last]
    retreats = (
        stays.begins
        & (stays.left_after_ms >= _LEAST_MS[sessions.lagged(role, carried_role)])
        & ~sessions.lagged(settled, carried)
        & (events.kind[start] == Kind.MOVE)
    )
    return [Tally.of(events, start[retreats], Action.RETREATS)]
