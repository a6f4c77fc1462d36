"""The policy that decides now: the choice probabilities of every cell, replaced as a whole.

What was learnt arrives as a document with an identity. Decisions look probabilities up; only a set
of arms that the document does not know is computed on the spot, from the posteriors in it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eitp_server.bandit.decision import Cell
from eitp_server.bandit.digest import identifier
from eitp_server.bandit.selection import (
    DEFAULT_FLOOR,
    best_probabilities,
    exploration_floor,
    top_two,
    with_floor,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from eitp_server.bandit.selection import Vector

POLICY_VERSION: Final = "thompson/2"
PRIOR: Final = (1.0, 19.0)
"""Alpha and beta of an arm that nothing is known of, here or elsewhere: twenty trials at 5 %."""
MOST_SETS: Final = 64
"""Sets of arms of one cell whose probabilities are kept."""
_GRAIN: Final = 2.0**-40
"""Probabilities are multiples of it, so that another machine's last digits change no choice."""

Arms = tuple[str, ...]
"""Ascending; the empty string, 'no intervention', comes first."""
Shape = tuple[float, float]
"""Alpha and beta of a Beta distribution."""


class Goal(StrEnum):
    """What the choice is for."""

    MOST_SUCCESSES = "most_successes"
    """As many successes as possible on the way: Thompson sampling."""
    FIND_BEST = "find_best"
    """To know the best arm soon: top-two Thompson sampling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploration:
    """How a tenant wants chance to be dealt."""

    floor: float | None = None
    """Least probability of each arm; None is the default."""
    goal: Goal = Goal.MOST_SUCCESSES

    def probabilities(self, best: Vector) -> Vector:
        """Return the choice probabilities of arms, (K,), by how probably each is the best."""
        wanted = top_two(best) if self.goal is Goal.FIND_BEST else best
        wished = DEFAULT_FLOOR if self.floor is None else self.floor
        floored = with_floor(wanted, exploration_floor(len(best), wished))
        return np.round(floored / _GRAIN) * _GRAIN


DEFAULT: Final = Exploration()


@dataclass(frozen=True, slots=True, kw_only=True)
class CellPolicy:
    """What was learnt about one cell."""

    shapes: Mapping[str, Shape]
    """The posterior of each arm."""
    choices: Mapping[Arms, tuple[float, ...]] = field(
        default_factory=dict["tuple[str, ...]", "tuple[float, ...]"]
    )
    """The probabilities of the sets of arms that were asked for before."""
    snapshot_id: str = ""

    def as_row(self, cell: Cell) -> list[Any]:
        """Return the policy of `cell` as JSON values, as a document lists it."""
        choices = [[list(arms), list(chances)] for arms, chances in sorted(self.choices.items())]
        return [cell.as_row(), dict(sorted(self.shapes.items())), choices]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The probabilities of one set of arms in one cell at one moment."""

    snapshot_id: str
    """Identity of the document that lists the probabilities, or else of all that they were computed
    from on the spot: documents and the tenant's terms."""
    arms: Arms
    probabilities: tuple[float, ...]
    cumulative: tuple[float, ...]
    """Running sums of the probabilities."""


