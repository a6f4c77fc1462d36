"""A copy of what the volatility index counts, taken between two ticks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

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

_LABELS: Final = 256
_COLUMNS: Final = tuple(item.name for item in fields(MovementTable))
_UNREAD: Final = frozenset({"reference", "reference_us", "pace"})
"""Columns that only the next increment needs."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What each cell has at a tick."""

    partials: Mapping[Cell, Partial]
    labels: Mapping[Cell, Counter[int]]
    """How many of the sessions that count were last said to be what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """The sessions of one moment, one row each."""

    movement: MovementTable
    code: NDArray[np.int32]
    section: NDArray[np.uint8]
    label: NDArray[np.uint8]
    codes: CellCodes

    def counted(self, at_us: int) -> Counted:
        """Return the sums of each cell at the tick `at_us`; takes a while, in any thread."""
        found = constituents(self.movement, np.arange(len(self.code)), at_us)
        keys = cell_keys(self.code, self.section)
        sums = Partials.of_sessions(keys, found).by_key()
        cells = {key: self.codes.cell(key) for key in sums}
        labels: dict[Cell, Counter[int]] = {}
        labelled = keys[found.counted] * _LABELS + self.label[found.counted]
        for both, number in zip(*np.unique(labelled, return_counts=True), strict=True):
            key, label = divmod(int(both), _LABELS)
            labels.setdefault(cells[key], Counter())[label] = int(number)
        return Counted({cells[key]: part for key, part in sums.items()}, labels)


def census(reducer: Reducer) -> Census:
    """Copy what the index needs of every live session."""
    sessions, movement = reducer.sessions, reducer.observer.movement
    used = sessions.used()
    # Everybody waits meanwhile, so what no sum is made of is not copied.
    rows = {name: used[:0] if name in _UNREAD else used for name in _COLUMNS}
    return Census(
        movement=MovementTable(**{name: getattr(movement, name)[rows[name]] for name in _COLUMNS}),
        code=sessions.code[used],
        section=sessions.columns.section[used],
        label=reducer.observer.labels(used),
        codes=sessions.codes,
    )
