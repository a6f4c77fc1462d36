"""What another policy would have earned, estimated from decisions that this one made.

Every estimator takes arrays over the n decisions of a log: `weight` is the probability that the
evaluation policy shows what was shown over the probability with which it was shown, 0 or above;
`reward` is what came of it. All formulas are collected in Dudik et al., "Doubly Robust Policy
Evaluation and Optimization" (2014), unless a function names another source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Vector: TypeAlias = NDArray[np.float64]

LEAST_EFFECTIVE: Final = 100.0
"""An effective sample smaller than this supports no estimate."""
MEAN_WEIGHT: Final = (0.8, 1.2)
"""The mean weight is 1 on average where the propensities are true and the policy is supported."""
QUANTILE: Final = 1.959963984540054
"""Of the normal distribution, at 97.5 %."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value per decision with its standard error."""

    value: float
    standard_error: float

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval, by the normal approximation."""
        return self.value - QUANTILE * self.standard_error

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval."""
        return self.value + QUANTILE * self.standard_error


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """What a reward model foretells for each decision of the log, learned from other decisions."""

    shown: Vector
    """(n,): q(x, a) of what was shown."""
    expected: Vector
    """(n,): the sum over a of q(x, a) times the evaluation policy's probability of a."""

    def terms(self, weight: Vector, reward: Vector) -> Vector:
        """Return (n,) q_pi + w (y - q): what each decision adds to a doubly robust mean."""
        return self.expected + weight * (reward - self.shown)


def effective_sample_size(weight: Vector) -> float:
    """Return (sum w)^2 / sum w^2 (Kish 1965): how many equally weighted decisions tell as much.

    It is 0 where all weights are.
    """
    largest = weight.max(initial=0.0)
    if largest == 0.0:
        return 0.0
    scaled = weight / largest
    return float(scaled.sum() ** 2 / (scaled @ scaled))


def distrust(weight: Vector) -> tuple[str, ...]:
    """Return what speaks against any estimate from these weights; nothing where they serve."""
    effective, mean = effective_sample_size(weight), float(weight.mean())
    low, high = MEAN_WEIGHT
    problems: list[str] = []
    if effective < LEAST_EFFECTIVE:
        problems.append(
            f"the effective sample size is {effective:.4g} of {len(weight)} decisions, "
            f"below {LEAST_EFFECTIVE:g}"
        )
    if not low <= mean <= high:
        problems.append(f"the mean weight is {mean:.4g}, outside {low:g} to {high:g}")
    return tuple(problems)


def on_policy(reward: Vector) -> Estimate:
    """Return what the logging policy earned: the mean reward."""
    return _mean(reward)


def inverse_propensity(weight: Vector, reward: Vector) -> Estimate:
    """Return mean(w y), unbiased where the propensities are true (Horvitz and Thompson 1952).

    The standard error is the sample deviation (n - 1) of w y over the root of n.
    """
    return _mean(weight * reward)


def clipped_inverse_propensity(weight: Vector, reward: Vector, clip: float) -> Estimate:
    """Return mean(min(w, clip) y), biased towards 0 to vary less (Ionides 2008)."""
    return _mean(np.minimum(weight, clip) * reward)


def self_normalised(weight: Vector, reward: Vector) -> Estimate:
    """Return V = sum w y / sum w, with the standard error sqrt(sum w^2 (y - V)^2) / sum w.

    The weights must not all be 0. The error is the delta method's: that of rewards already
    divided by the mean weight would leave out the noise of the denominator.
    """
    total = weight.sum()
    value = float(weight @ reward / total)
    return Estimate(value, float(np.sqrt(((weight * (reward - value)) ** 2).sum()) / total))


def direct_method(predicted: Predictions, reward: Vector, pull: Vector) -> Estimate:
    """Return the mean of what the reward model expects of the policy.

    `pull`, (n,), is how much the sum of the n expectations rises with each reward that the model
    learned from. The error is that of the terms q_pi + pull (y - q): of the contexts that happened
    and of the noise that was learned. That the model may be wrong is not in it.
    """
    value = float(predicted.expected.mean())
    return Estimate(value, _mean(predicted.terms(pull, reward)).standard_error)


def doubly_robust(weight: Vector, reward: Vector, predicted: Predictions) -> Estimate:
    """Return mean(q_pi + w (y - q)), unbiased where the propensities are true, whatever q is."""
    return _mean(predicted.terms(weight, reward))


def self_normalised_doubly_robust(
    weight: Vector, reward: Vector, predicted: Predictions
) -> Estimate:
    """Return mean(q_pi) + sum w (y - q) / sum w, with the delta method's standard error.

    The weights must not all be 0. With q = 0 value and error are the self-normalised ones.
    """
    residual = reward - predicted.shown
    correction = float(weight @ residual / weight.sum())
    expected = float(predicted.expected.mean())
    influence = predicted.expected - expected + weight / weight.mean() * (residual - correction)
    error = float(np.sqrt(influence @ influence) / len(weight))
    return Estimate(expected + correction, error)


def switched(weight: Vector, threshold: float) -> Vector:
    """Return the weights with 0 for those above the threshold, where the model stands alone."""
    return np.where(weight <= threshold, weight, 0.0)


def switch_doubly_robust(
    kept: Vector, reward: Vector, predicted: Predictions, pull: Vector
) -> Estimate:
    """Return mean(q_pi + kept (y - q)), `kept` being the `switched` weights.

    `pull`, (n,), is how much that sum rises with each reward that the model learned from; it is in
    the error as in `direct_method`, for without it a model that stands alone would seem exact.
    Wang, Agarwal and Dudik, "Optimal and Adaptive Off-policy Evaluation in Contextual Bandits"
    (2017).
    """
    value = float(predicted.terms(kept, reward).mean())
    return Estimate(value, _mean(predicted.terms(kept + pull, reward)).standard_error)


def _mean(terms: Vector) -> Estimate:
    """Return the mean; of fewer than 2 terms the error is not known."""
    count = len(terms)
    error = float(terms.std(ddof=1)) / count**0.5 if count > 1 else float("nan")
    return Estimate(float(terms.mean()), error)
