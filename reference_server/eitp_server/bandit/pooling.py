"""What a cell learns from its siblings: Beta priors by empirical Bayes, in closed form.

Cells are rows and arms are columns. The rate of arm a in cell c scatters around r_c v_a, the effect
of the cell times that of the arm, with the variance of a Beta(kappa m, kappa (1 - m)): the spread
rho = 1 / (kappa + 1) is the intraclass correlation of the outcomes of one arm in one cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Matrix: TypeAlias = NDArray[np.float64]
    Indices: TypeAlias = NDArray[np.intp]

LEAST_SPREAD: Final = 1 / 5001
MOST_SPREAD: Final = 1 / 21
"""The spread is estimated from little: a prior is worth 20 to 5,000 trials, were its mean known."""
ARM_TRIALS: Final = 20.0
"""Pseudo-trials at the common rate that an arm's effect starts from."""
CELL_SUCCESSES: Final = 5.0
"""Pseudo-successes, and as many expected ones, that a cell's effect starts from."""
PASSES: Final = 6
_LEAST_RATE: Final = 1e-9
_LEAST_STRENGTH: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Beta priors: Beta(strength x mean, strength x (1 - mean))."""

    mean: Matrix
    """(cells, arms), inside 0..1."""
    strength: Matrix
    """(cells, arms), above 0: the trials that the prior is worth."""

    def posterior(self, successes: ArrayLike, trials: ArrayLike) -> tuple[Matrix, Matrix]:
        """Return alpha and beta, (cells, arms), once `successes` were seen in `trials`.

        Trials that are corrected for delay can be fewer than the successes: failures are never
        below zero.
        """
        won = np.asarray(successes, dtype=np.float64)
        lost = np.maximum(np.asarray(trials, dtype=np.float64) - won, 0.0)
        return self.strength * self.mean + won, self.strength * (1.0 - self.mean) + lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """Priors and what they rest on."""

    prior: Prior
    """Of each cell and arm, from the other cells; of an absent arm, what it would start from."""
    rates: Matrix
    """(cells, arms) rates that were fitted to all cells."""
    chi_square: float
    """Pearson's statistic of the counts against the fitted rates."""
    raw_spread: float
    """Estimate of rho before it is held between its bounds; nan without degrees of freedom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Which cells are siblings: those of one parent are consecutive rows."""

    parent: Indices
    """(cells,) number of each cell's parent, from 0, ascending without gaps."""
    starts: Indices
    """(parents,) first row of each parent."""

    @classmethod
    def of(cls, parent: Indices) -> Family:
        """Return the family of sorted parent numbers."""
        return cls(parent=parent, starts=np.flatnonzero(np.diff(parent, prepend=-1)))

    def sum(self, values: Matrix) -> Matrix:
        """Return the sums over the cells of each parent, (parents, ...)."""
        return np.add.reduceat(values, self.starts, axis=0)

    def size(self) -> Indices:
        """Return how many cells each parent has, (parents,)."""
        return np.diff(self.starts, append=len(self.parent))


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """The main effects of one level, fitted to the cells of every parent by itself."""

    arm: Matrix
    """(parents, arms) rates v."""
    cell: Matrix
    """(cells, 1) factors r."""
    rates: Matrix
    """(cells, arms), r v."""


def eb_pooling(
    successes: ArrayLike, trials: ArrayLike, *, parent_uncertainty: bool = True
) -> Pooled:
    """Return each arm's priors from its mean in the other cells, cells taken as exchangeable.

    `successes` and `trials` are (cells, arms) or (cells,), for one arm. The spread is the moment
    estimate of Kleinman 1973, JASA 68, 46-54, numerators and denominators summed over the arms.
    Without `parent_uncertainty` the mean of the others is taken as exact, as the textbook has it.
    An arm that no other cell has starts from the common rate, worth 20 trials.
    """
    s, n = _columns(successes, trials)
    total, won = n.sum(axis=0), s.sum(axis=0)
    rate = np.broadcast_to(_ratio(won, total, common_rate(s, n)), s.shape)
    pearson = _pearson(s, n, rate).sum(axis=0)
    lone = np.maximum((n > 0.0).sum(axis=0) - 1.0, 0.0)
    numerator = float((pearson - lone)[lone > 0.0].sum())
    within = total - _ratio((n * n).sum(axis=0), total, 0.0) - lone
    raw = _raw(numerator, float(within[lone > 0.0].sum()))
    others, others_won = total - n, won - s
    squares = (n * n).sum(axis=0) - n * n
    spread = np.full(s.shape, _held(raw))
    if parent_uncertainty:
        spread = _with_uncertainty(spread, others + ARM_TRIALS, squares)
        mean = (others_won + ARM_TRIALS * common_rate(s, n)) / (others + ARM_TRIALS)
    else:
        mean = _ratio(others_won, others, common_rate(s, n))
        spread = np.where(others > 0.0, spread, 1.0 / (ARM_TRIALS + 1.0))
    return Pooled(
        prior=_prior(mean, spread), rates=rate, chi_square=float(pearson.sum()), raw_spread=raw
    )


