"""Compares two sides of an experiment in a CSV file, adjusted for what was known before."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eitp_server.bandit.covariate import adjust
from eitp_server.lab.ope.error import OffPolicyError
from eitp_server.lab.ope.sheet import Sheet, listed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from eitp_server.bandit.covariate import Adjusted

Z: Final = 1.959963984540054
"""Standard errors of a two-sided 95 % interval."""
METHOD: Final = (
    "CUPED: theta times the covariate is taken off each outcome, theta the slope within the sides. "
    "Intervals are of one look at a finished experiment."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentColumns:
    """Which columns to read, and which value of `side` is the treatment."""

    outcome: str = "outcome"
    before: str = "before"
    side: str = "side"
    treated: str = "treated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """What the comparison gives."""

    treated_units: int
    holdout_units: int
    found: Adjusted

    @property
    def narrowing(self) -> float | None:
        """How much narrower the interval became, as a share; None where it had no width."""
        wide = self.found.unadjusted_error
        return 1.0 - self.found.standard_error / wide if wide > 0 else None

    @property
    def reason(self) -> str | None:
        """Why the adjusted difference is withheld, None where it is not."""
        if self.found.balanced:
            return None
        return (
            f"the sides differ in the covariate by {abs(self.found.imbalance):.1f} standard "
            "errors, so the treatment may have changed it; use one from before the assignment"
        )

    def as_json(self) -> dict[str, Any]:
        """Return the figures; the adjusted ones are null where they are withheld."""
        found, reason = self.found, self.reason
        figures: dict[str, Any] = asdict(found)
        if reason:
            figures |= dict.fromkeys(("estimate", "standard_error"))
        return {
            "treated_units": self.treated_units,
            "holdout_units": self.holdout_units,
            **figures,
            "unadjusted_interval": _interval(found.unadjusted, found.unadjusted_error),
            "interval": None if reason else _interval(found.estimate, found.standard_error),
            "narrowing": None if reason else self.narrowing,
            "reason": reason,
            "method": METHOD,
        }


def compare_sides(
    path: Path, columns: AdjustmentColumns, progress: Callable[[int], None]
) -> Adjustment:
    """Read a file and compare; raises OffPolicyError for what cannot be compared."""
    sheet = Sheet.open(path)
    outcome = sheet.column(columns.outcome, (), "--outcome")
    before = sheet.column(columns.before, (), "--before")
    side = sheet.column(columns.side, (), "--side")
    names, numbers = sheet.read([side], [outcome, before], progress)
    for column, values in numbers.items():
        if not np.isfinite(values).all():
            row = int(np.argmin(np.isfinite(values)))
            raise sheet.wrong(row, column, f"{values[row]} is not finite; leave the unit out")
    sides = names[side]
    if len(sides.values) != 2 or columns.treated not in sides.values:
        raise OffPolicyError(
            f"{path}, column {side}: it has the values {listed(sides.values)}; it must have two, "
            f"of which one is {columns.treated!r}: name yours by --treated"
        )
    treated = sides.code == sides.values.index(columns.treated)
    units = int(np.count_nonzero(treated))
    if min(units, len(treated) - units) < 2:
        raise OffPolicyError(
            f"{path}: {units} units are treated and {len(treated) - units} are not; there must be "
            "two or more on each side"
        )
    return Adjustment(
        treated_units=units,
        holdout_units=len(treated) - units,
        found=adjust(numbers[outcome], numbers[before], treated),
    )


def _interval(estimate: float, error: float) -> list[float]:
    return [estimate - Z * error, estimate + Z * error]
