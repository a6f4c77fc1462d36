"""Priors down the scope tree: everywhere, vertical, emotion, page section, tenant.

A level at a time, the children of each node get priors from their siblings and from what the node
itself was given, so that a cell without evidence stands where its nearest relatives do. Tenants
that agreed share one tree, under rules that no tenant can be read out of; each other tenant has a
tree of its own, in which no number of anybody else occurs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.bandit.pooling import (
    ARM_TRIALS,
    Family,
    Prior,
    fit,
    held_spread,
    leave_one_out,
    spread_terms,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from eitp_server.bandit.pooling import Indices, Matrix

LEAST_TENANTS: Final = 5
"""A number is shared only when so many tenants' trials are in it."""
MOST_WEIGHT: Final = 0.25
"""Share of a shared number's trials that one tenant can have."""
LEVELS: Final = ("vertical", "emotion", "page_section", "tenant")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scopes:
    """Where cells belong: codes from 0, each (cells,); which numbers stand for what is free."""

    vertical: Indices
    emotion: Indices
    page_section: Indices
    tenant: Indices


def scope_priors(
    successes: ArrayLike,
    trials: ArrayLike,
    scopes: Scopes,
    *,
    sharing: NDArray[np.bool_],
    present: NDArray[np.bool_] | None = None,
) -> Prior:
    """Return the prior of every cell and arm, in the order of the rows.

    `successes` and `trials` are (cells, arms), discounted or corrected for delay or not; counts
    where `present` is false are not looked at. `sharing` is (tenants,): who agreed to pool. Fewer
    than five such tenants pool nothing. Raises ValueError when two rows are the same cell or when
    shapes differ.
    """
    tree = _Tree.of(scopes, sharing)
    s, n = (_sorted(values, present, tree.order) for values in (successes, trials))
    prior = _root(s, n, tree)
    for depth in range(len(LEVELS)):
        prior = _descend(s, n, tree, depth, prior)
    back = np.argsort(tree.order)
    return Prior(mean=prior.mean[back], strength=prior.strength[back])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tree:
    order: Indices
    """Rows of the cells, sorted by pool and then down the levels."""
    nodes: tuple[Indices, ...]
    """For each depth the node of each sorted cell, ascending; the roots first."""
    pool: Indices
    """(cells,) sorted: 0 for the common pool."""
    tenant: Indices

    @classmethod
    def of(cls, scopes: Scopes, sharing: NDArray[np.bool_]) -> _Tree:
        columns = [getattr(scopes, level) for level in LEVELS]
        if scopes.tenant.max() >= len(sharing):
            raise ValueError(
                f"sharing is known of {len(sharing)} tenants; row "
                f"{int(scopes.tenant.argmax())} is of tenant {scopes.tenant.max()}"
            )
        agreed = sharing[scopes.tenant]
        enough = len(np.unique(scopes.tenant[agreed])) >= LEAST_TENANTS
        pool = np.where(agreed & enough, 0, scopes.tenant + 1)
        order = np.lexsort([*reversed(columns), pool])
        path = [column[order] for column in (pool, *columns)]
        fresh = np.zeros(len(order), np.bool_)
        nodes: list[Indices] = []
        for column in path:
            fresh = fresh | (np.diff(column, prepend=-1) != 0)
            nodes.append(np.cumsum(fresh) - 1)
        if not fresh.all():
            row = int(order[np.flatnonzero(~fresh)[0]])
            raise ValueError(f"row {row} is the cell of another row; add their counts first")
        return cls(order=order, nodes=tuple(nodes), pool=path[0], tenant=path[-1])


def _root(s: Matrix, n: Matrix, tree: _Tree) -> Prior:
    roots = Family.of(tree.nodes[0])
    weight = _shared(n, tree, 0)
    won = roots.sum(s * weight).sum(axis=1, keepdims=True)
    tried = roots.sum(n * weight).sum(axis=1, keepdims=True)
    rate = np.broadcast_to((won + 1.0) / (tried + 40.0), (len(won), s.shape[1]))
    return Prior(mean=rate, strength=np.full(rate.shape, ARM_TRIALS - 1.0))


