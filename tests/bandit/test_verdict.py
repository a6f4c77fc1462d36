"""The verdict: the first that holds in the protocol's order, and sentences with their numbers."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from bandit.lifts import lift
from eitp_server.bandit.lift import Lift, LiftMethod
from eitp_server.bandit.outcome_loss import LossSequence
from eitp_server.bandit.propensity_audit import PropensityAudit
from eitp_server.bandit.sample_ratio import RatioSequence
from eitp_server.bandit.verdict import ExperimentVerdict, Findings, conclude

BALANCED = RatioSequence().fold(treated=9_000, holdout=1_000, holdout_share=0.1)
SOUND = PropensityAudit().report()
WHOLE = LossSequence().report()
OVERALL = lift(method=LiftMethod.DIFFERENCE)
SHOWN = Findings(
    holdout_share=0.1,
    overall=OVERALL,
    days=21.0,
    sample_ratio=BALANCED.report(),
    propensity_audit=SOUND,
    outcome_loss=WHOLE,
)
NONE = replace(OVERALL, lower_bound=-0.001, interval_low=-0.002)
HARM = replace(NONE, estimate=-0.02, interval_low=-0.04, interval_high=-0.005)


def test_a_lift_is_stated_with_its_counts_and_its_bound() -> None:
    found = conclude(SHOWN)
    assert found.verdict is ExperimentVerdict.LIFT_SHOWN
    assert found.statement == (
        "Intervening helps: 4.44 % of 9,000 treated visitors converted and 3.30 % of 1,000 in the "
        "holdout, 1.00 points more and at least 0.40 points more at 95 % confidence, however often "
        "it is looked at."
    )
    assert found.caveats == ()


def test_harm_is_stated_as_such() -> None:
    found = conclude(replace(SHOWN, overall=HARM))
    assert found.verdict is ExperimentVerdict.HARM_SHOWN
    assert "2.00 points less and at least 0.50 points less" in found.statement


def test_nothing_shown_is_not_stated_as_no_effect() -> None:
    found = conclude(replace(SHOWN, overall=NONE))
    assert found.verdict is ExperimentVerdict.NOT_SHOWN
    assert "between -0.20 points and 1.70 points" in found.statement
    assert found.statement.endswith("This does not say that there is none.")


@pytest.mark.parametrize(
    ("changed", "days", "sentence"),
    [
        ({"holdout_units": 499}, 21.0, "499 of 500 holdout units have matured."),
        ({"treated_conversions": 9}, 21.0, "9 of 10 treated units have converted."),
        ({"effective_sample_size": 99.0}, 21.0, "The effective sample size is 99, below 100."),
        ({}, 6.5, "Decisions of 6.5 of 7 days have matured."),
    ],
)
def test_too_early_says_what_is_missing(
    changed: dict[str, Any], days: float, sentence: str
) -> None:
    found = conclude(replace(SHOWN, overall=replace(OVERALL, **changed), days=days))
    assert found.verdict is ExperimentVerdict.TOO_EARLY
    assert found.statement == f"It is too early to tell. {sentence}"


def test_without_a_holdout_nothing_is_measured() -> None:
    found = conclude(replace(SHOWN, holdout_share=0.0, overall=None))
    assert found.verdict is ExperimentVerdict.NO_HOLDOUT
    assert found.caveats == ()


@pytest.mark.parametrize(
    ("alarm", "sentence"),
    [
        (
            {"sample_ratio": BALANCED.leak(3).report()},
            "3 visitors of the holdout were shown an intervention.",
        ),
        (
            {
                "sample_ratio": RatioSequence()
                .fold(treated=9_000, holdout=2_000, holdout_share=0.1)
                .report()
            },
            "18.18 % of the visitors are in the holdout, where 10.00 % should be.",
        ),
        (
            {"propensity_audit": replace(SOUND, alarm=True)},
            "The arms were not chosen as their logged probabilities promise.",
        ),
        (
            {"outcome_loss": replace(WHOLE, treated_share=0.12, holdout_share=0.03, alarm=True)},
            "Outcomes are unknown for 12.00 % of the treated and 3.00 % of the holdout.",
        ),
    ],
)
def test_an_alarm_invalidates_whatever_the_lift_says(alarm: dict[str, Any], sentence: str) -> None:
    found = conclude(replace(SHOWN, **alarm))
    assert found.verdict is ExperimentVerdict.INVALID
    assert found.statement == f"No number here may be quoted as an effect. {sentence}"


def test_the_first_verdict_that_holds_is_given() -> None:
    """Every mixture of what speaks for each verdict."""
    for invalid, held, early, effect in product(
        (True, False), (True, False), (True, False), (OVERALL, HARM, NONE)
    ):
        overall: Lift | None = replace(effect, holdout_units=30) if early else effect
        findings = replace(
            SHOWN,
            overall=overall if held else None,
            propensity_audit=replace(SOUND, alarm=invalid),
        )
        if invalid:
            expected = ExperimentVerdict.INVALID
        elif not held:
            expected = ExperimentVerdict.NO_HOLDOUT
        elif early:
            expected = ExperimentVerdict.TOO_EARLY
        else:
            expected = {
                OVERALL: ExperimentVerdict.LIFT_SHOWN,
                HARM: ExperimentVerdict.HARM_SHOWN,
                NONE: ExperimentVerdict.NOT_SHOWN,
            }[effect]
        assert conclude(findings).verdict is expected


@pytest.mark.parametrize(
    ("changed", "caveat"),
    [
        (
            {"overall": replace(OVERALL, p_value=0.2)},
            "The exact test does not confirm the lift yet: it gives p = 0.2.",
        ),
        (
            {"overall": replace(OVERALL, e_value=None, p_value=None)},
            "The exact test does not confirm the lift yet: it has not begun.",
        ),
        ({"days": 8.0}, "Only 8 days were observed, so no difference between weeks can be seen."),
        (
            {"overall": lift(method=LiftMethod.AIPW)},
            "The holdout's share was changed, so visitors are weighted by the share in force.",
        ),
        (
            {"interventions": 1_000, "delivered": 610},
            (
                "Only 61.00 % of the interventions were acknowledged as shown; the others count as "
                "treated all the same."
            ),
        ),
        ({"pending_units": 1_200}, "1,200 visitors are not counted yet: their window is open."),
        ({"censored_units": 7}, "7 visitors are left out: their outcome is unknowable."),
        ({"late_conversions": 12}, "12 conversions came too late to count."),
        ({"stopped_arms": 1}, "Guardrails stopped 1 intervention during the experiment."),
        ({"stopped_arms": 2}, "Guardrails stopped 2 interventions during the experiment."),
    ],
)
def test_each_caveat_is_given_for_its_reason_alone(changed: dict[str, Any], caveat: str) -> None:
    found = conclude(replace(SHOWN, **changed))
    assert found.verdict is ExperimentVerdict.LIFT_SHOWN
    assert found.caveats == (caveat,)


def test_sentences_fit_their_fields_when_everything_goes_wrong() -> None:
    nothing = lift(
        estimate=None,
        lower_bound=None,
        treated_units=0,
        treated_conversions=0,
        holdout_units=0,
        holdout_conversions=0,
        effective_sample_size=0.0,
    )
    early = replace(
        SHOWN,
        overall=nothing,
        days=0.0,
        interventions=10**15,
        pending_units=10**15,
        censored_units=10**15,
        late_conversions=10**15,
        stopped_arms=200,
    )
    broken = replace(
        early,
        sample_ratio=BALANCED.leak(10**15).report(),
        propensity_audit=replace(SOUND, alarm=True),
        outcome_loss=replace(WHOLE, alarm=True),
    )
    for findings in (early, broken):
        found = conclude(findings)
        assert len(found.statement) <= 1_000
        assert len(found.caveats) <= 20
        assert all(len(caveat) <= 500 for caveat in found.caveats)