class PolicyTable:
    """Everything that was learnt, ready to be looked up."""

    def __init__(self) -> None:
        self._cells: dict[Cell, CellPolicy] = {}
        self._exploration: dict[str, Exploration] = {}
        self._lines: dict[Cell, str] = {}
        """What `dump` says of each cell."""
        self._found: dict[Cell, dict[Arms, Snapshot]] = {}
        """What was looked up since the last change; follows from the rest."""
        self._asked: dict[Cell, dict[Arms, None]] = {}

    def snapshot(self, cell: Cell, arms: Arms) -> Snapshot:
        """Return the probabilities of `arms` within `cell`."""
        of_cell = self._found.get(cell)
        found = None if of_cell is None else of_cell.get(arms)
        return self._look_up(cell, arms) if found is None else found

    def shapes(self, cell: Cell, arms: Iterable[str]) -> list[Shape]:
        """Return the posterior of each arm in `cell`: its own, or else that of what is wider."""
        places = [self._cells[each].shapes for each in (cell, *cell.wider()) if each in self._cells]
        return [next((shapes[arm] for shapes in places if arm in shapes), PRIOR) for arm in arms]

    def install(self, document: Mapping[str, Any]) -> None:
        """Take over a document of `document_of`: at once, between two decisions."""
        for tenant_id, floor, goal in document["exploration"]:
            self._exploration[tenant_id] = Exploration(floor=floor, goal=Goal(goal))
        for row in document["cells"]:
            self._keep(row, document["snapshot_id"])
        # Also for other cells: what is wider than they are may have changed.
        self._found.clear()

    def forget(self, tenant_id: str, arm: str) -> None:
        """Forget what is known of an arm of a tenant, which is not what it was any more."""
        for cell, known in list(self._cells.items()):
            if cell.tenant_id == tenant_id and arm in known.shapes:
                shapes = {other: shape for other, shape in known.shapes.items() if other != arm}
                choices = {arms: p for arms, p in known.choices.items() if arm not in arms}
                kept = CellPolicy(shapes=shapes, choices=choices)
                self._keep(kept.as_row(cell), identifier("snp_", known.snapshot_id, arm))
        self._found.clear()

    def known(self) -> dict[Cell, CellPolicy]:
        """Return what was learnt of each cell."""
        return dict(self._cells)

    def explorations(self) -> dict[str, Exploration]:
        """Return the terms of each tenant that has some."""
        return dict(self._exploration)

    def asked(self) -> dict[Cell, tuple[Arms, ...]]:
        """Return which sets of arms were looked up in each cell since the start of the process."""
        return {cell: tuple(sets) for cell, sets in self._asked.items()}

    def dump(self) -> list[str]:
        """Return the state as lines of JSON; equal states give equal lines, order included."""
        terms = [_terms(*item) for item in sorted(self._exploration.items())]
        cells = sorted(self._cells, key=lambda cell: tuple(map(str, cell.as_row())))
        return [json.dumps(terms), *(self._lines[cell] for cell in cells)]

    def load(self, lines: Iterable[str]) -> None:
        """Take over what `dump` returned."""
        terms, *rows = json.loads(f"[{','.join(lines)}]")
        self._cells, self._exploration, self._lines, self._found = {}, {}, {}, {}
        for tenant_id, floor, goal in terms:
            self._exploration[tenant_id] = Exploration(floor=floor, goal=Goal(goal))
        for snapshot_id, *row in rows:
            self._keep(row, snapshot_id)

    def _keep(self, row: Sequence[Any], snapshot_id: str) -> None:
        names, shapes, choices = row
        cell = Cell.from_row(names)
        self._cells[cell] = CellPolicy(
            shapes={arm: (alpha, beta) for arm, (alpha, beta) in shapes.items()},
            choices={tuple(arms): tuple(chances) for arms, chances in choices},
            snapshot_id=snapshot_id,
        )
        self._lines[cell] = _encode([snapshot_id, *row])

    def _look_up(self, cell: Cell, arms: Arms) -> Snapshot:
        known = self._cells.get(cell)
        chances = None if known is None else known.choices.get(arms)
        if chances is None:
            alpha, beta = np.array(self.shapes(cell, arms), dtype=np.float64).T
            exploration = self._exploration.get(cell.tenant_id, DEFAULT)
            chances = tuple(exploration.probabilities(best_probabilities(alpha, beta)).tolist())
        found = Snapshot(
            snapshot_id=self._snapshot_id(cell, arms),
            arms=arms,
            probabilities=chances,
            cumulative=tuple(accumulate(chances)),
        )
        self._found.setdefault(cell, {})[arms] = found
        asked = self._asked.setdefault(cell, {})
        asked.pop(arms, None)
        asked[arms] = None
        if len(asked) > MOST_SETS:
            oldest = next(iter(asked))
            del asked[oldest]
            self._found[cell].pop(oldest, None)
        return found

    def _snapshot_id(self, cell: Cell, arms: Arms) -> str:
        """Return the identity of what the probabilities follow from."""
        known = self._cells.get(cell)
        if known is not None and arms in known.choices:
            return known.snapshot_id
        is_whole = known is not None and known.shapes.keys() >= set(arms)
        wider = () if is_whole else cell.wider()
        places = [self._cells[each] for each in (cell, *wider) if each in self._cells]
        terms = self._exploration.get(cell.tenant_id, DEFAULT)
        if not places and terms == DEFAULT:
            return UNTAUGHT
        # Documents and the terms of now, which came with another one, have a part in it.
        names = (place.snapshot_id for place in places)
        return identifier("snp_", UNTAUGHT, *names, repr(terms.floor), terms.goal)


UNTAUGHT: Final = identifier("snp_", POLICY_VERSION, *map(repr, PRIOR))
"""Identity of the policy that has learnt nothing."""


def document_of(
    cells: Mapping[Cell, CellPolicy], exploration: Mapping[str, Exploration]
) -> dict[str, Any]:
    """Return what was learnt as JSON values for `PolicyTable.install`, named by its content."""
    content = {
        "policy_version": POLICY_VERSION,
        "exploration": [_terms(*item) for item in sorted(exploration.items())],
        "cells": [policy.as_row(cell) for cell, policy in cells.items()],
    }
    return {"snapshot_id": identifier("snp_", _encode(content)), **content}


def portions(document: Mapping[str, Any], cells: int) -> Iterator[dict[str, Any]]:
    """Yield a document in portions of so many cells, each to be installed by itself.

    A decision is about one cell, so a policy that is half installed is as good as two whole ones;
    and nobody waits for ten thousand cells at once.
    """
    rows: Sequence[Any] = document["cells"]
    for start in range(0, max(len(rows), 1), cells):
        terms: list[Any] = document["exploration"] if start == 0 else []
        yield {**document, "exploration": terms, "cells": rows[start : start + cells]}


def _terms(tenant_id: str, exploration: Exploration) -> list[Any]:
    return [tenant_id, exploration.floor, exploration.goal.value]


_encode = json.JSONEncoder(separators=(",", ":")).encode
