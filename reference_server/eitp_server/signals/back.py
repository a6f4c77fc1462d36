"""Returns to earlier pages.

- back_mash/1: a return within 2 s of the one before.
- quick_back/1: any other return within 5 s of arriving on a page.

A tenant may set thresholds of its own (`rule.Thresholds`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eitp_server.signals.action import Action, Tally
from eitp_server.signals.clock import NEVER, whole_ms
from eitp_server.signals.event import Kind
from eitp_server.signals.segment import Segments
from eitp_server.signals.slot_table import SlotTable, column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.signals.event import Events
    from eitp_server.signals.rule import RuleTable

_TRAVERSALS = np.isin(np.arange(256), [Kind.BACK, Kind.FORWARD, Kind.NAVIGATE])


@dataclass(slots=True)
class BackTable(SlotTable):
    """The latest page changes of every session."""

    arrived_ms: NDArray[np.int32] = column("i4", fill=NEVER)
    """(capacity,) when the session came to the page it is on."""
    back_ms: NDArray[np.int32] = column("i4", fill=NEVER)
    """(capacity,) when it last returned."""


def fold_backs(
    table: BackTable, rules: RuleTable, events: Events, row: NDArray[np.intp]
) -> list[Tally]:
    """Add the page changes among the events `row` (ascending) to `table`."""
    row = row[_TRAVERSALS[events.kind[row]]]
    if not len(row):
        return []
    t = whole_ms(events.t_ms[row])
    segments = Segments.of(events.slot[row])
    stayed = t - segments.lagged(t, table.arrived_ms[segments.slot])
    table.arrived_ms[segments.slot] = t[segments.last]
    back = events.kind[row] == Kind.BACK
    mashed = np.zeros(len(row), np.bool_)
    mashed[back] = _mashed(table, rules, events.slot[row[back]], t[back])
    quick = back & (stayed < rules.quick_back_ms[events.slot[row]]) & ~mashed
    return [
        Tally.of(events, row[mashed], Action.BACK_MASHES),
        Tally.of(events, row[quick], Action.QUICK_BACKS),
    ]


def _mashed(
    table: BackTable, rules: RuleTable, slot: NDArray[np.int32], t: NDArray[np.int32]
) -> NDArray[np.bool_]:
    if not len(slot):
        return np.zeros(0, np.bool_)
    segments = Segments.of(slot)
    mashed = t - segments.lagged(t, table.back_ms[segments.slot]) <= rules.back_mash_ms[slot]
    table.back_ms[segments.slot] = t[segments.last]
    return mashed
