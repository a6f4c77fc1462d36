"""The rule of one session written a second time: a list of increments, no recursion, no numpy."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, isfinite, lgamma, pi, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SCALES = (0.04, 0.02, 0.02, 0.02, 0.02, 0.02)
HALF_LIFE = 60.0


@dataclass
class Increment:
    at: float
    gap: float
    change: tuple[float | None, ...]
    neighbour: Increment | None


@dataclass
class Session:
    """What a session's states amount to, as the definition says it."""

    last: float | None = None
    reference: tuple[float, tuple[float | None, ...]] | None = None
    previous: Increment | None = None
    increments: list[Increment] = field(default_factory=list[Increment])

    def state(self, at: float, values: Sequence[float]) -> str:
        state = tuple(x if isfinite(x) and -1 <= x <= 1 else None for x in values[:6])
        if not any(x is not None for x in state):
            return "UNKNOWN"
        if self.last is not None and at <= self.last:
            return "LATE"
        self.last = at
        if self.reference is None:
            self.reference = (at, state)
            return "FIRST"
        start, before = self.reference
        gap = round(at - start, 6)  # Times are whole microseconds.
        if gap < 5:
            return "WAITED"
        change = tuple(
            None if x is None or y is None else (x - y) / s
            for x, y, s in zip(state, before, SCALES, strict=True)
        )
        self.reference = (at, state)
        if gap > 60 or not any(d is not None for d in change):
            self.previous = None
            return "RESTARTED"
        self.previous = Increment(at, gap, change, self.previous)
        self.increments.append(self.previous)
        return "ADDED"

    @property
    def now(self) -> float:
        return self.increments[-1].at

    def faded(self, one: Increment) -> float:
        return 2.0 ** (-(self.now - one.at) / HALF_LIFE)

    def squares(self) -> float:
        return sum(self.faded(one) * square(one) for one in self.increments)

    def seconds(self) -> float:
        return sum(self.faded(one) * one.gap for one in self.increments)

    def squared_seconds(self) -> float:
        return sum(self.faded(one) ** 2 * one.gap**2 for one in self.increments)

    def products(self) -> float:
        return sum(self.faded(one) * p for one in self.increments if (p := product(one)))

    def product_seconds(self) -> float:
        with_neighbour = [one for one in self.increments if product(one) is not None]
        return sum(self.faded(one) * one.gap for one in with_neighbour)

    def volatility(self) -> float:
        nu = 4 * self.seconds() ** 2 / self.squared_seconds()
        c4 = sqrt(2 / nu) * exp(lgamma((nu + 1) / 2) - lgamma(nu / 2))
        return sqrt(self.squares() / self.seconds()) / c4


def square(one: Increment) -> float:
    known = [d for d in one.change if d is not None]
    return sum(d * d for d in known) / len(known)


def product(one: Increment) -> float | None:
    other = one.neighbour
    if other is None:
        return None
    pairs = zip(one.change, other.change, strict=True)
    known = [abs(d) * abs(e) for d, e in pairs if d is not None and e is not None]
    if not known:
        return None
    return pi / 2 * sum(known) / len(known) * sqrt(one.gap / other.gap)
