"""Off-policy estimators: golden vectors, laws they must obey, and errors that are derivatives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from eitp_server.bandit.off_policy import (
    Predictions,
    clipped_inverse_propensity,
    direct_method,
    distrust,
    doubly_robust,
    effective_sample_size,
    inverse_propensity,
    on_policy,
    self_normalised,
    self_normalised_doubly_robust,
    switch_doubly_robust,
    switched,
)
from golden import golden
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from eitp_server.bandit.off_policy import Vector

rewards = st.floats(-10.0, 10.0)
weights = st.floats(0.01, 50.0)
decisions = st.lists(st.tuples(weights, rewards, rewards, rewards), min_size=2, max_size=40)


@pytest.fixture(scope="module")
def vectors(eitp_data: Path) -> dict[str, Any]:
    return golden(eitp_data, "bandit")


def columns(rows: list[tuple[float, float, float, float]]) -> tuple[Vector, Vector, Predictions]:
    weight, reward, shown, expected = np.array(rows, np.float64).T
    return weight, reward, Predictions(shown=shown, expected=expected)


def always(arm: int, vector: dict[str, Any]) -> tuple[Vector, Vector, Predictions]:
    """Return weights, rewards and the vector's predictions for the policy that always shows it."""
    chosen = np.array(vector["arm"])
    propensity = np.array(vector["probs"])[np.arange(len(chosen)), chosen]
    weight = np.where(chosen == arm, 1.0 / propensity, 0.0)
    shown = np.array([vector["qhat"][str(one)] for one in chosen])
    expected = np.full(len(chosen), vector["qhat"][str(arm)])
    reward = np.array(vector["y"], np.float64)
    return weight, reward, Predictions(shown=shown, expected=expected)


def slopes(statistic: Callable[[Vector], float], count: int) -> Vector:
    """Return how a statistic of row multiplicities rises with each of them, near one of each."""
    step = 1e-6
    bumps = step * np.eye(count)
    return np.array([(statistic(1 + bump) - statistic(1 - bump)) / (2 * step) for bump in bumps])


def test_inverse_propensity_estimates_are_those_of_the_vector(vectors: dict[str, Any]) -> None:
    weight, reward, _ = always(1, vectors["aipw"])
    expected = vectors["ips"]
    assert inverse_propensity(weight, reward).value == pytest.approx(expected["ips"], abs=1e-9)
    assert self_normalised(weight, reward).value == pytest.approx(expected["snips"], abs=1e-9)
    assert effective_sample_size(weight) == pytest.approx(expected["ess"], abs=1e-9)


def test_difference_of_doubly_robust_terms_is_that_of_the_vector(vectors: dict[str, Any]) -> None:
    vector = vectors["aipw"]
    (treated, reward, of_treated), (held, _, of_held) = always(1, vector), always(0, vector)
    contrast = of_treated.terms(treated, reward) - of_held.terms(held, reward)
    np.testing.assert_allclose(contrast, vector["phi"], rtol=0.0, atol=1e-9)
    assert contrast.var() == pytest.approx(vector["var_ddof0"], abs=1e-9)
    difference = (
        doubly_robust(treated, reward, of_treated).value
        - doubly_robust(held, reward, of_held).value
    )
    assert difference == pytest.approx(vector["mean"], abs=1e-9)


def test_values_and_errors_are_those_of_a_hand_count() -> None:
    weight, reward = np.array([2.0, 0.0, 1.0, 20.0]), np.array([1.0, 5.0, 0.0, 1.0])
    # Weighted rewards 2, 0, 0, 20: mean 5.5, squared distances 12.25 + 30.25 + 30.25 + 210.25.
    found = inverse_propensity(weight, reward)
    assert found.value == 5.5
    assert found.standard_error == pytest.approx((283 / 3 / 4) ** 0.5, rel=1e-12)
    assert found.high - found.value == pytest.approx(1.959963985 * found.standard_error)
    assert clipped_inverse_propensity(weight, reward, 10.0).value == 3.0
    share = 22 / 23
    error = (4 * (1 - share) ** 2 + share**2 + 400 * (1 - share) ** 2) ** 0.5 / 23
    assert self_normalised(weight, reward).value == pytest.approx(share, rel=1e-12)
    assert self_normalised(weight, reward).standard_error == pytest.approx(error, rel=1e-12)
    assert effective_sample_size(weight) == pytest.approx(23**2 / 405, rel=1e-12)


@given(st.lists(rewards, min_size=2, max_size=40))
def test_with_weights_of_one_every_estimate_is_the_mean(rows: list[float]) -> None:
    reward = np.array(rows)
    one, nothing = np.ones_like(reward), np.zeros_like(reward)
    blank = Predictions(shown=nothing, expected=nothing)
    earned = on_policy(reward)
    for found in (
        inverse_propensity(one, reward),
        clipped_inverse_propensity(one, reward, 1.0),
        doubly_robust(one, reward, blank),
        switch_doubly_robust(switched(one, 1.0), reward, blank, nothing),
    ):
        assert found.value == pytest.approx(earned.value, abs=1e-12)
        assert found.standard_error == pytest.approx(earned.standard_error, abs=1e-12)
    assert self_normalised(one, reward).value == pytest.approx(earned.value, abs=1e-12)
    assert effective_sample_size(one) == pytest.approx(len(one))


