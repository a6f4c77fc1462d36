"""The mean effect over verticals at a given tau2, and what it says of old and new verticals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri, stdtrit

from eitp_server.intelligence.transfer.heterogeneity import weighted_squares

if TYPE_CHECKING:
    from eitp_server.intelligence.transfer.effect import Effects, Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """The random-effects mean of k effects."""

    effects: Effects
    tau2: float
    mean: float
    standard_error: float
    """(sum w)^-1/2, as if tau2 were known."""

    @property
    def weights(self) -> Vector:
        """(k,) shares of the effects in the mean; they sum to 1."""
        return self.standard_error**2 / (self.effects.variance + self.tau2)

    @property
    def knapp_hartung(self) -> float:
        """Standard error times sqrt(sum w (y - mu)^2 / (k - 1)) (Hartung & Knapp 2001)."""
        return self.standard_error * float(np.sqrt(self._dispersion))

    @property
    def modified_knapp_hartung(self) -> float:
        """As `knapp_hartung`, but never below the plain one (Roever, Knapp & Friede 2015)."""
        return self.standard_error * float(np.sqrt(max(1.0, self._dispersion)))

    @property
    def shrunk(self) -> Vector:
        """(k,) effects after borrowing from the others: mu + tau2 / (tau2 + v) (y - mu)."""
        keep = self.tau2 / (self.tau2 + self.effects.variance)
        return self.mean + keep * (self.effects.value - self.mean)

    def normal_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the interval of the mean from the plain standard error and normal quantiles."""
        return self._around(float(ndtri(0.5 + level / 2)) * self.standard_error)

    def confidence_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the interval of the mean: modified Knapp-Hartung, t with k - 1 degrees."""
        quantile = float(stdtrit(len(self.effects) - 1, 0.5 + level / 2))
        return self._around(quantile * self.modified_knapp_hartung)

    def normal_prediction_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the interval of a new vertical's effect from the plain error, normal quantiles."""
        spread = float(np.hypot(np.sqrt(self.tau2), self.standard_error))
        return self._around(float(ndtri(0.5 + level / 2)) * spread)

    def prediction_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the classical interval of a new vertical's effect.

        mu -/+ t(k - 2) sqrt(tau2 + modified Knapp-Hartung^2) (Higgins, Thompson & Spiegelhalter
        2009, Journal of the Royal Statistical Society A 172). Raises ValueError for k below 3.
        """
        if len(self.effects) < 3:
            raise ValueError(f"{len(self.effects)} effects predict no other; it takes three")
        spread = float(np.hypot(np.sqrt(self.tau2), self.modified_knapp_hartung))
        return self._around(float(stdtrit(len(self.effects) - 2, 0.5 + level / 2)) * spread)

    @property
    def _dispersion(self) -> float:
        return weighted_squares(self.effects, self.tau2) / (len(self.effects) - 1)

    def _around(self, half: float) -> tuple[float, float]:
        return self.mean - half, self.mean + half


def pooled(effects: Effects, tau2: float) -> Pooled:
    """Return the mean with weights 1 / (v + tau2)."""
    weights = 1 / (effects.variance + tau2)
    total = float(weights.sum())
    return Pooled(
        effects=effects,
        tau2=tau2,
        mean=float(weights @ effects.value) / total,
        standard_error=total**-0.5,
    )
