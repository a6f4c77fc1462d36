"""Whether groups of decisions fit their propensities: by sums, counts and inverses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import chdtrc, ndtr, ndtri

from eitp_server.lab.ope.group import Groups, Pairs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.lab.ope.decision_log import DecisionLog

    Vector = NDArray[np.float64]

FALSE_ALARMS: Final = 1e-6
"""Of logs whose propensities are true, the share whose counts may be called off."""
LEAST_DUE: Final = 5.0
"""Decisions due to an item, below which its count is pooled with others."""
ERRORS: Final = 4.0
"""Standard errors that one mean may be off; more where there are many."""
LEAST_CHOSEN: Final = 50
"""Choices of an item in a group, below which its mean is too uncertain to be judged."""
ROUNDING: Final = 0.01
"""Share that figures may be off because the propensities are written with few digits."""
UNSEEN_ROWS: Final = 10.0
"""Rows that items which never came may have been due: e^-10 is how rarely that happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The tests of g groups; those with too few rows are not tested.

    Over several groups each is held to a stricter limit, so that together they are called off as
    rarely as one alone (Bonferroni): a p-value counts times the groups that have one, and where
    propensities change from row to row every item's mean is held to as much more of its error.
    """

    groups: Groups
    pairs: Pairs
    mean: Vector
    """(g,): of 1 / propensity."""
    expected: Vector
    """(g,): items that can be chosen: those seen, and those that are unseen by chance."""
    variance: Vector
    """(g,): of 1 / propensity, that of the rows or of the propensities, whichever is larger."""
    constant: NDArray[np.bool_]
    """(g,): whether no item's propensity changes from row to row."""
    sums: Vector
    """(g,): the sum of the propensities of the items chosen."""
    distance: Vector
    """(g,): Pearson's chi-square; 0 where it is not known."""
    free: NDArray[np.intp]
    """(g,): its degrees of freedom."""
    item: tuple[str, ...]

    @classmethod
    def of(cls, log: DecisionLog) -> Fit:
        """Test a log group by group."""
        groups = Groups.of(log)
        pairs = Pairs.of(log, groups)
        number, rows = len(groups.names), groups.rows
        inverse = 1.0 / log.propensity
        mean = np.bincount(groups.code, inverse, number) / rows
        spread = np.bincount(groups.code, (inverse - mean[groups.code]) ** 2, number)
        # An item of propensity p is unseen with (1 - p)^rows, and counts 1 / p where it is chosen.
        unseen = (1.0 - log.propensity).clip(min=0.0) ** rows[groups.code] * inverse
        # An item that came too rarely shows less variance than its propensity has.
        due = np.bincount(pairs.group, pairs.inverse, number) - groups.seen**2.0
        constant = np.bincount(pairs.group, ~pairs.constant, number) == 0
        sums = np.bincount(pairs.group, pairs.propensity, number).astype(np.float64)
        distance, free = _distances(groups, pairs, groups.large & constant)
        return cls(
            groups=groups,
            pairs=pairs,
            mean=mean,
            expected=groups.seen + np.bincount(groups.code, unseen, number) / rows,
            variance=np.maximum(spread / np.maximum(rows - 1, 1), due),
            constant=constant,
            sums=sums,
            distance=distance,
            free=free,
            item=log.item.values,
        )

    @property
    def chance(self) -> Vector:
        """(g,): how probable counts as far off, or farther, are; nan where that is not known."""
        known = self.free > 0
        found = np.full(len(known), np.nan)
        found[known] = chdtrc(self.free[known], self.distance[known])
        return found

    @property
    def chance_of_all(self) -> float | None:
        """The same over all groups together; None where it is known of none."""
        free = int(self.free.sum())
        return float(chdtrc(free, float(self.distance.sum()))) if free else None

    def off(self) -> dict[int, str]:
        """Return why groups do not fit, by group; the plainest reason first."""
        found: dict[int, str] = {}
        for reasons in (self._sums_off(), self._counts_off(), self._means_off()):
            for group, reason in reasons.items():
                found.setdefault(group, reason)
        return found

    def _sums_off(self) -> dict[int, str]:
        rows, tested = self.groups.rows, self.groups.large & self.constant
        # The rarer of many groups may miss more by chance.
        unseen = UNSEEN_ROWS + np.log(max(int(tested.sum()), 1))
        low, high = 1 - ROUNDING - unseen / rows, 1 + ROUNDING
        off = tested & ((self.sums < low) | (self.sums > high))
        farthest = sorted(np.flatnonzero(off).tolist(), key=lambda n: -abs(self.sums[n] - 1))
        return {
            n: f"the propensities of the items chosen sum to {self.sums[n]:.6g} over "
            f"{self.groups.names[n]}, not to 1"
            for n in farthest
        }

    def _counts_off(self) -> dict[int, str]:
        chance = self.chance
        tested = int(np.isfinite(chance).sum())
        off = np.flatnonzero(chance * tested < FALSE_ALARMS).tolist()
        return {
            n: f"items were not chosen as often as their propensities say over "
            f"{self.groups.names[n]}: {self._farthest(n)}; by chance counts are as far off with a "
            f"probability of {small(float(chance[n]))}"
            for n in sorted(off, key=lambda n: -self.distance[n] / self.free[n])
        }

    def _farthest(self, group: int) -> str:
        own = np.flatnonzero(self.pairs.group == group)
        due = self.groups.rows[group] * self.pairs.propensity[own]
        came = self.pairs.chosen[own]
        worst = int(np.argmax((came - due) ** 2 / due))
        name = self.item[self.pairs.item[own[worst]]]
        return f"item {name} was chosen {came[worst]:,} times, and {due[worst]:,.4g} were due"

    def _means_off(self) -> dict[int, str]:
        pairs, rows = self.pairs, self.groups.rows[self.pairs.group]
        tested = (self.groups.large & ~self.constant)[pairs.group] & (pairs.chosen >= LEAST_CHOSEN)
        # As rarely as one mean is beyond ERRORS, one of all of them is beyond this.
        errors = -float(ndtri(ndtr(-ERRORS) / max(int(tested.sum()), 1)))
        mean = pairs.chosen * pairs.inverse / rows
        error = np.sqrt(np.maximum(pairs.squares - mean**2, pairs.inverse - 1) / rows)
        distance = np.abs(mean - 1)
        off = np.flatnonzero(tested & (distance > np.maximum(errors * error, ROUNDING)))
        found: dict[int, str] = {}
        for n in sorted(off.tolist(), key=lambda n: -distance[n] / error[n]):
            group = int(pairs.group[n])
            found.setdefault(
                group,
                f"the mean of 1 / propensity over {self.groups.names[group]}, 0 where another item "
                f"was chosen, is {mean[n]:.4g} +- {error[n]:.2g} for item "
                f"{self.item[pairs.item[n]]}; it should be 1",
            )
        return found


