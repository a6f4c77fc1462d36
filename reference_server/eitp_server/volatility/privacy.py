"""What a shared feed holds back, so that no session can be seen to come or go."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, inf, isfinite, log10
from typing import TYPE_CHECKING, Final

from eitp_server.volatility.methodology import DRAFT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eitp_server.volatility.base import Base
    from eitp_server.volatility.level import Level
    from eitp_server.volatility.methodology import Methodology

LEAST_STEP: Final = 0.1
_LADDER: Final = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0)
_STEEPEST: Final = 25.0
"""Index points per spread where the curve is steepest."""


@dataclass(frozen=True, slots=True)
class Count:
    """Least and most sessions that there may be; equal when the number is told."""

    least: int
    most: int


def influence(found: Level, base: Base, methodology: Methodology = DRAFT) -> float:
    """Return the index points, at most, that one session can move."""
    if not found.value:
        return inf
    return (
        _STEEPEST * methodology.volatility_cap * found.largest_share / (found.value * base.spread)
    )


def step_of(points: float) -> float:
    """Return the step to publish in: LEAST_STEP, or `points` rounded up to a round number.

    The exact number would tell, from tick to tick, what rounding is there to hide.
    """
    if points <= LEAST_STEP:
        return LEAST_STEP
    if not points < 100:
        return 100.0
    decade = 10.0 ** floor(log10(points))
    return next(rung * decade for rung in _LADDER if points <= rung * decade * (1 + 1e-12))


def nearest(value: float, step: float) -> float:
    """Return the multiple of `step` nearest to `value`, within 0..100."""
    return _multiple(min(floor(value / step + 0.5), floor(100 / step + 1e-9)), step)


def below(value: float, step: float) -> float:
    """Return the multiple of `step` at or below `value`, 0 or more."""
    return _multiple(floor(value / step), step)


def above(value: float, step: float) -> float:
    """Return the multiple of `step` at or above `value`, 100 where that is more."""
    return min(_multiple(ceil(value / step), step), 100.0)


def banded(sessions: int) -> Count:
    """Return the band that a number of sessions lies in: from 50, 100, 300, 1,000, 3,000, ...

    Below 50 it is 0 to 49.
    """
    if sessions < 50:
        return Count(0, 49)
    low, high = 50, 100
    while sessions >= high:
        low, high = high, 10 * low if str(high)[0] == "3" else 3 * high
    return Count(low, high - 1)


def complementary(children: Mapping[str, int], published: frozenset[str]) -> str | None:
    """Return the child feed that must be held back too, None when none must.

    `children` are the sessions of all feeds that add up to a published parent, `published` those
    with a value. One missing child alone could be had by subtraction, so the smallest published one
    joins it.
    """
    if len(children) - len(published & children.keys()) != 1:
        return None
    candidates = [(sessions, name) for name, sessions in children.items() if name in published]
    return min(candidates)[1] if candidates else None


def _multiple(number: float, step: float) -> float:
    # Multiples of 0.1 in binary have tails that nobody wants to read.
    return round(number * step, 9) if isfinite(number) else number
