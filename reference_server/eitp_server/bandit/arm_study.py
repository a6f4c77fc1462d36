"""What an experiment knows of one intervention in one place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from eitp_server.bandit.evidence import Evidence
from eitp_server.bandit.guardrail import GuardrailMetric, Watch
from eitp_server.bandit.lift import Lift, weighted
from eitp_server.bandit.node import Node

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eitp_server.bandit.pseudo_outcome import Unit
    from eitp_server.bandit.trial import Trial

    Seen = tuple[Unit | None, Unit | None]

DEFAULT_MARGINS: Final[Mapping[GuardrailMetric, float]] = {
    GuardrailMetric.BOUNCE: 0.02,
    GuardrailMetric.DISMISSAL: 0.8,
    GuardrailMetric.COMPLAINT: 0.005,
}
"""The harms that are watched, and how much of each is tolerated where a tenant says nothing else,
as a difference of shares.

Only an intervention can be dismissed, so what is tolerated there is nearly the whole share; cart
removals and latencies are not watched, because no outcome reports them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """That an arm counted as proven in a place from a moment on."""

    place: Node
    arm: str
    at_us: int

    def as_row(self) -> list[Any]:
        """Return the promotion as JSON values."""
        return [*self.place.as_row(), self.arm, self.at_us]

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Promotion:
        """Return the promotion that `as_row` wrote."""
        *place, arm, at_us = row
        return cls(place=Node.from_row(place), arm=arm, at_us=at_us)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmCounts:
    """What became of the decisions for one arm, since what the shopper sees was last changed."""

    epoch: int = 0
    decisions: int = 0
    """Without those of the holdout; so are all of these."""
    delivered: int = 0
    censored: int = 0

    def fold(self, trial: Trial) -> ArmCounts:
        """Return the counts with one more decision."""
        return replace(
            self,
            decisions=self.decisions + 1,
            delivered=self.delivered + (trial.delivered and bool(trial.decision.chosen)),
            censored=self.censored + trial.censored,
        )

    def as_row(self) -> list[int]:
        """Return the counts as JSON values."""
        return [self.epoch, self.decisions, self.delivered, self.censored]

    @classmethod
    def from_row(cls, row: Sequence[int]) -> ArmCounts:
        """Return the counts that `as_row` wrote."""
        epoch, decisions, delivered, censored = row
        return cls(epoch=epoch, decisions=decisions, delivered=delivered, censored=censored)


@dataclass(slots=True, kw_only=True)
class ArmStudy:
    """What is known of one arm in one place, since what the shopper sees was last changed."""

    number: int
    """Counts the studies of the tenant."""
    epoch: int
    evidence: Evidence = field(default_factory=Evidence)
    watches: dict[GuardrailMetric, Watch] = field(default_factory=dict[GuardrailMetric, Watch])
    fresh: dict[Promotion, Evidence] = field(default_factory=dict[Promotion, Evidence])
    """What was decided after each promotion, by itself."""

    @property
    def lift(self) -> Lift:
        """The lift of the arm against the holdout."""
        return weighted(self.evidence.sums, self.evidence.e_process)

    @property
    def stop(self) -> Watch | None:
        """The guardrail that stopped the arm first, None when none has."""
        stopped = [watch for watch in self.watches.values() if watch.stopped_at_us is not None]
        return min(stopped, key=lambda watch: (watch.stopped_at_us, watch.metric), default=None)

    def fold(self, trial: Trial, stratum: str, seen: Seen, over_nothing: Seen) -> None:
        """Count the first trial of a visitor.

        `seen` and `over_nothing` are its units without and with success, against the holdout and
        against doing nothing.
        """
        unit, at_us = seen[trial.converted], trial.decision.decided_at_us
        if trial.censored or unit is None:
            return
        beside = over_nothing[trial.converted]
        self.evidence.fold(unit, at_us, stratum=stratum, over_nothing=beside)
        for promotion, fresh in self.fresh.items():
            if at_us > promotion.at_us:
                fresh.fold(unit, at_us, stratum=stratum, over_nothing=beside)
        for metric, watch in self.watches.items():
            is_harmed = metric in trial.harms
            harm = seen[is_harmed]
            if harm is not None:
                self.watches[metric] = watch.fold(harm, over_nothing[is_harmed], at_us)

    def copy(self) -> ArmStudy:
        """Return a study that goes its own way from here."""
        return replace(
            self,
            evidence=Evidence.load(self.evidence.dump()),
            watches=dict(self.watches),
            fresh={name: Evidence.load(found.dump()) for name, found in self.fresh.items()},
        )

    def dump(self) -> dict[str, Any]:
        """Return the study as JSON values; equal studies give equal values."""
        return {
            "number": self.number,
            "epoch": self.epoch,
            "evidence": self.evidence.dump(),
            "watches": [watch.dump() for watch in self.watches.values()],
            "fresh": [[name.as_row(), found.dump()] for name, found in self.fresh.items()],
        }

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> ArmStudy:
        """Return the study from `dump`. Raises ValueError for another format of its evidence."""
        watches = map(Watch.load, state["watches"])
        return cls(
            number=state["number"],
            epoch=state["epoch"],
            evidence=Evidence.load(state["evidence"]),
            watches={watch.metric: watch for watch in watches},
            fresh={Promotion.from_row(row): Evidence.load(found) for row, found in state["fresh"]},
        )


def watched_margins(margins: Mapping[GuardrailMetric, float]) -> dict[GuardrailMetric, float]:
    """Return the margin of each harm that is watched; others have nothing to be measured by."""
    return {metric: margins.get(metric, usual) for metric, usual in DEFAULT_MARGINS.items()}


def watches_for(margins: Mapping[GuardrailMetric, float]) -> dict[GuardrailMetric, Watch]:
    """Return a watch over each harm of one arm that has a margin."""
    return {
        metric: Watch(metric=metric, margin=margin, guardrails=len(margins))
        for metric, margin in margins.items()
    }
