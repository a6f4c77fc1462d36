"""Whether the propensities of a log can be those that its decisions were drawn with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.special import chdtrc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from eitp_server.lab.ope.decision_log import DecisionLog

ROWS_PER_PAIR: Final = 20
"""Below this many rows for each item and position that was seen, others may be unseen by chance."""
FALSE_ALARMS: Final = 1e-6
"""Of logs whose propensities are true, the share whose counts may be called off."""
LEAST_DUE: Final = 5.0
"""Decisions due to an item, below which its count is pooled with others."""
ERRORS: Final = 4.0
"""Standard errors that the mean may be off."""
ROUNDING: Final = 0.01
"""Share that figures may be off because the propensities are written with few digits."""
UNSEEN_ROWS: Final = 10.0
"""Rows that items which never came may have been due: e^-10 is how rarely that happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The mean of 1 / propensity over what was chosen is the number of items, on average."""

    mean_inverse: float
    standard_error: float | None
    items: int
    """Distinct items of the log."""
    expected: float
    """Distinct items chosen in a row's position, on average over the rows."""
    sums: Mapping[str, float] | None
    """By position, the sum of the propensities of the items chosen; None where an item's
    propensity is not the same in all rows of a position."""
    chance: float | None
    """How probable counts as far from those propensities, or farther, are; None likewise."""
    reason: str | None
    """What does not fit; None where all does."""
    judged: bool
    """False where there are too few rows to tell."""

    @classmethod
    def of(cls, log: DecisionLog) -> Calibration:
        """Check a log's propensities, position by position, against what was chosen."""
        inverse = 1.0 / log.propensity
        count = len(inverse)
        pairs = _Pairs.of(log)
        rows = np.bincount(log.position.code)
        seen = np.bincount(pairs.position, minlength=len(rows))
        expected = float(seen @ rows / count)
        mean = float(inverse.mean())
        error = float(inverse.std(ddof=1)) / count**0.5 if count > 1 else None
        judged = count >= ROWS_PER_PAIR * len(pairs.position)
        sums = pairs.sums(len(rows)) if pairs.constant else None
        chance = None if sums is None else pairs.chance(rows, sums)
        reasons = (
            None if sums is None else _sum_off(sums, rows, log),
            None if chance is None or chance >= FALSE_ALARMS else _counts_off(chance),
            None if error is None else _mean_off(mean, error, expected),
        )
        return cls(
            mean_inverse=mean,
            standard_error=error,
            items=len(log.item.values),
            expected=expected,
            sums=None
            if sums is None
            else dict(sorted(zip(_named(log), sums.tolist(), strict=True))),
            chance=chance,
            reason=next(filter(None, reasons), None) if judged else None,
            judged=judged,
        )

    def as_json(self) -> dict[str, Any]:
        """Return the figures; `ok` is null where there are too few rows to tell."""
        return {
            "mean_inverse_propensity": self.mean_inverse,
            "se": self.standard_error,
            "items": self.items,
            "expected": self.expected,
            "propensity_sums": self.sums,
            "p_value": self.chance,
            "ok": self.reason is None if self.judged else None,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs:
    """The pairs of position and item that were chosen, with their propensities."""

    position: NDArray[np.intp]
    propensity: NDArray[np.float64]
    chosen: NDArray[np.intp]
    constant: bool

    @classmethod
    def of(cls, log: DecisionLog) -> _Pairs:
        pair = log.position.code * len(log.item.values) + log.item.code
        there, back, chosen = np.unique(pair, return_inverse=True, return_counts=True)
        low, high = np.full(len(there), np.inf), np.zeros(len(there))
        np.minimum.at(low, back, log.propensity)
        np.maximum.at(high, back, log.propensity)
        return cls(
            position=there // len(log.item.values),
            propensity=high,
            chosen=chosen,
            constant=bool((high - low <= 1e-6 * high).all()),
        )

    def sums(self, positions: int) -> NDArray[np.float64]:
        sums = np.zeros(positions)
        np.add.at(sums, self.position, self.propensity)
        return sums

    def chance(self, rows: NDArray[np.intp], sums: NDArray[np.float64]) -> float | None:
        """Return the p-value of Pearson's chi-square, all positions together.

        Items of which too few were due are counted as one, with those that never came.
        """
        distance, free = 0.0, 0
        for position, count in enumerate(rows.tolist()):
            own = self.position == position
            never = max(0.0, 1.0 - float(sums[position])) * count
            due, came = _pooled(
                np.append(count * self.propensity[own], never), np.append(self.chosen[own], 0)
            )
            distance += float(((came - due) ** 2 / due).sum())
            free += len(due) - 1
        return float(chdtrc(free, distance)) if free else None


def _pooled(
    due: NDArray[np.float64], came: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the counts with the smallest ones that were due put together."""
    order = np.argsort(due)
    due, came = due[order], came[order]
    few = int(np.searchsorted(due, LEAST_DUE))
    if not few:
        return due, came
    end = max(few, int(np.searchsorted(np.cumsum(due), LEAST_DUE)) + 1)
    return np.append(due[:end].sum(), due[end:]), np.append(came[:end].sum(), came[end:])


def _named(log: DecisionLog) -> list[str]:
    return [log.position.named(values) for values in log.position.values]


def _sum_off(sums: NDArray[np.float64], rows: NDArray[np.intp], log: DecisionLog) -> str | None:
    low, high = 1 - ROUNDING - UNSEEN_ROWS / rows, 1 + ROUNDING
    off = (sums < low) | (sums > high)
    if not off.any():
        return None
    first = int(np.argmax(off))
    return (
        f"the propensities of the items chosen sum to {sums[first]:.6g} over {_named(log)[first]}, "
        "not to 1"
    )


def _counts_off(chance: float) -> str:
    return (
        "items were not chosen as often as their propensities say: by chance counts are as far off "
        f"with a probability of {chance:.1g}"
    )


def _mean_off(mean: float, error: float, expected: float) -> str | None:
    if abs(mean - expected) <= max(ERRORS * error, ROUNDING * expected):
        return None
    return (
        f"the mean of 1 / propensity is {mean:.4g} +- {error:.2g}; it should be the number of "
        f"items, {expected:.4g}"
    )
