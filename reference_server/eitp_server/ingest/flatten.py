"""Accepted batches to `Events`: absolute times and positions, sessions contiguous."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.ingest.timeline import align
from eitp_server.signals.event import Events

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.ingest.columns import Arrays, Columns
    from eitp_server.ingest.session_table import SessionColumns

_UNSET: Final = -2
_OTHER_ROLE: Final = 14
_OTHER_SECTION: Final = 20


def flatten(
    sessions: SessionColumns,
    columns: Columns,
    arrays: Arrays,
    accepted: NDArray[np.int64],
    now_us: int,
) -> Events:
    """Return the events of the batches `accepted`, indices sorted by slot and sequence.

    Advances each session's clock and the element that its pointer is over.
    """
    count, start = arrays.count[accepted], arrays.start[accepted]
    slot = arrays.slot[accepted]
    within = np.repeat(start - (np.cumsum(count) - count), count) + np.arange(count.sum())
    elapsed = _running(arrays.dt_ms, arrays.start, arrays.count)[within]
    first = np.cumsum(count) - count
    clock = arrays.clock_ms[accepted]
    offset = align(
        sessions, slot, clock + elapsed[first], clock + elapsed[first + count - 1], now_us
    )
    event_slot = np.repeat(slot, count)
    x = _running(arrays.dx, arrays.start, arrays.count)[within]
    y = _running(arrays.dy, arrays.start, arrays.count)[within]
    size = len(arrays.dt_ms)
    target, role, section = _targets(sessions, columns, event_slot, within, size)
    return Events(
        slot=event_slot.astype(np.int32),
        t_ms=elapsed + np.repeat(clock + offset, count),
        x=(x + np.repeat(arrays.origin_x[accepted], count)).astype(np.int32),
        y=(y + np.repeat(arrays.origin_y[accepted], count)).astype(np.int32),
        kind=arrays.kind[within],
        target=target,
        role=role,
        section=section,
        scroll_x=columns.scroll_x.scatter(size, 0)[within],
        scroll_y=columns.scroll_y.scatter(size, 0)[within],
        response_ms=columns.response_ms.scatter(size, -1)[within],
    )


def _running(
    steps: NDArray[np.int64], start: NDArray[np.int64], count: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the sum of steps from each batch's first event up to each event, inclusive."""
    total = np.cumsum(steps)
    before = np.zeros(len(start), np.int64)
    before[1:] = total[start[1:] - 1]
    return total - np.repeat(before, count)


def _targets(
    sessions: SessionColumns,
    columns: Columns,
    slot: NDArray[np.int64],
    within: NDArray[np.int64],
    size: int,
) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint8]]:
    """Return identity, role and section of the element under the pointer at each event."""
    if not columns.target.event:
        return sessions.target[slot], sessions.role[slot], sessions.section[slot]
    named = columns.target.scatter(size, _UNSET)[within]
    head = np.ones(len(slot), np.bool_)
    head[1:] = slot[1:] != slot[:-1]
    origin = np.maximum.accumulate(np.where(head | (named != _UNSET), np.arange(len(slot)), 0))
    index = named[origin]
    # Appended at the end, -1 finds "no known element"; the carried element of a session replaces
    # what -2 finds.
    identity = np.array([*columns.target_identity, 0, 0], np.int64)[index]
    role = _clipped(columns.target_role, _OTHER_ROLE)[index]
    section = _clipped(columns.target_section, _OTHER_SECTION)[index]
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
