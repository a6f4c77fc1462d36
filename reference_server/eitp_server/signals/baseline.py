"""A session's own usual duration of something, and how far the latest one is from it.

Durations are compared by their logarithm. The spread is estimated with a prior worth a few
durations, so that three alike do not make the fourth an outlier (normal-gamma posterior).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eitp_server.signals.clock import NEVER
from eitp_server.signals.segment import Segments, run_starts
from eitp_server.signals.slot_table import SlotTable, column
from eitp_server.signals.window import UNUSED, deposit

if TYPE_CHECKING:
    from numpy.typing import NDArray

GENERATION = 8
"""Durations per bucket: the oldest bucket is forgotten when a new one begins."""
GENERATIONS = 3
MINIMUM = 3
"""Earlier durations without which there is no usual one."""
PRIOR_WEIGHT = 4.0
PRIOR_SPREAD = 0.7
"""Octaves; a session's durations mostly stay within a factor of 1.6 of each other."""
SHORTEST_MS = 50
LONGEST_MS = 60_000
_STEPS = 64
"""Levels are whole numbers of 1/64 octave, so that their sums are exact."""


@dataclass(slots=True)
class BaselineTable(SlotTable):
    """The last 17 to 24 durations of every session, in sums."""

    sums: NDArray[np.int32] = column("i4", shape=(GENERATIONS, 3))
    """(capacity, generations, 3) number, sum and sum of squares of levels."""
    epochs: NDArray[np.int32] = column("i4", shape=(GENERATIONS,), fill=UNUSED)
    seen: NDArray[np.int32] = column("i4")
    """(capacity,) durations since the session began."""
    latest_ms: NDArray[np.int32] = column("i4")
    """(capacity,) the latest duration."""
    at_ms: NDArray[np.int32] = column("i4", fill=NEVER)
    """(capacity,) session time of the latest duration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The latest duration of m sessions against what came before it."""

    latest_ms: NDArray[np.float32]
    at_ms: NDArray[np.int32]
    usual_ms: NDArray[np.float32]
    """(m,) geometric mean of the earlier ones; NaN with fewer than MINIMUM."""
    score: NDArray[np.float32]
    """(m,) spreads above the usual one; NaN with fewer than MINIMUM."""


def learn(
    table: BaselineTable,
    *,
    slot: NDArray[np.int32],
    t_ms: NDArray[np.int32],
    duration_ms: NDArray[np.int32],
) -> None:
    """Add durations (p,), sessions contiguous and in order, seen at `t_ms`."""
    if not len(slot):
        return
    segments = Segments.of(slot)
    ordinal = (table.seen[slot] + segments.rank).astype(np.int32)
    epoch = ordinal // GENERATION
    start = run_starts((slot[1:] != slot[:-1]) | (epoch[1:] != epoch[:-1]))
    level = _level(duration_ms)
    amounts = np.stack((np.ones_like(level), level, level * level), axis=1)
    deposit(
        table.sums,
        table.epochs,
        slot=slot[start],
        epoch=epoch[start],
        amounts=np.add.reduceat(amounts, start, axis=0, dtype=np.int32),
    )
    table.seen[segments.slot] = ordinal[segments.last] + 1
    table.latest_ms[segments.slot] = duration_ms[segments.last]
    table.at_ms[segments.slot] = t_ms[segments.last]


def standing(table: BaselineTable, slots: NDArray[np.integer[Any]]) -> Standing:
    """Return how the latest durations of `slots` (m,) compare with the earlier ones."""
    # Generations follow each other without a gap: the ring never holds one that has passed.
    sums = np.einsum("mgk->mk", table.sums[slots]).astype(np.float64)
    level = _level(table.latest_ms[slots]).astype(np.float64)
    number = sums[:, 0] - 1
    known = number >= MINIMUM
    divisor = np.where(known, number, 1)
    mean = (sums[:, 1] - level) / divisor
    squares = np.maximum(sums[:, 2] - level * level - divisor * mean * mean, 0)
    prior = PRIOR_WEIGHT * (PRIOR_SPREAD * _STEPS) ** 2
    spread = np.sqrt((squares + prior) / (divisor + PRIOR_WEIGHT))
    return Standing(
        latest_ms=table.latest_ms[slots].astype(np.float32),
        at_ms=table.at_ms[slots],
        usual_ms=_or_nan(known, np.exp2(np.where(known, mean, 0) / _STEPS) * SHORTEST_MS),
        score=_or_nan(known, (level - mean) / spread),
    )


def _level(duration_ms: NDArray[np.int32]) -> NDArray[np.int32]:
    within = np.minimum(np.maximum(duration_ms, SHORTEST_MS), LONGEST_MS)
    octaves = np.log2(within / SHORTEST_MS)
    return np.rint(octaves * _STEPS).astype(np.int32)


def _or_nan(known: NDArray[np.bool_], values: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.where(known, values, np.nan).astype(np.float32)
