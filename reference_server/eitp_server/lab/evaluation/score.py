"""How well scores order recordings, how sure that is, and how honest probabilities are.

AUC is the share of pairs of a positive and a negative recording that a score puts in the right
order, ties counting half (Hanley and McNeil 1982). Its 95 % interval comes from drawing people with
replacement 2,000 times, each with all their recordings (cluster bootstrap, Field and Welsh 2007):
recordings of one person resemble each other, so an interval that counts them as independent, as
DeLong's does, would be too narrow. Scores are taken as they came out of their folds: that other
people to learn from would have given other weights is not in the interval, which with few people
is therefore still too narrow (Bengio and Grandvalet 2004, JMLR 5, 1089-1105).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWS = 2000
BINS = 10
IN_A_BIN = 20
"""Recordings that a bin of the reliability has at least, where there are enough for two."""
_CELLS = 4_000_000
"""Draws times scores that are in memory at once."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and the middle 95 % of its draws."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Recordings whose probabilities are close."""

    probability: float
    """Their mean."""
    share: float
    """Share of positives among them."""
    recordings: int


class Resampling:
    """The draws of people, the same for every score, so that two scores can be compared."""

    def __init__(
        self,
        positive: NDArray[np.bool_],
        person: NDArray[np.intp],
        *,
        seed: int,
        draws: int = DRAWS,
    ) -> None:
        """Draw from the people of n recordings: `person` (n,) counts from 0."""
        self._positive, self._person = positive, person
        self._people = int(person.max()) + 1
        chances = np.full(self._people, 1 / self._people)
        rng = np.random.default_rng(seed)
        self._counts = rng.multinomial(self._people, chances, size=draws).astype(np.float64)

    def auc(self, score: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (draws,) the AUC of `score` (n,) in each; NaN in one that lacks a class."""
        _, level = np.unique(score, return_inverse=True)
        levels = int(level.max()) + 1
        cells = self._people * levels
        cell = self._person * levels + level
        positive, negative = (
            np.bincount(cell[chosen], minlength=cells).reshape(self._people, levels)
            for chosen in (self._positive, ~self._positive)
        )
        step = max(_CELLS // levels, 1)
        parts = [
            _auc_by_level(counts @ positive, counts @ negative)
            for counts in (
                self._counts[begin : begin + step] for begin in range(0, len(self._counts), step)
            )
        ]
        return np.concatenate(parts)


def auc(score: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Return the AUC of `score` (n,); there is at least one of each class."""
    _, level = np.unique(score, return_inverse=True)
    levels = int(level.max()) + 1
    ups, downs = (
        np.bincount(level[chosen], minlength=levels)[None].astype(np.float64)
        for chosen in (positive, ~positive)
    )
    return float(_auc_by_level(ups, downs)[0])


def interval(value: float, draws: NDArray[np.float64]) -> Interval:
    """Return an estimate with the middle 95 % of its draws, those that are NaN left out."""
    known = draws[~np.isnan(draws)]
    if not len(known):
        return Interval(value, value, value)
    low, high = np.quantile(known, (0.025, 0.975))
    return Interval(value, float(low), float(high))


def brier(probability: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Return the mean squared distance of `probability` (n,) from what was (Brier 1950)."""
    return float(np.mean((probability - positive) ** 2))


def reliability(probability: NDArray[np.float64], positive: NDArray[np.bool_]) -> tuple[Bin, ...]:
    """Return two to ten bins of about as many recordings each, by rising probability."""
    bins = max(min(len(positive) // IN_A_BIN, BINS), 2)
    order = np.argsort(probability, kind="stable")
    return tuple(
        Bin(float(probability[rows].mean()), float(positive[rows].mean()), len(rows))
        for rows in np.array_split(order, bins)
    )


def _auc_by_level(
    positive: NDArray[np.float64], negative: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return (d,) AUCs of d rows that count positives and negatives at rising levels (d, l)."""
    below = np.cumsum(negative, axis=1) - negative / 2
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    right = (positive * below).sum(axis=1)
    return np.divide(right, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)
