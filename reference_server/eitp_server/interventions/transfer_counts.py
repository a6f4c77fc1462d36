"""Visitors of one tenant, treated and held out, by what was chosen for them first."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import product
from operator import add
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from eitp_server.bandit.decision import Decision
    from eitp_server.bandit.study import Trial

ANY: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Pattern:
    """What may carry over."""

    kind: int
    """A `eitp.v1.InterventionKind`."""
    label: int = ANY
    page_section: int = ANY

    @property
    def is_widest(self) -> bool:
        """Whether it holds for any label in any section."""
        return self.label == self.page_section == ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantCounts:
    """Units and successes of both randomised arms at one tenant."""

    treated_units: int = 0
    treated_conversions: int = 0
    holdout_units: int = 0
    holdout_conversions: int = 0


class Counting:
    """The counts of every pattern by vertical.

    A visitor counts once, by the first decision: what is chosen afterwards depends on whether the
    first intervention was shown, which is what differs between the sides. Those for whom a kind
    was chosen are compared with those for whom it would have been, so adaptive choice makes no
    difference between them. Whoever was assigned counts as treated, shown or not. Where nobody
    could be held out, or the outcome can never be known, there is nothing to compare.
    """

    def __init__(self, kind_of: Callable[[Decision], int]) -> None:
        """Begin; `kind_of` gives the kind that a decision chose, 0 when nobody knows it."""
        self._cells: dict[tuple[int, int, int, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        """By kind, label, section and vertical: units and successes, treated and held out."""
        self._kind_of = kind_of
        self._met: set[str] = set()

    def fold(self, trials: Iterable[Trial]) -> None:
        """Count matured decisions, in the order of decision."""
        for trial in trials:
            if trial.visitor in self._met:
                continue
            self._met.add(trial.visitor)
            decision = trial.decision
            if trial.censored or not 0 < decision.holdout_share < 1 or not decision.chosen:
                continue
            if kind := self._kind_of(decision):
                self._add(kind, trial)

    def result(self) -> dict[Pattern, dict[str, TenantCounts]]:
        """Return the counts of every pattern by vertical."""
        wider: dict[Pattern, dict[str, list[int]]] = defaultdict(dict)
        for (kind, label, section, vertical), cell in self._cells.items():
            for one, other in {*product((ANY, label), (ANY, section))}:
                verticals = wider[Pattern(kind=kind, label=one, page_section=other)]
                sums = verticals.setdefault(vertical, [0, 0, 0, 0])
                sums[:] = map(add, sums, cell)
        return {
            pattern: {
                vertical: TenantCounts(
                    treated_units=treated,
                    treated_conversions=treated_conversions,
                    holdout_units=held_out,
                    holdout_conversions=holdout_conversions,
                )
                for vertical, (
                    treated,
                    treated_conversions,
                    held_out,
                    holdout_conversions,
                ) in verticals.items()
            }
            for pattern, verticals in wider.items()
        }

    def _add(self, kind: int, trial: Trial) -> None:
        cell = trial.decision.cell
        counts = self._cells[kind, cell.label, cell.page_section, cell.vertical]
        side = 2 if trial.decision.holdout else 0
        counts[side] += 1
        counts[side + 1] += trial.converted
