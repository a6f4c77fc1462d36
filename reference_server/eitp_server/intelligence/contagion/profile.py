"""What comes back every day or week, and how far values usually stray from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.intelligence.contagion.refusal import Reason, Refused

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.intelligence.contagion.gram import Array

DAY_MINUTES: Final = 1_440
BASE_MINUTES: Final = 28 * DAY_MINUTES
"""A profile of the week is fitted to this much, four of each weekday."""
REACH: Final = 5.0
"""Robust spreads from the middle beyond which a value is pulled in."""
NORMAL: Final = 1.482602218505602
"""Standard deviations of a normal variable in its median absolute deviation."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """What is periodic: waves that fit a whole number of times into a length."""

    minutes: int
    waves: tuple[int, ...]

    def basis(self, minute: NDArray[np.int64]) -> Array:
        """Return (T, 1 + 2 waves): a constant, cosines and sines at each `minute`."""
        angle = 2 * np.pi * np.multiply.outer(minute, self.waves) / self.minutes
        return np.hstack([np.ones((len(minute), 1)), np.cos(angle), np.sin(angle)])


DAY: Final = Cycle(DAY_MINUTES, (1, 2, 3))
"""Three daily waves, for a window alone."""
WEEK: Final = Cycle(7 * DAY_MINUTES, (1, 2, 3, 6, 7, 8, 13, 14, 15, 20, 21, 22))
"""Three daily waves that may be larger on some days of the week than on others, and the week."""
LEVEL: Final = Cycle(DAY_MINUTES, ())
"""Nothing is periodic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The usual course of each series, and the usual distance from it."""

    cycle: Cycle
    weights: Array
    """(1 + 2 waves, N)."""
    middle: Array
    """(N,) median distance from the course."""
    spread: Array
    """(N,) median absolute deviation of it, times 1.4826."""

    @classmethod
    def fit(cls, values: Array, minute: NDArray[np.int64], cycle: Cycle) -> Profile:
        """Fit by least squares to `values` (T, N), NaN where there is none.

        `minute` (T,) counts from the cycle's begin, for the week from Monday 00:00 UTC. Values
        beyond 5 robust spreads are pulled in before, so that one of them cannot bend the course.
        Raises Refused (INSUFFICIENT): a series has fewer values than there are waves to fit.
        """
        basis = cycle.basis(minute)
        calm = _pulled_in(values, *_robust(values))
        weights = np.column_stack([_solve(basis, column) for column in calm.T])
        middle, spread = _robust(values - basis @ weights)
        return cls(cycle=cycle, weights=weights, middle=middle, spread=spread)

    def remove(self, values: Array, minute: NDArray[np.int64]) -> Array:
        """Return `values` (T, N) less their usual course, pulled in to 5 robust spreads."""
        away = values - self.cycle.basis(minute) @ self.weights
        return _pulled_in(away, self.middle, self.spread)

    def of(self, chosen: NDArray[np.intp]) -> Profile:
        """Return the profile of some of the series."""
        return Profile(
            cycle=self.cycle,
            weights=self.weights[:, chosen],
            middle=self.middle[chosen],
            spread=self.spread[chosen],
        )


def week_profile(values: Array, minute: NDArray[np.int64]) -> Profile:
    """Fit the time-of-week profile; raises Refused (INSUFFICIENT) for less than 28 days."""
    if len(values) < BASE_MINUTES:
        raise Refused(
            Reason.INSUFFICIENT,
            f"{len(values)} minutes; a profile of the week takes {BASE_MINUTES}, which is 28 days",
        )
    return Profile.fit(values, minute, WEEK)


def _solve(basis: Array, column: Array) -> Array:
    known = np.isfinite(column)
    if known.sum() <= basis.shape[1]:
        raise Refused(
            Reason.INSUFFICIENT,
            f"{known.sum()} values for the {basis.shape[1]} parameters of a profile",
        )
    return np.asarray(np.linalg.lstsq(basis[known], column[known])[0], np.float64)


def _robust(values: Array) -> tuple[Array, Array]:
    middle = np.nanmedian(values, axis=0)
    return middle, NORMAL * np.nanmedian(np.abs(values - middle), axis=0)


def _pulled_in(values: Array, middle: Array, spread: Array) -> Array:
    # More than half of the values are the same: what strays says nothing about the usual distance.
    reach = np.where(spread > 0, REACH * spread, np.inf)
    return np.clip(values, middle - reach, middle + reach)
