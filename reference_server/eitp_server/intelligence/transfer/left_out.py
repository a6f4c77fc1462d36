"""Whether each vertical, had it been new, would have come out as the others predict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.intelligence.transfer.predictive import predictive

if TYPE_CHECKING:
    from eitp_server.intelligence.transfer.effect import Effects, Truth, Vector

LEAST: Final = 4
"""Effects that it takes, so that three are left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Predictions of each observed effect from the others."""

    low: Vector
    """(k,) lower ends of the intervals."""
    high: Vector
    inside: Truth
    """(k,) whether the effect that was observed lies within."""

    @property
    def coverage(self) -> float:
        """The share that lies within, which should be near the level."""
        return float(self.inside.mean())

    @property
    def running(self) -> Vector:
        """(k,) the share within of the first 1, 2, ... k."""
        return np.cumsum(self.inside) / np.arange(1, len(self.inside) + 1)


def leave_one_out(effects: Effects, level: float = 0.95) -> LeftOut | None:
    """Predict each effect, its sampling error included, from all others; None for fewer than 4."""
    if len(effects) < LEAST:
        return None
    tail = (1 - level) / 2
    ends = np.empty((2, len(effects)))
    for row, noise in enumerate(effects.variance):
        others = predictive(effects.without(row))
        ends[:, row] = [others.quantile(p, noise=float(noise)) for p in (tail, 1 - tail)]
    low, high = ends
    return LeftOut(low=low, high=high, inside=(low <= effects.value) & (effects.value <= high))
