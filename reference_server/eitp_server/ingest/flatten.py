"""Accepted batches to `Events`: absolute times and positions, sessions contiguous."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.ingest.timeline import align
from eitp_server.signals.event import Events

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.ingest.columns import Columns
    from eitp_server.ingest.session_table import SessionColumns

_UNSET: Final = -2
_OTHER_ROLE: Final = 14
_OTHER_SECTION: Final = 20


def flatten(
    sessions: SessionColumns,
    columns: Columns,
    slot: NDArray[np.int64],
    accepted: NDArray[np.int64],
    now_us: int,
) -> Events:
    """Return the events of the batches `accepted` (n,), sorted by their `slot` (n,) and sequence.

    Advances each session's clock and the element that its pointer is over.
    """
    count, start = columns.count[accepted], columns.start[accepted]
    first = np.cumsum(count) - count
    event = np.repeat(start - first, count) + np.arange(int(count.sum()))
    elapsed = _running(columns.dt_ms[event], first, count)
    clock = columns.clock_ms[accepted]
    offset = align(
        sessions, slot, clock + elapsed[first], clock + elapsed[first + count - 1], now_us
    )
    event_slot = np.repeat(slot, count)
    x = _running(columns.dx[event], first, count) + np.repeat(columns.origin_x[accepted], count)
    y = _running(columns.dy[event], first, count) + np.repeat(columns.origin_y[accepted], count)
    target, role, section = _targets(sessions, columns, event_slot, event)
    return Events(
        slot=event_slot.astype(np.int32),
        t_ms=elapsed + np.repeat(clock + offset, count),
        x=x.astype(np.int32),
        y=y.astype(np.int32),
        kind=columns.kind[event],
        target=target,
        role=role,
        section=section,
        scroll_x=_dense(columns, "scroll_x", 0)[event],
        scroll_y=_dense(columns, "scroll_y", 0)[event],
        response_ms=_dense(columns, "response_ms", -1)[event],
    )


def _running(
    steps: NDArray[np.int64], first: NDArray[np.int64], count: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the sum of steps from each batch's first event up to each event, inclusive."""
    total = np.cumsum(steps)
    return total - np.repeat(total[first] - steps[first], count)


def _dense(columns: Columns, name: str, fill: int) -> NDArray[np.int32]:
    return columns.detailed.sparse[name].scatter(len(columns.dt_ms), columns.first_detailed, fill)


def _targets(
    sessions: SessionColumns,
    columns: Columns,
    slot: NDArray[np.int64],
    event: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint8]]:
    """Return identity, role and section of the element under the pointer at each event."""
    detailed = columns.detailed
    if not detailed.sparse["target"].event:
        return sessions.target[slot], sessions.role[slot], sessions.section[slot]
    named = _dense(columns, "target", _UNSET)[event]
    head = np.ones(len(slot), np.bool_)
    head[1:] = slot[1:] != slot[:-1]
    origin = np.maximum.accumulate(np.where(head | (named != _UNSET), np.arange(len(slot)), 0))
    index = named[origin]
    # Appended at the end, -1 finds "no known element"; the carried element of a session replaces
    # what -2 finds.
    identity = np.array([*detailed.target_identity, 0, 0], np.int64)[index]
    role = _clipped(detailed.target_role, _OTHER_ROLE)[index]
    section = _clipped(detailed.target_section, _OTHER_SECTION)[index]
    carried = index == _UNSET
    identity[carried] = sessions.target[slot[carried]]
    role[carried] = sessions.role[slot[carried]]
    section[carried] = sessions.section[slot[carried]]
    sessions.target[slot] = identity
    sessions.role[slot] = role
    sessions.section[slot] = section
    return identity, role, section


def _clipped(values: list[int], other: int) -> NDArray[np.uint8]:
    known = [value if 0 <= value <= other else other for value in values]
    return np.array([*known, 0, 0], np.uint8)
