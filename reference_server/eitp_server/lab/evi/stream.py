"""States of made-up shoppers: as much movement as is asked for, the same for the same seed."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.lab.evi.csv_table import iso
from eitp_server.lab.evi.error import EviInputError
from eitp_server.lab.evi.states import COLUMNS
from eitp_server.volatility.methodology import DIMENSIONS, DRAFT, INTENT, SECOND_US

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

VISIT_S: Final = 240.0
"""Mean length of a visit."""
RETURN_S: Final = 120.0
"""Time in which a state goes most of the way back to what is usual for its shopper."""
TEMPER: Final = 0.35
"""Spread, on the log scale, of how restless shoppers are."""
VERTICALS: Final = ("automotive", "fashion", "electronics")
REGIONS: Final = ("DE", "FR", "US")
SECTIONS: Final = ("PRICE", "DESCRIPTION", "FORM", "REVIEWS")


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch of minutes."""

    start: float
    end: float
    factor: float = 1.0
    """How many times more restless than usual everybody is."""

    @classmethod
    def parse(cls, text: str, *, with_factor: bool) -> Spell:
        """Read `12-18:2.5`, or `12-18` without a factor. Raises EviInputError."""
        minutes, _, factor = text.partition(":")
        start, _, end = minutes.partition("-")
        try:
            spell = cls(float(start), float(end), float(factor) if with_factor else 1.0)
        except ValueError:
            spell = cls(0, 0)
        if bool(factor) != with_factor or not 0 <= spell.start < spell.end or spell.factor <= 0:
            right = "FROM-TO:FACTOR as 12-18:2.5" if with_factor else "FROM-TO as 20-23"
            raise EviInputError(f"{text!r} is no stretch of minutes; write {right}")
        return spell

    def holds(self, seconds: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which moments (n,) lie within."""
        return (seconds >= 60 * self.start) & (seconds < 60 * self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be made up."""

    sessions: int
    """Shoppers at a time, on average."""
    minutes: float
    every_s: float
    """Time between two states of a session, on average."""
    tenants: int
    seed: int
    start_us: int
    restless: tuple[Spell, ...] = ()
    silent: tuple[Spell, ...] = ()
    """Stretches in which nothing arrives."""


def write_states(file: Path, plan: Plan, progress: Callable[[int], None]) -> tuple[int, int]:
    """Write states in the order of time; return the number of them and of sessions.

    `progress` is told how many sessions are done.
    """
    rng = np.random.default_rng(plan.seed)
    starts = _arrivals(plan, rng)
    rows: list[tuple[int, str]] = []
    sessions = 0
    for number, start in enumerate(starts, start=1):
        visit = list(_visit(number, float(start), plan, rng))
        rows += visit
        sessions += bool(visit)
        progress(number)
    rows.sort()
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerow(COLUMNS)
        stream.writelines(f"{iso(at)},{rest}\n" for at, rest in rows)
    return len(rows), sessions


def expected_sessions(plan: Plan) -> int:
    """Return about how many sessions there will be."""
    return round(plan.sessions * (1 + 60 * plan.minutes / VISIT_S))


def _arrivals(plan: Plan, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return when visits begin; the first ones before the stream does, so that it starts full."""
    number = int(rng.poisson(expected_sessions(plan)))
    return np.sort(rng.uniform(-VISIT_S, 60 * plan.minutes, number))


def _visit(
    number: int, start: float, plan: Plan, rng: np.random.Generator
) -> Iterator[tuple[int, str]]:
    length = rng.gamma(4.0, VISIT_S / 4)
    steps = max(int(length / plan.every_s), 1)
    # No client is a metronome.
    gaps = plan.every_s * rng.uniform(0.8, 1.2, steps)
    seconds = start + np.cumsum(gaps)
    states = _states(seconds, gaps, length, plan, rng)
    told = (seconds >= 0) & (seconds < 60 * plan.minutes)
    for spell in plan.silent:
        told &= ~spell.holds(seconds)
    tenant = f"shop-{number % plan.tenants + 1}"
    place = rng.integers(0, len(REGIONS))
    group = f"{tenant},{VERTICALS[number % plan.tenants % len(VERTICALS)]},{REGIONS[place]}"
    stay = np.cumsum(rng.random(steps) < plan.every_s / 40) + number
    for row in np.flatnonzero(told):
        numbers = ",".join(f"{value:.4f}" for value in states[row])
        section = SECTIONS[int(stay[row]) % len(SECTIONS)]
        at_us = plan.start_us + round(float(seconds[row]) * 1000) * (SECOND_US // 1000)
        yield at_us, f"s{number:05d},{numbers},{group},{section}"


def _states(
    seconds: NDArray[np.float64],
    gaps: NDArray[np.float64],
    length: float,
    plan: Plan,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Return (n, 7): walks that are drawn back to what is usual, within the bounds."""
    usual = np.array([0.1, 0.35, 0.3, 0.25, 0.45, rng.uniform(0.1, 0.9), 0.0])
    usual += rng.normal(0, 0.05, len(DIMENSIONS))
    pace = np.full(len(seconds), rng.lognormal(0.0, TEMPER))
    for spell in plan.restless:
        pace = np.where(spell.holds(seconds), pace * spell.factor, pace)
    spread = pace * np.sqrt(gaps)
    noise = rng.standard_normal((len(seconds), len(DIMENSIONS))) * np.array(DRAFT.dimension_scales)
    states = np.empty_like(noise)
    state = usual
    for row, gap in enumerate(gaps):
        back = np.exp(-gap / RETURN_S)
        state = usual + (state - usual) * back + spread[row] * noise[row]
        states[row] = state
    states[:, -1] = (seconds - seconds[0]) / max(length, 1.0)
    low = np.where(np.arange(len(DIMENSIONS)) == 0, -1.0, 0.0)
    states[:, INTENT] = np.clip(states[:, INTENT], 0, 1)
    return np.clip(states, low, 1.0)