def eb_main_effects(
    successes: ArrayLike,
    trials: ArrayLike,
    *,
    present: NDArray[np.bool_] | None = None,
    arm_trials: float = ARM_TRIALS,
    cell_successes: float = CELL_SUCCESSES,
    passes: int = PASSES,
) -> Pooled:
    """Return each cell's priors from the effects of the arms in the other cells and its own effect.

    `successes` and `trials` are (cells, arms); counts where `present` is false, of arms that a cell
    never had, are not looked at. Without pseudo-counts the fit is the Poisson regression with main
    effects, whose normal equations it solves in turn.
    """
    s, n = _columns(successes, trials, present)
    family = Family.of(np.zeros(len(s), np.intp))
    start = np.full((1, s.shape[1]), common_rate(s, n))
    trust = np.full_like(start, arm_trials)
    effects = fit(s, n, family, start, trust, cell_successes=cell_successes, passes=passes)
    numerator, denominator = spread_terms(s, n, family, effects.rates)
    raw = _raw(float(numerator[0]), float(denominator[0]))
    spread = np.full((1, 1), _held(raw))
    return Pooled(
        prior=leave_one_out(s, n, family, effects, start, trust, spread),
        rates=effects.rates,
        chi_square=float(_pearson(s, n, effects.rates).sum()),
        raw_spread=raw,
    )


def common_rate(successes: Matrix, trials: Matrix) -> float:
    """Return the rate of all cells and arms together, with one pseudo-success in 40 trials."""
    return float((successes.sum() + 1.0) / (trials.sum() + 40.0))


def fit(
    successes: Matrix,
    trials: Matrix,
    family: Family,
    start: Matrix,
    trust: Matrix,
    *,
    own: tuple[Matrix, Matrix] | None = None,
    cell_successes: float = CELL_SUCCESSES,
    passes: int = PASSES,
) -> Effects:
    """Return the main effects in `passes` alternations.

    `start` and `trust`, (parents, arms), are what is known of the arms before: rates, and the
    trials they are worth. `own` are the counts that a cell's effect is read from when they are not
    those that its parent may learn from. The effect of an only child is 1: with nothing beside it,
    it cannot be told from that of its parent.
    """
    won, tried = own or (successes, trials)
    cell_won = won.sum(axis=1, keepdims=True) + cell_successes
    arm_won = family.sum(successes) + trust * start
    only = (family.size() < 2)[family.parent][:, None]
    cell = np.ones((len(successes), 1))
    arm = start
    for _ in range(passes):
        arm = _ratio(arm_won, family.sum(trials * cell) + trust, start)
        expected = np.einsum("ca,ca->c", tried, arm[family.parent])[:, None]
        cell = np.where(only, 1.0, _ratio(cell_won, expected + cell_successes, 1.0))
    return Effects(arm=arm, cell=cell, rates=cell * arm[family.parent])


