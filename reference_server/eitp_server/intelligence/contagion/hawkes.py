"""Events that excite each other: what an exponential Hawkes process says of a record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eitp_server.intelligence.contagion.autoregression import solve
from eitp_server.intelligence.contagion.refusal import Reason, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp_server.intelligence.contagion.gram import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Hawkes:
    """Intensity_i(t) = mu_i + sum_j sum over events s < t of j of alpha_ij beta_ij
    exp(-beta_ij (t - s)): Hawkes 1971, Biometrika 58.
    """

    mu: Array
    """(N,) events per unit of time without excitation, above 0."""
    alpha: Array
    """(N, N) events of row that an event of column causes, 0 or more."""
    beta: Array
    """(N, N) how fast that dies away, per unit of time, above 0."""

    def branching_radius(self) -> float:
        """Return the spectral radius of alpha; events die out below 1."""
        return float(np.abs(np.linalg.eigvals(self.alpha)).max())

    def stationary_rates(self) -> Array:
        """Return (N,) mean events per unit of time; raises Refused (UNSTABLE) without a mean."""
        radius = self.branching_radius()
        if radius >= 1:
            raise Refused(
                Reason.UNSTABLE, f"each event causes {radius:.4g} more; below 1 there is a mean"
            )
        return solve(np.eye(len(self.mu)) - self.alpha, self.mu)

    def compensators(self, events: Sequence[Array], end: float) -> Array:
        """Return (N,) expected numbers of events in 0..`end`, given the past of each moment."""
        caused = self.mu * end
        for source, times in enumerate(events):
            died = 1.0 - np.exp(-np.multiply.outer(end - times, self.beta[:, source]))
            caused = caused + self.alpha[:, source] * died.sum(axis=0)
        return caused

    def log_likelihoods(self, events: Sequence[Array], end: float) -> Array:
        """Return (N,) log-likelihoods of the `events` of each kind, sorted, within 0..`end`.

        Sum of the log intensities just before the events less the compensator: Ogata 1978, Annals
        of the Institute of Statistical Mathematics 30.
        """
        logs = [np.log(self._intensity(n, times, events)).sum() for n, times in enumerate(events)]
        return np.array(logs) - self.compensators(events, end)

    def _intensity(self, kind: int, at: Array, events: Sequence[Array]) -> Array:
        found = np.full(len(at), self.mu[kind])
        for source, times in enumerate(events):
            alpha, beta = self.alpha[kind, source], self.beta[kind, source]
            age = at[:, None] - times[None, :]
            excited = np.exp(-beta * np.maximum(age, 0.0)) * (age > 0)
            found += alpha * beta * excited.sum(axis=1)
        return found
