"""How often rules promote an intervention that does nothing, and how soon one that helps.

Batches of visitors meet four interventions by Thompson sampling, exact and with the floor; a tenth
is held out. After each batch every rule looks again and may promote, for good.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import digamma, ndtr, polygamma

from eitp_server.bandit.confidence_sequence import ALPHA, difference_variance, lower_bound
from eitp_server.bandit.discovery import discoveries
from eitp_server.bandit.e_process import BATCH_UNITS, Batch, EProcess, plug_in_rate
from eitp_server.bandit.promotion import enough
from eitp_server.bandit.pseudo_outcome import pseudo_outcome
from eitp_server.bandit.selection import (
    best_probabilities_of_many,
    exploration_floor,
    total_propensity,
    with_floor,
)
from eitp_server.lab.simulation.table import Bar, Figure, Table, at_least, at_most

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from eitp_server.bandit.selection import Vector

    Promoted = NDArray[np.float64]

ARMS: Final = 4
HOLDOUT_SHARE: Final = 0.1
HORIZON: Final = 60_000
BASE_RATE: Final = 0.03
DRIFT: Final = (0.015, 0.075)
PRIOR: Final = (1.0, 19.0)
LEAST_UNITS: Final = 100
"""Of both sides, before the rule that people write first says anything."""
NEAR: Final = (1.1, 2.3)
"""Standard scores between which the normal law may be on the wrong side of 95 %."""
NAIVE: Final = "95 % chance to beat"
UNWEIGHTED: Final = "unweighted sequence"
AIPW: Final = "AIPW sequence"
COUNTED: Final = "AIPW, minimum counts"
E_PROCESS: Final = "e-process above 20"
PAIR: Final = "both, e-value above 20"
RECOMMENDED: Final = "both, e-BH (the server)"
RULES: Final = (NAIVE, UNWEIGHTED, AIPW, COUNTED, E_PROCESS, PAIR, RECOMMENDED)
MOST_FALSE: Final = 0.02
MOST_FALSE_IN_DRIFT: Final = 0.025
LEAST_POWER: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What the visitors do."""

    title: str
    lift: float = 0.0
    """Relative, of the first arm; the others do nothing."""
    drifts: bool = False
    """Whether the base rate rises fivefold, on a straight line."""

    def rates(self, progress: float) -> Vector:
        """Return the rates of holdout and arms, (1 + ARMS,), at `progress` 0..1 of the horizon."""
        base = DRIFT[0] + progress * (DRIFT[1] - DRIFT[0]) if self.drifts else BASE_RATE
        rates = np.full(1 + ARMS, base)
        rates[1] *= 1.0 + self.lift
        return rates


TRUTHS: Final[Mapping[str, Truth]] = {
    "null": Truth(title="Promotion: no intervention has an effect"),
    "drift": Truth(title="Promotion: no effect, the base rate drifts 1.5 % to 7.5 %", drifts=True),
    "lift30": Truth(title="Promotion: one of four interventions lifts by 30 %", lift=0.3),
    "lift50": Truth(title="Promotion: one of four interventions lifts by 50 %", lift=0.5),
}


class _Sums:
    """Sums over all batches so far, for every run and arm."""

    def __init__(self, runs: int) -> None:
        self.units = np.zeros((runs, 1 + ARMS))
        self.conversions = np.zeros((runs, 1 + ARMS))
        self.phi = np.zeros((runs, ARMS))
        self.squared_phi = np.zeros((runs, ARMS))
        self.weight = np.zeros((runs, 1 + ARMS))
        self.squared_weight = np.zeros((runs, 1 + ARMS))
        self.evidence = EProcess.start((runs, ARMS))

    def fold(self, units: Vector, conversions: Vector, shares: Vector) -> None:
        """Add a batch: counts and total propensities, each (runs, 1 + ARMS), the holdout first."""
        phi, squared_phi = sum_pseudo_outcomes(units, conversions, shares, self._regressors())
        self.phi += phi
        self.squared_phi += squared_phi
        self.units += units
        self.conversions += conversions
        self.weight += units / shares
        self.squared_weight += units / shares**2
        self.evidence = self.evidence.step(
            Batch(
                treated_conversions=conversions[:, 1:],
                treated_units=units[:, 1:],
                holdout_conversions=conversions[:, :1],
                holdout_units=units[:, :1],
            )
        )

    def _regressors(self) -> Vector:
        return plug_in_rate(self.conversions, self.units)