def _descend(s: Matrix, n: Matrix, tree: _Tree, depth: int, known: Prior) -> Prior:
    """Return the priors of the nodes one level below `depth`, whose nodes `known` is about."""
    children = Family.of(tree.nodes[depth + 1])
    family = Family.of(tree.nodes[depth][children.starts])
    weight = _shared(n, tree, depth)
    counts = children.sum(s * weight), children.sum(n * weight)
    # A tenant's own level may be read from all it has: that stays in its own prior.
    own = (s, n) if depth + 1 == len(LEVELS) else counts
    trust = known.strength + 1.0
    effects = fit(*counts, family, known.mean, trust, own=own)
    spread = _spread(*counts, family, effects.rates, tree.nodes[0][children.starts][family.starts])
    return leave_one_out(*counts, family, effects, known.mean, trust, spread)


def _spread(s: Matrix, n: Matrix, family: Family, rates: Matrix, root: Indices) -> Matrix:
    """Return the spread of each parent's children, (parents, 1), common to a level of a tree."""
    numerator, denominator = (
        np.bincount(root, part).astype(np.float64) for part in spread_terms(s, n, family, rates)
    )
    return held_spread(numerator, denominator)[root][:, None]


def _shared(n: Matrix, tree: _Tree, depth: int) -> Matrix:
    """Return the share, (cells, arms), of each cell's trials that nodes at `depth` may learn from.

    In a tree of one tenant it is 1. In the common pool a node learns of an arm from five tenants
    or more or not at all, and a tenant's trials are cut to a quarter of what is left of all.
    """
    common = tree.pool == 0
    weight = np.ones(n.shape)
    if not common.any():
        return weight
    rows = np.flatnonzero(common)
    node, tenant = tree.nodes[depth][rows], tree.tenant[rows]
    order = np.lexsort([tenant, node])
    fresh = (np.diff(node[order], prepend=-1) != 0) | (np.diff(tenant[order], prepend=-1) != 0)
    holding = Family.of(np.cumsum(fresh) - 1)
    held = holding.sum(n[rows[order]])
    kept = _kept(held, Family.of(node[order][holding.starts]))
    weight[rows[order]] = kept[holding.parent]
    return weight


def _kept(held: Matrix, nodes: Family) -> Matrix:
    """Return the share of each tenant's trials, (holdings, arms), that its node keeps.

    The limit is a quarter of the trials after all are cut to it. At most three tenants lie above
    the limit, and each round finds one more of them or none.
    """
    limit = MOST_WEIGHT * nodes.sum(held)
    for _ in range(3):
        above = held > limit[nodes.parent]
        if not above.any():
            break
        rest = nodes.sum(np.where(above, 0.0, held))
        cut = nodes.sum(above.astype(np.float64))
        limit = MOST_WEIGHT * rest / np.maximum(1.0 - MOST_WEIGHT * cut, MOST_WEIGHT)
    tenants = nodes.sum((held > 0.0).astype(np.float64))
    limit = np.where(tenants >= LEAST_TENANTS, limit, 0.0)[nodes.parent]
    share = np.divide(limit, held, out=np.ones(held.shape), where=held > 0.0)
    return np.minimum(share, 1.0)


def _sorted(values: ArrayLike, present: NDArray[np.bool_] | None, order: Indices) -> Matrix:
    counts = np.asarray(values, dtype=np.float64)
    if counts.ndim != 2 or len(counts) != len(order):
        raise ValueError(f"counts {counts.shape} must be (cells, arms) of {len(order)} cells")
    if not (np.isfinite(counts).all() and (counts >= 0.0).all()):
        raise ValueError("counts must be finite and not below 0")
    return (counts if present is None else np.where(present, counts, 0.0))[order]
