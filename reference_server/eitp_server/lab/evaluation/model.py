"""A logistic regression that learns from some people and scores others.

It minimises the log loss plus half the squared length of the weights (penalty 1, the intercept
free) by iteratively reweighted least squares, which is Newton's method (Hastie, Tibshirani and
Friedman 2009, section 4.4.1), with halved steps where a whole one leads uphill. All it knows of how
values are spread it knows from the people it learns from: each column is centred by their mean and
scaled by their standard deviation, and held within 4 of those, so that one absurd recording cannot
carry a fit. A missing value counts as their mean, and a second column says that it was missing;
what is missing together has one such column, since the same fact told twice would be penalised
half.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

if TYPE_CHECKING:
    from numpy.typing import NDArray

PENALTY = 1.0
FARTHEST = 4.0
"""Standard deviations beyond which a value counts as this far."""
_NEGLIGIBLE = 1e-9
_FLAT = 1e-8
"""Slope at which a fit is done."""
_STEPS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """What makes columns comparable, learned from n recordings."""

    mean: NDArray[np.float64]
    """(f,)"""
    spread: NDArray[np.float64]
    """(f,) 1 where a column does not vary."""
    gaps: NDArray[np.intp]
    """(g,) one column of each that are missing together, of those that are missing at times."""
    gaps_mean: NDArray[np.float64]
    """(g,) share of missing values."""
    gaps_spread: NDArray[np.float64]
    """(g,)"""

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Scaling:
        """Learn from `values` (n, f), NaN where missing."""
        known = ~np.isnan(values)
        number = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, values, 0).sum(axis=0) / number
        squares = np.where(known, (values - mean) ** 2, 0).sum(axis=0) / number
        gaps = _gaps(~known)
        share = 1 - known[:, gaps].mean(axis=0)
        return cls(
            mean=mean,
            spread=_or_one(np.sqrt(squares)),
            gaps=gaps,
            gaps_mean=share,
            gaps_spread=_or_one(np.sqrt(share * (1 - share))),
        )

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n, f + g): the scaled `values` (n, f), then what was missing."""
        missing = np.isnan(values)
        scaled = np.where(missing, 0, (values - self.mean) / self.spread)
        absent = (missing[:, self.gaps] - self.gaps_mean) / self.gaps_spread
        return np.clip(np.concatenate((scaled, absent), axis=1), -FARTHEST, FARTHEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logistic:
    """A fitted model."""

    scaling: Scaling
    weights: NDArray[np.float64]
    """(f + g,) logits per scaled value, then per what was missing."""
    intercept: float

    @classmethod
    def fit(cls, values: NDArray[np.float64], positive: NDArray[np.bool_]) -> Logistic:
        """Learn from `values` (n, f), NaN where missing, and `positive` (n,)."""
        scaling = Scaling.of(values)
        columns = scaling.apply(values)
        if positive.all() or not positive.any():
            # Nothing to tell apart: the rate alone, as after one draw of each kind.
            rate = (int(positive.sum()) + 1) / (len(positive) + 2)
            return cls(
                scaling=scaling,
                weights=np.zeros_like(columns[0]),
                intercept=math.log(rate / (1 - rate)),
            )
        found = _minimum(columns, positive)
        return cls(scaling=scaling, weights=found[1:], intercept=float(found[0]))

    def score(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n,) the logit without the intercept.

        Left out because it says only how many positives the others had, which is fewer when these
        have more: pooled over folds that alone would rank the wrong way (Airola et al. 2011,
        Computational Statistics and Data Analysis 55, 1828-1844).
        """
        return self.scaling.apply(values) @ self.weights

    def probability(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n,) probabilities of a positive."""
        return np.asarray(expit(self.score(values) + self.intercept), np.float64)


def _minimum(columns: NDArray[np.float64], positive: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return (1 + k,) intercept and weights for `columns` (n, k) and `positive` (n,)."""
    design = np.insert(columns, 0, 1.0, axis=1)
    penalty = np.full(design.shape[1], PENALTY)
    penalty[0] = 0.0
    theta = np.zeros_like(penalty)
    for _ in range(_STEPS):
        probability = np.asarray(expit(design @ theta), np.float64)
        slope = design.T @ (probability - positive) + penalty * theta
        if np.abs(slope).max() < _FLAT:
            break
        weight = probability * (1 - probability)
        bend = (design.T * weight) @ design + np.diag(penalty)
        step = np.asarray(np.linalg.solve(bend, slope), np.float64)
        before = _loss(design, positive, penalty, theta)
        while (
            _loss(design, positive, penalty, theta - step) > before and np.abs(step).max() > _FLAT
        ):
            step /= 2
        theta = theta - step
    return theta


def _loss(
    design: NDArray[np.float64],
    positive: NDArray[np.bool_],
    penalty: NDArray[np.float64],
    theta: NDArray[np.float64],
) -> float:
    margin = np.where(positive, 1.0, -1.0) * (design @ theta)
    return float(np.logaddexp(0, -margin).sum() + (penalty * theta**2).sum() / 2)


def _gaps(missing: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the first of each kind of column of `missing` (n, f) that varies."""
    _, first = np.unique(missing, axis=1, return_index=True)
    share = missing.mean(axis=0)
    varies = (share > 0) & (share < 1)
    return np.sort(first[varies[first]])


def _or_one(spread: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(spread > _NEGLIGIBLE, spread, 1.0)
