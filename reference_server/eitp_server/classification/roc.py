"""Areas under ROC curves of scores on the same sessions, with their covariance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate between two bounds."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Areas:
    """Areas of k scores that were given to the same sessions."""

    value: NDArray[np.float64]
    """(k,) probability that a session with the event scores higher than one without, ties half."""
    covariance: NDArray[np.float64]
    """(k, k) of the estimates."""

    def interval(self, of: int, level: float) -> Interval:
        """Return the area of one score with its two-sided interval, within 0..1."""
        found = _interval(self.value[of], self.covariance[of, of], level)
        return Interval(value=found.value, low=max(found.low, 0.0), high=min(found.high, 1.0))

    def difference(self, of: int, to: int, level: float) -> Interval:
        """Return the area of one score minus that of another, paired, with its interval."""
        return _interval(self.value[of] - self.value[to], self.variance(of, to), level)

    def variance(self, of: int, to: int) -> float:
        """Return the variance of the difference of two areas."""
        c = self.covariance
        return max(float(c[of, of] + c[to, to] - 2 * c[of, to]), 0.0)


def areas(scores: NDArray[np.float64], event: NDArray[np.bool_]) -> Areas:
    """Return the areas of `scores` (k, n) against `event` (n,), which has two of each kind.

    DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44, equations 3-5, by midranks as in Sun & Xu
    2014, IEEE Signal Processing Letters 21: time n log n. Raises ValueError for fewer of a kind.
    """
    with_event, without = scores[:, event], scores[:, ~event]
    m, n = with_event.shape[1], without.shape[1]
    if min(m, n) < 2:
        raise ValueError(f"{m} sessions with the event and {n} without; it takes two of each")
    among_all = np.hstack([with_event, without])
    ranks = _midranks(among_all)
    own_with = _midranks(with_event)
    own_without = _midranks(without)
    value = (ranks[:, :m].sum(axis=1) - m * (m + 1) / 2) / (m * n)
    of_with = (ranks[:, :m] - own_with) / n
    of_without = 1 - (ranks[:, m:] - own_without) / m
    covariance = np.atleast_2d(np.cov(of_with)) / m + np.atleast_2d(np.cov(of_without)) / n
    return Areas(value, covariance)


def curve(
    score: NDArray[np.float64], event: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ROC curve of `score` (n,): false and true positive rates from 0 to 1."""
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(event[order])
    alarms = np.cumsum(~event[order])
    # Equal scores are passed at once.
    ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    true = np.concatenate([[0.0], hits[ends] / max(hits[-1], 1)])
    false = np.concatenate([[0.0], alarms[ends] / max(alarms[-1], 1)])
    return false, true


def _interval(value: float, variance: float, level: float) -> Interval:
    half = float(ndtri(0.5 + level / 2)) * float(np.sqrt(max(variance, 0.0)))
    return Interval(value=float(value), low=float(value) - half, high=float(value) + half)


def _midranks(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ranks from 1 within each of `rows` (k, n), equal values sharing their mean."""
    # Not scipy's: its statistics take half a second to import, which every restart would wait for.
    ranks = np.empty(rows.shape)
    for row, own in zip(rows, ranks, strict=True):
        _, place, count = np.unique(row, return_inverse=True, return_counts=True)
        own[:] = (np.cumsum(count) - (count - 1) / 2)[place]
    return ranks
