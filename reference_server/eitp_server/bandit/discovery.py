"""Which of many candidates are real, with few false ones at any time and under any dependence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.bandit.confidence_sequence import Vector

FALSE_DISCOVERY_RATE = 0.1


def discoveries(e_values: Vector, rate: float = FALSE_DISCOVERY_RATE) -> NDArray[np.bool_]:
    """Return which of the candidates (..., K) may be called real.

    `e_values` are 0 or more, one for each candidate that is looked at, also the hopeless ones: of
    those called real, a share of at most `rate` is not, on average. With e_(k) the k-th largest,
    the k largest are real for the largest k with e_(k) >= K / (rate k): the e-BH procedure of Wang
    & Ramdas, "False discovery rate control with e-values". Raises ValueError for an
    e-value below 0 or a rate outside (0, 1].
    """
    e_values = np.asarray(e_values, dtype=np.float64)
    if not 0 < rate <= 1:
        raise ValueError(f"the false discovery rate must lie in (0, 1], not be {rate}")
    if not (e_values >= 0).all():
        raise ValueError("an e-value is below 0 or is not a number: e-values are 0 or more")
    candidates: int = e_values.shape[-1]
    rank = np.arange(1, candidates + 1, dtype=np.int64)
    falling = -np.sort(-e_values, axis=-1)
    passed = falling * rank * rate >= candidates
    count = np.max(np.where(passed, rank, 0), axis=-1, initial=0, keepdims=True)
    padded = np.concatenate([np.full((*e_values.shape[:-1], 1), np.inf), falling], axis=-1)
    return e_values >= np.where(count > 0, np.take_along_axis(padded, count, axis=-1), np.inf)
