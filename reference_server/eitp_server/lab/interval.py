"""Exact 95 % intervals for shares and for rates, from counts alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from scipy.stats import beta, chi2

LEVEL: Final = 0.95
_TAIL: Final = (1 - LEVEL) / 2


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many, with the interval of the share (Clopper and Pearson 1934,
    Biometrika 26, 404); all None of none.
    """

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        """The share, 0..1."""
        return self.hits / self.of if self.of else None

    @property
    def low(self) -> float | None:
        """Lower end of the interval."""
        if not self.of:
            return None
        return float(beta.ppf(_TAIL, self.hits, self.of - self.hits + 1)) if self.hits else 0.0

    @property
    def high(self) -> float | None:
        """Upper end of the interval."""
        if not self.of:
            return None
        missed = self.of - self.hits
        return float(beta.ppf(1 - _TAIL, self.hits + 1, missed)) if missed else 1.0


@dataclass(frozen=True, slots=True)
class Rate:
    """A count over a time, with the interval of its rate as if the events came independently
    (Garwood 1936, Biometrika 28, 437); all None over no time.
    """

    count: int
    hours: float

    @property
    def value(self) -> float | None:
        """Events per hour."""
        return self.count / self.hours if self.hours > 0 else None

    @property
    def low(self) -> float | None:
        """Lower end of the interval."""
        if self.hours <= 0:
            return None
        return float(chi2.ppf(_TAIL, 2 * self.count)) / 2 / self.hours if self.count else 0.0

    @property
    def high(self) -> float | None:
        """Upper end of the interval."""
        if self.hours <= 0:
            return None
        return float(chi2.ppf(1 - _TAIL, 2 * self.count + 2)) / 2 / self.hours
