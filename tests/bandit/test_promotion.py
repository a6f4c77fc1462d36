"""The promotion rule: each condition holds a promotion back on its own, and says so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from bandit.lifts import PROVEN, lift
from eitp_server.bandit.lift import LEAST_EFFECTIVE_SAMPLE_SIZE
from eitp_server.bandit.promotion import (
    MINIMUM_CONVERSIONS,
    MINIMUM_UNITS,
    Candidate,
    Condition,
    enough,
    is_enough,
    judge,
)
from hypothesis import given
from hypothesis import strategies as st

PROMISING = Candidate(lift=PROVEN, over_nothing=PROVEN, days=7.0)
counts = st.integers(0, 2_000)


def test_a_candidate_that_meets_all_conditions_is_promoted() -> None:
    (verdict,) = judge([PROMISING])
    assert verdict.promote
    assert verdict.unmet == ()


@pytest.mark.parametrize(
    ("condition", "changed"),
    [
        (Condition.LOWER_BOUND, {"lower_bound": 0.0}),
        (Condition.LOWER_BOUND, {"lower_bound": None}),
        (Condition.DISCOVERY, {"e_value": 9.9}),
        (Condition.DISCOVERY, {"e_value": None}),
        (Condition.TREATED_UNITS, {"treated_units": 499}),
        (Condition.HOLDOUT_UNITS, {"holdout_units": 499}),
        (Condition.TREATED_CONVERSIONS, {"treated_conversions": 9}),
        (Condition.HOLDOUT_CONVERSIONS, {"holdout_conversions": 9}),
        (Condition.EFFECTIVE_SAMPLE_SIZE, {"effective_sample_size": 99.9}),
    ],
)
def test_each_condition_on_the_lift_holds_a_promotion_back(
    condition: Condition, changed: dict[str, Any]
) -> None:
    (verdict,) = judge([replace(PROMISING, lift=lift(**changed))])
    assert not verdict.promote
    assert [unmet.condition for unmet in verdict.unmet] == [condition]


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"lower_bound": 0.0}, 0.0),
        ({"lower_bound": None}, None),
        ({"treated_conversions": 9}, None),
        ({"holdout_conversions": 9}, None),
    ],
)
def test_what_beats_the_holdout_must_beat_doing_nothing_too(
    changed: dict[str, Any], found: float | None
) -> None:
    (verdict,) = judge([replace(PROMISING, over_nothing=lift(**changed))])
    assert not verdict.promote
    assert [unmet.condition for unmet in verdict.unmet] == [Condition.OVER_NOTHING]
    assert verdict.unmet[0].found == found


def test_few_who_were_chosen_nothing_for_are_enough_to_beat() -> None:
    (verdict,) = judge([replace(PROMISING, over_nothing=lift(holdout_units=120))])
    assert verdict.promote


@pytest.mark.parametrize(
    ("condition", "changed"),
    [
        (Condition.DAYS, {"days": 6.9}),
        (Condition.BREADTH, {"concentration": 0.9001}),
        (Condition.SAMPLE_RATIO, {"sample_ratio_alarm": True}),
        (Condition.PROPENSITY_AUDIT, {"propensity_audit_alarm": True}),
        (Condition.OUTCOME_LOSS, {"outcome_loss_alarm": True}),
        (Condition.GUARDRAILS, {"guardrail_stop": True}),
    ],
)
def test_each_condition_on_the_experiment_holds_a_promotion_back(
    condition: Condition, changed: dict[str, Any]
) -> None:
    (verdict,) = judge([replace(PROMISING, **changed)])
    assert not verdict.promote
    assert [unmet.condition for unmet in verdict.unmet] == [condition]


def test_every_unmet_condition_is_named_in_order() -> None:
    nothing = lift(
        estimate=None,
        lower_bound=None,
        e_value=None,
        treated_units=0,
        treated_conversions=0,
        holdout_units=0,
        holdout_conversions=0,
        effective_sample_size=0.0,
    )
    hopeless = Candidate(
        lift=nothing,
        over_nothing=nothing,
        days=0.0,
        concentration=1.0,
        sample_ratio_alarm=True,
        propensity_audit_alarm=True,
        outcome_loss_alarm=True,
        guardrail_stop=True,
    )
    (verdict,) = judge([hopeless])
    # What was seen in one place only does not ask to be discovered in a wider one.
    named = [item for item in Condition if item is not Condition.DISCOVERY]
    assert [unmet.condition for unmet in verdict.unmet] == named
    sentences = [unmet.sentence for unmet in verdict.unmet]
    assert sentences[0] == "Too few visitors have matured for a bound of the lift."
    assert sentences[1] == (
        "Too few visitors for whom nothing was chosen have matured for a bound of the lift over it."
    )
    assert sentences[2] == "0 of 500 treated units have matured."
    assert len(set(sentences)) == len(sentences)


def test_a_tenant_may_ask_for_more_than_any_effect() -> None:
    (held,) = judge([PROMISING], margin=0.004)
    assert [unmet.condition for unmet in held.unmet] == [
        Condition.LOWER_BOUND,
        Condition.OVER_NOTHING,
    ]
    (promoted,) = judge([PROMISING], margin=0.0039)
    assert held.unmet[0].sentence == "The lower bound of the lift is 0.004, not above 0.004."
    assert promoted.promote


def test_more_candidates_ask_for_more_evidence() -> None:
    hopeless = replace(PROMISING, lift=lift(e_value=0.5))
    assert judge([PROMISING, *[hopeless] * 8])[0].promote
    assert not judge([PROMISING, *[hopeless] * 9])[0].promote


def test_no_candidate_gets_no_verdict() -> None:
    assert judge([]) == ()


@given(counts, counts, counts, counts, st.floats(0.0, 300.0))
def test_counts_are_enough_exactly_when_no_shortfall_is_named(
    treated: int, converted: int, held: int, held_converted: int, size: float
) -> None:
    seen = lift(
        treated_units=treated,
        treated_conversions=converted // 50,
        holdout_units=held,
        holdout_conversions=held_converted // 50,
        effective_sample_size=size,
    )
    expected = (
        min(treated, held) >= MINIMUM_UNITS
        and min(converted, held_converted) // 50 >= MINIMUM_CONVERSIONS
        and size >= LEAST_EFFECTIVE_SAMPLE_SIZE
    )
    assert is_enough(seen) == expected
    assert expected == enough(
        treated_units=seen.treated_units,
        treated_conversions=seen.treated_conversions,
        holdout_units=seen.holdout_units,
        holdout_conversions=seen.holdout_conversions,
        effective_sample_size=seen.effective_sample_size,
    )


def test_counts_of_many_replications_are_judged_at_once() -> None:
    found = enough(
        treated_units=np.array([[500, 499, 500], [900, 900, 900]]),
        treated_conversions=np.array([10, 10, 9]),
        holdout_units=500,
        holdout_conversions=10,
        effective_sample_size=np.array([[100.0], [99.0]]),
    )
    assert found.tolist() == [[True, False, False], [False, False, False]]
