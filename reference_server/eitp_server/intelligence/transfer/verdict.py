"""What may be expected where it was not tried, in one word."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from eitp_server.intelligence.transfer.effect import Vector

LEAST_VERTICALS: Final = 3
SURE: Final = 0.975
"""The probability from which help is claimed."""
UNSURE: Final = 0.025
"""The probability of help down to which harm is claimed."""


class Verdict(IntEnum):
    """The closed set of verdicts; numbers are those of `eitp.v1.TransferVerdict`."""

    UNSPECIFIED = 0
    TRANSFERABLE = 1
    HARMFUL = 2
    VARIES = 3
    UNDECIDED = 4
    INSUFFICIENT = 5


def verdict(*, positive: float, tau2_low: float) -> Verdict:
    """Judge by P(effect in a new vertical > 0) and the lower end of tau2's interval."""
    if positive >= SURE:
        return Verdict.TRANSFERABLE
    if positive <= UNSURE:
        return Verdict.HARMFUL
    return Verdict.VARIES if tau2_low > 0 else Verdict.UNDECIDED


def q_values(p: Vector) -> Vector:
    """Return `p` (m,) after control of the false discovery rate over all m, (m,) in 0..1.

    The least rate at which each would still be claimed (Benjamini & Hochberg 1995).
    """
    order = np.argsort(p)[::-1]
    ranks = np.arange(len(p), 0, -1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum.accumulate(np.minimum(p[order] * len(p) / ranks, 1.0))
    return adjusted
