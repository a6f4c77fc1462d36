"""When an intervention counts as proven: all conditions at once, and each unmet one by name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from eitp_server.bandit.discovery import FALSE_DISCOVERY_RATE, discoveries
from eitp_server.bandit.lift import LEAST_EFFECTIVE_SAMPLE_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from eitp_server.bandit.confidence_sequence import Values
    from eitp_server.bandit.lift import Lift

DAY_US = 86_400_000_000
MINIMUM_UNITS = 500
"""Matured units on either side."""
MINIMUM_CONVERSIONS = 10
"""Conversions on either side."""
MINIMUM_DAYS = 7.0
"""Between the first and the last matured decision, so that each day of the week was seen."""
MOST_IN_ONE_PLACE = 0.9
"""Share of the units that one label of a vertical, or one section of a label, may have."""


class Condition(StrEnum):
    """What a promotion takes."""

    LOWER_BOUND = "lower_bound"
    OVER_NOTHING = "over_nothing"
    DISCOVERY = "discovery"
    TREATED_UNITS = "treated_units"
    HOLDOUT_UNITS = "holdout_units"
    TREATED_CONVERSIONS = "treated_conversions"
    HOLDOUT_CONVERSIONS = "holdout_conversions"
    EFFECTIVE_SAMPLE_SIZE = "effective_sample_size"
    DAYS = "days"
    BREADTH = "breadth"
    SAMPLE_RATIO = "sample_ratio"
    PROPENSITY_AUDIT = "propensity_audit"
    OUTCOME_LOSS = "outcome_loss"
    GUARDRAILS = "guardrails"


_SENTENCES = {
    Condition.LOWER_BOUND: "The lower bound of the lift is {found}, not above {needed}.",
    Condition.OVER_NOTHING: (
        "The lower bound of the lift over doing nothing is {found}, not above {needed}."
    ),
    Condition.DISCOVERY: "The e-value of {found} is too small among all candidates.",
    Condition.TREATED_UNITS: "{found} of {needed} treated units have matured.",
    Condition.HOLDOUT_UNITS: "{found} of {needed} holdout units have matured.",
    Condition.TREATED_CONVERSIONS: "{found} of {needed} treated units have converted.",
    Condition.HOLDOUT_CONVERSIONS: "{found} of {needed} holdout units have converted.",
    Condition.EFFECTIVE_SAMPLE_SIZE: "The effective sample size is {found}, below {needed}.",
    Condition.DAYS: "Decisions of {found} of {needed} days have matured.",
    Condition.BREADTH: (
        "{found} % of the visitors were in one label or section; at most {needed} %."
    ),
    Condition.SAMPLE_RATIO: "Treatment and holdout do not have their promised shares.",
    Condition.PROPENSITY_AUDIT: "The arms were not chosen as their logged probabilities promise.",
    Condition.OUTCOME_LOSS: "Outcomes are lost more often on one side than on the other.",
    Condition.GUARDRAILS: "A guardrail has stopped the intervention.",
}
_TOO_FEW = {
    Condition.LOWER_BOUND: "Too few visitors have matured for a bound of the lift.",
    Condition.OVER_NOTHING: (
        "Too few visitors for whom nothing was chosen have matured for a bound of the lift over it."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One intervention in one scope that might be promoted."""

    lift: Lift
    over_nothing: Lift
    """Against "nothing was chosen" in place of the holdout."""
    days: float
    """Time between its first and its last matured decision."""
    concentration: float = 0.0
    """Share of its units that the narrower place with the most of them has, 0..1."""
    sample_ratio_alarm: bool = False
    propensity_audit_alarm: bool = False
    outcome_loss_alarm: bool = False
    guardrail_stop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmet:
    """A condition that a candidate does not meet."""

    condition: Condition
    found: float | None = None
    """Absent when it is not known yet, or when the condition knows no number."""
    needed: float | None = None

    @property
    def sentence(self) -> str:
        """The condition in English, with its numbers."""
        if self.found is None and self.condition in _TOO_FEW:
            return _TOO_FEW[self.condition]
        return _SENTENCES[self.condition].format(
            found="unknown" if self.found is None else f"{self.found:.6g}",
            needed="" if self.needed is None else f"{self.needed:.6g}",
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to promote, and what is missing if not."""

    promote: bool
    unmet: tuple[Unmet, ...]
    """In the order of `Condition`; empty when promoted."""


def judge(
    candidates: Sequence[Candidate], *, margin: float = 0.0, rate: float = FALSE_DISCOVERY_RATE
) -> tuple[Verdict, ...]:
    """Return the verdict on each of `candidates`, which are all live ones of a tenant.

    `margin` is the absolute lift that the lower bound must exceed, `rate` the share of promotions
    that may be false. Leaving hopeless candidates out would break that promise. A candidate that
    no bet was placed on has an e-value of 1.

    What was seen in one narrower place is judged there, and counts here with an e-value of 0: that
    keeps the promise whatever the breadth depends on. Leaving it out would not quite. Where
    visitors were does not depend on how they ended, but how many of them an arm was chosen for
    does, by a policy that learns from those before.
    """
    e_values = [_e_value(each) for each in candidates]
    real = discoveries(np.array(e_values), rate)
    return tuple(
        Verdict(not unmet, unmet)
        for candidate, discovered in zip(candidates, real.tolist(), strict=True)
        for unmet in [tuple(_unmet(candidate, discovered=discovered, margin=margin))]
    )


def enough(
    *,
    treated_units: Values,
    treated_conversions: Values,
    holdout_units: Values,
    holdout_conversions: Values,
    effective_sample_size: Values,
) -> NDArray[np.bool_]:
    """Return where the counts allow a claim at all; numbers or arrays that broadcast.

    The bounds are asymptotic: before that many units they err more often than they promise.
    """
    return np.asarray(
        (np.minimum(treated_units, holdout_units) >= MINIMUM_UNITS)
        & (np.minimum(treated_conversions, holdout_conversions) >= MINIMUM_CONVERSIONS)
        & (effective_sample_size >= LEAST_EFFECTIVE_SAMPLE_SIZE)
    )


def bound_over_nothing(lift: Lift) -> float | None:
    """Return the lower bound of a lift over doing nothing; None while too little was seen.

    It takes an effective sample size of 100 and ten conversions on either side, and not 500 units:
    the policy that converges on a good arm seldom chooses nothing, and those units weigh much.
    """
    conversions = min(lift.treated_conversions, lift.holdout_conversions)
    return lift.lower_bound if conversions >= MINIMUM_CONVERSIONS else None


def is_broad(concentration: float) -> bool:
    """Return whether units were seen widely enough in a place for a claim about all of it."""
    return concentration <= MOST_IN_ONE_PLACE


def is_enough(lift: Lift) -> bool:
    """Return whether the counts of `lift` allow a claim at all."""
    return next(shortfalls(lift), None) is None


def shortfalls(lift: Lift) -> Iterator[Unmet]:
    """Yield each count of `lift` that is too small for a claim."""
    for condition, found, needed in (
        (Condition.TREATED_UNITS, lift.treated_units, MINIMUM_UNITS),
        (Condition.HOLDOUT_UNITS, lift.holdout_units, MINIMUM_UNITS),
        (Condition.TREATED_CONVERSIONS, lift.treated_conversions, MINIMUM_CONVERSIONS),
        (Condition.HOLDOUT_CONVERSIONS, lift.holdout_conversions, MINIMUM_CONVERSIONS),
        (
            Condition.EFFECTIVE_SAMPLE_SIZE,
            lift.effective_sample_size,
            LEAST_EFFECTIVE_SAMPLE_SIZE,
        ),
    ):
        if found < needed:
            yield Unmet(condition=condition, found=found, needed=needed)


def _e_value(candidate: Candidate) -> float:
    if not is_broad(candidate.concentration):
        return 0.0
    return 1.0 if candidate.lift.e_value is None else candidate.lift.e_value


def _unmet(candidate: Candidate, *, discovered: bool, margin: float) -> Iterator[Unmet]:
    lift, broad = candidate.lift, is_broad(candidate.concentration)
    if lift.lower_bound is None or not lift.lower_bound > margin:
        yield Unmet(condition=Condition.LOWER_BOUND, found=lift.lower_bound, needed=margin)
    beside = bound_over_nothing(candidate.over_nothing)
    if beside is None or not beside > margin:
        yield Unmet(condition=Condition.OVER_NOTHING, found=beside, needed=margin)
    if broad and not discovered:
        yield Unmet(condition=Condition.DISCOVERY, found=lift.e_value)
    yield from shortfalls(lift)
    if candidate.days < MINIMUM_DAYS:
        yield Unmet(condition=Condition.DAYS, found=candidate.days, needed=MINIMUM_DAYS)
    if not broad:
        found, needed = 100 * candidate.concentration, 100 * MOST_IN_ONE_PLACE
        yield Unmet(condition=Condition.BREADTH, found=found, needed=needed)
    for condition, alarm in (
        (Condition.SAMPLE_RATIO, candidate.sample_ratio_alarm),
        (Condition.PROPENSITY_AUDIT, candidate.propensity_audit_alarm),
        (Condition.OUTCOME_LOSS, candidate.outcome_loss_alarm),
        (Condition.GUARDRAILS, candidate.guardrail_stop),
    ):
        if alarm:
            yield Unmet(condition=condition)