def promotions(truth: Truth, seeds: Sequence[np.random.SeedSequence], horizon: int) -> Promoted:
    """Return after how many units each rule promoted each arm, inf for never.

    (runs, rules, ARMS) in the order of `RULES`. A run depends on its seed alone.
    """
    generators = [np.random.default_rng(seed) for seed in seeds]
    runs, batches = len(seeds), horizon // BATCH_UNITS
    sums = _Sums(runs)
    promoted = np.full((runs, len(RULES), ARMS), np.inf)
    for batch in range(batches):
        uniform = np.stack([one.random((2, BATCH_UNITS)) for one in generators])
        shares = _shares(sums)
        rates = truth.rates((batch + 0.5) / batches)
        units, conversions = _meet(uniform, shares, rates)
        sums.fold(units, conversions, shares)
        now = _verdicts(sums) & np.isinf(promoted)
        promoted[now] = (batch + 1) * BATCH_UNITS
    return promoted


def tabulate(scenario: str, promoted: Promoted) -> Table:
    """Return the table of a scenario from the `promotions` of its runs."""
    truth = TRUTHS[scenario]
    useless = promoted[..., 1:] if truth.lift else promoted
    rows: dict[str, dict[str, Figure | None]] = {}
    for number, rule in enumerate(RULES):
        false = np.isfinite(useless[:, number])
        row: dict[str, Figure | None] = {
            "false per arm": Figure.of(false.mean(axis=1)),
            "any false": Figure.of(false.any(axis=1).astype(np.float64)),
        }
        if truth.lift:
            reached = promoted[:, number, 0]
            median = float(np.median(reached))
            row["power"] = Figure.of(np.isfinite(reached).astype(np.float64))
            row["median units"] = Figure(median) if np.isfinite(median) else None
        rows[rule] = row
    return Table(
        scenario=scenario,
        title=truth.title,
        runs=len(promoted),
        columns=tuple(rows[NAIVE]),
        rows=rows,
        bars=_bars(truth, rows),
    )


def _bars(truth: Truth, rows: Mapping[str, Mapping[str, Figure | None]]) -> tuple[Bar, ...]:
    def found(rule: str, column: str) -> float:
        figure = rows[rule][column]
        return figure.value if figure else np.nan

    if truth.lift:
        if truth.lift < 0.5:
            return ()
        return (at_least("the server's rule: power", found(RECOMMENDED, "power"), LEAST_POWER),)
    most = MOST_FALSE_IN_DRIFT if truth.drifts else MOST_FALSE
    naive = found(NAIVE, "false per arm")
    return (
        at_most("the server's rule: false per arm", found(RECOMMENDED, "false per arm"), most),
        Bar(demand=f"{NAIVE}: false per arm > {most:g}", found=naive, held=naive > most),
    )


def _shares(sums: _Sums) -> Vector:
    """Return the total propensities of holdout and arms, (runs, 1 + ARMS)."""
    won, tried = sums.conversions[:, 1:], sums.units[:, 1:]
    best = best_probabilities_of_many(PRIOR[0] + won, PRIOR[1] + tried - won)
    floor = exploration_floor(ARMS)
    chosen = np.stack([with_floor(row, floor) for row in best])
    held = total_propensity(0.0, holdout_share=HOLDOUT_SHARE, holdout=True)
    treated = total_propensity(1.0, holdout_share=HOLDOUT_SHARE, holdout=False)
    return np.hstack([np.full((len(best), 1), held), treated * chosen])


