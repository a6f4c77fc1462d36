"""The parts of an evaluation: rules, tasks, the past, the regression, and the scores."""

from __future__ import annotations

import math

import numpy as np
import pytest
from eitp_server.lab.evaluation import FEATURES, TASKS, EvaluationError, Rule, declare
from eitp_server.lab.evaluation.baseline import person_mean
from eitp_server.lab.evaluation.model import PENALTY, Logistic
from eitp_server.lab.evaluation.past import Past
from eitp_server.lab.evaluation.score import Resampling, auc, brier, interval, reliability
from eitp_server.lab.evaluation.split import folds_of
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import mannwhitneyu


@pytest.mark.parametrize(
    ("rule", "holds", "fails"),
    [
        ("<=2", ("1", "2", "2.0", "-3"), ("3", "2.01")),
        (">= 4", ("4", "5"), ("3.9",)),
        ("<2", ("1",), ("2",)),
        (">2", ("3",), ("2",)),
        ("=hard", ("hard",), ("Hard", "easy")),
        ("==hard", ("hard",), ("easy",)),
        ("hard", ("hard",), ("easy",)),
        ("=2", ("2", "2.0"), ("3", "two")),
        ("!=x", ("y", ""), ("x",)),
        ("in a, b", ("a", "b"), ("c", "a, b")),
        ("in 1,2", ("1.0", "2"), ("12",)),
    ],
)
def test_a_rule_says_which_values_are_positive(
    rule: str, holds: tuple[str, ...], fails: tuple[str, ...]
) -> None:
    parsed = Rule.parse(rule)
    assert all(parsed.holds(value) for value in holds)
    assert not any(parsed.holds(value) for value in fails)


@pytest.mark.parametrize("rule", ["", " ", "<=", "<=two", ">nan", "=", "!=", "in ", "in a,,b"])
def test_what_is_no_rule_is_refused_with_what_would_be_one(rule: str) -> None:
    with pytest.raises(EvaluationError, match="write <=2"):
        Rule.parse(rule)


def test_a_value_that_cannot_be_compared_is_refused() -> None:
    with pytest.raises(EvaluationError, match="'good' is not a number"):
        Rule.parse("<=2").holds("good")


def test_known_tasks_bring_label_rule_and_features_that_exist() -> None:
    for name, known in TASKS.items():
        task = declare(name)
        assert (task.label, task.positive.text) == (known.label, known.positive)
        assert set(task.features) <= set(FEATURES)
        assert task.server.removeprefix("-") in FEATURES


def test_any_other_task_needs_label_and_rule() -> None:
    with pytest.raises(EvaluationError, match="needs --label"):
        declare("mine", positive="x")
    with pytest.raises(EvaluationError, match="needs --positive"):
        declare("mine", label="mood")
    with pytest.raises(EvaluationError, match="needs --positive"):
        declare("stress", label="mood")
    assert set(declare("mine", label="mood", positive="x").features) <= set(FEATURES)


def test_features_are_added_and_left_out_by_name_or_by_group() -> None:
    task = declare("low-rating", included=["duration", "state"], left_out=["response_latency"])
    assert {"duration", "state_valence"} <= set(task.features)
    assert not any("latency" in name for name in task.features)
    assert "duration_relative" not in task.features
    with pytest.raises(EvaluationError, match="no feature 'latenzy'; there are latency_latest"):
        declare("low-rating", included=["latenzy"])
    with pytest.raises(EvaluationError, match="no feature is left"):
        declare("hesitation", left_out=["hesitation", "duration"])


def test_a_value_is_compared_with_earlier_ones_by_median_and_shrunken_spread() -> None:
    past = Past()
    assert all(math.isnan(past.next(value)) for value in (100, 200, 400))
    # Levels 0, 1, 2 above log2 100: median 1, median absolute deviation 1.
    spread = math.sqrt((3 * 1.4826**2 + 4 * 0.7**2) / 7)
    assert past.score(1600) == pytest.approx(3 / spread)
    assert past.score(200) == pytest.approx(0)
    assert math.isnan(past.score(math.nan))
    past.add(math.nan)
    assert past.score(1600) == pytest.approx(3 / spread)


def test_one_absurd_value_hardly_moves_what_is_usual() -> None:
    past, other = Past(), Past()
    for value in (900, 1000, 1000, 1100, 1000):
        past.add(value)
        other.add(value)
    other.add(1e9)
    assert other.score(2000) == pytest.approx(past.score(2000), abs=0.3)


def observations(seed: int = 1, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, 3)) * (1, 100, 0.01) + (0, 5000, 1)
    positive = rng.random(n) < 1 / (1 + np.exp(-1.5 * values[:, 0]))
    return values, positive


def test_a_fit_is_where_the_penalised_loss_is_flat() -> None:
    values, positive = observations()
    fitted = Logistic.fit(values, positive)
    scaled = fitted.scaling.apply(values)
    residual = fitted.probability(values) - positive
    assert residual.sum() == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(scaled.T @ residual, -PENALTY * fitted.weights, atol=1e-6)
    assert fitted.weights[0] > 1
    assert abs(fitted.weights[1]) < 0.3


def test_a_fit_is_the_one_that_another_method_finds() -> None:
    values, positive = observations()
    fitted = Logistic.fit(values, positive)
    design = np.insert(fitted.scaling.apply(values), 0, 1, axis=1)
    sign = np.where(positive, 1, -1)

    def loss(theta: np.ndarray) -> float:
        fit = np.logaddexp(0, -sign * (design @ theta)).sum()
        return float(fit + PENALTY * (theta[1:] ** 2).sum() / 2)

    found = minimize(loss, np.zeros(design.shape[1]), method="BFGS").x
    np.testing.assert_allclose(found, [fitted.intercept, *fitted.weights], atol=1e-3)


