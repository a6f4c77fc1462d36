"""The session clock: client clocks of any origin, made monotone and free of leaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.ingest.session_table import SessionColumns

MAX_LEAP_MS: Final = 60_000
"""How much further than the server's clock a client's may move between two batches."""


def align(
    sessions: SessionColumns,
    slot: NDArray[np.int64],
    begin: NDArray[np.int64],
    end: NDArray[np.int64],
    now_us: int,
) -> NDArray[np.int64]:
    """Return (B,) what to add to each batch's client times, in ms, and advance the clocks.

    `slot` is sorted, batches of a session in sequence. `begin` and `end` are the client times of
    the first and last event of each batch. The first event of a session is at 0; a batch that
    begins before the one before it ended, or more than MAX_LEAP_MS beyond what the server's clock
    allows, is moved to where that one ended, and counted as a repair.
    """
    first = np.ones(len(slot), np.bool_)
    first[1:] = slot[1:] != slot[:-1]
    head = np.flatnonzero(first)
    fresh = head[sessions.last_ms[slot[head]] < 0]
    sessions.clock_offset_ms[slot[fresh]] = -begin[fresh]
    sessions.last_ms[slot[fresh]] = 0
    offset = sessions.clock_offset_ms[slot]
    before = np.empty_like(end)
    before[1:] = end[:-1] + offset[:-1]
    before[head] = sessions.last_ms[slot[head]]
    allowed = np.full(len(slot), MAX_LEAP_MS, np.int64)
    seen = sessions.seen_us[slot[head]]
    allowed[head] += np.maximum((now_us - seen) // 1000, 0)
    gap = begin + offset - before
    odd = (gap < 0) | (gap > allowed)
    if odd.any():
        _repair(sessions, slot, begin, end, offset, allowed, np.unique(slot[odd]))
    sessions.last_ms[slot] = end + offset
    sessions.clock_offset_ms[slot] = offset
    sessions.seen_us[slot] = now_us
    return offset


def _repair(
    sessions: SessionColumns,
    slot: NDArray[np.int64],
    begin: NDArray[np.int64],
    end: NDArray[np.int64],
    offset: NDArray[np.int64],
    allowed: NDArray[np.int64],
    odd_slots: NDArray[np.int64],
) -> None:
    for odd in odd_slots.tolist():
        last = int(sessions.last_ms[odd])
        current = int(sessions.clock_offset_ms[odd])
        for index in np.flatnonzero(slot == odd).tolist():
            gap = int(begin[index]) + current - last
            if not 0 <= gap <= int(allowed[index]):
                current -= gap
                sessions.clock_repairs[odd] += 1
            offset[index] = current
            last = int(end[index]) + current
