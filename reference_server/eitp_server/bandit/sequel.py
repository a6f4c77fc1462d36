"""What came after a promotion: the same count again, with nobody in it who selected the arm."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eitp_server.bandit.evidence import Evidence, seen_from

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eitp_server.bandit.decision import Decision
    from eitp_server.bandit.node import Node
    from eitp_server.bandit.trial import Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """The moment from which an arm is counted anew in one place."""

    place: Node
    arm: str
    epoch: int
    """The revision at which what the shopper sees was last changed."""
    at_us: int

    def is_about(self, decision: Decision) -> bool:
        """Return whether the arm, as it is, was eligible at a moment in the place."""
        if self.arm not in decision.arms or not self.place.holds(decision.cell):
            return False
        epochs = decision.epochs or (0,) * len(decision.arms)
        return epochs[decision.arms.index(self.arm)] == self.epoch


@dataclass(slots=True)
class _Count:
    evidence: Evidence = field(default_factory=Evidence)
    visitors: set[str] = field(default_factory=set[str])


class Sequel:
    """Counts the units of promoted arms that were decided after the promotion.

    A unit is a visitor at the first moment at which the arm was eligible in the place, so a visitor
    whose first moment came before the promotion is none. For that all decisions have to be folded,
    the earlier ones too, in their order; what is known then follows from them alone.
    """

    def __init__(self, promotions: Iterable[Promotion]) -> None:
        """Count after each of `promotions`."""
        self._counts = {promotion: _Count() for promotion in promotions}

    def fold(self, trial: Trial) -> None:
        """Count a decision whose window has closed."""
        for promotion, count in self._counts.items():
            if promotion.is_about(trial.decision) and trial.visitor not in count.visitors:
                count.visitors.add(trial.visitor)
                _fold(promotion, count.evidence, trial)

    def since(self, promotion: Promotion) -> Evidence:
        """Return the evidence after a promotion."""
        return self._counts[promotion].evidence


def _fold(promotion: Promotion, evidence: Evidence, trial: Trial) -> None:
    at_us = trial.decision.decided_at_us
    if trial.censored or at_us <= promotion.at_us:
        return
    unit = seen_from(trial.decision, promotion.arm, float(trial.converted))
    if unit is not None:
        evidence.fold(unit, at_us)
