"""Evidence unit by unit: what a decision says about an arm, batches, dates and restarts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from eitp_server.bandit.confidence_sequence import lower_bound
from eitp_server.bandit.decision import Cell, Decision
from eitp_server.bandit.e_process import BATCH_UNITS
from eitp_server.bandit.evidence import (
    Evidence,
    seen_as_treated,
    seen_from,
    seen_over_nothing,
    stratum_of,
)
from eitp_server.bandit.promotion import DAY_US
from eitp_server.bandit.pseudo_outcome import EffectSums, Side, Unit, pseudo_outcome
from hypothesis import given
from hypothesis import strategies as st

DECISION = Decision(
    decision_id="d",
    session_id="s",
    visitor_hash="v",
    cell=Cell(tenant_id="shop", vertical="automotive", label=4, page_section=8),
    packet_id="p",
    decided_at_us=0,
    arms=("", "comparison", "help-chat"),
    probabilities=(0.2, 0.5, 0.3),
    chosen="comparison",
    propensity=0.45,
    draw=0.4,
    holdout=False,
    holdout_share=0.1,
    snapshot_id="snp",
    policy_version="thompson/1",
)

units = st.builds(
    Unit,
    side=st.sampled_from(Side),
    outcome=st.sampled_from([0.0, 1.0]),
    arm_propensity=st.floats(0.05, 0.9),
    holdout_share=st.just(0.1),
)


def folded(rows: list[Unit], into: Evidence | None = None) -> Evidence:
    evidence = into or Evidence()
    for at, row in enumerate(rows):
        beside = row if row.side is Side.ARM else None
        evidence.fold(row, at * DAY_US, stratum=str(at % 3), over_nothing=beside)
    return evidence


def text(evidence: Evidence) -> str:
    return json.dumps(evidence.dump())


def reloaded(evidence: Evidence) -> Evidence:
    return Evidence.load(json.loads(text(evidence)))


@pytest.mark.parametrize(
    ("arm", "side", "propensity"),
    [
        ("comparison", Side.ARM, 0.45),
        ("help-chat", Side.OTHER, 0.27),
        ("", Side.OTHER, 0.18),
    ],
)
def test_a_decision_speaks_about_each_arm_that_was_eligible(
    arm: str, side: Side, propensity: float
) -> None:
    unit = seen_from(DECISION, arm, 1.0)
    assert unit is not None
    assert (unit.side, unit.outcome, unit.holdout_share) == (side, 1.0, 0.1)
    assert unit.arm_propensity == pytest.approx(propensity)


def test_a_decision_says_nothing_about_an_arm_that_was_not_eligible() -> None:
    assert seen_from(DECISION, "discount", 1.0) is None


def test_a_decision_says_nothing_about_an_arm_that_had_no_probability() -> None:
    without = replace(DECISION, probabilities=(0.5, 0.5, 0.0))
    assert seen_from(without, "help-chat", 1.0) is None


def test_who_is_held_out_is_the_comparison_whatever_would_have_been_chosen() -> None:
    held = replace(DECISION, holdout=True, propensity=0.1)
    for arm in DECISION.arms:
        unit = seen_from(held, arm, 0.0)
        assert unit is not None
        assert unit.side is Side.HOLDOUT
    whole = seen_as_treated(held, 0.0)
    assert whole is not None
    assert whole.side is Side.HOLDOUT


def test_for_the_whole_system_any_choice_is_the_treatment() -> None:
    unit = seen_as_treated(replace(DECISION, chosen=""), 1.0)
    assert unit == Unit(side=Side.ARM, outcome=1.0, arm_propensity=0.9, holdout_share=0.1)


def test_without_a_holdout_nothing_can_be_compared() -> None:
    everyone = replace(DECISION, holdout_share=0.0, propensity=0.5)
    assert seen_from(everyone, "comparison", 1.0) is None
    assert seen_as_treated(everyone, 1.0) is None


def test_bets_are_placed_on_every_four_hundred_units_of_the_scope() -> None:
    pattern = [Side.ARM, Side.ARM, Side.OTHER, Side.HOLDOUT]
    rows = [
        Unit(
            side=pattern[i % 4],
            outcome=float(i % 4 == 0),
            arm_propensity=0.45,
            holdout_share=0.1,
        )
        for i in range(2 * BATCH_UNITS + 3)
    ]
    first, both = folded(rows[:BATCH_UNITS]).e_process, folded(rows).e_process
    assert folded(rows[: BATCH_UNITS - 1]).e_process.treated_units == 0
    assert (first.treated_units, first.holdout_units) == (BATCH_UNITS / 2, BATCH_UNITS / 4)
    # The first batch says which way to bet, so only the second is bet on.
    assert (first.bets, both.bets) == (0, 1)
    assert (first.e_value == 1, both.e_value > 20) == (True, True)
    assert both.treated_units == 2 * first.treated_units


@pytest.mark.parametrize(
    ("chosen", "side"),
    [("comparison", Side.ARM), ("", Side.HOLDOUT), ("help-chat", Side.OTHER)],
)
def test_an_arm_is_compared_with_nothing_among_those_not_held_out(chosen: str, side: Side) -> None:
    unit = seen_over_nothing(replace(DECISION, chosen=chosen), "comparison", 1.0)
    assert unit == Unit(side=side, outcome=1.0, arm_propensity=0.5, holdout_share=0.2)


@pytest.mark.parametrize(
    ("arm", "changed"),
    [
        ("comparison", {"holdout": True}),
        ("discount", {}),
        ("", {}),
        ("comparison", {"probabilities": (0.5, 0.0, 0.5)}),
        ("comparison", {"probabilities": (0.0, 0.5, 0.5)}),
        ("comparison", {"probabilities": (1.0, 1e-30, 0.0)}),
        ("comparison", {"arms": ("badge", "comparison", "help-chat")}),
    ],
)
def test_without_a_chance_of_either_an_arm_is_not_compared_with_nothing(
    arm: str, changed: dict[str, Any]
) -> None:
    assert seen_over_nothing(replace(DECISION, **changed), arm, 1.0) is None


def test_every_section_of_every_tenant_is_a_stratum() -> None:
    cell = DECISION.cell
    others = [
        replace(cell, tenant_id="rival"),
        replace(cell, vertical="fashion"),
        replace(cell, label=5),
        replace(cell, page_section=9),
    ]
    assert len({stratum_of(each) for each in [cell, *others, cell]}) == 5


@given(st.lists(units, max_size=60))
def test_sums_are_those_of_the_units(rows: list[Unit]) -> None:
    sums = EffectSums()
    for row in rows:
        sums = sums.fold(row)
    assert folded(rows).sums == sums
    assert folded(rows).over_nothing.units == sums.arm.units


@given(st.lists(st.integers(0, 40), min_size=1, max_size=10))
def test_days_span_the_decisions_whatever_their_order(days: list[int]) -> None:
    evidence = Evidence()
    assert evidence.days == 0.0
    unit = Unit(side=Side.OTHER, outcome=0.0, arm_propensity=0.5, holdout_share=0.1)
    for day in days:
        evidence.fold(unit, day * DAY_US)
    assert evidence.days == max(days) - min(days)
    assert evidence.first_decided_at_us == min(days) * DAY_US


@given(st.lists(units, min_size=1, max_size=30), st.integers(0, 900), st.integers(0, 900))
def test_a_restart_changes_nothing_and_the_state_does_not_grow(
    rows: list[Unit], before: int, after: int
) -> None:
    stream = [rows[i % len(rows)] for i in range(before + after)]
    straight = folded(stream[:before])
    copy = reloaded(straight)
    assert text(copy) == text(straight)
    assert text(folded(stream[before:], copy)) == text(folded(stream[before:], straight))
    assert len(text(copy)) < 1_600


@pytest.mark.parametrize("outcome", [0.5, -1.0, float("nan")])
def test_an_outcome_that_is_no_conversion_and_no_failure_is_refused(outcome: float) -> None:
    unit = Unit(side=Side.ARM, outcome=outcome, arm_propensity=0.5, holdout_share=0.1)
    evidence = Evidence()
    with pytest.raises(ValueError, match="outcome"):
        evidence.fold(unit, 0)
    assert text(evidence) == text(Evidence())


def test_a_state_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="format 99"):
        Evidence.load({"format": 99})


def lower_bounds_above_zero(*, decisions_of_each: int) -> float:
    """The share of 400 useless arms that pass the bound at one of 20 looks.

    3,000 visitors, of whom each converts in all decisions or in none, a tenth held out for good.
    """
    rng = np.random.default_rng(20_240_528)
    held, converts = (rng.random((400, 3_000, 1)) < share for share in (0.1, 0.05))
    in_arm = ~held & (rng.random((400, 3_000, decisions_of_each)) < 0.5)
    phi = pseudo_outcome(
        converts * 1.0,
        in_arm=in_arm,
        in_holdout=held,
        arm_propensity=0.45,
        holdout_share=0.1,
        arm_regressor=0.05,
        holdout_regressor=0.05,
    )
    looks = np.arange(1, 21) * 150
    total, square = (part.sum(axis=2).cumsum(axis=1)[:, looks - 1] for part in (phi, phi**2))
    units = looks * decisions_of_each
    mean = total / units
    late = looks >= 600
    bound = lower_bound(mean, square / units - mean**2, units)
    return float((bound[:, late] > 0).any(axis=1).mean())


def test_one_unit_per_visitor_keeps_the_promise_of_the_bound() -> None:
    assert lower_bounds_above_zero(decisions_of_each=1) <= 0.05


def test_a_unit_per_decision_breaks_the_same_promise() -> None:
    assert lower_bounds_above_zero(decisions_of_each=5) > 0.05
