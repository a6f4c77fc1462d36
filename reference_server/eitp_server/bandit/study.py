"""The running experiment: matured decisions, folded one by one in the order they were taken.

The same decisions give the same study, whatever the times at which it is looked at. A unit is a
visitor at the first moment that counts: for the system the first eligible one, for an intervention
the first at which it was eligible there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from eitp_server.bandit.evidence import Evidence, seen_as_treated, seen_from
from eitp_server.bandit.guardrail import GuardrailMetric, Watch
from eitp_server.bandit.lift import Lift, overall, weighted
from eitp_server.bandit.node import Node, nodes_above
from eitp_server.bandit.outcome_loss import LossSequence
from eitp_server.bandit.propensity_audit import PropensityAudit
from eitp_server.bandit.sample_ratio import RatioSequence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from eitp_server.bandit.decision import Decision

DEFAULT_MARGINS: Final[Mapping[GuardrailMetric, float]] = {
    GuardrailMetric.BOUNCE: 0.02,
    GuardrailMetric.DISMISSAL: 0.8,
    GuardrailMetric.COMPLAINT: 0.005,
}
"""Harm that is tolerated where a tenant says nothing else, as a difference of shares.

Only an intervention can be dismissed, so what is tolerated there is nearly the whole share; cart
removals and latencies are not watched, because no outcome reports them."""
MOST_POINTS: Final = 400
"""Points of the history that are kept; beyond that every second one goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A decision and all that will ever be known of what came after it."""

    decision: Decision
    converted: bool
    """The visitor succeeded within the window, and it was heard of within the window."""
    censored: bool = False
    """The outcome can never be known."""
    delivered: bool = False
    """The page says that the intervention was shown, or that it reached it."""
    harms: frozenset[GuardrailMetric] = frozenset()
    """What else was heard of the visitor within the window."""

    @property
    def visitor(self) -> str:
        """Whoever the decision is about."""
        return self.decision.visitor_hash or self.decision.session_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The lift of the system as it stood once a decision was folded."""

    decided_at_us: int
    units: int
    lift: Lift


@dataclass(slots=True, kw_only=True)
class ArmCounts:
    """What became of the decisions for one arm."""

    decisions: int = 0
    """Without those of the holdout."""
    delivered: int = 0
    censored: int = 0


@dataclass(slots=True, kw_only=True)
class ArmStudy:
    """What is known of one arm in one place, since what the shopper sees was last changed."""

    epoch: int
    evidence: Evidence = field(default_factory=Evidence)
    watches: dict[GuardrailMetric, Watch] = field(default_factory=dict[GuardrailMetric, Watch])
    visitors: set[str] = field(default_factory=set[str])

    @property
    def lift(self) -> Lift:
        """The lift of the arm against the holdout."""
        return weighted(self.evidence.sums, self.evidence.e_process)

    @property
    def stop(self) -> Watch | None:
        """The guardrail that stopped the arm first, None when none has."""
        stopped = [watch for watch in self.watches.values() if watch.stopped_at_us is not None]
        return min(stopped, key=lambda watch: (watch.stopped_at_us, watch.metric), default=None)


