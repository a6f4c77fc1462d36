"""What pooling earns: many cells, few visits each, and priors from nothing to main effects.

Visitors fall on cells by uneven shares. Each policy meets the same visitors in the same order with
the same luck, learns after each batch and draws from its posteriors, as exact Thompson sampling
does in law. No floor: it costs all policies the same and only hides the differences.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.bandit.pooling import Prior, common_rate, eb_main_effects, eb_pooling
from eitp_server.lab.simulation.table import Bar, Figure, Table, at_least

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from eitp_server.bandit.pooling import Matrix

CELLS: Final = 56
ARMS: Final = 6
BATCH: Final = 400
DECISIONS: Final = 40_000
TRAFFIC: Final = 0.7
"""Parameter of the Dirichlet law that the cells' shares come from."""
BASE_RATE: Final = 0.02
CELL_SPREAD: Final = 0.5
"""Standard deviation of the logarithm of the cells' effects."""
COMMON_TRIALS: Final = 20.0
FLAT: Final = "Beta(1,1) per cell"
GLOBAL: Final = "global-mean prior"
FREE: Final = "context-free"
ONE_WAY: Final = "EB, intervention means"
MAIN: Final = "EB, main effects"
LEAST_GAIN: Final = 0.55
FLAT_GAIN: Final = (0.26, 0.36)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """How far rates lie apart: standard deviations of logarithms."""

    title: str
    arm_spread: float
    interaction: float
    judged: bool = False

    def rates(self, rng: np.random.Generator) -> Matrix:
        """Return rates, (CELLS, ARMS), below one half."""
        cell = rng.normal(0.0, CELL_SPREAD, (CELLS, 1))
        arm = rng.normal(0.0, self.arm_spread, (1, ARMS))
        own = rng.normal(0.0, self.interaction, (CELLS, ARMS))
        return np.minimum(BASE_RATE * np.exp(cell + arm + own), 0.5)


TRUTHS: Final[Mapping[str, Truth]] = {
    "pooling": Truth(
        title="Pooling: 56 cells, 6 interventions", arm_spread=0.3, interaction=0.25, judged=True
    ),
    "pooling-strong": Truth(
        title="Pooling: what helps differs strongly between cells", arm_spread=0.3, interaction=0.5
    ),
    "pooling-none": Truth(
        title="Pooling: the same helps everywhere", arm_spread=0.4, interaction=0.0
    ),
}


def _flat(_s: Matrix, n: Matrix) -> Prior:
    return Prior(mean=np.full(n.shape, 0.5), strength=np.full(n.shape, 2.0))


def _common(s: Matrix, n: Matrix) -> Prior:
    rate = np.full(n.shape, common_rate(s, n))
    return Prior(mean=rate, strength=np.full(n.shape, COMMON_TRIALS))


def _per_cell(prior: Callable[[Matrix, Matrix], Prior]) -> Callable[[Matrix, Matrix], Posterior]:
    return lambda s, n: prior(s, n).posterior(s, n)


def _without_cells(s: Matrix, n: Matrix) -> Posterior:
    won, tried = (counts.sum(axis=0, keepdims=True) for counts in (s, n))
    alpha, beta = _flat(won, tried).posterior(won, tried)
    return np.broadcast_to(alpha, s.shape), np.broadcast_to(beta, s.shape)


if TYPE_CHECKING:
    Posterior = tuple[Matrix, Matrix]

POLICIES: Final[Mapping[str, Callable[[Matrix, Matrix], Posterior]]] = {
    FLAT: _per_cell(_flat),
    GLOBAL: _per_cell(_common),
    FREE: _without_cells,
    ONE_WAY: _per_cell(lambda s, n: eb_pooling(s, n).prior),
    MAIN: _per_cell(lambda s, n: eb_main_effects(s, n).prior),
}


def gains(
    truth: Truth, seeds: Sequence[np.random.SeedSequence], decisions: int
) -> NDArray[np.float64]:
    """Return what each policy earned: conversions expected of its choices, (runs, 2 + policies).

    Before them stand what choosing at random and what knowing the truth would have earned.
    """
    return np.array([_run(truth, np.random.default_rng(seed), decisions) for seed in seeds])


def tabulate(scenario: str, earned: NDArray[np.float64]) -> Table:
    """Return the table of a scenario from the `gains` of its runs."""
    truth = TRUTHS[scenario]
    room = earned[:, 1] - earned[:, 0]
    rows: dict[str, dict[str, Figure | None]] = {}
    for number, policy in enumerate(POLICIES):
        # Of all runs together: where little can be won, a run's own share says nothing.
        gained = earned[:, 2 + number] - earned[:, 0]
        share = float(gained.sum() / room.sum())
        error = Figure.of(gained - share * room).error
        rows[policy] = {"share of gain": Figure(share, error and error / float(room.mean()))}
    return Table(
        scenario=scenario,
        title=truth.title,
        runs=len(earned),
        columns=("share of gain",),
        rows=rows,
        bars=_bars(rows) if truth.judged else (),
    )


def _bars(rows: Mapping[str, Mapping[str, Figure | None]]) -> tuple[Bar, ...]:
    main, flat = (rows[policy]["share of gain"] for policy in (MAIN, FLAT))
    assert main is not None
    assert flat is not None
    low, high = FLAT_GAIN
    return (
        at_least(f"{MAIN}: share of gain", main.value, LEAST_GAIN),
        Bar(
            demand=f"{FLAT}: share of gain in {low:g} to {high:g}, so that it is no easy world",
            found=flat.value,
            held=low <= flat.value <= high,
        ),
    )


def _run(truth: Truth, rng: np.random.Generator, decisions: int) -> list[float]:
    rates = truth.rates(rng)
    traffic = rng.dirichlet(np.full(CELLS, TRAFFIC))
    cells = rng.choice(CELLS, size=decisions, p=traffic)
    luck = rng.random(decisions)
    there = rates[cells]
    random, best = float(there.mean(axis=1).sum()), float(there.max(axis=1).sum())
    draws = rng.spawn(len(POLICIES))
    earned = [
        _earn(learn, rates, cells, luck, own)
        for learn, own in zip(POLICIES.values(), draws, strict=True)
    ]
    return [random, best, *earned]


def _earn(
    learn: Callable[[Matrix, Matrix], Posterior],
    rates: Matrix,
    cells: NDArray[np.intp],
    luck: Matrix,
    rng: np.random.Generator,
) -> float:
    s, n = np.zeros(rates.shape), np.zeros(rates.shape)
    earned = 0.0
    for first in range(0, len(cells), BATCH):
        here = cells[first : first + BATCH]
        alpha, beta = learn(s, n)
        arm = rng.beta(alpha[here], beta[here]).argmax(axis=1)
        rate = rates[here, arm]
        earned += float(rate.sum())
        np.add.at(n, (here, arm), 1.0)
        np.add.at(s, (here, arm), (luck[first : first + BATCH] < rate).astype(np.float64))
    return earned
