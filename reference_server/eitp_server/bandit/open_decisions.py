"""Decisions that outcomes may still be credited to, in the order in which they were taken.

They are kept in columns: there may be hundreds of thousands, and all of them are copied whenever a
snapshot is taken or a lesson begins, while everybody waits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from numpy.typing import NDArray

    Rows = NDArray[np.int32]
    Micros = NDArray[np.int64]

WAITING: Final = -1
"""The delay of a decision that has not succeeded."""
_LEAST: Final = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenColumns:
    """Open decisions, the earliest first; each column is (decisions,)."""

    row: Rows
    """Which arm in which cell, by the row of its counts."""
    decided_us: Micros
    delay_us: Micros
    """How long after the decision the success came; `WAITING` when none has."""


class OpenDecisions:
    """A queue: time takes decisions from its head, and new ones join its tail."""

    def __init__(self) -> None:
        self._row: Rows = np.zeros(_LEAST, np.int32)
        self._decided_us: Micros = np.zeros(_LEAST, np.int64)
        self._delay_us: Micros = np.zeros(_LEAST, np.int64)
        self._head = self._tail = 0
        self._newest_us = 0

    def __len__(self) -> int:
        return self._tail - self._head

    def add(self, row: int, decided_us: int) -> None:
        """Append a decision that waits; one that is earlier than the last goes to its place."""
        if self._tail == len(self._row):
            self._make_room()
        place = self._tail
        self._tail += 1
        if decided_us < self._newest_us and place > self._head:
            place = self._head + int(
                np.searchsorted(self._decided_us[self._head : place], decided_us, side="right")
            )
            for column in self._columns():
                column[place + 1 : self._tail] = column[place : self._tail - 1]
        else:
            self._newest_us = decided_us
        self._row[place] = row
        self._decided_us[place] = decided_us
        self._delay_us[place] = WAITING

    def replace(self, row: int, decided_us: int, *, known_us: int, delay_us: int) -> bool:
        """Set the delay of a decision whose delay is `known_us`; return False when there is none.

        Decisions of one row and moment are alike. Their delays stand in ascending order, those that
        wait last, so that the order in which they became known leaves no trace.
        """
        places = self._places(row, decided_us)
        delays: list[int] = self._delay_us[places].tolist()
        if known_us not in delays:
            return False
        delays[delays.index(known_us)] = delay_us
        self._delay_us[places] = sorted(delays, key=lambda delay: (delay == WAITING, delay))
        return True

    def remove(self, row: int, decided_us: int) -> bool:
        """Take out a decision that waits; return False when there is none."""
        places = self._places(row, decided_us)
        if not len(places) or self._delay_us[places[-1]] != WAITING:
            return False
        place = int(places[-1])
        for column in self._columns():
            column[place : self._tail - 1] = column[place + 1 : self._tail]
        self._tail -= 1
        return True

    def remove_rows(self, rows: Collection[int]) -> None:
        """Take out all decisions of some rows."""
        kept = ~np.isin(self._row[self._head : self._tail], list(rows))
        for column in self._columns():
            left = column[self._head : self._tail][kept]
            column[: len(left)] = left
        self._head, self._tail = 0, int(kept.sum())

    def take_before(self, limit_us: int) -> Iterator[tuple[int, int, int]]:
        """Take out and yield the row, moment and delay of what was decided before `limit_us`."""
        if self._head == self._tail or self._decided_us[self._head] >= limit_us:
            return iter(())
        live = slice(self._head, self._tail)
        end = self._head + int(np.searchsorted(self._decided_us[live], limit_us))
        taken = [column[self._head : end].tolist() for column in self._columns()]
        self._head = end
        return zip(*taken, strict=True)

    def columns(self) -> OpenColumns:
        """Return a copy of all that is open."""
        live = slice(self._head, self._tail)
        return OpenColumns(
            row=self._row[live].copy(),
            decided_us=self._decided_us[live].copy(),
            delay_us=self._delay_us[live].copy(),
        )

    def load(self, columns: OpenColumns) -> None:
        """Take over what `columns` returned."""
        self._row = columns.row.copy()
        self._decided_us, self._delay_us = columns.decided_us.copy(), columns.delay_us.copy()
        self._head, self._tail = 0, len(columns.row)
        self._newest_us = int(columns.decided_us[-1]) if self._tail else 0

    def _columns(self) -> tuple[Rows, Micros, Micros]:
        return self._row, self._decided_us, self._delay_us

    def _places(self, row: int, decided_us: int) -> NDArray[np.intp]:
        """Return the places of the decisions of one row and moment, ascending."""
        moments = self._decided_us[self._head : self._tail]
        first, end = (
            self._head + int(np.searchsorted(moments, decided_us, side=side))
            for side in ("left", "right")
        )
        return first + np.flatnonzero(self._row[first:end] == row)

    def _make_room(self) -> None:
        """Move what is open to the front, and have a quarter more room than it takes."""
        size = len(self)
        room = max(_LEAST, size + size // 4)
        for name in ("_row", "_decided_us", "_delay_us"):
            column = getattr(self, name)
            fresh = np.zeros(room, column.dtype)
            fresh[:size] = column[self._head : self._tail]
            setattr(self, name, fresh)
        self._head, self._tail = 0, size
