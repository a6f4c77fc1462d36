"""From counts to a policy: allow for late outcomes, pool, and find how probably each arm is best.

It takes seconds for ten thousand cells, so it works on a copy beside the server, and what it finds
comes back as a document.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eitp_server.bandit.decision import ANY, Cell
from eitp_server.bandit.delay import DelayHistogram, seen_share
from eitp_server.bandit.discount import FadingCounts
from eitp_server.bandit.lines import lines_of
from eitp_server.bandit.open_decisions import WAITING
from eitp_server.bandit.policy_table import (
    DEFAULT,
    MOST_SETS,
    CellPolicy,
    Exploration,
    PolicyTable,
    document_of,
)
from eitp_server.bandit.scope import Scopes, scope_priors
from eitp_server.bandit.selection import best_probabilities_of_many

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from eitp_server.bandit.frame import Frame
    from eitp_server.bandit.policy_table import Arms, Shape
    from eitp_server.bandit.selection import Vector

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
    """What to learn from, and what is known already; cheap to hand to another process."""

    frame: Frame
    asked: Mapping[Cell, Sequence[Arms]]
    """Sets of arms whose probabilities will be asked for and are not known, the newest last."""
    policy: NDArray[np.uint8]
    """What a `PolicyTable` dumped, its lines joined: what is known, and the terms in force."""
    terms: Mapping[str, Terms]
    """The terms from now on, by tenant."""
    now_us: int
    window_us: int
    half_life_us: int


def learn(lesson: Lesson) -> dict[str, Any] | None:
    """Return the document of everything that changed noticeably; None when nothing has."""
    table = PolicyTable()
    table.load(lines_of(lesson.policy))
    known, before = table.known(), table.explorations()
    shapes = posteriors(lesson)
    wanted = {cell: _sets(lesson.asked.get(cell, ()), known.get(cell)) for cell in shapes}
    explorations = {tenant: terms.exploration for tenant, terms in lesson.terms.items()}
    changed_terms = {
        tenant: exploration
        for tenant, exploration in explorations.items()
        if exploration != before.get(tenant, DEFAULT)
    }
    changed = {
        cell: shapes[cell]
        for cell in shapes
        if cell.tenant_id in changed_terms or _differs(shapes[cell], wanted[cell], known.get(cell))
    }
    if not changed and not changed_terms:
        return None
    choices = _choices({cell: wanted[cell] for cell in changed}, shapes, explorations)
    cells = {
        cell: CellPolicy(shapes=own, choices=choices.get(cell, {})) for cell, own in changed.items()
    }
    return document_of(cells, changed_terms)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What has been seen of the arms of one tenant; columns by row."""

    cell: list[Cell]
    arm: list[str]
    won: NDArray[np.float64]
    tried: NDArray[np.float64]
    """Faded, and corrected for delay."""


def posteriors(lesson: Lesson) -> dict[Cell, dict[str, Shape]]:
    """Return the posterior of every arm in every cell, and in what stands for unseen cells."""
    seen = _seen(lesson)
    cells: dict[str, set[Cell]] = defaultdict(set)
    arms: dict[str, set[str]] = defaultdict(set)
    for tenant_id, own in seen.items():
        cells[tenant_id].update(own.cell)
        arms[tenant_id].update(own.arm)
    for cell, sets in lesson.asked.items():
        cells[cell.tenant_id].add(cell)
        arms[cell.tenant_id].update(*sets)
    common = sorted(tenant for tenant in cells if lesson.terms.get(tenant, _NOBODY).sharing)
    alone = sorted(cells.keys() - set(common))
    found: dict[Cell, dict[str, Shape]] = {}
    for group in ([common] if common else []) + [[tenant] for tenant in alone]:
        found |= _group(group, cells, arms, seen, lesson.terms)
    return found


_NOBODY: Final = Terms()


