"""The trail of the pointer: the latest moving steps of every session, one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eitp_server.signals.clock import NEVER
from eitp_server.signals.kinematics import GAP_MS
from eitp_server.signals.segment import Segments
from eitp_server.signals.slot_table import SlotTable, column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.signals.kinematics import Movement

STEPS = 128
"""Steps that are kept: six seconds of movement at 20 Hz, two at 60 Hz. A power of two."""
NEW_STROKE = GAP_MS + 1
"""What `rested_ms` holds where a step begins a stroke: after a longer rest or an unseen stretch."""


@dataclass(slots=True)
class TrailTable(SlotTable):
    """A ring of steps per session; step n since its beginning is in place n % STEPS."""

    # A moving step takes at most GAP_MS and JUMP_PX: nothing overflows.
    dt_ms: NDArray[np.uint8] = column("u1", shape=(STEPS,))
    dx: NDArray[np.int16] = column("i2", shape=(STEPS,))
    dy: NDArray[np.int16] = column("i2", shape=(STEPS,))
    """(capacity, steps) px to the right and downward."""
    rested_ms: NDArray[np.uint8] = column("u1", shape=(STEPS,))
    """(capacity, steps) rest between the step before and this one; NEW_STROKE at most."""
    taken: NDArray[np.int32] = column("i4")
    """(capacity,) steps since the session began."""
    moved_ms: NDArray[np.int32] = column("i4", fill=NEVER)
    """(capacity,) end of the latest step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trails:
    """The trails of m sessions, oldest step first; all arrays but the last are (m, STEPS)."""

    taken: NDArray[np.bool_]
    """Whether there is a step; the places before the first hold none."""
    dt_ms: NDArray[np.int64]
    """1 where there is no step."""
    dx: NDArray[np.int64]
    dy: NDArray[np.int64]
    rested_ms: NDArray[np.int64]
    """NEW_STROKE at the oldest step too."""
    steps: NDArray[np.int64]
    """(m,) number of steps."""


def fold_trail(table: TrailTable, movement: Movement) -> None:
    """Add the moving steps of a tick to `table`."""
    step = np.flatnonzero(movement.moving)
    if not len(step):
        return
    sessions = Segments.of(movement.slot[step])
    # Of more than STEPS steps in one tick the later ones overwrite the earlier.
    place = _places(table, sessions)
    dx, dy = movement.delta
    table.dt_ms.reshape(-1)[place] = movement.dt.astype(np.uint8)[step]
    table.dx.reshape(-1)[place] = dx.astype(np.int16)[step]
    table.dy.reshape(-1)[place] = dy.astype(np.int16)[step]
    table.rested_ms.reshape(-1)[place] = _rested_ms(table, movement, step, sessions)
    table.taken[sessions.slot] += (sessions.end - sessions.start).astype(np.int32)
    table.moved_ms[sessions.slot] = movement.end_ms[step[sessions.last]]


def trails(table: TrailTable, slots: NDArray[np.integer[Any]]) -> Trails:
    """Return the trails of `slots` (m,) in the order of time."""
    number = table.taken[slots].astype(np.int64)[:, None] - STEPS + np.arange(STEPS)
    taken, place = number >= 0, number % STEPS

    def unrolled(ring: NDArray[np.integer[Any]], fill: int) -> NDArray[np.int64]:
        return np.where(taken, ring[slots[:, None], place], fill).astype(np.int64)

    rested = unrolled(table.rested_ms, 0)
    oldest = taken & (np.cumsum(taken, axis=1) == 1)
    rested[oldest] = NEW_STROKE
    return Trails(
        taken=taken,
        dt_ms=unrolled(table.dt_ms, 1),
        dx=unrolled(table.dx, 0),
        dy=unrolled(table.dy, 0),
        rested_ms=rested,
        steps=np.count_nonzero(taken, axis=1),
    )


def _places(table: TrailTable, sessions: Segments) -> NDArray[np.intp]:
    """Return where the next steps go, in the rings laid end to end."""
    steps = sessions.end - sessions.start
    place = np.repeat(table.taken[sessions.slot] - sessions.start, steps)
    place += np.arange(len(place))
    place &= STEPS - 1
    place += np.repeat(sessions.slot.astype(np.intp) * STEPS, steps)
    return place


def _rested_ms(
    table: TrailTable, movement: Movement, step: NDArray[np.intp], sessions: Segments
) -> NDArray[np.uint8]:
    """Return how long the pointer rested before each of the moving steps `step`."""
    rested = np.zeros(len(step), np.uint8)
    apart = np.ones(len(step), np.bool_)
    np.not_equal(step[1:] - 1, step[:-1], out=apart[1:])
    apart[sessions.start] = True
    resumed = np.flatnonzero(apart)
    moved = movement.end_ms[step[resumed - 1]]
    moved[np.searchsorted(resumed, sessions.start)] = table.moved_ms[sessions.slot]
    step = step[resumed]
    rest = np.minimum(movement.end_ms[step] - movement.dt[step] - moved, NEW_STROKE)
    # Had anything unseen come between, stillness would have begun after it.
    rest[movement.still_since_ms[step] != moved] = NEW_STROKE
    rested[resumed] = rest
    return rested
