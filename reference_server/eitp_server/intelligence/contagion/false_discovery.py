"""Control of the share of false findings among all findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from eitp_server.intelligence.contagion.gram import Array


def q_values(p_value: Array) -> Array:
    """Return adjusted p-values of the same shape; NaN stays NaN and counts as no test.

    q_(i) = min over k >= i of m p_(k) / k: Benjamini and Hochberg 1995, Journal of the Royal
    Statistical Society B 57.
    """
    found = np.full(p_value.shape, np.nan)
    tested = np.isfinite(p_value)
    p = p_value[tested]
    order = np.argsort(-p, kind="stable")
    ranks = np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum.accumulate(p[order] * len(p) / ranks)
    found[tested] = np.minimum(adjusted, 1.0)
    return found