class Study:
    """Everything about one tenant's experiment."""

    def __init__(self, margins: Mapping[GuardrailMetric, float] | None = None) -> None:
        """Stop arms whose harm exceeds `margins`; the defaults stand for metrics it leaves out."""
        self._margins = {**DEFAULT_MARGINS, **(margins or {})}
        self.system = Evidence()
        self.audit = PropensityAudit()
        self.ratio = RatioSequence()
        self.loss = LossSequence()
        self.counts: dict[str, ArmCounts] = {}
        self.arms: dict[tuple[Node, str], ArmStudy] = {}
        """By place and arm; what guardrails watch stands at the vertical."""
        self.history: list[Point] = []
        self.visitors = 0
        self.censored_visitors = 0
        self.holdout_share = 0.0
        self._seen: dict[str, bool] = {}
        """Visitors so far, and whether they are held out."""
        self._leaked: set[str] = set()
        self._stride = 1

    def fold(self, trial: Trial) -> None:
        """Count a decision whose window has closed; in the order in which decisions were taken."""
        decision = trial.decision
        self.audit.fold(decision)
        self.holdout_share = decision.holdout_share
        self._count(trial)
        self._fold_system(trial)
        for arm, epoch in self._arms(decision):
            for place in nodes_above(decision.cell):
                self._fold_arm(place, arm, epoch, trial)

    @property
    def lift(self) -> Lift | None:
        """The lift of the system as a whole; None without a holdout."""
        if not self.holdout_share:
            return None
        return overall(self.system.sums, self.system.e_process)

    def watched(self) -> dict[str, ArmStudy]:
        """Return each arm as a whole: the place in which its guardrails are watched."""
        return {arm: study for (place, arm), study in self.arms.items() if place.depth == 1}

    @staticmethod
    def _arms(decision: Decision) -> Iterable[tuple[str, int]]:
        epochs = decision.epochs or (0,) * len(decision.arms)
        return [(arm, epoch) for arm, epoch in zip(decision.arms, epochs, strict=True) if arm]

    def _count(self, trial: Trial) -> None:
        decision = trial.decision
        counts = self.counts.setdefault(decision.chosen, ArmCounts())
        if not decision.holdout:
            counts.decisions += 1
            counts.delivered += trial.delivered and bool(decision.chosen)
            counts.censored += trial.censored

    def _fold_system(self, trial: Trial) -> None:
        decision, visitor = trial.decision, trial.visitor
        held_out = self._seen.get(visitor)
        if held_out is not None:
            shown = trial.delivered and bool(decision.chosen) and not decision.holdout
            if held_out and shown and visitor not in self._leaked:
                self._leaked.add(visitor)
                self.ratio = self.ratio.leak()
            return
        self._seen[visitor] = decision.holdout
        self.visitors += 1
        self.ratio = self.ratio.fold(
            treated=int(not decision.holdout),
            holdout=int(decision.holdout),
            holdout_share=decision.holdout_share,
        )
        self.loss = self.loss.fold(in_holdout=decision.holdout, lost=trial.censored)
        if trial.censored:
            self.censored_visitors += 1
            return
        unit = seen_as_treated(decision, float(trial.converted))
        if unit is not None:
            self.system.fold(unit, decision.decided_at_us)
            self._remember(decision.decided_at_us)

    def _fold_arm(self, place: Node, arm: str, epoch: int, trial: Trial) -> None:
        study = self.arms.get((place, arm))
        if study is None or study.epoch < epoch:
            study = self.arms[place, arm] = ArmStudy(epoch=epoch, watches=self._watches(place))
        if study.epoch != epoch or trial.visitor in study.visitors:
            return
        study.visitors.add(trial.visitor)
        if trial.censored:
            return
        at_us = trial.decision.decided_at_us
        unit = seen_from(trial.decision, arm, float(trial.converted))
        if unit is not None:
            study.evidence.fold(unit, at_us)
        for metric, watch in study.watches.items():
            harm = seen_from(trial.decision, arm, float(metric in trial.harms))
            if harm is not None:
                study.watches[metric] = watch.fold(harm, at_us)

    def _watches(self, place: Node) -> dict[GuardrailMetric, Watch]:
        if place.depth != 1:
            return {}
        return {
            metric: Watch(metric=metric, margin=margin, guardrails=len(self._margins))
            for metric, margin in sorted(self._margins.items())
        }

    def _remember(self, decided_at_us: int) -> None:
        units = self.system.sums.units
        if units % self._stride:
            return
        lift = overall(self.system.sums, self.system.e_process)
        self.history.append(Point(decided_at_us=decided_at_us, units=units, lift=lift))
        if len(self.history) > MOST_POINTS:
            self.history = self.history[1::2]
            self._stride *= 2
