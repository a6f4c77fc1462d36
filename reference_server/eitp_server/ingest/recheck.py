"""When a session is looked at again although nothing comes from it: silence says something too.

Three things happen without an event: the page's time to answer runs out, the pause between two
packets ends while there is news, and a hand that rests becomes one that is idle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eitp_server.signals.slot_table import SlotTable, column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

NEVER_US: Final = 1 << 62
SLACK_MS: Final = 750
"""How much later than the page's time to answer: a report of the answer may still be under way."""
IDLE_MS: Final = (10_000, 30_000)
"""Idle times after which a state or a label may be another one."""
_AFTER_MS: Final = 50
_NO_DELAY: Final = np.int64(1 << 40)


@dataclass(slots=True)
class RecheckTable(SlotTable):
    """When each session is due."""

    due_us: NDArray[np.int64] = column("i8", fill=NEVER_US)
    """(capacity,) log time, µs; NEVER_US when nothing is awaited."""


class Rechecks:
    """The sessions that are to be looked at again, by log time."""

    def __init__(self, capacity: int) -> None:
        self._table = RecheckTable.allocate(capacity)

    def next_due_us(self) -> int | None:
        """Return the log time at which the first session is due; None when none is."""
        # Looked up and not kept: a snapshot holds the rows only, and a replay must wake as often.
        due_us = int(self._table.due_us.min(initial=NEVER_US))
        return None if due_us == NEVER_US else due_us

    def take(self, now_us: int) -> NDArray[np.int64]:
        """Return the slots that are due at `now_us`, ascending, which are due no more."""
        slots = np.flatnonzero(self._table.due_us <= now_us)
        self._table.due_us[slots] = NEVER_US
        return slots

    def set(
        self, slots: NDArray[np.integer[Any]], delay_ms: NDArray[np.int64], now_us: int
    ) -> None:
        """Make `slots` (m,) due `delay_ms` (m,) from now, or never."""
        awaited = delay_ms < _NO_DELAY
        self._table.due_us[slots] = np.where(awaited, now_us + delay_ms * 1000, NEVER_US)

    def forget(self, slot: int) -> None:
        """Let a session be due no more."""
        self._table.due_us[slot] = NEVER_US

    def grow(self, capacity: int) -> None:
        """Make room for `capacity` slots."""
        self._table.grow(capacity)

    def dump(self, slots: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Copy the rows of `slots`."""
        return self._table.dump(slots)

    def load(self, slots: NDArray[np.int64], rows: Mapping[str, NDArray[Any]]) -> None:
        """Write rows from `dump` into `slots`."""
        self._table.load(slots, rows)


def delay_ms(
    *,
    at_ms: NDArray[np.int64],
    idle_s: NDArray[np.float32],
    kept_back_until_ms: NDArray[np.int64],
    unanswered_ms: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return (m,) in how many ms each session has to be looked at again.

    `at_ms` is the session time now, `kept_back_until_ms` when the pause after its last packet ends
    (at or before `at_ms` where there is no news), `unanswered_ms` when the page's time to answer a
    burst of clicks runs out (likewise where there is none).
    """
    delays = [kept_back_until_ms - at_ms, unanswered_ms + SLACK_MS - at_ms]
    idle_ms = (idle_s * 1000).astype(np.int64)
    delays += [threshold + _AFTER_MS - idle_ms for threshold in IDLE_MS]
    return np.min([np.where(delay > 0, delay, _NO_DELAY) for delay in delays], axis=0)