def _meet(uniform: Vector, shares: Vector, rates: Vector) -> tuple[Vector, Vector]:
    """Return units and conversions of a batch, (runs, 1 + ARMS)."""
    bounds = np.cumsum(shares, axis=1)[:, None, :-1]
    side = np.asarray((uniform[:, 0, :, None] >= bounds).sum(axis=2), dtype=np.intp)
    converted = uniform[:, 1] < rates[side]
    chosen: NDArray[np.bool_] = np.equal(side[..., None], np.arange(1 + ARMS))
    won: NDArray[np.bool_] = chosen & converted[..., None]
    return np.count_nonzero(chosen, axis=1) + 0.0, np.count_nonzero(won, axis=1) + 0.0


def sum_pseudo_outcomes(
    units: Vector, won: Vector, shares: Vector, regressors: Vector
) -> tuple[Vector, Vector]:
    """Return the sums of the pseudo-outcomes of a batch and of their squares, (runs, ARMS).

    Units of one side and outcome all have the same pseudo-outcome, so they are added at once.
    """
    arm, total = shares[:, 1:], units.sum(axis=1, keepdims=True)
    own, own_won, held, held_won = units[:, 1:], won[:, 1:], units[:, :1], won[:, :1]
    groups = (
        (0.0, False, False, total - own - held),
        (0.0, True, False, own - own_won),
        (1.0, True, False, own_won),
        (0.0, False, True, held - held_won),
        (1.0, False, True, held_won),
    )
    sums = np.zeros((2, *arm.shape))
    for outcome, in_arm, in_holdout, count in groups:
        phi = pseudo_outcome(
            outcome,
            in_arm=in_arm,
            in_holdout=in_holdout,
            arm_propensity=arm,
            holdout_share=shares[:, :1],
            arm_regressor=regressors[:, 1:],
            holdout_regressor=regressors[:, :1],
        )
        sums += count * np.stack([phi, phi * phi])
    return sums[0], sums[1]


def _verdicts(sums: _Sums) -> NDArray[np.bool_]:
    """Return which rules would promote which arms now, (runs, rules, ARMS)."""
    tried, won = np.maximum(sums.units, 1.0), sums.conversions
    own, own_won, held, held_won = tried[:, 1:], won[:, 1:], tried[:, :1], won[:, :1]
    both = own + held
    spread = difference_variance(own_won, own, held_won, held) * both
    plain = lower_bound(own_won / own - held_won / held, spread, both) > 0.0
    units = sums.units.sum(axis=1, keepdims=True)
    mean = sums.phi / units
    variance = np.maximum(sums.squared_phi / units - mean * mean, 0.0)
    weighted = lower_bound(mean, variance, units) > 0.0
    effective = sums.weight**2 / np.maximum(sums.squared_weight, 1.0)
    counted = weighted & enough(
        treated_units=own,
        treated_conversions=own_won,
        holdout_units=held,
        holdout_conversions=held_won,
        effective_sample_size=np.minimum(effective[:, 1:], effective[:, :1]),
    )
    ever = sums.evidence.p_value <= ALPHA
    above = sums.evidence.e_value >= 1.0 / ALPHA
    real = discoveries(sums.evidence.e_value)
    naive = _chance_to_beat(own_won, own, held_won, held) >= 0.95
    naive &= np.minimum(own, held) >= LEAST_UNITS
    return np.stack(
        [naive, plain, weighted, counted, ever, counted & above, counted & real], axis=1
    )


def _chance_to_beat(won: Vector, tried: Vector, held_won: Vector, held: Vector) -> Vector:
    """Return P(arm's rate > holdout's) under flat priors, exact where it might be 95 %.

    Elsewhere by the normal law of the logits, which is far from it too.
    """
    shape = won.shape
    alpha = np.stack([1.0 + won, np.broadcast_to(1.0 + held_won, shape)], axis=-1)
    beta = np.stack([1.0 + tried - won, np.broadcast_to(1.0 + held - held_won, shape)], axis=-1)
    centre = digamma(alpha) - digamma(beta)
    spread = np.sqrt((polygamma(1, alpha) + polygamma(1, beta)).sum(axis=-1))
    score: Vector = (centre[..., 0] - centre[..., 1]) / spread
    chance = np.asarray(ndtr(score), dtype=np.float64)
    close = (score > NEAR[0]) & (score < NEAR[1])
    chance[close] = best_probabilities_of_many(alpha[close], beta[close])[:, 0]
    return chance
