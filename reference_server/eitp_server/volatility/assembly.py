"""The partials of one tick from several servers, each counted once, none after the tick closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eitp_server.volatility.methodology import SECOND_US
from eitp_server.volatility.partial import Partial, merged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eitp_server.volatility.cell import Cell

CLOSES_AFTER_US: Final = 2 * SECOND_US
"""How long after a tick its partials are waited for."""


class TickAssembly:
    """What has been heard of one tick.

    Partials may come in any order, and again: the cells that result are the same, bit for bit.
    """

    def __init__(self, at_us: int, expected: frozenset[str]) -> None:
        self.at_us = at_us
        self.late_sessions = 0
        """Sessions heard after the tick closed."""
        self._expected = expected
        self._heard: set[tuple[str, int]] = set()
        self._complete: set[str] = set()
        self._cells: dict[Cell, Partial] = {}
        self._closed = False

    def add(
        self, shard: str, sequence: int, cells: Mapping[Cell, Partial], *, last: bool = True
    ) -> bool:
        """Take in a message of a shard, its last one for this tick or not.

        Return False, and change no sum, for a repeated message and after the tick closed.
        """
        if (shard, sequence) in self._heard:
            return False
        self._heard.add((shard, sequence))
        if self._closed:
            self.late_sessions += sum(part.sessions for part in cells.values())
            return False
        for cell, part in cells.items():
            self._cells[cell] = merged((self._cells.get(cell, Partial()), part))
        if last:
            self._complete.add(shard)
        return True

    @property
    def coverage(self) -> float:
        """Share of the expected shards that are complete; 1 when none is expected."""
        heard = len(self._complete & self._expected)
        return heard / len(self._expected) if self._expected else 1.0

    def close(self) -> Mapping[Cell, Partial]:
        """Return the cells; what comes afterwards is late."""
        self._closed = True
        return self._cells
