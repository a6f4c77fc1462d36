"""What to expect in a vertical that is not in the data, the uncertainty of tau included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import ndtr, ndtri

from eitp_server.intelligence.transfer.likelihood import log_likelihood, weighted_means
from eitp_server.intelligence.transfer.root import falling_zero

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp_server.intelligence.transfer.effect import Effects, Vector

PRIOR_SCALE: Final = 0.2
"""Of the half-normal prior of tau."""
CELLS: Final = 2_000
"""Equally probable cells that the prior is cut into."""
REACH: Final = 10.0
"""Standard deviations within which a normal distribution's quantiles are looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictive:
    """The effect in a new vertical, as a mixture of n normal distributions, one per tau."""

    probability: Vector
    """(n,) of each tau, given the data; they sum to 1."""
    tau: Vector
    """(n,)"""
    centre: Vector
    """(n,) mean of the effect in a new vertical at each tau."""
    variance: Vector
    """(n,) of that effect."""

    @property
    def positive(self) -> float:
        """The probability that the effect in a new vertical is above 0."""
        return float(self.probability @ ndtr(self.centre / np.sqrt(self.variance)))

    @property
    def not_positive(self) -> float:
        """The rest, without the rounding of 1 - `positive`."""
        return float(self.probability @ ndtr(-self.centre / np.sqrt(self.variance)))

    @property
    def mean(self) -> float:
        """The expected effect."""
        return float(self.probability @ self.centre)

    @property
    def mean_tau(self) -> float:
        """The expected tau."""
        return float(self.probability @ self.tau)

    def below(self, effect: float, *, noise: float = 0.0) -> float:
        """Return the probability to be seen below `effect` with sampling variance `noise`."""
        away = (effect - self.centre) / np.sqrt(self.variance + noise)
        return float(self.probability @ ndtr(away))

    def quantile(self, probability: float, *, noise: float = 0.0) -> float:
        """Return the effect that a new one is below with `probability`, above 0 and below 1."""
        spread = REACH * np.sqrt(self.variance + noise)
        low, high = float((self.centre - spread).min()), float((self.centre + spread).max())
        return falling_zero(lambda at: probability - self.below(at, noise=noise), low, high)


def predictive(effects: Effects, scale: float = PRIOR_SCALE, cells: int = CELLS) -> Predictive:
    """Return what k effects say of a new vertical's, with a half-normal prior of tau, mu flat.

    tau runs over the midpoints of equally probable cells of the prior, each as probable as its
    restricted likelihood; given tau, the new effect is normal with mean mu(tau) and variance
    1 / sum w + tau^2 (Roever 2020, Journal of Statistical Software 93(6), section 2).
    """
    return mixture([(effects, 0.0)], half_normal(scale, cells))


def mixture(alternatives: Sequence[tuple[Effects, float]], tau: Vector) -> Predictive:
    """Return the mixture over equally probable alternatives and, in each, over `tau` (n,).

    An alternative is what the effects may be, and the logarithm of a factor of its likelihood.
    """
    likelihood = np.concatenate(
        [log_likelihood(effects, tau**2) + more for effects, more in alternatives]
    )
    means = [weighted_means(effects, tau**2) for effects, _ in alternatives]
    probability = np.exp(likelihood - likelihood.max())
    return Predictive(
        probability=probability / probability.sum(),
        tau=np.tile(tau, len(alternatives)),
        centre=np.concatenate([mean for mean, _ in means]),
        variance=np.concatenate([1 / total + tau**2 for _, total in means]),
    )


def half_normal(scale: float, cells: int) -> Vector:
    """Return the midpoints, (cells,), of equally probable cells of a half-normal distribution."""
    return scale * np.asarray(ndtri(0.5 + (np.arange(cells) + 0.5) / (2 * cells)))
