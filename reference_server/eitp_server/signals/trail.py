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
    px: NDArray[np.int16] = column("i2", shape=(STEPS, 2))
    """(capacity, steps, 2) to the right and downward."""
    ms: NDArray[np.uint8] = column("u1", shape=(STEPS, 2))
    """(capacity, steps, 2) of the step, and of the rest before it: NEW_STROKE at most."""
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
    sessions = Segments.of(movement.slot.take(step))
    px, ms = np.empty((len(step), 2), np.int16), np.empty((len(step), 2), np.uint8)
    px[:, 0], px[:, 1] = (axis.astype(np.int16).take(step) for axis in movement.delta)
    ms[:, 0] = movement.dt.astype(np.uint8).take(step)
    ms[:, 1] = _rested_ms(table, movement, step, sessions)
    # Of more than STEPS steps in one tick the later ones overwrite the earlier. Each pair is
    # written as one number: half the places to look up.
    place = _places(table, sessions)
    table.px.reshape(-1).view(np.int32)[place] = px.reshape(-1).view(np.int32)
    table.ms.reshape(-1).view(np.uint16)[place] = ms.reshape(-1).view(np.uint16)
    table.taken[sessions.slot] += (sessions.end - sessions.start).astype(np.int32)
    table.moved_ms[sessions.slot] = movement.end_ms[step[sessions.last]]


def trails(table: TrailTable, slots: NDArray[np.integer[Any]]) -> Trails:
    """Return the trails of `slots` (m,) in the order of time."""
    number = table.taken[slots].astype(np.int64)[:, None] - STEPS + np.arange(STEPS)
    taken, place = number >= 0, number % STEPS

    px, ms = (ring[slots[:, None], place].astype(np.int64) for ring in (table.px, table.ms))
    rested = ms[:, :, 1]
    rested[taken & (np.cumsum(taken, axis=1) == 1)] = NEW_STROKE
    return Trails(
        taken=taken,
        dt_ms=np.where(taken, ms[:, :, 0], 1),
        dx=px[:, :, 0],
        dy=px[:, :, 1],
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
    apart = np.append(True, step[1:] - 1 != step[:-1])
    first = np.zeros(len(step), np.bool_)
    first[sessions.start] = True
    resumed = np.flatnonzero(apart | first)
    moved = movement.end_ms[step[resumed - 1]]
    moved[first[resumed]] = table.moved_ms[sessions.slot]
    step = step[resumed]
    rest = np.minimum(movement.end_ms[step] - movement.dt[step] - moved, NEW_STROKE)
    # Had anything unseen come between, stillness would have begun after it.
    rest[movement.still_since_ms[step] != moved] = NEW_STROKE
    rested[resumed] = rest
    return rested