def _group(
    tenants: Sequence[str],
    cells: Mapping[str, set[Cell]],
    arms: Mapping[str, set[str]],
    seen: Mapping[str, _Seen],
    terms: Mapping[str, Terms],
) -> dict[Cell, dict[str, Shape]]:
    """Return the posteriors of tenants that share one tree, or of one that has its own."""
    rows = [cell for tenant in tenants for cell in _with_wider(cells[tenant])]
    row_of = {cell: row for row, cell in enumerate(rows)}
    columns = {t: _columns(t, arms[t], terms.get(t, _NOBODY), len(tenants) > 1) for t in tenants}
    names = sorted({name for own in columns.values() for name in own.values()})
    place = {name: index for index, name in enumerate(names)}
    places = {t: {arm: place[name] for arm, name in own.items()} for t, own in columns.items()}
    won, tried = (np.zeros((len(rows), len(names))) for _ in range(2))
    present = np.zeros((len(rows), len(names)), np.bool_)
    for row, cell in enumerate(rows):
        present[row, list(places[cell.tenant_id].values())] = True
    for tenant, own in ((tenant, seen[tenant]) for tenant in tenants if tenant in seen):
        at = [row_of[cell] for cell in own.cell], [places[tenant][arm] for arm in own.arm]
        won[at], tried[at] = own.won, own.tried
    prior = scope_priors(
        won,
        tried,
        _scopes(rows, tenants),
        sharing=np.full(len(tenants), len(tenants) > 1),
        present=present,
    )
    alpha, beta = (_short(values) for values in prior.posterior(won, tried))
    return {
        cell: {arm: (a[column], b[column]) for arm, column in places[cell.tenant_id].items()}
        for cell, a, b in zip(rows, alpha, beta, strict=True)
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


def _seen(lesson: Lesson) -> dict[str, _Seen]:
    """Return successes and trials by tenant, faded and corrected for delay."""
    frame, half_life_s = lesson.frame, lesson.half_life_us / _SECOND_US
    faded = FadingCounts(successes=frame.successes, trials=frame.trials, at=frame.at)
    won, tried = faded.read(now=lesson.now_us / _SECOND_US, half_life=half_life_s)
    cells, arms = frame.places(), list(frame.arms)
    tenants: dict[str, int] = {}
    of_cell = np.array([tenants.setdefault(c.tenant_id, len(tenants)) for c in cells], np.int64)
    tenant = of_cell[frame.cell]
    delays = dict(json.loads(line) for line in frame.delays)
    for tenant_id, decisions in _split(tenant[frame.open.row], tenants).items():
        tau = _tau(lesson, delays.get(tenant_id), decisions)
        rows = frame.open.row[decisions]
        is_won = frame.open.delay_us[decisions] != WAITING
        if tau is not None:
            won += np.bincount(rows, is_won, len(won))
            tried += np.bincount(rows, tau, len(tried))
    counted = np.flatnonzero((tried > 0.0) | (won > 0.0))
    return {
        tenant_id: _Seen(
            cell=[cells[code] for code in frame.cell[rows].tolist()],
            arm=[arms[code] for code in frame.arm[rows].tolist()],
            won=won[rows],
            tried=tried[rows],
        )
        for tenant_id, rows in (
            (name, counted[own]) for name, own in _split(tenant[counted], tenants).items()
        )
    }


def _split(codes: NDArray[np.int64], names: Mapping[str, int]) -> dict[str, NDArray[np.intp]]:
    """Return where each name stands in `codes`, ascending, for those that do."""
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(len(names) + 1))
    parts = {name: order[bounds[code] : bounds[code + 1]] for name, code in names.items()}
    return {name: part for name, part in parts.items() if len(part)}


def _tau(
    lesson: Lesson, state: Mapping[str, Any] | None, decisions: NDArray[np.intp]
) -> NDArray[np.float64] | None:
    """Return how much of a trial open decisions are so far; None without a curve of the delays."""
    delays = DelayHistogram()
    if state is not None:
        delays.load(state)
    curve = delays.curve(now_s=lesson.now_us / _SECOND_US)
    if curve is None:
        return None
    age = (lesson.now_us - lesson.frame.open.decided_us[decisions]) / _SECOND_US
    return seen_share(curve, age, lesson.window_us / _SECOND_US)


def _sets(asked: Sequence[Arms], known: CellPolicy | None) -> tuple[Arms, ...]:
    """Return the sets of arms whose probabilities a cell should have, the newest first."""
    before = () if known is None else tuple(known.choices)
    return tuple(dict.fromkeys((*reversed(asked), *before)))[:MOST_SETS]


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


def _short(values: NDArray[np.float64]) -> list[list[float]]:
    """Return numbers with the digits that matter, so that documents stay small."""
    return [[float(f"{number:.{_DIGITS}g}") for number in row] for row in values.tolist()]