@given(decisions, st.randoms(use_true_random=False))
def test_the_order_of_decisions_changes_nothing(
    rows: list[tuple[float, float, float, float]], chance: Any
) -> None:
    shuffled = list(rows)
    chance.shuffle(shuffled)
    (weight, reward, model), (again, other, mixed) = columns(rows), columns(shuffled)
    assert effective_sample_size(again) == pytest.approx(effective_sample_size(weight))
    for first, second in (
        (inverse_propensity(weight, reward), inverse_propensity(again, other)),
        (self_normalised(weight, reward), self_normalised(again, other)),
        (
            self_normalised_doubly_robust(weight, reward, model),
            self_normalised_doubly_robust(again, other, mixed),
        ),
    ):
        assert second.value == pytest.approx(first.value, abs=1e-9)
        assert second.standard_error == pytest.approx(first.standard_error, rel=1e-6, abs=1e-9)


@given(decisions, st.floats(0.01, 100.0), st.floats(-5.0, 5.0))
def test_self_normalised_estimates_do_not_depend_on_the_scale_of_weights(
    rows: list[tuple[float, float, float, float]], scale: float, shift: float
) -> None:
    weight, reward, _ = columns(rows)
    found, scaled = self_normalised(weight, reward), self_normalised(scale * weight, reward + shift)
    assert scaled.value == pytest.approx(found.value + shift, abs=1e-9)
    assert scaled.standard_error == pytest.approx(found.standard_error, rel=1e-6, abs=1e-9)
    assert effective_sample_size(scale * weight) == pytest.approx(effective_sample_size(weight))
    assert reward.min() - 1e-9 <= found.value <= reward.max() + 1e-9


@given(decisions)
def test_without_a_model_the_doubly_robust_estimates_are_the_weighted_ones(
    rows: list[tuple[float, float, float, float]],
) -> None:
    weight, reward, _ = columns(rows)
    nothing = np.zeros_like(weight)
    blank = Predictions(shown=nothing, expected=nothing)
    assert doubly_robust(weight, reward, blank) == inverse_propensity(weight, reward)
    found, plain = (
        self_normalised_doubly_robust(weight, reward, blank),
        self_normalised(weight, reward),
    )
    assert found.value == pytest.approx(plain.value, abs=1e-9)
    assert found.standard_error == pytest.approx(plain.standard_error, rel=1e-9, abs=1e-12)


@given(decisions)
def test_switching_goes_from_the_model_alone_to_doubly_robust(
    rows: list[tuple[float, float, float, float]],
) -> None:
    weight, reward, model = columns(rows)
    nothing = np.zeros_like(weight)
    every = switch_doubly_robust(switched(weight, 50.0), reward, model, nothing)
    assert every == doubly_robust(weight, reward, model)
    none = switch_doubly_robust(switched(weight, 0.001), reward, model, nothing)
    assert none == direct_method(model, reward, nothing)


@given(decisions)
def test_a_perfect_model_needs_no_correction(rows: list[tuple[float, float, float, float]]) -> None:
    weight, _, model = columns(rows)
    found = doubly_robust(weight, model.shown, model)
    assert found.value == pytest.approx(model.expected.mean(), abs=1e-9)


@given(decisions, st.floats(0.1, 50.0))
def test_clipping_never_raises_an_estimate_of_rewards_above_zero(
    rows: list[tuple[float, float, float, float]], clip: float
) -> None:
    weight, reward, _ = columns(rows)
    clipped = clipped_inverse_propensity(weight, np.abs(reward), clip).value
    assert clipped <= inverse_propensity(weight, np.abs(reward)).value + 1e-9


def test_errors_of_ratios_are_their_derivatives_by_the_decisions() -> None:
    generator = np.random.default_rng(7)
    weight, reward = generator.exponential(size=60), generator.normal(5.0, 1.0, size=60)
    shown, expected = generator.normal(size=60), generator.normal(size=60)
    model = Predictions(shown=shown, expected=expected)

    def ratio(rows: Vector) -> float:
        return float((rows * weight) @ reward / (rows @ weight))

    def corrected(rows: Vector) -> float:
        residual = (rows * weight) @ (reward - shown) / (rows @ weight)
        return float(rows @ expected / rows.sum() + residual)

    plain = float(np.linalg.norm(slopes(ratio, 60)))
    assert self_normalised(weight, reward).standard_error == pytest.approx(plain, rel=1e-6)
    robust = float(np.linalg.norm(slopes(corrected, 60)))
    found = self_normalised_doubly_robust(weight, reward, model)
    assert found.standard_error == pytest.approx(robust, rel=1e-6)
    # Dividing by the mean weight first, as if it were known, gives another error.
    known = inverse_propensity(weight / weight.mean(), reward).standard_error
    assert known > 2 * plain


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        (np.ones(100), ()),
        (np.ones(99), ("effective sample size is 99",)),
        (np.full(1000, 0.8), ()),
        (np.full(1000, 0.79), ("mean weight is 0.79",)),
        (np.full(1000, 1.21), ("mean weight is 1.21",)),
        (np.zeros(1000), ("effective sample size is 0", "mean weight is 0,")),
        (np.array([1000.0, *np.zeros(999)]), ("effective sample size is 1 of 1000",)),
    ],
)
def test_weights_that_support_no_estimate_are_told(weight: Vector, words: tuple[str, ...]) -> None:
    problems = distrust(weight)
    assert len(problems) == len(words)
    for problem, word in zip(problems, words, strict=True):
        assert word in problem


def test_tiny_and_huge_weights_do_not_overflow_the_effective_sample_size() -> None:
    assert effective_sample_size(np.array([1e200, 1e200, 1e-200])) == pytest.approx(2.0)
    assert effective_sample_size(np.array([1e-200, 1e-200])) == pytest.approx(2.0)
