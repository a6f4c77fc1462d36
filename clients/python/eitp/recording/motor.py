"""A synthetic hand: how a pointer travels to a target, how long reading and pressing take.

The model is made of published regularities, so that recordings made with it look like a hand to
the signals; it is no evidence about people, and nothing may be concluded from it.

A reach is one or two submovements (Meyer et al. 1988, Psychological Review 95, 340): a primary one
that tends to fall short (Elliott et al. 2001, Psychological Bulletin 127, 342) and scatters in
proportion to its mean speed (Schmidt et al. 1979, Psychological Review 86, 415; the noise that
grows with the command of Harris and Wolpert 1998, Nature 394, 780), then, when it missed, a
correction. Each follows the minimum-jerk course (Flash and Hogan 1985, Journal of Neuroscience 5,
1688). How long a reach takes follows Fitts's law in Shannon's form, its width the smaller side of
the target (MacKenzie and Buxton 1992, CHI '92, 219).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, log2
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

Point = tuple[float, float]
"""(x, y) in CSS px."""

SAMPLE_MS = 50
"""The rate of a browser client."""
INTERCEPT_MS = 150
"""Fitts's a: what a reach costs at no difficulty. Chosen."""
PRIMARY_SHARE = 0.75
"""Share of Fitts's time that the primary submovement takes. Chosen."""
PRIMARY_GAIN = 0.95
"""Share of the distance that it aims for."""
SCATTER_S = 0.03
"""Standard deviation of its end per mean speed, along its line: a 500 px reach misses by about
25 px. Chosen."""
SCATTER_ACROSS = 0.5
"""The same across its line, relative to along. Chosen."""
WIDTHS_PER_DEVIATION = 4.133
"""A target as wide as so many standard deviations is hit in 96 of 100 (MacKenzie 1992,
Human-Computer Interaction 7, 91)."""
WORDS_PER_MINUTE = 238
"""Silent reading of English (Brysbaert 2019, Journal of Memory and Language 109, 104047)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What differs between people."""

    throughput: float
    """Bits per second in pointing; about 4.5 with a mouse (the studies are reviewed by Soukoreff
    and MacKenzie 2004, International Journal of Human-Computer Studies 61, 751)."""
    reading_pace: float
    """Reading speed relative to WORDS_PER_MINUTE."""
    hold_ms: float
    """How long a button stays down, on average."""
    page_ms: float
    """How long the page takes to answer this person's clicks, median."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Where the pointer is, so long after the reach began."""

    after_ms: float
    place: Point


def draw_traits(rng: Random) -> Traits:
    """Draw a person."""
    return Traits(
        throughput=_within(rng.gauss(4.5, 0.5), 3.5, 5.5),
        reading_pace=_within(rng.gauss(1.0, 0.15), 0.7, 1.4),
        hold_ms=_within(rng.gauss(90, 15), 60, 140),
        page_ms=_within(rng.gauss(160, 40), 80, 300),
    )


def movement_ms(distance: float, width: float, throughput: float) -> float:
    """Return Fitts's time: a + log2(D / W + 1) / throughput, in ms."""
    return INTERCEPT_MS + 1000 * log2(distance / width + 1) / throughput


def reach(
    rng: Random, *, start: Point, target: Point, size: Point, traits: Traits
) -> Iterator[Sample]:
    """Yield the samples of a reach into the rectangle of `size` around `target`; the last rests."""
    width = max(min(size), 1.0)
    distance = hypot(target[0] - start[0], target[1] - start[1])
    total_ms = movement_ms(distance, width, traits.throughput)
    primary_ms = PRIMARY_SHARE * total_ms
    end = _primary_end(rng, start, target, primary_ms)
    yield from _submovement(start, end, 0, primary_ms)
    if not inside(end, target, size):
        aim = (_scattered(rng, target[0], size[0]), _scattered(rng, target[1], size[1]))
        yield from _submovement(end, aim, primary_ms, total_ms - primary_ms)


def inside(place: Point, centre: Point, size: Point) -> bool:
    """Tell whether a place is within a rectangle."""
    return abs(place[0] - centre[0]) <= size[0] / 2 and abs(place[1] - centre[1]) <= size[1] / 2


def minimum_jerk(share: float) -> float:
    """Return the share of the way done after a share of the time (Flash and Hogan 1985)."""
    return share**3 * (10 - 15 * share + 6 * share**2)


def reading_ms(rng: Random, words: int, traits: Traits) -> float:
    """Return how long reading takes, give or take a tenth."""
    usual = 60_000 * words / (WORDS_PER_MINUTE * traits.reading_pace)
    return usual * _within(rng.gauss(1, 0.1), 0.7, 1.3)


def hold_ms(rng: Random, traits: Traits) -> float:
    """Return how long a button is held in a click."""
    return _within(rng.gauss(traits.hold_ms, 15), 40, 250)


def page_answer_ms(rng: Random, traits: Traits) -> float:
    """Return how long a healthy page takes to answer a click, skewed as waiting times are."""
    return traits.page_ms * rng.lognormvariate(0, 0.3)


def _primary_end(rng: Random, start: Point, target: Point, duration_ms: float) -> Point:
    dx, dy = target[0] - start[0], target[1] - start[1]
    # Deviation over distance: SCATTER_S times mean speed, which is distance over duration.
    deviation = SCATTER_S * 1000 / duration_ms
    along = PRIMARY_GAIN + rng.gauss(0, deviation)
    across = rng.gauss(0, deviation * SCATTER_ACROSS)
    # Whole pixels, so that what ends inside a target still does when it is written down.
    return round(start[0] + along * dx - across * dy), round(start[1] + along * dy + across * dx)


def _submovement(start: Point, end: Point, began_ms: float, lasts_ms: float) -> Iterator[Sample]:
    after_ms = 0.0
    while after_ms < lasts_ms:
        after_ms = min(after_ms + SAMPLE_MS, lasts_ms)
        done = minimum_jerk(after_ms / lasts_ms)
        place = (start[0] + done * (end[0] - start[0]), start[1] + done * (end[1] - start[1]))
        yield Sample(after_ms=began_ms + after_ms, place=place)


def _scattered(rng: Random, centre: float, width: float) -> float:
    # Cut at a third so that rounding to whole pixels cannot leave the target.
    return centre + _within(rng.gauss(0, width / WIDTHS_PER_DEVIATION), -width / 3, width / 3)


def _within(value: float, least: float, most: float) -> float:
    return min(max(value, least), most)