def spread_terms(
    successes: Matrix, trials: Matrix, family: Family, rates: Matrix
) -> tuple[Matrix, Matrix]:
    """Return numerator and denominator, (parents,), of the moment estimate of the spread.

    Pearson's statistic less its degrees of freedom, over the sum of the trials less one. The fit
    follows part of the spread, which is therefore underestimated by the share that its parameters
    have in the counts. Parents whose cells leave no degree of freedom give zeros.
    """
    tried = trials > 0.0
    pearson = family.sum(_pearson(successes, trials, rates)).sum(axis=1)
    counts = family.sum(tried.astype(np.float64))
    cells = family.sum(tried.max(axis=1, keepdims=True).astype(np.float64))[:, 0]
    arms = np.count_nonzero(counts, axis=1)
    free = counts.sum(axis=1) - (cells + arms - 1.0)
    spare = family.sum(np.where(tried, trials - 1.0, 0.0)).sum(axis=1)
    known = free > 0.5
    return np.where(known, pearson - free, 0.0), np.where(known, spare, 0.0)


def held_spread(numerator: Matrix, denominator: Matrix) -> Matrix:
    """Return the spreads, within their bounds; the least where nothing speaks of one."""
    raw = _ratio(numerator, np.maximum(denominator, 0.0), LEAST_SPREAD)
    return np.clip(raw, LEAST_SPREAD, MOST_SPREAD)


def leave_one_out(
    successes: Matrix,
    trials: Matrix,
    family: Family,
    effects: Effects,
    start: Matrix,
    trust: Matrix,
    spread: Matrix,
) -> Prior:
    """Return the priors of all cells, each from its siblings and what was known before.

    `spread` is (parents, 1). The two parts of the uncertainty of the siblings' mean are added, that
    of the cell's effect is not: it moves all arms of a cell together and decides no choice among
    them. So as a statement about a single rate the prior is surer than it should be.
    """
    parent = family.parent
    effective = trials * effects.cell
    known = family.sum(effective) + trust
    others = np.maximum(known[parent] - effective, 0.0)
    won = family.sum(successes) + trust * start
    arm = _ratio(np.maximum(won[parent] - successes, 0.0), others, start[parent])
    square = effective * effective
    squares = np.maximum(family.sum(square)[parent] - square, 0.0)
    return _prior(effects.cell * arm, _with_uncertainty(spread[parent], others, squares))


def _with_uncertainty(spread: Matrix, others: Matrix, squares: Matrix) -> Matrix:
    weight = 1.0 / np.maximum(others, 1.0)
    return spread + weight + spread * squares * weight * weight


def _prior(mean: Matrix, spread: Matrix) -> Prior:
    return Prior(
        mean=np.clip(mean, _LEAST_RATE, 1.0 - _LEAST_RATE),
        strength=np.maximum(1.0 / spread - 1.0, _LEAST_STRENGTH),
    )


def _columns(
    successes: ArrayLike, trials: ArrayLike, present: NDArray[np.bool_] | None = None
) -> tuple[Matrix, Matrix]:
    s, n = (np.asarray(values, dtype=np.float64) for values in (successes, trials))
    if s.shape != n.shape or s.ndim not in (1, 2) or not s.size:
        raise ValueError(
            f"successes {s.shape} and trials {n.shape} must both be (cells, arms), none empty"
        )
    if s.ndim == 1:
        s, n = s[:, None], n[:, None]
    if present is not None:
        s, n = np.where(present, s, 0.0), np.where(present, n, 0.0)
    for name, values in (("successes", s), ("trials", n)):
        if not (np.isfinite(values).all() and values.min() >= 0.0):
            raise ValueError(f"{name} must be finite and not below 0")
    return s, n


def _pearson(successes: Matrix, trials: Matrix, rates: Matrix) -> Matrix:
    rate = np.clip(rates, _LEAST_RATE, 1.0 - _LEAST_RATE)
    missed = successes - trials * rate
    return _ratio(missed * missed, trials * rate * (1.0 - rate), 0.0)


def _ratio(above: Matrix, below: Matrix, otherwise: Matrix | float) -> Matrix:
    """Return above / below, and `otherwise` where `below` is not above 0."""
    shape = np.broadcast_shapes(above.shape, below.shape, np.shape(otherwise))
    found = np.empty(shape)
    found[...] = otherwise
    return np.divide(above, below, out=found, where=below > 0.0)


def _raw(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator > 0.0 else float("nan")


def _held(raw: float) -> float:
    return LEAST_SPREAD if np.isnan(raw) else min(max(raw, LEAST_SPREAD), MOST_SPREAD)
