"""How often what the rules promise of a new vertical comes true, where the truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.special import expit, logit, ndtr, stdtrit

from eitp_server.intelligence.transfer import (
    Counts,
    Method,
    between_variance,
    pooled,
    predictive,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from eitp_server.intelligence.transfer import Effects

NOMINAL: Final = 0.975
GATE: Final = "gate"
RULES: Final = ("DL normal", "HK k-1", "mHK k-1", "mHK k-2", GATE)
"""The classical prediction intervals by their tau2, error and quantile, and the verdict's own."""
UNITS: Final = (2_000, 100_000)
"""Visitors per vertical, both arms, evenly drawn in the logarithm."""
HOLDOUT: Final = 0.2
BASE_RATES: Final = (0.01, 0.04)
"""Evenly drawn."""


@dataclass(frozen=True, slots=True)
class World:
    """A truth that verticals are drawn from: effects are normal(mu, tau^2)."""

    k: int
    mu: float
    tau: float

    @property
    def share_positive(self) -> float:
        """How often the effect in a new vertical is above 0."""
        return float(ndtr(self.mu / self.tau))


WORLDS: Final = (
    World(3, 0.1, 0.1),
    World(5, 0.1, 0.1),
    World(8, 0.1, 0.1),
    World(12, 0.2, 0.2),
    World(5, 0.3, 0.05),
    World(8, 0.3, 0.05),
    World(12, 0.3, 0.05),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """A rule in a world, over many draws of its verticals."""

    covered: float
    """P(effect in a new vertical > the rule's lower bound); `NOMINAL` is promised."""
    error: float
    """Standard error of `covered`."""
    claimed: float
    """How often the rule says that it transfers: the lower bound is above 0."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """All rules in all worlds."""

    runs: int
    seed: int
    worlds: Mapping[World, Mapping[str, Coverage]]

    def as_json(self) -> dict[str, Any]:
        """Return the table, a world after the other."""
        return {
            "runs": self.runs,
            "seed": self.seed,
            "nominal": NOMINAL,
            "worlds": [
                {
                    "k": world.k,
                    "mu": world.mu,
                    "tau": world.tau,
                    "share_positive": world.share_positive,
                    "rules": {name: _as_json(own) for name, own in rules.items()},
                }
                for world, rules in self.worlds.items()
            ],
        }


def simulate(
    runs: int,
    seed: int,
    progress: Callable[[int], None] = lambda _: None,
    worlds: Sequence[World] = WORLDS,
) -> Simulated:
    """Draw each world `runs` times; `progress` is told how many draws are done, of all worlds.

    A vertical has log-evenly drawn `UNITS`, a fifth of them held out, and a base rate from
    `BASE_RATES`; conversions are binomial. Every world has its own stream of chance.
    """
    streams = np.random.SeedSequence(seed).spawn(len(worlds))
    found: dict[World, Mapping[str, Coverage]] = {}
    for number, (world, stream) in enumerate(zip(worlds, streams, strict=True)):
        chance = np.random.default_rng(stream)
        bounds = np.empty((runs, len(RULES)))
        for run in range(runs):
            bounds[run] = lower_bounds(draw(world, chance))
            progress(number * runs + run + 1)
        columns = zip(RULES, bounds.T, strict=True)
        found[world] = {name: _coverage(world, own) for name, own in columns}
    return Simulated(runs, seed, found)


def draw(world: World, chance: np.random.Generator) -> Effects:
    """Return the observed effects of a world's verticals."""
    low, high = np.log(UNITS)
    units = np.exp(chance.uniform(low, high, world.k))
    base = logit(chance.uniform(*BASE_RATES, world.k))
    effect = chance.normal(world.mu, world.tau, world.k)
    holdout = np.round(HOLDOUT * units)
    treated = np.round(units) - holdout

    def converted(of: NDArray[np.float64], rate: NDArray[np.float64]) -> NDArray[np.float64]:
        return chance.binomial(of.astype(np.int64), rate).astype(np.float64)

    return Counts(
        treated_conversions=converted(treated, expit(base + effect)),
        treated_units=treated,
        holdout_conversions=converted(holdout, expit(base)),
        holdout_units=holdout,
    ).log_odds_ratios()


def lower_bounds(effects: Effects) -> tuple[float, ...]:
    """Return the effect that each of `RULES` says a new one is above with probability .975."""
    normal = pooled(effects, between_variance(effects, Method.DL)).normal_prediction_interval()
    mean = pooled(effects, between_variance(effects))
    k = len(effects)

    def classical(error: float, degrees: int) -> float:
        spread = float(np.hypot(error, np.sqrt(mean.tau2)))
        return mean.mean - float(stdtrit(degrees, NOMINAL)) * spread

    return (
        normal[0],
        classical(mean.knapp_hartung, k - 1),
        classical(mean.modified_knapp_hartung, k - 1),
        mean.prediction_interval()[0],
        predictive(effects).quantile(1 - NOMINAL),
    )


def _coverage(world: World, bound: NDArray[np.float64]) -> Coverage:
    # Given the bound, the truth says how often a new effect is above it: no new effect is drawn.
    above = ndtr((world.mu - bound) / world.tau)
    return Coverage(
        covered=float(above.mean()),
        error=float(above.std(ddof=1) / np.sqrt(len(above))),
        claimed=float((bound > 0).mean()),
    )


def _as_json(own: Coverage) -> dict[str, float]:
    return {"covered": own.covered, "error": own.error, "claimed": own.claimed}
