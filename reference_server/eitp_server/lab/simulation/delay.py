"""What late outcomes do to learning: four ways to count a decision whose outcome may still come.

Each minute a batch of visitors meets four arms; whoever converts does so up to half an hour later.
Each rule runs a world of its own, by exact Thompson sampling with the floor, and is asked what it
believes of the best arm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.bandit.delay import DelayHistogram, seen_share
from eitp_server.bandit.selection import (
    best_probabilities_of_many,
    exploration_floor,
    with_floor,
)
from eitp_server.lab.simulation.table import Bar, Figure, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from eitp_server.bandit.delay import DelayCurve
    from eitp_server.bandit.selection import Vector

RATES: Final = np.array([0.03, 0.03, 0.03, 0.045])
"""Of conversions within the window."""
BEST: Final = 3
WINDOW: Final = 30
SLOTS: Final = WINDOW + 1
"""Ages of decisions, in minutes, at which an outcome may still come or just came."""
MEAN_DELAY: Final = 12.0
MINUTES: Final = 240
BATCH: Final = 60
JUDGED_AT: Final = 60
"""Minute at which the posterior mean of the best arm is read."""
TOLERANCE: Final = 0.1
PRIOR: Final = (1.0, 19.0)
MINUTE_S: Final = 60.0
PENDING: Final = "pending counts as failure"
EARLY: Final = "success now, failure at timeout"
MATURED: Final = "matured only"
CORRECTED: Final = "corrected, curve learnt"
TRUE_CURVE: Final = "corrected, true curve"


class _World:
    """What happened so far in all runs of one rule.

    The last minutes lie in a ring of slots, each (runs, arms, SLOTS) by the minute of the decision;
    what is older has matured and is added up.
    """

    def __init__(self, runs: int) -> None:
        shape = (runs, len(RATES), SLOTS)
        self.now = -1
        self.decided = np.zeros(shape)
        self.seen = np.zeros(shape)
        """Conversions known by now."""
        self.due = np.zeros((SLOTS, *shape))
        """Conversions by the minute they will be known in, before that of the decision."""
        self.matured_won = np.zeros(shape[:2])
        self.matured = np.zeros(shape[:2])
        self.delays: list[list[list[float]]] = [[[] for _ in range(SLOTS)] for _ in range(runs)]
        self.histograms = [DelayHistogram() for _ in range(runs)]

    @property
    def ages(self) -> NDArray[np.float64]:
        """Minutes since the decisions of each slot."""
        return ((self.now - np.arange(SLOTS)) % SLOTS).astype(np.float64)

    def wait(self) -> None:
        """Let a minute pass: outcomes come in, and the oldest decisions mature."""
        self.now += 1
        known, oldest = self.now % SLOTS, (self.now + 1) % SLOTS
        self.seen += self.due[known]
        self.due[known] = 0.0
        self.matured_won += self.seen[:, :, oldest]
        self.matured += self.decided[:, :, oldest]
        self.seen[:, :, oldest] = self.decided[:, :, oldest] = 0.0
        for histogram, delays in zip(self.histograms, self.delays, strict=True):
            for delay in delays[oldest]:
                histogram.record(delay_s=delay * MINUTE_S, matured_s=self.now * MINUTE_S)
            delays[oldest].clear()

    def decide(self, arm: NDArray[np.intp], luck: Vector, delay: Vector) -> None:
        """Give each visitor of the minute, (runs, BATCH), an arm."""
        slot = self.now % SLOTS
        self.decided[:, :, slot] = (arm[:, :, None] == np.arange(len(RATES))).sum(axis=1)
        converted = luck < RATES[arm]
        runs, visitors = np.nonzero(converted)
        arms = arm[runs, visitors]
        known = (self.now + np.maximum(np.ceil(delay[converted]), 1.0).astype(np.intp)) % SLOTS
        np.add.at(self.due, (known, runs, arms, np.full(len(runs), slot)), 1.0)
        for own, late in zip(runs.tolist(), delay[converted].tolist(), strict=True):
            self.delays[own][slot].append(late)


class TrueDelay:
    """The law that the delays are drawn from: exponential, cut off at the window."""

    def share(self, age: NDArray[np.float64]) -> NDArray[np.float64]:
        cut = np.minimum(np.asarray(age) / MINUTE_S, WINDOW)
        return np.expm1(-cut / MEAN_DELAY) / np.expm1(-WINDOW / MEAN_DELAY)


if TYPE_CHECKING:
    Counted = tuple[Vector, Vector]


def _pending(world: _World) -> Counted:
    return _seen(world), world.matured + world.decided.sum(axis=2)


def _early(world: _World) -> Counted:
    failed = world.matured - world.matured_won
    return _seen(world), _seen(world) + failed


def _matured(world: _World) -> Counted:
    return world.matured_won.copy(), world.matured.copy()


def _corrected(world: _World) -> Counted:
    won, tried = _matured(world)
    seen = _seen(world)
    for run, histogram in enumerate(world.histograms):
        curve = histogram.curve(now_s=world.now * MINUTE_S)
        if curve is not None:
            won[run] = seen[run]
            tried[run] += world.decided[run] @ _weights(world, curve)
    return won, tried


def _true_curve(world: _World) -> Counted:
    return _seen(world), world.matured + world.decided @ _weights(world, TrueDelay())


def _seen(world: _World) -> Vector:
    return world.matured_won + world.seen.sum(axis=2)


def _weights(world: _World, curve: DelayCurve) -> Vector:
    return seen_share(curve, world.ages * MINUTE_S, WINDOW * MINUTE_S)


RULES: Final[Mapping[str, Callable[[_World], Counted]]] = {
    PENDING: _pending,
    EARLY: _early,
    MATURED: _matured,
    CORRECTED: _corrected,
    TRUE_CURVE: _true_curve,
}


def beliefs(seeds: Sequence[np.random.SeedSequence], minutes: int) -> NDArray[np.float64]:
    """Return how each rule fared, (runs, rules, minutes, 2).

    First its posterior mean of the best arm in each minute, before the minute's visitors; then the
    conversions expected of the arms that it chose for them. All rules meet the same visitors.
    """
    found = np.empty((len(seeds), len(RULES), minutes, 2))
    for number, count in enumerate(RULES.values()):
        generators = [np.random.default_rng(seed) for seed in seeds]
        found[:, number] = _play(count, generators, minutes)
    return found


def tabulate(scenario: str, found: NDArray[np.float64]) -> Table:
    """Return the table of the `beliefs` of all runs; it takes 61 minutes or more."""
    random, best = BATCH * float(RATES.mean()), BATCH * float(RATES.max())
    gained = (found[..., 1].mean(axis=2) - random) / (best - random)
    rows: dict[str, dict[str, Figure | None]] = {}
    for number, rule in enumerate(RULES):
        rows[rule] = {
            "share of gain": Figure.of(gained[:, number]),
            "mean at minute 60": Figure.of(found[:, number, JUDGED_AT, 0]),
        }
    means = found[..., 0].mean(axis=0)
    return Table(
        scenario=scenario,
        title="Delay: outcomes come 12 minutes late; the best arm converts 4.5 %",
        runs=len(found),
        columns=("share of gain", "mean at minute 60"),
        rows=rows,
        bars=_bars({rule: float(means[number, JUDGED_AT]) for number, rule in enumerate(RULES)}),
        series={rule: means[number].tolist() for number, rule in enumerate(RULES)},
    )


def _bars(means: Mapping[str, float]) -> tuple[Bar, ...]:
    truth = float(RATES[BEST])
    low, high = (1.0 - TOLERANCE) * truth, (1.0 + TOLERANCE) * truth
    demand = f"mean at minute 60 within 10 % of {truth:g}"
    bars = [
        Bar(demand=f"{rule}: {demand}", found=means[rule], held=low <= means[rule] <= high)
        for rule in (CORRECTED, TRUE_CURVE)
    ]
    early = means[EARLY]
    return (*bars, Bar(demand=f"{EARLY}: not so", found=early, held=not low <= early <= high))


def _play(
    count: Callable[[_World], Counted],
    generators: Sequence[np.random.Generator],
    minutes: int,
) -> NDArray[np.float64]:
    world = _World(len(generators))
    found = np.empty((len(generators), minutes, 2))
    for now in range(minutes):
        world.wait()
        won, tried = count(world)
        alpha, beta = PRIOR[0] + won, PRIOR[1] + np.maximum(tried - won, 0.0)
        uniform = np.stack([one.random((3, BATCH)) for one in generators])
        arm = _choose(alpha, beta, uniform[:, 0])
        world.decide(arm, uniform[:, 1], delays(uniform[:, 2]))
        found[:, now, 0] = (alpha / (alpha + beta))[:, BEST]
        found[:, now, 1] = RATES[arm].sum(axis=1)
    return found


def _choose(alpha: Vector, beta: Vector, uniform: Vector) -> NDArray[np.intp]:
    floor = exploration_floor(len(RATES))
    best = best_probabilities_of_many(alpha, beta)
    bounds = np.cumsum([with_floor(row, floor) for row in best], axis=1)[:, None, :-1]
    return (uniform[:, :, None] >= bounds).sum(axis=2)


def delays(uniform: Vector) -> Vector:
    """Return delays in minutes, within the window: the inverse of `TrueDelay`."""
    return -MEAN_DELAY * np.log1p(uniform * np.expm1(-WINDOW / MEAN_DELAY))
