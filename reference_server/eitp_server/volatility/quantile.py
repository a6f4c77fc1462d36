"""Quantiles of the sessions' volatility from a fixed histogram, which merges exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.volatility.methodology import DRAFT, LARGEST_VOLATILITY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.volatility.constituent import Constituents
    from eitp_server.volatility.methodology import Methodology

BINS: Final = 64
PER_OCTAVE: Final = 5
"""Bins per doubling: a quantile is off by 7 % at most."""
_BIN_OF: Final = np.array(
    # The bit length of v^5 is the bin in whole numbers, without a logarithm that might round.
    [(volatility**PER_OCTAVE).bit_length() for volatility in range(LARGEST_VOLATILITY + 1)],
    np.intp,
)


def histogram(found: Constituents) -> NDArray[np.int64]:
    """Return (64,) the weight by volatility; histograms of disjoint sessions add up."""
    sums = np.zeros(BINS, np.int64)
    np.add.at(sums, _BIN_OF[found.volatility], found.weight)
    return sums


def quantile(
    weights: NDArray[np.int64], share: float, methodology: Methodology = DRAFT
) -> float | None:
    """Return the volatility below which `share` (0..1) of the weight lies, None without weight."""
    total = int(weights.sum())
    if not total:
        return None
    place = int(np.searchsorted(np.cumsum(weights), share * total, side="left"))
    first = int(np.flatnonzero(weights)[0])
    place = max(min(place, BINS - 1), first)
    middle = 2.0 ** ((place - 0.5) / PER_OCTAVE) if place else 0.0
    return middle / methodology.volatility_scale
