"""A copy of what the volatility index counts, taken between two ticks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eitp_server.volatility.cell import cell_keys
from eitp_server.volatility.constituent import constituents
from eitp_server.volatility.increment import MovementTable
from eitp_server.volatility.partial import Partials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from eitp_server.ingest.reducer import Reducer
    from eitp_server.volatility.cell import Cell, CellCodes
    from eitp_server.volatility.partial import Partial


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """The sessions of one moment, one row each."""

    movement: MovementTable
    code: NDArray[np.int32]
    section: NDArray[np.uint8]
    codes: CellCodes

    def partials(self, at_us: int) -> Mapping[Cell, Partial]:
        """Return the sums of each cell at the tick `at_us`; takes a while, in any thread."""
        rows = np.arange(len(self.code))
        found = constituents(self.movement, rows, at_us)
        sums = Partials.of_sessions(cell_keys(self.code, self.section), found)
        return {self.codes.cell(key): part for key, part in sums.by_key().items()}


def census(reducer: Reducer) -> Census:
    """Copy what the index needs of every live session."""
    sessions = reducer.sessions
    used = sessions.used()
    movement = MovementTable.allocate(max(len(used), 1))
    movement.load(np.arange(len(used)), reducer.observer.movement.dump(used))
    return Census(
        movement=movement,
        code=sessions.code[used],
        section=sessions.columns.section[used],
        codes=sessions.codes,
    )