def small(chance: float) -> str:
    """Return a probability in words, also one that is too small for a number."""
    return f"{chance:.1g}" if chance > 1e-300 else "less than 1e-300"


def _distances(
    groups: Groups, pairs: Pairs, tested: NDArray[np.bool_]
) -> tuple[Vector, NDArray[np.intp]]:
    """Return each group's chi-square and its degrees of freedom, 0 where it is not tested."""
    distance, free = np.zeros(len(tested)), np.zeros(len(tested), np.intp)
    ends = np.searchsorted(pairs.group, np.arange(len(tested) + 1))
    for group in np.flatnonzero(tested).tolist():
        own = slice(ends[group], ends[group + 1])
        rows = int(groups.rows[group])
        distance[group], free[group] = _chi_square(
            rows * pairs.propensity[own], pairs.chosen[own], rows
        )
    return distance, free


def _chi_square(due: Vector, came: NDArray[np.intp], rows: int) -> tuple[float, int]:
    """Return Pearson's chi-square of the items of a group and its degrees of freedom.

    Items of which too few were due are counted as one, with those that never came.
    """
    never = max(0.0, rows - float(due.sum()))
    pooled_due, pooled = _pooled(np.append(due, never), np.append(came, 0))
    distance = float(((pooled - pooled_due) ** 2 / pooled_due).sum())
    return distance, len(pooled_due) - 1


def _pooled(due: Vector, came: NDArray[np.intp]) -> tuple[Vector, NDArray[np.intp]]:
    """Return the counts with the smallest ones that were due put together."""
    order = np.argsort(due)
    due, came = due[order], came[order]
    few = int(np.searchsorted(due, LEAST_DUE))
    if not few:
        return due, came
    end = max(few, int(np.searchsorted(np.cumsum(due), LEAST_DUE)) + 1)
    return np.append(due[:end].sum(), due[end:]), np.append(came[:end].sum(), came[end:])
