"""The counts of one moment as columns: what a snapshot keeps and what a lesson is learnt from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eitp_server.bandit.decision import Cell
from eitp_server.bandit.lines import as_bytes, encode, lines_of
from eitp_server.bandit.open_decisions import OpenColumns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Codes = NDArray[np.int32]
    Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Counts by row: an arm in a cell. Whoever computes with a frame disturbs nobody."""

    cells: Sequence[str]
    """Each cell as JSON, by its code."""
    arms: Sequence[str]
    """Each arm by its code; the empty one is 'no intervention'."""
    cell: Codes
    """(rows,) code of the cell."""
    arm: Codes
    """(rows,) code of the arm."""
    successes: Vector
    """(rows,) of matured decisions, faded as of `at`."""
    trials: Vector
    at: Vector
    """(rows,) when the youngest matured decision was taken, s; 0 before the first."""
    open: OpenColumns
    """The decisions that have not matured."""
    delays: Sequence[str]
    """For each tenant with matured decisions its name and the state of its `DelayHistogram`."""

    def places(self) -> list[Cell]:
        """Return the cells, by code."""
        return [Cell.from_row(row) for row in json.loads(f"[{','.join(self.cells)}]")]

    def as_arrays(self) -> dict[str, Array]:
        """Return everything as arrays; text as bytes."""
        return {
            "cells": as_bytes(self.cells),
            "arms": as_bytes([encode(self.arms)]),
            "delays": as_bytes(self.delays),
            "cell": self.cell,
            "arm": self.arm,
            "successes": self.successes,
            "trials": self.trials,
            "at": self.at,
            "open_row": self.open.row,
            "open_decided_us": self.open.decided_us,
            "open_delay_us": self.open.delay_us,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Frame:
        """Return the frame that `as_arrays` took apart."""
        return cls(
            cells=lines_of(arrays["cells"]),
            arms=json.loads(arrays["arms"].tobytes()),
            delays=lines_of(arrays["delays"]),
            cell=arrays["cell"],
            arm=arrays["arm"],
            successes=arrays["successes"],
            trials=arrays["trials"],
            at=arrays["at"],
            open=OpenColumns(
                row=arrays["open_row"],
                decided_us=arrays["open_decided_us"],
                delay_us=arrays["open_delay_us"],
            ),
        )
