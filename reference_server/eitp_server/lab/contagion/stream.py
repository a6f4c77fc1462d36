"""Streams of many regions whose edges are known, so that what is found can be judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.intelligence.contagion.autoregression import Autoregression
from eitp_server.intelligence.contagion.decomposition import lagged

if TYPE_CHECKING:
    from eitp_server.intelligence.contagion.decomposition import Spillover
    from eitp_server.intelligence.contagion.gram import Array

OWN: Final = (0.5, 0.1)
"""What a region keeps of itself after one and two minutes."""
LONGEST_LAG: Final = 3
SETTLED: Final = 0.97
"""Edges are drawn anew until the spectral radius is below this."""
COMMON: Final = 0.9
"""What the common shock keeps of itself after a minute."""
WARM_UP: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What a stream is drawn from."""

    regions: int = 20
    minutes: int = 1_440
    edges: int | None = None
    """None: as many as regions."""
    size: float = 0.25
    """Coefficient of an edge."""
    opposite: float = 0.0
    """Probability that an edge has a negative coefficient."""
    noise: float = 0.3
    """Standard deviation of each region's own shocks."""
    common: float = 0.1
    """Standard deviation of what the common shock receives each minute; 0: there is none."""
    loadings: tuple[float, float] = (0.5, 1.5)
    """How much of the common shock a region feels is drawn evenly between these."""
    cycle: float = 1.0
    """Height of the daily cycle; each region has its own phase."""
    day: int = 1_440


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEdge:
    """An edge that was put in."""

    source: str
    target: str
    lag: int
    coefficient: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownStream:
    """Values with the system that made them."""

    names: tuple[str, ...]
    values: Array
    """(T, N)."""
    model: Autoregression
    """The system, the common shock and the daily cycle apart."""
    edges: tuple[KnownEdge, ...]

    def spread(self, horizon: int) -> Spillover:
        """Return the true lagged-only table."""
        return lagged(self.model, horizon)


def draw(scenario: Scenario, generator: np.random.Generator) -> KnownStream:
    """Draw a stream: AR(0.5, 0.1) regions with edges, a common AR(0.9) shock and a daily cycle."""
    names = tuple(f"R{number:0{len(str(scenario.regions))}}" for number in range(scenario.regions))
    coefficients = _settling(scenario, generator)
    values = _run(scenario, coefficients, generator)
    found = np.argwhere(~np.eye(scenario.regions, dtype=bool) & (coefficients != 0))
    edges = tuple(
        KnownEdge(
            source=names[source],
            target=names[target],
            lag=lag + 1,
            coefficient=float(coefficients[lag, target, source]),
        )
        for lag, target, source in found.tolist()
    )
    model = Autoregression(
        coefficients=coefficients, covariance=scenario.noise**2 * np.eye(scenario.regions)
    )
    return KnownStream(names=names, values=values, model=model, edges=edges)


def _settling(scenario: Scenario, generator: np.random.Generator) -> Array:
    """Return (3, N, N) coefficients of a system that settles; raises ValueError without one."""
    for _ in range(1_000):
        coefficients = _coefficients(scenario, generator)
        model = Autoregression(coefficients=coefficients, covariance=np.eye(scenario.regions))
        if model.companion_radius() < SETTLED:
            return coefficients
    raise ValueError(
        f"{scenario.edges} edges of size {scenario.size:g} between {scenario.regions} regions make "
        "a system that does not settle; ask for fewer or smaller ones"
    )


def _coefficients(scenario: Scenario, generator: np.random.Generator) -> Array:
    regions = scenario.regions
    coefficients = np.zeros((LONGEST_LAG, regions, regions))
    for lag, own in enumerate(OWN):
        np.fill_diagonal(coefficients[lag], own)
    pairs = np.argwhere(~np.eye(regions, dtype=bool))
    count = regions if scenario.edges is None else scenario.edges
    target, source = pairs[generator.choice(len(pairs), count, replace=False)].T
    sign = np.where(generator.random(count) < scenario.opposite, -1.0, 1.0)
    lag = generator.integers(0, LONGEST_LAG, count)
    coefficients[lag, target, source] = scenario.size * sign
    return coefficients


def _run(scenario: Scenario, coefficients: Array, generator: np.random.Generator) -> Array:
    regions, minutes = scenario.regions, scenario.minutes + WARM_UP
    loadings = generator.uniform(*scenario.loadings, regions)
    phases = generator.uniform(0.0, 2 * np.pi, regions)
    shocks = scenario.noise * generator.standard_normal((minutes, regions))
    received = scenario.common * generator.standard_normal(minutes)
    values = np.zeros((minutes, regions))
    common = 0.0
    for t in range(LONGEST_LAG, minutes):
        common = COMMON * common + received[t]
        past = values[t - LONGEST_LAG : t][::-1]
        moved = np.einsum("lij,lj->i", coefficients, past)
        values[t] = moved + loadings * common + shocks[t]
    angle = 2 * np.pi * np.arange(scenario.minutes) / scenario.day
    return values[WARM_UP:] + scenario.cycle * np.sin(angle[:, None] + phases)
