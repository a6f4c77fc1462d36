"""Exact Thompson sampling: how probable each arm is to be the best, and what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc, betaln, digamma, expit, log_expit, polygamma

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Vector: TypeAlias = NDArray[np.float64]

REACH = 24.0
"""Standard deviations of the logit over which a posterior is integrated; its tails are heavy."""
NODES = 256
NODES_FOR_MANY = 512
MANY = 20
"""More arms than this are integrated on the finer grid."""
NUMBERS_AT_ONCE = 65_536
"""How many values of a function are held at once for many cells."""
NEGLIGIBLE = 1e-17
"""What may be left out at a node, where the nodes of a cell sum to 10 or more."""
TINY = 1e-300


def best_probabilities(alpha: Vector, beta: Vector) -> Vector:
    """Return P(arm has the highest rate) for independent Beta(alpha, beta) posteriors.

    `alpha` and `beta` are (K,), above 0; the result is (K,) and sums to 1. With F the distribution
    functions and f the densities over the logit u of the rate, the value of arm i is the integral
    of f_i(u) prod_{j != i} F_j(u).
    """
    return best_probabilities_of_many(alpha[None], beta[None])[0]


def best_probabilities_of_many(alpha: Vector, beta: Vector) -> Vector:
    """Return `best_probabilities` of every row; `alpha`, `beta` and the result are (cells, K).

    Rows are worked on a few at a time, so that what lies between fits a processor's cache.
    """
    rows = max(1, NUMBERS_AT_ONCE // (_nodes(alpha.shape[1]) * max(alpha.shape[1], 1)))
    found = np.empty(alpha.shape)
    for first in range(0, len(alpha), rows):
        a, b = alpha[first : first + rows], beta[first : first + rows]
        mass, _, starts = _mass_of_best(a, b)
        probability = np.add.reduceat(mass, starts, axis=1)
        found[first : first + rows] = (probability / probability.sum(axis=0)).T
    return found


def expected_loss(alpha: Vector, beta: Vector) -> Vector:
    """Return E[highest rate - rate of the arm], (K,): the price of choosing each arm for good.

    The least of them is all that further exploring can gain on average: where it is below what a
    shop cares for, the search for the best arm may stop.
    """
    mass, rate, _ = _mass_of_best(alpha[None], beta[None])
    highest = mass.sum(axis=0)
    return highest @ rate / highest.sum() - alpha / (alpha + beta)


DEFAULT_FLOOR = 0.05


def exploration_floor(arms: int, wanted: float = DEFAULT_FLOOR) -> float:
    """Return the probability that each of `arms` arms keeps, however bad it looks.

    It is the `wanted` one, unless that gave chance more than half of the choices.
    """
    return min(wanted, 0.5 / arms)


def with_floor(best: Vector, floor: float) -> Vector:
    """Mix `best` with the uniform vector so that no arm falls below `floor`; order is kept.

    Raising the low ones and dividing by the sum would push them below the floor again.
    """
    spare = 1.0 - len(best) * floor
    return floor + spare * best if spare > 0.0 else np.full_like(best, 1.0 / len(best))


def top_two(best: Vector, leader_share: float = 0.5) -> Vector:
    """Return the probabilities of top-two Thompson sampling, which looks for the best arm.

    A draw goes to the sampled leader with `leader_share`, above 0, else to the best of the others:
    psi_i = w_i (share + (1 - share) sum_{j != i} w_j / (1 - w_j)), the closed form of Russo,
    "Simple Bayesian Algorithms for Best-Arm Identification". A certain leader takes all.
    """
    challengers = np.where(np.eye(len(best), dtype=bool), 0.0, best[:, None])
    rest = np.maximum(challengers.sum(axis=0), np.finfo(np.float64).tiny)
    mixed = leader_share * best + (1.0 - leader_share) * ((challengers / rest) @ best)
    return mixed / mixed.sum()


def total_propensity(probability: float, *, holdout_share: float, holdout: bool) -> float:
    """Return the probability of what happened, the draw of the holdout included."""
    return holdout_share if holdout else (1.0 - holdout_share) * probability


def _nodes(arms: int) -> int:
    return NODES if arms <= MANY else NODES_FOR_MANY


def _grid(alpha: Vector, beta: Vector) -> tuple[Vector, Vector]:
    """Return nodes (..., n) over the logit and their weights, by the trapezoid rule over t.

    The best arm is above every arm's lower tail, so the highest of these is the lower end. With
    u = low + c sinh(t) the nodes are dense there, where a well-known arm is narrow, and reach the
    upper tail of an unknown one. Evenly spaced nodes step over the narrow one: for
    Beta(2000, 60000) beside Beta(1, 19) they are off by 0.03, for ten times the evidence by 0.46.
    """
    centre: Vector = digamma(alpha) - digamma(beta)
    spread = np.sqrt(polygamma(1, alpha) + polygamma(1, beta))
    low = (centre - REACH * spread).max(axis=-1, keepdims=True)
    scale = REACH * spread.min(axis=-1, keepdims=True)
    high = (centre + REACH * spread).max(axis=-1, keepdims=True)
    t = np.arcsinh((high - low) / scale) * np.linspace(0.0, 1.0, _nodes(alpha.shape[-1]))
    return low + scale * np.sinh(t), np.cosh(t)


def _mass_of_best(alpha: Vector, beta: Vector) -> tuple[Vector, Vector, NDArray[np.intp]]:
    """Return where the best arm lies in each of the (cells, K), node by node that matters.

    The first is (K, m): the mass with which arm k is the best at a node, as it comes; the second
    the rates of the nodes, (m,); the third, (cells,), where each cell begins among the m.

    The distribution functions F are dear, so they are not computed where a bound shows that they
    do not count. The slope g = a - (a + b) x of log f falls with u. So F(u), the integral of f'/g
    up to u, is at most f/g where g > 0, and 1 - F at most f/-g where g < 0. With U = f / max(f, g)
    no F is above its U, and the masses at a node sum to at most B = du prod_j U_j sum_k max(f_k,
    g_k). A node with B below NEGLIGIBLE is left out. Where B f_j/-g_j is, F_j counts as 1: by
    that the masses sum to at most so much more. The trapezoid sum of n nodes at distance T/(n - 1)
    over t comes to (n - 1)/T, so the error is below T (K + 1) NEGLIGIBLE of it: for 40 arms
    whose spreads are 1e7 apart, where T is 18, below 1e-14.
    """
    u, du = _grid(alpha, beta)
    rate = expit(u)
    density = _density(alpha.T[..., None], beta.T[..., None], u)
    bound = _bound(density, _slope(alpha.T[..., None], beta.T[..., None], rate)) * du
    # Compared this way round, the greatest is always kept, whatever it is.
    kept = ~(bound < NEGLIGIBLE * np.minimum(bound.max(axis=-1, keepdims=True), 1.0))
    at = np.flatnonzero(kept)
    cell = at // kept.shape[1]
    rate, bound = rate.take(at), bound.take(at)
    density = density.reshape(len(density), -1).take(at, axis=1)
    a, b = np.take(alpha.T, cell, axis=1), np.take(beta.T, cell, axis=1)
    below = np.ones(density.shape)
    counts = bound * density >= -NEGLIGIBLE * _slope(a, b, rate)
    betainc(a, b, rate, out=below, where=counts)
    mass = _times_the_others(density * du.take(at), below)
    return mass, rate, np.searchsorted(cell, np.arange(len(alpha)))


def _density(a: Vector, b: Vector, u: Vector) -> Vector:
    """Return the densities over the logit u, in place: memory costs as much as arithmetic here."""
    density = a * log_expit(u)
    density += b * log_expit(-u)
    density -= betaln(a, b)
    return np.exp(density, out=density)


def _slope(a: Vector, b: Vector, rate: Vector) -> Vector:
    slope = (a + b) * rate
    return np.subtract(a, slope, out=slope)


def _bound(density: Vector, slope: Vector) -> Vector:
    """Return an upper bound of sum_k f_k prod_{j != k} F_j of the (K, ...) arms: (...)."""
    # A density that underflowed above its arm must not make the arm's F small.
    density = np.maximum(density, TINY)
    ceiling = np.maximum(density, slope, out=slope)
    bound = ceiling.sum(axis=0)
    bound *= np.divide(density, ceiling, out=density).prod(axis=0)
    return bound


def _times_the_others(density: Vector, below: Vector) -> Vector:
    """Multiply the density of each of the (K, m) arms by the F of all the others, in place."""
    for order in (range(len(below)), reversed(range(len(below)))):
        product = np.ones(below.shape[1])
        for arm in order:
            density[arm] *= product
            product *= below[arm]
    return density
