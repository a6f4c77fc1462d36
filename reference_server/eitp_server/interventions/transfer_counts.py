"""Visitors of one tenant, treated and held out, by what was chosen for them first."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import astuple, dataclass
from itertools import product
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

    def __add__(self, other: TenantCounts) -> TenantCounts:
        fields = zip(self.__dataclass_fields__, astuple(self), astuple(other), strict=True)
        return TenantCounts(**{name: own + more for name, own, more in fields})


def count(
    trials: Iterable[Trial], kind_of: Callable[[Decision], int]
) -> dict[Pattern, dict[str, TenantCounts]]:
    """Return the counts of every pattern by vertical; `trials` in the order of decision.

    A visitor counts once, by the first decision: what is chosen afterwards depends on whether the
    first intervention was shown, which is what differs between the sides. Those for whom a kind
    was chosen are compared with those for whom it would have been, so adaptive choice makes no
    difference between them. Whoever was assigned counts as treated, shown or not. Where nobody
    could be held out, or the outcome can never be known, there is nothing to compare.
    """
    met: set[str] = set()
    found: dict[Pattern, dict[str, TenantCounts]] = defaultdict(dict)
    for trial in trials:
        if trial.visitor in met:
            continue
        met.add(trial.visitor)
        decision = trial.decision
        if trial.censored or not 0 < decision.holdout_share < 1 or not decision.chosen:
            continue
        if kind := kind_of(decision):
            _add(found, kind, trial)
    return found


def _add(found: dict[Pattern, dict[str, TenantCounts]], kind: int, trial: Trial) -> None:
    cell = trial.decision.cell
    held_out, converted = trial.decision.holdout, int(trial.converted)
    one = (
        TenantCounts(holdout_units=1, holdout_conversions=converted)
        if held_out
        else TenantCounts(treated_units=1, treated_conversions=converted)
    )
    for label, section in {*product((ANY, cell.label), (ANY, cell.page_section))}:
        verticals = found[Pattern(kind=kind, label=label, page_section=section)]
        verticals[cell.vertical] = verticals.get(cell.vertical, TenantCounts()) + one
