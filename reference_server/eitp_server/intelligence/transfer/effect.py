"""What was seen in each vertical: log odds ratios, treated over holdout, with their variances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Vector: TypeAlias = NDArray[np.float64]
    Truth: TypeAlias = NDArray[np.bool_]

ZERO_CELL: Final = 0.5
"""Added to all four cells of a row that has an empty one."""


@dataclass(frozen=True, slots=True)
class Effects:
    """Observed effects with sampling variances that are taken as known.

    Raises ValueError unless both are (k,), k at least 1, finite, and the variances above 0.
    """

    value: Vector
    """(k,) natural logarithms of odds ratios, or any effects that are near normal."""
    variance: Vector
    """(k,) above 0."""

    def __post_init__(self) -> None:
        """Refuse what no formula is defined for."""
        if self.value.ndim != 1 or self.value.shape != self.variance.shape or not len(self.value):
            raise ValueError(
                f"effects {self.value.shape} and variances {self.variance.shape} must be of one "
                "length, 1 or more"
            )
        fine = np.isfinite(self.value) & np.isfinite(self.variance) & (self.variance > 0)
        if not fine.all():
            row = int(np.flatnonzero(~fine)[0])
            raise ValueError(
                f"effect {row} is {self.value[row]} with variance {self.variance[row]}; both must "
                "be finite and the variance above 0"
            )

    def __len__(self) -> int:
        """Return k."""
        return len(self.value)

    def without(self, row: int) -> Effects:
        """Return all effects but one; there must be another."""
        return Effects(np.delete(self.value, row), np.delete(self.variance, row))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Successes and units of both arms, (k,) each.

    Raises ValueError when successes are below 0 or more than the units, or an arm has no units.
    """

    treated_conversions: Vector
    treated_units: Vector
    holdout_conversions: Vector
    holdout_units: Vector

    def __post_init__(self) -> None:
        """Refuse counts that cannot be."""
        for name, hits, units in (
            ("treated", self.treated_conversions, self.treated_units),
            ("holdout", self.holdout_conversions, self.holdout_units),
        ):
            fine = (hits >= 0) & (hits <= units) & (units >= 1) & np.isfinite(units)
            if not fine.all():
                row = int(np.flatnonzero(~fine)[0])
                raise ValueError(
                    f"row {row} has {hits[row]} conversions of {units[row]} {name} units; it "
                    "takes 1 unit or more, and conversions from 0 to the units"
                )

    def log_odds_ratios(self) -> Effects:
        """Return ln(a d / (b c)) with variance 1/a + 1/b + 1/c + 1/d (Woolf 1955).

        A row with an empty cell gets 0.5 more in all four of its cells, other rows nothing.
        """
        cells = np.stack(
            [
                self.treated_conversions,
                self.treated_units - self.treated_conversions,
                self.holdout_conversions,
                self.holdout_units - self.holdout_conversions,
            ]
        )
        cells = cells + np.where((cells == 0).any(axis=0), ZERO_CELL, 0.0)
        a, b, c, d = cells
        value: Vector = np.log(a) - np.log(b) - np.log(c) + np.log(d)
        return Effects(value, (1 / cells).sum(axis=0))
