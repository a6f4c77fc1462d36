"""The shape of movement once more, by plain loops, to judge the vectorised one by."""

from __future__ import annotations

import cmath
import math
from itertools import pairwise
from statistics import fmean, median, pstdev
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from signals.naive import Step

POINTS = 512


def speed(step: Step) -> float:
    return math.hypot(step.dx, step.dy) / step.dt * 1000


def rate(trail: Sequence[Step]) -> float:
    return 1000 / median(step.dt for step in trail)


def speed_sd(trail: Sequence[Step]) -> float:
    if len(trail) < 8 or rate(trail) < 15:
        return math.nan
    return pstdev([speed(step) for step in trail])


def joined(trail: Sequence[Step]) -> list[tuple[Step, Step]]:
    return [(before, step) for before, step in pairwise(trail) if step.rested == 0]


def turn(trail: Sequence[Step]) -> float:
    pairs = joined(trail)
    if len(pairs) < 8 or rate(trail) < 30:
        return math.nan
    headings = [[math.atan2(step.dy, step.dx) for step in pair] for pair in pairs]
    wrapped = [abs(after - before) for before, after in headings]
    return fmean(min(angle, 2 * math.pi - angle) for angle in wrapped)


def acceleration_rms(trail: Sequence[Step]) -> float:
    pairs = joined(trail)
    if len(pairs) < 8 or rate(trail) < 30:
        return math.nan
    changes = [(speed(b) - speed(a)) / ((a.dt + b.dt) / 2000) for a, b in pairs]
    return math.sqrt(fmean(change**2 for change in changes))


def strokes(trail: Sequence[Step]) -> list[list[Step]]:
    found: list[list[Step]] = []
    for step in trail:
        if not found or step.rested > 250:
            found.append([])
        found[-1].append(step)
    return found


def on_grid(stroke: Sequence[Step]) -> list[tuple[list[float], int]]:
    """Return the path in each 50 ms, ms by ms, and the duration, of each 2 s of a stroke."""
    pieces, clock = [[0.0] * 40], 0
    for i, step in enumerate(stroke):
        clock += step.rested if i else 0
        for _ in range(step.dt):
            while clock >= 2000 * len(pieces):
                pieces.append([0.0] * 40)
            pieces[-1][clock % 2000 // 50] += math.hypot(step.dx, step.dy) / step.dt
            clock += 1
    lasted = [min(clock - 2000 * i, 2000) for i in range(len(pieces))]
    return list(zip(pieces, lasted, strict=True))


def arc_length(bins: Sequence[float]) -> float:
    magnitudes = [
        abs(sum(px * cmath.exp(-2j * math.pi * k * n / POINTS) for n, px in enumerate(bins) if px))
        for k in range(POINTS // 2 + 1)
    ]
    shares = [magnitude / magnitudes[0] for magnitude in magnitudes]
    last = max(k for k, share in enumerate(shares) if share >= 0.05)
    return -sum(math.hypot(1 / last, b - a) for a, b in pairwise(shares[: last + 1]))


def sparc(trail: Sequence[Step]) -> float:
    if len(trail) < 8 or rate(trail) < 15:
        return math.nan
    pieces = [piece for stroke in strokes(trail) for piece in on_grid(stroke)]
    long = [(bins, ms) for bins, ms in pieces if ms >= 300]
    if not long:
        return math.nan
    return sum(arc_length(bins) * ms for bins, ms in long) / sum(ms for _, ms in long)
