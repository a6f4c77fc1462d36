"""A person's own earlier values of something, and how far the next one is from them.

Durations and rates are compared by their logarithm: z = (log2 v - median) / spread, where
spread^2 = (n s^2 + 4 * 0.7^2) / (n + 4) and s = 1.4826 times the median absolute deviation of the
n earlier values, the robust estimate of a standard deviation (Rousseeuw and Croux 1993).
The prior, a few values that stay within a factor of 1.6 of each other, is that of
`signals.baseline`: without it, three values alike would make the fourth an outlier.
"""

from __future__ import annotations

import math
from statistics import median

MINIMUM = 3
"""Earlier values without which there is no usual one."""
PRIOR_WEIGHT = 4.0
PRIOR_SPREAD = 0.7
"""Octaves."""
_NORMAL = 1.4826


class Past:
    """What a person did so far; it is asked before it is told."""

    def __init__(self) -> None:
        self._levels: list[float] = []

    def score(self, value: float) -> float:
        """Return spreads above the earlier values; NaN with fewer than MINIMUM, or of no value."""
        if len(self._levels) < MINIMUM or not value > 0:
            return math.nan
        usual = median(self._levels)
        own = _NORMAL * median(abs(level - usual) for level in self._levels)
        number = len(self._levels)
        squares = number * own * own + PRIOR_WEIGHT * PRIOR_SPREAD**2
        return (math.log2(value) - usual) / math.sqrt(squares / (number + PRIOR_WEIGHT))

    def add(self, value: float) -> None:
        """Remember a value; what is not above 0, NaN too, is none."""
        if value > 0:
            self._levels.append(math.log2(value))

    def next(self, value: float) -> float:
        """Score a value by what came before it, then remember it."""
        score = self.score(value)
        self.add(value)
        return score
