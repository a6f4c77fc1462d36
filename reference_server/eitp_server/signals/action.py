"""What the session did lately beside moving: counts over the last minute."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from eitp_server.signals.clock import NEVER, whole_ms
from eitp_server.signals.event import Kind
from eitp_server.signals.segment import Segments
from eitp_server.signals.slot_table import SlotTable, column
from eitp_server.signals.window import UNUSED, deposit_each

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from eitp_server.signals.event import Events

BUCKET_MS = 15_000
BUCKETS = 4
WINDOW_MS = BUCKET_MS * BUCKETS


class Action(IntEnum):
    """What is counted."""

    CLICKS = 0
    RAGE_CLICKS = 1
    DEAD_CLICKS = 2
    SLOW_CLICKS = 3
    ANSWERS = 4
    """Clicks that the client watched to an answer or to giving up."""
    BACK_MASHES = 5
    QUICK_BACKS = 6
    SCRIPT_ERRORS = 7
    SCROLL_REVERSALS = 8
    DEPARTURES = 9
    """Times the page was hidden: another tab, another window."""
    SELECTIONS = 10
    """Texts selected or copied."""
    EDGE_EXITS = 11
    ERROR_CLICKS = 12
    """Clicks that a script error followed."""
    RETREATS = 13
    REREADS = 14


@dataclass(slots=True)
class ActionTable(SlotTable):
    """The actions of every session."""

    sums: NDArray[np.int32] = column("i4", shape=(BUCKETS, len(Action)))
    epochs: NDArray[np.int32] = column("i4", shape=(BUCKETS,), fill=UNUSED)
    clicks: NDArray[np.int32] = column("i4")
    """(capacity,) clicks since the session began."""
    acted_ms: NDArray[np.int32] = column("i4", fill=NEVER)
    """(capacity,) time of the last action of the hand other than moving."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Actions to count, p of them."""

    slot: NDArray[np.int32]
    t_ms: NDArray[np.int32]
    action: NDArray[np.integer[Any]]

    @classmethod
    def of(cls, events: Events, row: NDArray[np.intp], action: ArrayLike) -> Tally:
        """Count the events `row` as one action for all or one each."""
        return cls(
            events.slot[row],
            whole_ms(events.t_ms[row]),
            np.broadcast_to(np.asarray(action), row.shape),
        )


_UNCOUNTED = 255
_COUNTED = np.full(256, _UNCOUNTED, np.uint8)
_COUNTED[Kind.CLICK] = Action.CLICKS
_COUNTED[Kind.SCRIPT_ERROR] = Action.SCRIPT_ERRORS
_COUNTED[Kind.HIDDEN] = Action.DEPARTURES
_COUNTED[[Kind.SELECT, Kind.COPY]] = Action.SELECTIONS

_BY_HAND = np.zeros(256, np.bool_)
_BY_HAND[
    [
        Kind.DOWN, Kind.UP, Kind.CLICK, Kind.SCROLL, Kind.KEY, Kind.VISIBLE, Kind.BACK,
        Kind.FORWARD, Kind.NAVIGATE, Kind.SELECT, Kind.COPY,
    ]
] = True  # fmt: skip


def occurrences(events: Events, row: NDArray[np.intp]) -> Tally:
    """Return those of the events `row` that count by having happened."""
    action = _COUNTED[events.kind[row]]
    counted = action != _UNCOUNTED
    return Tally.of(events, row[counted], action[counted])


def fold_actions(
    table: ActionTable, events: Events, row: NDArray[np.intp], tallies: Sequence[Tally]
) -> None:
    """Add `tallies`, and note when the hand acted in the events `row` (ascending)."""
    if any(len(tally.slot) for tally in tallies):
        _deposit(table, tallies)
    by_hand = row[_BY_HAND[events.kind[row]]]
    if len(by_hand):
        sessions = Segments.of(events.slot[by_hand])
        table.acted_ms[sessions.slot] = whole_ms(events.t_ms[by_hand[sessions.last]])


def _deposit(table: ActionTable, tallies: Sequence[Tally]) -> None:
    slot = np.concatenate([tally.slot for tally in tallies])
    action = np.concatenate([tally.action for tally in tallies])
    deposit_each(
        table.sums,
        table.epochs,
        slot=slot,
        epoch=np.concatenate([tally.t_ms for tally in tallies]) // BUCKET_MS,
        measure=action,
        amount=np.ones(len(slot), np.int32),
    )
    np.add.at(table.clicks, slot[action == Action.CLICKS], 1)
