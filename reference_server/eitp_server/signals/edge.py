"""Leaving by the top: edge_exits/1 counts fast ways up to the browser's own controls.

A MOVE counts that comes to the uppermost 10 px of the viewport from below them, upward at 200 px/s
or more: toward the address bar, the tabs or the window's buttons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eitp_server.signals.action import Action, Tally
from eitp_server.signals.event import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.signals.event import Events
    from eitp_server.signals.kinematics import Movement

EDGE_PX = 10
FAST_PX_PER_S = 200


def edge_exits(events: Events, movement: Movement) -> Tally:
    """Count the steps of `movement` that lead out at the top."""
    row = np.flatnonzero(events.y <= EDGE_PX)
    if len(row):
        row = row[_leave(events, row, movement)]
    return Tally.of(events, row, Action.EDGE_EXITS)


def _leave(events: Events, row: NDArray[np.intp], movement: Movement) -> NDArray[np.bool_]:
    if not len(movement.row):
        return np.zeros(len(row), np.bool_)
    step = np.minimum(np.searchsorted(movement.row, row), len(movement.row) - 1)
    rise = -movement.delta[1, step]
    return (
        (movement.row[step] == row)
        & movement.moving[step]
        & (events.kind[row] == Kind.MOVE)
        & (events.y[row] + rise > EDGE_PX)
        & (rise * 1000 >= FAST_PX_PER_S * movement.dt[step])
    )
