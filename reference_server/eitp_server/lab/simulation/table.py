"""What a simulation found: a table per scenario, and the bars that were set before it ran."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over runs."""

    value: float
    error: float | None = None
    """Its standard error; absent of a single run, or where none is meant."""

    @classmethod
    def of(cls, values: ArrayLike) -> Figure:
        """Return the mean of what each run gave, (runs,)."""
        each = np.asarray(values, dtype=np.float64)
        error = float(each.std(ddof=1) / np.sqrt(len(each))) if len(each) > 1 else None
        return cls(float(each.mean()), error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A demand, and whether it was met."""

    demand: str
    found: float
    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One scenario: what each rule did."""

    scenario: str
    title: str
    runs: int
    columns: Sequence[str]
    rows: Mapping[str, Mapping[str, Figure | None]]
    """By rule and column; None where more than half of the runs never got there."""
    bars: Sequence[Bar]
    series: Mapping[str, Sequence[float | None]] = field(
        default_factory=dict[str, "Sequence[float | None]"]
    )
    """By rule: a mean over runs, a number per step, None where no run has one yet."""

    def as_json(self) -> dict[str, Any]:
        """Return the table as JSON values."""
        return {
            "scenario": self.scenario,
            "title": self.title,
            "runs": self.runs,
            "rules": {
                rule: {
                    column: figure and {"value": figure.value, "error": figure.error}
                    for column, figure in figures.items()
                }
                for rule, figures in self.rows.items()
            },
            "bars": [
                {"demand": bar.demand, "found": bar.found, "held": bar.held} for bar in self.bars
            ],
            "series": {rule: list(values) for rule, values in self.series.items()},
        }


def at_most(what: str, found: float, limit: float) -> Bar:
    """Return the bar that `found` is `limit` or less."""
    return Bar(demand=f"{what} <= {limit:g}", found=found, held=found <= limit)


def at_least(what: str, found: float, limit: float) -> Bar:
    """Return the bar that `found` is `limit` or more."""
    return Bar(demand=f"{what} >= {limit:g}", found=found, held=found >= limit)