def test_classes_that_a_line_parts_are_fitted_too() -> None:
    values = np.arange(40, dtype=np.float64)[:, None]
    fitted = Logistic.fit(values, values[:, 0] >= 20)
    assert auc(fitted.score(values), values[:, 0] >= 20) == 1
    assert np.isfinite(fitted.weights).all()


def test_a_fit_does_not_depend_on_units() -> None:
    values, positive = observations()
    one, other = Logistic.fit(values, positive), Logistic.fit(values * 60_000, positive)
    np.testing.assert_allclose(one.score(values), other.score(values * 60_000), atol=1e-6)


def test_a_missing_value_counts_as_the_mean_and_as_missing() -> None:
    values, positive = observations()
    values[positive & (np.arange(len(values)) % 2 == 0), 2] = np.nan
    fitted = Logistic.fit(values, positive)
    assert fitted.weights[3] > 1, "that it is missing tells"
    probability = fitted.probability(np.full((1, 3), np.nan))
    assert 0 < probability[0] < 1


def test_what_is_missing_together_is_told_once() -> None:
    values, positive = observations()
    values[positive] = np.nan
    values[0] = np.nan
    assert len(Logistic.fit(values, positive).weights) == 3 + 1


def test_a_constant_column_and_one_class_are_no_failure() -> None:
    values = np.zeros((20, 2))
    half = np.arange(20) % 2 == 0
    assert Logistic.fit(values, half).probability(values) == pytest.approx(0.5)
    assert Logistic.fit(values, np.ones(20, np.bool_)).probability(values) == pytest.approx(21 / 22)


def test_an_absurd_value_moves_a_score_only_so_far() -> None:
    values, positive = observations()
    fitted = Logistic.fit(values, positive)
    scores = fitted.score(np.array([[1e9, 5000, 1.0], [1e12, 5000, 1.0]]))
    assert scores[0] == scores[1]


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=2, max_size=60))
def test_auc_is_the_mann_whitney_statistic(rows: list[tuple[int, bool]]) -> None:
    score = np.array([value for value, _ in rows], np.float64)
    positive = np.array([is_positive for _, is_positive in rows])
    if positive.all() or not positive.any():
        return
    statistic = mannwhitneyu(score[positive], score[~positive]).statistic
    assert auc(score, positive) == pytest.approx(statistic / (positive.sum() * (~positive).sum()))
    assert auc(-score, positive) == pytest.approx(1 - auc(score, positive))


def test_a_draw_of_people_counts_each_with_all_their_recordings() -> None:
    rng = np.random.default_rng(5)
    person = np.repeat(np.arange(8), 5)
    positive, score = rng.random(40) < 0.4, np.round(rng.normal(size=40), 1)
    drawn = Resampling(positive, person, seed=9, draws=50)
    counts = np.random.default_rng(9).multinomial(8, np.full(8, 1 / 8), size=50)
    for count, found in zip(counts, drawn.auc(score), strict=True):
        rows = np.repeat(np.arange(40), count[person])
        assert found == pytest.approx(auc(score[rows], positive[rows]))


def test_an_interval_is_wider_when_recordings_of_a_person_are_alike() -> None:
    rng = np.random.default_rng(2)
    person = np.repeat(np.arange(20), 20)
    positive = np.tile(np.arange(20) % 2 == 0, 20)
    score = np.repeat(rng.normal(size=20), 20) * positive + rng.normal(size=400) * 0.1
    spans = [
        interval(0.5, Resampling(positive, who, seed=1, draws=500).auc(score))
        for who in (person, np.arange(400))
    ]
    by_person, independent = (span.high - span.low for span in spans)
    assert by_person > 2 * independent


def test_scores_without_variation_have_an_auc_of_a_half() -> None:
    positive = np.arange(10) % 2 == 0
    drawn = Resampling(positive, np.arange(10), seed=1).auc(np.zeros(10))
    assert auc(np.zeros(10), positive) == 0.5
    span = interval(0.5, drawn)
    assert (span.low, span.high) == (0.5, 0.5)


def test_brier_and_reliability_are_those_of_the_textbook() -> None:
    probability, positive = np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, True, True, True])
    assert brier(probability, positive) == pytest.approx((0.01 + 0.64 + 0.04 + 0.01) / 4)
    bins = reliability(probability, positive)
    assert [(b.share, b.recordings) for b in bins] == [(0.5, 2), (1.0, 2)]
    assert [b.probability for b in bins] == pytest.approx([0.15, 0.85])


@given(st.integers(4, 40), st.integers(1, 5), st.integers(0, 99))
def test_folds_never_share_a_person_and_are_about_equal(people: int, each: int, seed: int) -> None:
    person = np.tile(np.arange(people), each)
    fold = folds_of(person, seed=seed)
    assert len(set(zip(person.tolist(), fold.tolist(), strict=True))) == people
    sizes = np.bincount(fold[:people])
    assert len(sizes) == min(10, people)
    assert sizes.max() - sizes.min() <= 1


def test_the_person_baseline_guesses_from_earlier_labels_only() -> None:
    person, place = np.array([0, 0, 0, 1]), np.array([2, 0, 1, 0])
    positive = np.array([True, True, False, True])
    guess = person_mean(person, place, person, positive)
    # The first of a person gets the rate of the others; then what was told before counts.
    assert guess.tolist() == [0.5, 1.0, 1.0, pytest.approx(2 / 3)]
