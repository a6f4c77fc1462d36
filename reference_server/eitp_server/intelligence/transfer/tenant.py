"""Several tenants in a vertical: how much they differ, and the one effect that they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.intelligence.transfer.effect import Effects
from eitp_server.intelligence.transfer.likelihood import (
    highest,
    last_maximum,
    log_likelihood,
    most_likely,
)
from eitp_server.intelligence.transfer.predictive import CELLS, PRIOR_SCALE, half_normal, mixture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.intelligence.transfer.effect import Vector
    from eitp_server.intelligence.transfer.predictive import Predictive

TENANT_CELLS: Final = 100
"""Equally probable cells that the prior of the deviation between tenants is cut into."""
SCAN: Final = 64
"""Points at which the variance between tenants is tried, each a search for the other one."""


@dataclass(frozen=True, slots=True)
class Tenants:
    """Effects of n tenants, each in one of k verticals.

    y_ij = mu + u_i + e_ij + noise, with variance tau2 of the u and sigma2 of the e. Raises
    ValueError unless there are two verticals or more, and one of them has two tenants.
    """

    effects: Effects
    vertical: NDArray[np.intp]
    """(n,) from 0 to k - 1."""

    def __post_init__(self) -> None:
        """Refuse what the two variances cannot be told apart by."""
        sizes = np.bincount(self.vertical, minlength=1)
        if len(self.vertical) != len(self.effects) or sizes.min() < 1:
            raise ValueError("each effect needs its vertical, and each vertical an effect")
        if len(sizes) < 2 or sizes.max() < 2:
            raise ValueError(
                f"{len(self.effects)} effects in {len(sizes)} verticals do not tell tenants from "
                "verticals; it takes two verticals and two tenants in one of them"
            )

    def collapsed(self, sigma2: float) -> Effects:
        """Return one effect per vertical, (k,): its tenants' mean, given their variance."""
        weights = 1 / (self.effects.variance + sigma2)
        total = self.sums(weights)
        return Effects(self.sums(weights * self.effects.value) / total, 1 / total)

    def log_factor(self, sigma2: float) -> float:
        """Return the part of the restricted log likelihood that `collapsed` does not keep."""
        variance = self.effects.variance + sigma2
        own = self.collapsed(sigma2)
        off = (self.effects.value - own.value[self.vertical]) ** 2 / variance
        return 0.5 * float(np.log(own.variance).sum() - np.log(variance).sum() - off.sum())

    def sums(self, values: Vector) -> Vector:
        """Return the sums of `values` (n,) over each vertical, (k,)."""
        return np.bincount(self.vertical, weights=values).astype(np.float64, copy=False)


def most_likely_pair(tenants: Tenants) -> tuple[float, float]:
    """Return tau2 between verticals and sigma2 between tenants where both are likeliest (REML)."""

    def likelihood(sigma2: float) -> float:
        own = tenants.collapsed(sigma2)
        best = log_likelihood(own, np.array([most_likely(own)]))
        return float(best[0]) + tenants.log_factor(sigma2)

    def slope(sigma2: Vector) -> Vector:
        return np.array([_score(tenants, most_likely(tenants.collapsed(s)), s) for s in sigma2])

    verticals = int(tenants.vertical.max()) + 1
    sigma2 = highest(
        likelihood,
        slope,
        least=float(tenants.effects.variance.min()),
        last=last_maximum(tenants.effects, degrees=len(tenants.effects) - verticals),
        scan=SCAN,
    )
    return most_likely(tenants.collapsed(sigma2)), sigma2


def predictive_over_tenants(tenants: Tenants, scale: float = PRIOR_SCALE) -> Predictive:
    """Return what to expect in a new vertical, both deviations half-normal before the data."""
    sigma2s = half_normal(scale, TENANT_CELLS) ** 2
    alternatives = [(tenants.collapsed(s), tenants.log_factor(s)) for s in sigma2s.tolist()]
    return mixture(alternatives, half_normal(scale, CELLS))


def _score(tenants: Tenants, tau2: float, sigma2: float) -> float:
    """Return the derivative of the restricted log likelihood by sigma2.

    0.5 (r' V^-2 r - tr V^-1 + (1' V^-2 1) / (1' V^-1 1)), the inverse of each vertical's block of V
    by Sherman and Morrison.
    """
    weights = 1 / (tenants.effects.variance + sigma2)
    total, squares = tenants.sums(weights), tenants.sums(weights**2)
    kept = 1 / (1 + tau2 * total)
    information = float((kept * total).sum())
    mean = float((kept * tenants.sums(weights * tenants.effects.value)).sum()) / information
    off = tenants.effects.value - mean
    random = tau2 * kept * tenants.sums(weights * off)
    solved = weights * (off - random[tenants.vertical])
    trace = float((total - tau2 * squares * kept).sum())
    return 0.5 * (float(solved @ solved) - trace + float((squares * kept**2).sum()) / information)
