"""Probabilities that learn from outcomes."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from eitp_server.classification.calibration import (
    ENOUGH,
    FORETOLD,
    PRIOR_PRECISION,
    Calibration,
    balance,
    fading,
    logit_of,
    sigmoid,
)
from eitp_server.classification.packet import Label
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

if TYPE_CHECKING:
    from collections.abc import Iterable

NEVER = 1e12
"""A half life without forgetting."""

logits = st.floats(-8, 8)
outcomes = st.lists(st.tuples(logits, st.booleans(), st.floats(0.1, 30)), max_size=40)


def after(
    observations: Iterable[tuple[float, bool, float]], half_life: float = 2000.0
) -> Calibration:
    calibration = Calibration()
    for logit, came, weight in observations:
        calibration = calibration.observed(logit, came=came, weight=weight, half_life=half_life)
    return calibration


def drawn(a: float, b: float, n: int, seed: int = 1) -> list[tuple[float, bool, float]]:
    """Return n outcomes of events whose true logit is a + b times the shipped one."""
    chance = np.random.default_rng(seed)
    x = chance.normal(0.5, 1.5, n)
    came = chance.random(n) < 1 / (1 + np.exp(-(a + b * x)))
    return [(float(each), bool(y), 1.0) for each, y in zip(x, came, strict=True)]


def most_probable(observations: list[tuple[float, bool, float]]) -> tuple[float, float]:
    """Return the mode of the posterior of all outcomes at once, by scipy."""
    x, came, weight = (np.array(column, float) for column in zip(*observations, strict=True))

    def cost(theta: np.ndarray) -> float:
        z = theta[0] + theta[1] * x
        loss = weight * (np.logaddexp(0, z) - came * z)
        prior = PRIOR_PRECISION[0] * theta[0] ** 2 + PRIOR_PRECISION[1] * (theta[1] - 1) ** 2
        return float(loss.sum() + prior / 2)

    found = minimize(cost, [0.0, 1.0], bounds=[(None, None), (0, None)], method="L-BFGS-B")
    return float(found.x[0]), float(found.x[1])


@pytest.mark.parametrize(("logit", "came", "weight"), [(2.0, True, 1.0), (-3.0, True, 20.0)])
def test_one_outcome_moves_to_the_mode_that_scipy_finds(
    logit: float, came: bool, weight: float
) -> None:
    one = [(logit, came, weight)]
    found = after(one, NEVER)
    assert (found.intercept, found.slope) == pytest.approx(most_probable(one), abs=1e-4)


def test_an_outcome_that_would_turn_the_order_round_ends_at_slope_zero_as_in_scipy() -> None:
    one = [(-8.0, True, 30.0)]
    found = after(one, NEVER)
    assert found.slope == 0
    assert (found.intercept, found.slope) == pytest.approx(most_probable(one), abs=1e-3)


@pytest.mark.parametrize(("a", "b"), [(0.0, 1.0), (-1.0, 0.6), (1.5, 0.2), (0.5, 1.6)])
def test_without_forgetting_outcome_by_outcome_ends_near_all_at_once(a: float, b: float) -> None:
    observations = drawn(a, b, 3000)
    found = after(observations, NEVER)
    assert (found.intercept, found.slope) == pytest.approx(most_probable(observations), abs=0.03)
    assert (found.intercept, found.slope) == pytest.approx((a, b), abs=0.2)


def test_the_precision_is_the_curvature_of_the_posterior() -> None:
    observations = drawn(-1.0, 0.6, 3000)
    found = after(observations, NEVER)
    x = np.array([each for each, _, _ in observations])
    s = 1 / (1 + np.exp(-(found.intercept + found.slope * x)))
    information = s * (1 - s)
    expected = (
        PRIOR_PRECISION[0] + information.sum(),
        (information * x).sum(),
        PRIOR_PRECISION[1] + (information * x * x).sum(),
    )
    assert found.precision == pytest.approx(expected, rel=0.02)


@given(outcomes, logits)
def test_a_probability_is_one_whatever_was_seen(
    observations: list[tuple[float, bool, float]], logit: float
) -> None:
    found = after(observations)
    assert 0 < found.recalibrated(logit) < 1
    assert math.isfinite(found.learned_loss)


@given(outcomes, logits, logits)
def test_a_higher_probability_never_becomes_a_lower_one(
    observations: list[tuple[float, bool, float]], one: float, other: float
) -> None:
    less, more = sorted((one, other))
    found = after(observations)
    assert found.slope >= 0
    assert found.recalibrated(less) <= found.recalibrated(more)


@given(st.permutations(drawn(-1.0, 0.6, 40)))
def test_the_order_of_outcomes_hardly_matters(
    shuffled: list[tuple[float, bool, float]],
) -> None:
    found, other = after(drawn(-1.0, 0.6, 40), NEVER), after(shuffled, NEVER)
    assert found.intercept == pytest.approx(other.intercept, abs=0.15)
    assert found.slope == pytest.approx(other.slope, abs=0.15)


@given(outcomes)
def test_what_was_learned_fades_back_to_the_start(
    observations: list[tuple[float, bool, float]],
) -> None:
    found = after(observations)
    for _ in range(200):
        found = found.observed(0.0, came=True, weight=1e-9, half_life=2.0)
    assert (found.intercept, found.slope) == pytest.approx((0, 1), abs=1e-6)
    assert found.precision == pytest.approx((PRIOR_PRECISION[0], 0, PRIOR_PRECISION[1]), abs=1e-6)


def test_half_is_left_after_a_half_life() -> None:
    assert fading(100.0) ** 100 == pytest.approx(0.5)
    found = after([(0.0, True, 1.0)])
    for _ in range(2000):
        found = found.observed(0.0, came=False)
    assert found.came == pytest.approx(0.5)


def test_an_outcome_is_judged_before_it_is_learned() -> None:
    found = after([(0.0, True, 1.0)] * 60)
    following = found.observed(0.0, came=False, half_life=NEVER)
    surprise = following.learned_loss - found.learned_loss
    assert surprise == pytest.approx(-math.log(1 - found.recalibrated(0.0)))


def test_what_was_learned_is_used_only_with_enough_of_both_outcomes() -> None:
    found = Calibration()
    for number in range(2000):
        found = found.observed(3.0, came=number % 4 == 0, half_life=NEVER)
        enough = min(found.came, found.stayed_away) >= ENOUGH
        assert found.is_used == enough
        if not enough:
            assert found.applied(3.0) == sigmoid(3.0)
    assert found.applied(3.0) == pytest.approx(0.25, abs=0.02)


def test_what_was_learned_is_not_used_where_the_shipped_number_is_better() -> None:
    found = Calibration(came=900, stayed_away=900, shipped_loss=10, learned_loss=10.001)
    assert not found.is_used


def test_probabilities_that_are_right_are_hardly_touched() -> None:
    found = after(drawn(0.0, 1.0, 4000))
    for logit in (-2.0, 0.0, 2.0):
        assert found.recalibrated(logit) == pytest.approx(sigmoid(logit), abs=0.06)


def test_balanced_outcomes_weigh_alike_together() -> None:
    successes, abandoned = 30, 970
    of_success = balance(of_kind=successes, of_both=1000) * successes
    of_abandonment = balance(of_kind=abandoned, of_both=1000) * abandoned
    assert of_success == pytest.approx(of_abandonment, rel=0.05)
    assert of_success + of_abandonment == pytest.approx(1000, rel=0.05)


def test_a_label_that_adds_nothing_to_a_common_outcome_falls_to_one_half() -> None:
    chance = np.random.default_rng(2)
    found, came = Calibration(), 0
    for number in range(4000):
        abandons = bool(chance.random() < 0.97)
        came += abandons
        kind = came if abandons else number + 1 - came
        weight = balance(of_kind=kind, of_both=number + 1)
        found = found.observed(logit_of(0.8), came=abandons, weight=weight)
    assert found.is_used
    assert found.applied(logit_of(0.8)) == pytest.approx(0.5, abs=0.08)


def test_a_state_survives_json() -> None:
    found = after(drawn(-1.0, 0.6, 20))
    assert Calibration.load(json.loads(json.dumps(found.dump()))) == found


@given(st.floats(0, 1))
def test_a_logit_and_its_probability_belong_together(probability: float) -> None:
    assert sigmoid(logit_of(probability)) == pytest.approx(probability, abs=1e-6)


def test_every_label_that_claims_something_foretells_an_outcome() -> None:
    assert set(FORETOLD) == set(Label) - {Label.UNSPECIFIED, Label.NEUTRAL}
