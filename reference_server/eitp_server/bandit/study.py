"""The running experiment: matured decisions, folded one by one in the order they were taken.

The same decisions give the same study, whatever the times at which it is looked at. A unit is a
visitor at the first moment that counts: for the system the first eligible one, for an intervention
the first at which it was eligible there.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from eitp_server.bandit.arm_study import (
    DEFAULT_MARGINS,
    ArmCounts,
    ArmStudy,
    Promotion,
    watched_margins,
    watches_for,
)
from eitp_server.bandit.evidence import (
    Evidence,
    seen_as_treated,
    seen_from,
    seen_over_nothing,
    stratum_of,
)
from eitp_server.bandit.guardrail import GuardrailMetric
from eitp_server.bandit.lift import Lift, overall
from eitp_server.bandit.node import Node, nodes_above
from eitp_server.bandit.outcome_loss import LossSequence
from eitp_server.bandit.propensity_audit import PropensityAudit
from eitp_server.bandit.sample_ratio import RatioSequence
from eitp_server.bandit.trial import Trial
from eitp_server.bandit.visitors import Visitors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from eitp_server.bandit.decision import Decision

__all__ = ["DEFAULT_MARGINS", "METHODOLOGY", "Point", "Promotion", "Study", "Trial"]

METHODOLOGY: Final = "experiment/2"
"""Version of the formulas behind every number of an experiment."""
FORMAT: Final = 1
MOST_POINTS: Final = 400
"""Points of the history that are kept; beyond that every second one goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The lift of the system as it stood once a decision was folded."""

    decided_at_us: int
    units: int
    lift: Lift

    def as_row(self) -> list[Any]:
        """Return the point as JSON values."""
        return [self.decided_at_us, self.units, self.lift.dump()]

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Point:
        """Return the point that `as_row` wrote."""
        decided_at_us, units, lift = row
        return cls(decided_at_us=decided_at_us, units=units, lift=Lift.load(lift))


class Study:
    """Everything about one tenant's experiment."""

    def __init__(self, margins: Mapping[GuardrailMetric, float] | None = None) -> None:
        """Stop arms whose harm exceeds `margins`; the defaults stand for metrics it leaves out."""
        self.margins = watched_margins(margins or {})
        self.system = Evidence()
        self.audit = PropensityAudit()
        self.ratio = RatioSequence()
        self.loss = LossSequence()
        self.counts: dict[str, ArmCounts] = {}
        """By arm, "no intervention" included."""
        self.arms: dict[tuple[Node, str], ArmStudy] = {}
        """By place and arm; what guardrails watch stands at the vertical."""
        self.history: list[Point] = []
        self.visitors = 0
        self.censored_visitors = 0
        self.holdout_share = 0.0
        """At the newest decision."""
        self.first_decided_at_us: int | None = None
        self.last_decided_at_us: int | None = None
        self._promotions: dict[tuple[Node, str], list[Promotion]] = {}
        self._met: Visitors | None = Visitors()
        self._begun = 0
        self._stride = 1

    def fold(self, trial: Trial) -> None:
        """Count a decision whose window has closed; in the order in which decisions were taken."""
        decision = trial.decision
        if self.first_decided_at_us is None:
            self.first_decided_at_us = decision.decided_at_us
        self.last_decided_at_us = decision.decided_at_us
        self.holdout_share = decision.holdout_share
        self.audit.fold(decision)
        self._count(trial)
        self._fold_system(trial)
        self._watch_holdout(trial)
        self._fold_arms(trial)

    @property
    def lift(self) -> Lift | None:
        """The lift of the system as a whole; None without a holdout."""
        if not self.holdout_share:
            return None
        return overall(self.system.sums, self.system.e_process)

    def follow(self, promotion: Promotion) -> None:
        """Count the units decided after `promotion` by themselves, too; again does nothing.

        To be called before such decisions are folded.
        """
        place = (promotion.place, promotion.arm)
        followed = self._promotions.setdefault(place, [])
        if promotion not in followed:
            followed.append(promotion)
            if place in self.arms:
                self.arms[place].fresh[promotion] = Evidence()

    def since(self, promotion: Promotion) -> Evidence:
        """Return the evidence after a promotion that is followed, of the arm as it is now."""
        study = self.arms.get((promotion.place, promotion.arm))
        return study.fresh[promotion] if study else Evidence()

    def follows(self, promotion: Promotion) -> bool:
        """Return whether the units after `promotion` are counted by themselves."""
        return promotion in self._promotions.get((promotion.place, promotion.arm), ())

    @property
    def met(self) -> Visitors:
        """The visitors about whom a decision was folded.

        Raises TypeError in a copy, which knows nobody.
        """
        if self._met is None:
            raise TypeError("this is a copy, to be read: it does not know whom it has met")
        return self._met

    def watched(self) -> dict[str, ArmStudy]:
        """Return each arm as a whole: the place in which its guardrails are watched.

        After a move to another vertical that is the one where it was seen more often as it is now.
        """
        found: dict[str, ArmStudy] = {}
        for (place, arm), study in self.arms.items():
            if place.depth == 1 and (arm not in found or _weight(found[arm]) < _weight(study)):
                found[arm] = study
        return found

    def copy(self) -> Study:
        """Return what is known by now, to be read while this one grows.

        Nothing can be folded into it: there may be a million visitors, and it leaves them out.
        """
        other = copy(self)
        vars(other).update(
            system=Evidence.load(self.system.dump()),
            audit=PropensityAudit.load(self.audit.dump()),
            counts=dict(self.counts),
            history=list(self.history),
            arms={name: study.copy() for name, study in self.arms.items()},
            _promotions={place: list(found) for place, found in self._promotions.items()},
            _met=None,
        )
        return other

    def dump(self) -> list[dict[str, Any]]:
        """Return all but the visitors as JSON values: what is known of the whole, then of each arm.

        In parts, because encoding one lets nobody else run. Equal studies that came by their arms
        in the same order give equal values.
        """
        promotions = [item for found in self._promotions.values() for item in found]
        whole: dict[str, Any] = {
            "format": FORMAT,
            "margins": [[int(metric), margin] for metric, margin in self.margins.items()],
            "system": self.system.dump(),
            "audit": self.audit.dump(),
            "ratio": self.ratio.dump(),
            "loss": self.loss.dump(),
            "counts": [[arm, *found.as_row()] for arm, found in self.counts.items()],
            "arms": len(self.arms),
            "history": [point.as_row() for point in self.history],
            "visitors": [self.visitors, self.censored_visitors],
            "holdout_share": self.holdout_share,
            "decided_at_us": [self.first_decided_at_us, self.last_decided_at_us],
            "promotions": [promotion.as_row() for promotion in promotions],
            "begun": self._begun,
            "stride": self._stride,
        }
        arms = (
            {"place": place.as_row(), "arm": arm, **found.dump()}
            for (place, arm), found in self.arms.items()
        )
        return [whole, *arms]

    @classmethod
    def load(cls, state: Iterable[Mapping[str, Any]], met: Visitors) -> Study:
        """Return the study from `dump` and the visitors that it had met by then.

        Raises ValueError for another format, and when arms are missing.
        """
        whole, *arms = state
        if whole["format"] != FORMAT or whole["arms"] != len(arms):
            raise ValueError(
                f"a study has format {whole['format']} and {len(arms)} arms, "
                f"not {FORMAT} and {whole['arms']}"
            )
        loaded = cls({GuardrailMetric(metric): margin for metric, margin in whole["margins"]})
        loaded.system = Evidence.load(whole["system"])
        loaded.audit = PropensityAudit.load(whole["audit"])
        loaded.ratio = RatioSequence.load(whole["ratio"])
        loaded.loss = LossSequence.load(whole["loss"])
        loaded.counts = {arm: ArmCounts.from_row(row) for arm, *row in whole["counts"]}
        loaded.arms = {
            (Node.from_row(arm["place"]), arm["arm"]): ArmStudy.load(arm) for arm in arms
        }
        loaded.history = [Point.from_row(row) for row in whole["history"]]
        loaded.visitors, loaded.censored_visitors = whole["visitors"]
        loaded.holdout_share = whole["holdout_share"]
        loaded.first_decided_at_us, loaded.last_decided_at_us = whole["decided_at_us"]
        for promotion in map(Promotion.from_row, whole["promotions"]):
            place = (promotion.place, promotion.arm)
            loaded._promotions.setdefault(place, []).append(promotion)
        loaded._met, loaded._begun, loaded._stride = met, whole["begun"], whole["stride"]
        return loaded

    def _count(self, trial: Trial) -> None:
        decision = trial.decision
        for arm, epoch in _epochs(decision):
            known = self.counts.get(arm)
            if known is None or known.epoch < epoch:
                known = self.counts[arm] = ArmCounts(epoch=epoch)
            if arm == decision.chosen and not decision.holdout and known.epoch == epoch:
                self.counts[arm] = known.fold(trial)

    def _fold_system(self, trial: Trial) -> None:
        decision, visitor = trial.decision, trial.visitor
        if visitor in self.met:
            return
        self.met.meet(visitor, decision.holdout_share if decision.holdout else None)
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
            stratum = stratum_of(decision.cell)
            self.system.fold(unit, decision.decided_at_us, stratum=stratum)
            self._remember(decision.decided_at_us)

    def _watch_holdout(self, trial: Trial) -> None:
        """Count whoever was shown something although the share still holds the visitor out."""
        drawn_at = self.met.held_out(trial.visitor)
        if trial.delivered and drawn_at is not None and drawn_at <= trial.decision.holdout_share:
            self.met.leak(trial.visitor)
            self.ratio = self.ratio.leak()

    def _fold_arms(self, trial: Trial) -> None:
        decision, visitor = trial.decision, trial.visitor
        places, counted = nodes_above(decision.cell), self.met.counted(visitor)
        stratum = stratum_of(decision.cell)
        for arm, epoch in _epochs(decision):
            if not arm:
                continue
            seen = (seen_from(decision, arm, 0.0), seen_from(decision, arm, 1.0))
            beside = (seen_over_nothing(decision, arm, 0.0), seen_over_nothing(decision, arm, 1.0))
            for place in places:
                study = self._study(place, arm, epoch)
                if study.epoch == epoch and not counted >> study.number & 1:
                    counted |= 1 << study.number
                    study.fold(trial, stratum, seen, beside)
        self.met.count(visitor, counted)

    def _study(self, place: Node, arm: str, epoch: int) -> ArmStudy:
        study = self.arms.get((place, arm))
        if study is None or study.epoch < epoch:
            watches = watches_for(self.margins) if place.depth == 1 else {}
            followed = self._promotions.get((place, arm), ())
            fresh = {promotion: Evidence() for promotion in followed}
            study = ArmStudy(number=self._begun, epoch=epoch, watches=watches, fresh=fresh)
            self.arms[place, arm] = study
            self._begun += 1
        return study

    def _remember(self, decided_at_us: int) -> None:
        units = self.system.sums.units
        if units % self._stride:
            return
        lift = overall(self.system.sums, self.system.e_process)
        self.history.append(Point(decided_at_us=decided_at_us, units=units, lift=lift))
        if len(self.history) > MOST_POINTS:
            self.history = self.history[1::2]
            self._stride *= 2


def _epochs(decision: Decision) -> Iterator[tuple[str, int]]:
    return zip(decision.arms, decision.epochs or (0,) * len(decision.arms), strict=True)


def _weight(study: ArmStudy) -> tuple[int, int]:
    return study.epoch, study.evidence.sums.units
