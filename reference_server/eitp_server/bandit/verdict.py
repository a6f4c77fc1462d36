"""What may be concluded from an experiment, in one sentence with its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from eitp_server.bandit.lift import LiftMethod
from eitp_server.bandit.promotion import MINIMUM_DAYS, Condition, Unmet, shortfalls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eitp_server.bandit.lift import Lift
    from eitp_server.bandit.outcome_loss import OutcomeLoss
    from eitp_server.bandit.propensity_audit import Audit
    from eitp_server.bandit.sample_ratio import SampleRatio

FULL_WEEKS = 14.0
"""Fewer days saw each day of the week only once."""
DELIVERED = 0.9
"""A smaller share of interventions that were shown is worth a caveat."""


class ExperimentVerdict(IntEnum):
    """The first that holds, in this order; the numbers are the protocol's."""

    INVALID = 1
    NO_HOLDOUT = 2
    TOO_EARLY = 3
    LIFT_SHOWN = 4
    HARM_SHOWN = 5
    NOT_SHOWN = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All that a conclusion rests on."""

    holdout_share: float
    overall: Lift | None
    """Absent without a holdout."""
    days: float
    """Between the first and the last matured decision."""
    sample_ratio: SampleRatio
    propensity_audit: Audit
    outcome_loss: OutcomeLoss
    pending_units: int = 0
    """Units whose outcome window is still open."""
    censored_units: int = 0
    """Units whose outcome can never be known."""
    late_conversions: int = 0
    """Conversions after the outcome window."""
    interventions: int = 0
    """Decisions to intervene."""
    delivered: int = 0
    """Of these, the ones acknowledged as shown."""
    stopped_arms: int = 0
    """Arms that a guardrail stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """A verdict, its sentence, and what a reader must know before quoting it."""

    verdict: ExperimentVerdict
    statement: str
    caveats: tuple[str, ...]


def conclude(findings: Findings) -> Conclusion:
    """Return what may be concluded now."""
    verdict, statement = _verdict(findings)
    return Conclusion(
        verdict=verdict, statement=statement, caveats=tuple(_caveats(findings, verdict))
    )


def _verdict(findings: Findings) -> tuple[ExperimentVerdict, str]:
    reasons = " ".join(_alarms(findings))
    if reasons:
        return ExperimentVerdict.INVALID, f"No number here may be quoted as an effect. {reasons}"
    lift = findings.overall
    if lift is None:
        statement = "No visitor is held out, so an effect cannot be measured."
        return ExperimentVerdict.NO_HOLDOUT, statement
    missing = " ".join(unmet.sentence for unmet in _missing(lift, findings.days))
    if missing:
        return ExperimentVerdict.TOO_EARLY, f"It is too early to tell. {missing}"
    return _effect(lift)


def _effect(lift: Lift) -> tuple[ExperimentVerdict, str]:
    estimate, low = lift.estimate, lift.interval_low
    bound, high = lift.lower_bound, lift.interval_high
    if estimate is None or bound is None or low is None or high is None:
        raise ValueError("the lift has enough units but no estimate")
    sure = f"at {100 * (1 - lift.alpha):g} % confidence, however often it is looked at"
    if bound > 0:
        return ExperimentVerdict.LIFT_SHOWN, (
            f"Intervening helps: {_rates(lift)}, {_points(estimate)} more and at least "
            f"{_points(bound)} more {sure}."
        )
    if high < 0:
        return ExperimentVerdict.HARM_SHOWN, (
            f"Intervening does harm: {_rates(lift)}, {_points(-estimate)} less and at least "
            f"{_points(-high)} less {sure}."
        )
    return ExperimentVerdict.NOT_SHOWN, (
        f"No effect is shown: {_rates(lift)}; the difference lies between {_points(low)} and "
        f"{_points(high)} {sure}. This does not say that there is none."
    )


def _missing(lift: Lift, days: float) -> Iterator[Unmet]:
    yield from shortfalls(lift)
    if days < MINIMUM_DAYS:
        yield Unmet(condition=Condition.DAYS, found=days, needed=MINIMUM_DAYS)


def _alarms(findings: Findings) -> Iterator[str]:
    ratio, loss = findings.sample_ratio, findings.outcome_loss
    units = ratio.treated_units + ratio.holdout_units
    if ratio.alarm and ratio.leaked_units:
        yield f"{ratio.leaked_units:,} visitors of the holdout were shown an intervention."
    elif ratio.alarm:
        yield (
            f"{_percent(ratio.holdout_units / units)} of the visitors are in the holdout, where "
            f"{_percent(ratio.expected_holdout_share)} should be."
        )
    if findings.propensity_audit.alarm:
        yield "The arms were not chosen as their logged probabilities promise."
    if loss.alarm:
        yield (
            f"Outcomes are unknown for {_percent(loss.treated_share or 0.0)} of the treated and "
            f"{_percent(loss.holdout_share or 0.0)} of the holdout."
        )


def _caveats(findings: Findings, verdict: ExperimentVerdict) -> Iterator[str]:
    lift = findings.overall
    if lift is not None:
        yield from _about_lift(lift, findings.days, verdict)
    if findings.delivered < DELIVERED * findings.interventions:
        yield (
            f"Only {_percent(findings.delivered / findings.interventions)} of the interventions "
            "were acknowledged as shown; the others count as treated all the same."
        )
    if findings.pending_units:
        yield f"{findings.pending_units:,} visitors are not counted yet: their window is open."
    if findings.censored_units:
        yield f"{findings.censored_units:,} visitors are left out: their outcome is unknowable."
    if findings.late_conversions:
        yield f"{findings.late_conversions:,} conversions came too late to count."
    if findings.stopped_arms:
        noun = "intervention" if findings.stopped_arms == 1 else "interventions"
        yield f"Guardrails stopped {findings.stopped_arms:,} {noun} during the experiment."


def _about_lift(lift: Lift, days: float, verdict: ExperimentVerdict) -> Iterator[str]:
    if verdict is ExperimentVerdict.LIFT_SHOWN and (
        lift.p_value is None or lift.p_value > lift.alpha
    ):
        known = "has not begun" if lift.p_value is None else f"gives p = {lift.p_value:.2g}"
        yield f"The exact test does not confirm the lift yet: it {known}."
    if verdict >= ExperimentVerdict.LIFT_SHOWN and days < FULL_WEEKS:
        yield f"Only {days:.3g} days were observed, so no difference between weeks can be seen."
    if lift.method is LiftMethod.AIPW:
        yield "The holdout's share was changed, so visitors are weighted by the share in force."


def _rates(lift: Lift) -> str:
    treated = lift.treated_conversions / lift.treated_units
    holdout = lift.holdout_conversions / lift.holdout_units
    return (
        f"{_percent(treated)} of {lift.treated_units:,} treated visitors converted and "
        f"{_percent(holdout)} of {lift.holdout_units:,} in the holdout"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _points(difference: float) -> str:
    return f"{100 * difference:.2f} points"
