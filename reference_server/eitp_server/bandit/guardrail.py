"""When an arm is stopped because it does harm."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from eitp_server.bandit.confidence_sequence import ALPHA, lower_bound
from eitp_server.bandit.pseudo_outcome import EffectSums, Unit

if TYPE_CHECKING:
    from collections.abc import Mapping

JUDGED_FROM = 100
"""Units of each side without which no bound is taken: it holds asymptotically only."""
JUDGED_EACH = 50
"""Units from one look at the bound to the next: it takes longer than to fold them."""
PRIOR_HARMED = 2.0
"""Holdout units that are taken to have been harmed beyond those that were.

A rare harm may not have happened in a small holdout yet, and then the observed variance says that
it never does. Simulated with harms of 0.1 % to 30 % on both sides, watched 50 times within 20,000
units at a promise of 1 %, arms with nine tenths of the traffic were stopped in up to 13 % of runs
without these two and in 0.3 % with them.
"""


class GuardrailMetric(IntEnum):
    """A harm that is watched; the numbers are the protocol's."""

    BOUNCE = 1
    CART_REMOVAL = 2
    DISMISSAL = 3
    COMPLAINT = 4
    RESPONSE_LATENCY = 5
    """Milliseconds; the others are 0 or 1 per unit."""

    @property
    def is_share(self) -> bool:
        """Whether the harm of a unit is 0 or 1."""
        return self is not GuardrailMetric.RESPONSE_LATENCY


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardrail:
    """One harm of one arm as it stands; fields are those of the protocol's message."""

    metric: GuardrailMetric
    margin: float
    """Largest harm that is tolerated, 0 or more."""
    harm: float | None = None
    """Arm minus holdout."""
    harm_lower_bound: float | None = None
    alpha: float
    stopped_at_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is remembered of one harm of one arm. The harm is the outcome of its pseudo-outcomes."""

    metric: GuardrailMetric
    margin: float
    guardrails: int
    """How many harms are watched for the arm: they share the error rate of 0.05."""
    sums: EffectSums = EffectSums()
    over_nothing: EffectSums = EffectSums()
    """The same for "nothing was chosen" in place of the holdout; without the held-out."""
    stopped_at_us: int | None = None

    def fold(self, unit: Unit, over_nothing: Unit | None, now_us: int) -> Watch:
        """Return the watch with one more unit: stopped at `now_us` if the harm is now proven.

        Harm is what promotions call lift, with the sign that makes it bad; the lower bound is the
        same. It is looked at every 50 units, and must be proven against the holdout as well as
        against doing nothing: the holdout is spared what other arms do later, too. Once stopped
        the watch stays so.
        """
        beside = self.over_nothing.fold(over_nothing) if over_nothing else self.over_nothing
        grown = replace(self, sums=self.sums.fold(unit), over_nothing=beside)
        if grown.stopped_at_us is not None or grown.sums.units % JUDGED_EACH:
            return grown
        bounds = (grown.harm_lower_bound, grown.harm_lower_bound_over_nothing)
        if all(bound is not None and bound > grown.margin for bound in bounds):
            return replace(grown, stopped_at_us=now_us)
        return grown

    @property
    def alpha(self) -> float:
        """The error rate of this bound."""
        return ALPHA / self.guardrails

    @property
    def harm_lower_bound(self) -> float | None:
        """One-sided and anytime-valid; None while too little was seen."""
        return self._bound(self.sums)

    @property
    def harm_lower_bound_over_nothing(self) -> float | None:
        """The same for "nothing was chosen" in place of the holdout."""
        return self._bound(self.over_nothing)

    def report(self) -> Guardrail:
        """Return the guardrail as it stands."""
        bound = self.harm_lower_bound
        return Guardrail(
            metric=self.metric,
            margin=self.margin,
            harm=None if bound is None else self.sums.mean,
            harm_lower_bound=bound,
            alpha=self.alpha,
            stopped_at_us=self.stopped_at_us,
        )

    def dump(self) -> dict[str, Any]:
        """Return the watch as JSON values; equal watches give equal values."""
        return {
            "metric": int(self.metric),
            "margin": self.margin,
            "guardrails": self.guardrails,
            "sums": self.sums.dump(),
            "over_nothing": self.over_nothing.dump(),
            "stopped_at_us": self.stopped_at_us,
        }

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> Watch:
        """Return the watch from `dump`."""
        return cls(
            metric=GuardrailMetric(state["metric"]),
            margin=state["margin"],
            guardrails=state["guardrails"],
            sums=EffectSums.load(state["sums"]),
            over_nothing=EffectSums.load(state["over_nothing"]),
            stopped_at_us=state["stopped_at_us"],
        )

    def _bound(self, seen: EffectSums) -> float | None:
        if min(seen.arm.units, seen.holdout.units) < JUDGED_FROM:
            return None
        sums = _cautious(seen) if self.metric.is_share else seen
        return float(lower_bound(sums.mean, sums.variance, sums.units, alpha=self.alpha))


def _cautious(sums: EffectSums) -> EffectSums:
    weight = sums.holdout.weight / sums.holdout.units
    return replace(
        sums,
        phi=sums.phi - PRIOR_HARMED * weight,
        squared_phi=sums.squared_phi + PRIOR_HARMED * weight**2,
    )
