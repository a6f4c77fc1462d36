"""From counts to a policy: allow for late outcomes, pool, and find how probably each arm is best.

It takes seconds for ten thousand cells, so it works on a copy beside the server, and what it finds
comes back as a document.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eitp_server.bandit.decision import ANY, Cell
from eitp_server.bandit.delay import DelayHistogram, seen_share
from eitp_server.bandit.policy_table import (
    DEFAULT,
    MOST_SETS,
    CellPolicy,
    Exploration,
    document_of,
)
from eitp_server.bandit.scope import Scopes, scope_priors
from eitp_server.bandit.selection import best_probabilities_of_many
from eitp_server.bandit.tally import WAITING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from eitp_server.bandit.policy_table import Arms, Shape
    from eitp_server.bandit.selection import Vector
    from eitp_server.bandit.tally import Frame, Key

NOTICEABLE: Final = 1e-3
"""Relative change of a posterior below which a cell is not sent anew."""
_SECOND_US: Final = 1_000_000
_DIGITS: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a tenant wants, and what it offers."""

    arms: Mapping[str, str] = field(default_factory=dict[str, str])
    """Each arm of the catalogue and the family in which it is compared with other tenants' arms:
    its kind, or its own name when there is nothing like it."""
    sharing: bool = False
    """The tenant lets others learn from it, and learns from them."""
    exploration: Exploration = DEFAULT


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What to learn from, and what is known already."""

    frame: Frame
    asked: Mapping[Cell, Sequence[Arms]]
    """Sets of arms whose probabilities will be asked for."""
    known: Mapping[Cell, CellPolicy]
    explorations: Mapping[str, Exploration]
    """The terms in force."""
    terms: Mapping[str, Terms]
    """The terms from now on, by tenant."""
    window_us: int
    half_life_us: int


def learn(lesson: Lesson) -> dict[str, Any] | None:
    """Return the document of everything that changed noticeably; None when nothing has."""
    shapes = posteriors(lesson)
    wanted = {cell: _sets(lesson, cell) for cell in shapes}
    explorations = {tenant: terms.exploration for tenant, terms in lesson.terms.items()}
    changed_terms = {
        tenant: exploration
        for tenant, exploration in explorations.items()
        if exploration != lesson.explorations.get(tenant, DEFAULT)
    }
    changed = {
        cell: shapes[cell]
        for cell in shapes
        if cell.tenant_id in changed_terms
        or _differs(shapes[cell], wanted[cell], lesson.known.get(cell))
    }
    if not changed and not changed_terms:
        return None
    choices = _choices({cell: wanted[cell] for cell in changed}, shapes, explorations)
    cells = {
        cell: CellPolicy(shapes=own, choices=choices.get(cell, {})) for cell, own in changed.items()
    }
    return document_of(cells, changed_terms)


def posteriors(lesson: Lesson) -> dict[Cell, dict[str, Shape]]:
    """Return the posterior of every arm in every cell, and in what stands for unseen cells."""
    counts = _counts(lesson)
    cells: dict[str, set[Cell]] = defaultdict(set)
    arms: dict[str, set[str]] = defaultdict(set)
    for cell, arm in counts:
        cells[cell.tenant_id].add(cell)
        arms[cell.tenant_id].add(arm)
    for cell, sets in lesson.asked.items():
        cells[cell.tenant_id].add(cell)
        arms[cell.tenant_id].update(*sets)
    common = sorted(tenant for tenant in cells if lesson.terms.get(tenant, _NOBODY).sharing)
    alone = sorted(cells.keys() - set(common))
    found: dict[Cell, dict[str, Shape]] = {}
    for group in ([common] if common else []) + [[tenant] for tenant in alone]:
        found |= _group(group, cells, arms, counts, lesson.terms)
    return found


_NOBODY: Final = Terms()


def _group(
    tenants: Sequence[str],
    cells: Mapping[str, set[Cell]],
    arms: Mapping[str, set[str]],
    counts: Mapping[Key, tuple[float, float]],
    terms: Mapping[str, Terms],
) -> dict[Cell, dict[str, Shape]]:
    """Return the posteriors of tenants that share one tree, or of one that has its own."""
    rows = [cell for tenant in tenants for cell in _with_wider(cells[tenant])]
    columns = {t: _columns(t, arms[t], terms.get(t, _NOBODY), len(tenants) > 1) for t in tenants}
    names = sorted({name for own in columns.values() for name in own.values()})
    place = {name: index for index, name in enumerate(names)}
    won, tried, present = (np.zeros((len(rows), len(names))) for _ in range(3))
    for row, cell in enumerate(rows):
        for arm, name in columns[cell.tenant_id].items():
            won[row, place[name]], tried[row, place[name]] = counts.get((cell, arm), (0.0, 0.0))
            present[row, place[name]] = 1.0
    prior = scope_priors(
        won,
        tried,
        _scopes(rows, tenants),
        sharing=np.full(len(tenants), len(tenants) > 1),
        present=present > 0.0,
    )
    alpha, beta = prior.posterior(won, tried)
    return {
        cell: {
            arm: (_short(alpha[row, place[name]]), _short(beta[row, place[name]]))
            for arm, name in columns[cell.tenant_id].items()
        }
        for row, cell in enumerate(rows)
    }


def _with_wider(cells: Iterable[Cell]) -> list[Cell]:
    """Return cells and, without counts of their own, what stands for those not seen yet."""
    every = set(cells)
    every.update(wider for cell in list(every) for wider in cell.wider())
    return sorted(every, key=lambda cell: (cell.vertical, cell.label, cell.page_section))


def _columns(tenant_id: str, arms: Iterable[str], terms: Terms, shared: bool) -> dict[str, str]:
    """Return the column of each arm: its own name, or what it is compared with elsewhere."""
    own = sorted({"", *arms, *terms.arms})
    if not shared:
        return {arm: arm for arm in own}
    taken: set[str] = set()
    columns: dict[str, str] = {}
    for arm in own:
        family = terms.arms.get(arm, "") if arm else ""
        alone = bool(arm) and (not family or family in taken)
        columns[arm] = f"{tenant_id}/{arm}" if alone else family
        taken.add(columns[arm])
    return columns


def _scopes(rows: Sequence[Cell], tenants: Sequence[str]) -> Scopes:
    verticals = {name: i for i, name in enumerate(sorted({cell.vertical for cell in rows}))}
    numbers = {name: i for i, name in enumerate(tenants)}
    return Scopes(
        vertical=np.array([verticals[cell.vertical] for cell in rows], np.int64),
        emotion=np.array([cell.label - ANY for cell in rows], np.int64),
        page_section=np.array([cell.page_section - ANY for cell in rows], np.int64),
        tenant=np.array([numbers[cell.tenant_id] for cell in rows], np.int64),
    )


def _counts(lesson: Lesson) -> dict[Key, tuple[float, float]]:
    """Return successes and trials of every arm in every cell, faded and corrected for delay."""
    frame = lesson.frame
    now_s, half_life_s = frame.now_us / _SECOND_US, lesson.half_life_us / _SECOND_US
    counts = {
        key: faded.read(now=now_s, half_life=half_life_s) for key, faded in frame.faded.items()
    }
    by_tenant: dict[str, list[Key]] = defaultdict(list)
    for key in frame.waiting:
        by_tenant[key[0].tenant_id].append(key)
    for tenant_id, keys in by_tenant.items():
        for key, won, tried in _seen(tenant_id, keys, lesson):
            before = counts.get(key, (0.0, 0.0))
            counts[key] = before[0] + won, before[1] + tried
    return counts


def _seen(
    tenant_id: str, keys: Sequence[Key], lesson: Lesson
) -> Iterator[tuple[Key, float, float]]:
    """Yield what the open decisions of a tenant count; nothing without a curve of its delays."""
    frame = lesson.frame
    delays = DelayHistogram()
    if tenant_id in frame.delays:
        delays.load(frame.delays[tenant_id])
    curve = delays.curve(now_s=frame.now_us / _SECOND_US)
    if curve is None:
        return
    entries = np.array([entry for key in keys for entry in frame.waiting[key]], np.int64)
    starts = np.cumsum([0, *(len(frame.waiting[key]) for key in keys[:-1])])
    age = (frame.now_us - entries[:, 0]) / _SECOND_US
    tau = seen_share(curve, age, lesson.window_us / _SECOND_US)
    won = np.add.reduceat((entries[:, 1] != WAITING).astype(np.float64), starts)
    tried = np.add.reduceat(tau, starts)
    yield from zip(keys, won.tolist(), tried.tolist(), strict=True)


def _sets(lesson: Lesson, cell: Cell) -> tuple[Arms, ...]:
    """Return the sets of arms whose probabilities a cell should have, those in use included."""
    known = lesson.known.get(cell)
    before = () if known is None else tuple(known.choices)
    every = dict.fromkeys((*lesson.asked.get(cell, ()), *before))
    return tuple(sorted(list(every)[:MOST_SETS]))


def _differs(shapes: Mapping[str, Shape], sets: Sequence[Arms], known: CellPolicy | None) -> bool:
    if known is None or shapes.keys() != known.shapes.keys():
        return True
    if not known.choices.keys() >= set(sets):
        return True
    old = np.array([known.shapes[arm] for arm in shapes])
    new = np.array(list(shapes.values()))
    return bool((np.abs(new - old) > NOTICEABLE * old).any())


def _choices(
    wanted: Mapping[Cell, Sequence[Arms]],
    shapes: Mapping[Cell, Mapping[str, Shape]],
    explorations: Mapping[str, Exploration],
) -> dict[Cell, dict[Arms, tuple[float, ...]]]:
    """Return the choice probabilities of each wanted set, those of equal size together."""
    by_size: dict[int, list[tuple[Cell, Arms]]] = defaultdict(list)
    for cell, sets in wanted.items():
        for arms in sets:
            if all(arm in shapes[cell] for arm in arms):
                by_size[len(arms)].append((cell, arms))
    found: dict[Cell, dict[Arms, tuple[float, ...]]] = defaultdict(dict)
    for pairs in by_size.values():
        values = np.array([[shapes[cell][arm] for arm in arms] for cell, arms in pairs])
        best = best_probabilities_of_many(values[:, :, 0], values[:, :, 1])
        for (cell, arms), weights in zip(pairs, best, strict=True):
            found[cell][arms] = _chances(weights, explorations.get(cell.tenant_id, DEFAULT))
    return found


def _chances(best: Vector, exploration: Exploration) -> tuple[float, ...]:
    return tuple(exploration.probabilities(best).tolist())


def _short(number: NDArray[np.float64]) -> float:
    """Return a number with the digits that matter, so that documents stay small."""
    return float(f"{float(number):.{_DIGITS}g}")
