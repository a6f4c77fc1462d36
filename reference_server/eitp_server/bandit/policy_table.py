"""The policy that decides now: the choice probabilities of every cell, each replaced at once.

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
from eitp_server.bandit.lines import encode
from eitp_server.bandit.selection import (
    DEFAULT_FLOOR,
    best_probabilities,
    exploration_floor,
    top_two,
    with_floor,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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
        floored = with_floor(wanted, self.floor_of(len(best)))
        return np.round(floored / _GRAIN) * _GRAIN

    def floor_of(self, arms: int) -> float:
        """Return the least probability of each of `arms` arms, which are 1 or more."""
        return exploration_floor(arms, DEFAULT_FLOOR if self.floor is None else self.floor)


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
        """Return the policy of `cell` as JSON values, but for the identity."""
        choices = [[list(arms), list(chances)] for arms, chances in self.choices.items()]
        return [cell.as_row(), dict(sorted(self.shapes.items())), choices]

    @classmethod
    def from_line(cls, line: str) -> CellPolicy:
        """Return the policy that a line of `document_of` tells of."""
        snapshot_id, _, shapes, choices = json.loads(line)
        return cls(
            shapes={arm: (alpha, beta) for arm, (alpha, beta) in shapes.items()},
            choices={tuple(arms): tuple(chances) for arms, chances in choices},
            snapshot_id=snapshot_id,
        )


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
    """Everything that was learnt, ready to be looked up.

    What is known of a cell arrives as a line of JSON and is kept as one: that is what a snapshot
    writes and what a lesson begins from, and most cells are not looked at between two lessons.
    """

    def __init__(self) -> None:
        self._lines: dict[Cell, str] = {}
        self._exploration: dict[str, Exploration] = {}
        self._read: dict[Cell, CellPolicy] = {}
        """What the lines that were looked at say; follows from the rest, as do the other two."""
        self._found: dict[Cell, dict[Arms, Snapshot]] = {}
        """What was looked up since the last change."""
        self._computed: dict[Cell, dict[Arms, None]] = {}
        """The sets of arms that were computed on the spot."""

    def snapshot(self, cell: Cell, arms: Arms) -> Snapshot:
        """Return the probabilities of `arms` within `cell`."""
        of_cell = self._found.get(cell)
        found = None if of_cell is None else of_cell.get(arms)
        return self._look_up(cell, arms) if found is None else found

    def shapes(self, cell: Cell, arms: Iterable[str]) -> list[Shape]:
        """Return the posterior of each arm in `cell`: its own, or else that of what is wider."""
        places = [found.shapes for each in (cell, *cell.wider()) if (found := self._of(each))]
        return [next((shapes[arm] for shapes in places if arm in shapes), PRIOR) for arm in arms]

    def install(self, document: Mapping[str, Any]) -> None:
        """Take over a document of `document_of`: at once, between two decisions."""
        for tenant_id, floor, goal in document["exploration"]:
            self._exploration[tenant_id] = Exploration(floor=floor, goal=Goal(goal))
        # What was computed leant on what is wider, or on terms, and these may have changed.
        for cell in self._computed:
            self._found.pop(cell, None)
        for names, line in document["cells"]:
            self._keep(Cell.from_row(names), line)

    def forget(self, tenant_id: str, arm: str) -> None:
        """Forget what is known of an arm of a tenant, which is not what it was any more."""
        name = encode(arm)
        for cell, line in list(self._lines.items()):
            if cell.tenant_id != tenant_id or name not in line:
                continue
            known = CellPolicy.from_line(line)
            shapes = {other: shape for other, shape in known.shapes.items() if other != arm}
            choices = {arms: p for arms, p in known.choices.items() if arm not in arms}
            if len(shapes) < len(known.shapes):
                kept = CellPolicy(shapes=shapes, choices=choices)
                snapshot_id = identifier("snp_", known.snapshot_id, arm)
                self._keep(cell, _line(snapshot_id, encode(kept.as_row(cell))))
        self._found.clear()

    def known(self) -> dict[Cell, CellPolicy]:
        """Return what was learnt of each cell."""
        return {cell: CellPolicy.from_line(line) for cell, line in self._lines.items()}

    def explorations(self) -> dict[str, Exploration]:
        """Return the terms of each tenant that has some."""
        return dict(self._exploration)

    def asked(self) -> dict[Cell, tuple[Arms, ...]]:
        """Return the sets of arms of each cell that were looked up and are not known.

        Those last asked for come last.
        """
        return {cell: tuple(sets) for cell, sets in self._computed.items()}

    def dump(self) -> list[str]:
        """Return the state as lines of JSON; the same documents give the same lines."""
        terms = [_terms(*item) for item in sorted(self._exploration.items())]
        return [encode(terms), *self._lines.values()]

    def load(self, lines: Sequence[str]) -> None:
        """Take over what `dump` returned."""
        self._lines, self._exploration = {}, {}
        self._read, self._found, self._computed = {}, {}, {}
        for tenant_id, floor, goal in json.loads(lines[0]):
            self._exploration[tenant_id] = Exploration(floor=floor, goal=Goal(goal))
        for line in lines[1:]:
            self._lines[Cell.from_row(json.loads(line)[1])] = line

    def _of(self, cell: Cell) -> CellPolicy | None:
        known = self._read.get(cell)
        if known is None and cell in self._lines:
            known = self._read[cell] = CellPolicy.from_line(self._lines[cell])
        return known

    def _keep(self, cell: Cell, line: str) -> None:
        self._lines[cell] = line
        for followed in (self._read, self._found, self._computed):
            followed.pop(cell, None)

    def _look_up(self, cell: Cell, arms: Arms) -> Snapshot:
        known = self._of(cell)
        chances = None if known is None else known.choices.get(arms)
        if chances is None:
            self._note(cell, arms)
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
        return found

    def _note(self, cell: Cell, arms: Arms) -> None:
        sets = self._computed.setdefault(cell, {})
        sets.pop(arms, None)
        sets[arms] = None
        if len(sets) > MOST_SETS:
            oldest = next(iter(sets))
            del sets[oldest]
            self._found.get(cell, {}).pop(oldest, None)

    def _snapshot_id(self, cell: Cell, arms: Arms) -> str:
        """Return the identity of what the probabilities follow from."""
        known = self._of(cell)
        if known is not None and arms in known.choices:
            return known.snapshot_id
        is_whole = known is not None and known.shapes.keys() >= set(arms)
        wider = () if is_whole else cell.wider()
        places = [found for each in (cell, *wider) if (found := self._of(each))]
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
    rows = [encode(policy.as_row(cell)) for cell, policy in cells.items()]
    terms = [_terms(*item) for item in sorted(exploration.items())]
    snapshot_id = identifier("snp_", POLICY_VERSION, encode(terms), *rows)
    lines = (_line(snapshot_id, row) for row in rows)
    return {
        "snapshot_id": snapshot_id,
        "policy_version": POLICY_VERSION,
        "exploration": terms,
        "cells": [[cell.as_row(), line] for cell, line in zip(cells, lines, strict=True)],
    }


def _line(snapshot_id: str, row: str) -> str:
    return f"[{encode(snapshot_id)},{row[1:]}"


def _terms(tenant_id: str, exploration: Exploration) -> list[Any]:
    return [tenant_id, exploration.floor, exploration.goal.value]
