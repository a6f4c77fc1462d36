"""The choice probabilities: golden vectors, closed forms and laws they must obey."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from eitp_server.bandit import selection
from eitp_server.bandit.selection import (
    best_probabilities,
    best_probabilities_of_many,
    expected_loss,
    exploration_floor,
    top_two,
    total_propensity,
    with_floor,
)
from golden import golden
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betainc, betaln, digamma, expit, log_expit, polygamma

if TYPE_CHECKING:
    from pathlib import Path

    from eitp_server.bandit.selection import Vector

SELECTIONS = ("p_best_3", "p_best_2", "p_best_prior")
shapes = st.lists(
    st.tuples(st.floats(0.5, 5000.0), st.floats(1.0, 50000.0)), min_size=1, max_size=25
)
weights = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=40).filter(lambda w: sum(w) > 0.01)


@pytest.fixture(scope="module")
def vectors(eitp_data: Path) -> dict[str, Any]:
    return golden(eitp_data, "bandit")


def assert_close(found: Vector, expected: Vector | list[float] | float) -> None:
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-9)


def columns(pairs: list[tuple[float, float]]) -> tuple[Vector, Vector]:
    alpha, beta = np.array(pairs, dtype=np.float64).T
    return alpha, beta


def posteriors(vector: dict[str, Any]) -> tuple[Vector, Vector]:
    return np.array(vector["alpha"], dtype=np.float64), np.array(vector["beta"], dtype=np.float64)


@pytest.mark.parametrize("name", SELECTIONS)
def test_probability_of_being_best_is_that_of_the_vector(
    vectors: dict[str, Any], name: str
) -> None:
    found = best_probabilities(*posteriors(vectors[name]))
    assert_close(found, vectors[name]["p"])


@pytest.mark.parametrize("name", SELECTIONS)
def test_floor_gives_the_probabilities_of_the_vector(vectors: dict[str, Any], name: str) -> None:
    found = with_floor(best_probabilities(*posteriors(vectors[name])), 0.02)
    assert_close(found, vectors[name]["floor_0_02"])


@pytest.mark.parametrize("name", SELECTIONS)
def test_top_two_gives_the_probabilities_of_the_vector(vectors: dict[str, Any], name: str) -> None:
    found = top_two(best_probabilities(*posteriors(vectors[name])), 0.5)
    assert_close(found, vectors[name]["ttts_half"])


def test_expected_loss_is_that_of_the_vector(vectors: dict[str, Any]) -> None:
    vector = vectors["expected_loss_2"]
    assert_close(expected_loss(*posteriors(vector)), vector["value"])


@pytest.mark.parametrize("evidence", [10, 100, 1_000, 10_000, 100_000])
def test_a_new_arm_beside_a_well_known_one_gets_its_exact_probability(evidence: int) -> None:
    alpha, beta = np.array([2.0 * evidence, 1.0]), np.array([60.0 * evidence, 19.0])
    found = best_probabilities(alpha, beta)[1]
    assert found == pytest.approx(new_arm_wins(alpha[0], beta[0], 19.0), abs=1e-8)


def test_evenly_spaced_nodes_would_misjudge_the_new_arm() -> None:
    alpha, beta = np.array([2_000.0, 1.0]), np.array([60_000.0, 19.0])
    exact = new_arm_wins(alpha[0], beta[0], 19.0)
    assert abs(evenly_spaced(alpha, beta)[1] - exact) > 0.01


def new_arm_wins(alpha: float, beta: float, failures: float) -> float:
    """P(Beta(1, failures) > Beta(alpha, beta)) = E[(1 - x)^failures], in closed form."""
    return float(np.exp(betaln(alpha, beta + failures) - betaln(alpha, beta)))


def evenly_spaced(alpha: Vector, beta: Vector) -> Vector:
    """The obvious rule for two arms: 256 nodes at equal distance over twelve deviations."""
    centre = digamma(alpha) - digamma(beta)
    reach = 12.0 * np.sqrt(polygamma(1, alpha) + polygamma(1, beta))
    low: float = (centre - reach).max()
    high: float = (centre + reach).max()
    u = np.linspace(low, high, 256)
    a, b = alpha[:, None], beta[:, None]
    density = np.exp(a * log_expit(u) + b * log_expit(-u) - betaln(a, b))
    mass = (density * betainc(a, b, expit(u))[::-1]).sum(axis=1)
    return mass / mass.sum()


@given(shapes)
def test_probabilities_of_being_best_sum_to_one(pairs: list[tuple[float, float]]) -> None:
    found = best_probabilities(*columns(pairs))
    assert found.min() >= 0.0
    assert found.sum() == pytest.approx(1.0, abs=1e-12)


@given(shapes, st.randoms(use_true_random=False))
def test_the_order_of_the_arms_does_not_matter(pairs: list[tuple[float, float]], rng: Any) -> None:
    order = list(range(len(pairs)))
    rng.shuffle(order)
    straight = best_probabilities(*columns(pairs))
    shuffled = best_probabilities(*columns([pairs[i] for i in order]))
    assert_close(shuffled, straight[order])


@given(shapes)
def test_more_successes_never_make_an_arm_less_likely_to_be_best(
    pairs: list[tuple[float, float]],
) -> None:
    alpha, beta = columns(pairs)
    better = alpha.copy()
    better[0] += 5.0
    assert best_probabilities(better, beta)[0] >= best_probabilities(alpha, beta)[0] - 1e-9


@given(shapes)
def test_loss_is_least_for_the_arm_of_the_highest_mean(pairs: list[tuple[float, float]]) -> None:
    alpha, beta = columns(pairs)
    loss = expected_loss(alpha, beta)
    mean = alpha / (alpha + beta)
    assert loss.min() >= -1e-9
    assert loss[int(np.argmax(mean))] == pytest.approx(loss.min(), abs=1e-12)


@given(weights)
def test_no_arm_falls_below_the_floor_and_the_order_stays(raw: list[float]) -> None:
    best = np.array(raw) / sum(raw)
    floor = exploration_floor(len(best))
    mixed = with_floor(best, floor)
    assert mixed.min() >= floor - 1e-15
    assert mixed.sum() == pytest.approx(1.0, abs=1e-12)
    assert (np.diff(mixed[np.argsort(best)]) >= -1e-15).all()


def test_raising_and_dividing_would_break_the_floor() -> None:
    best = np.array([0.90, 0.06, 0.03, 0.01])
    raised = np.maximum(best, 0.05)
    assert (raised / raised.sum()).min() < 0.05
    assert_close(with_floor(best, 0.05), [0.77, 0.098, 0.074, 0.058])


def test_a_floor_that_leaves_nothing_over_makes_all_arms_equal() -> None:
    assert_close(with_floor(np.array([0.9, 0.1, 0.0]), 0.4), 1.0 / 3.0)


@given(weights, st.floats(0.01, 1.0))
def test_top_two_is_a_distribution(raw: list[float], leader_share: float) -> None:
    found = top_two(np.array(raw) / sum(raw), leader_share)
    assert found.min() >= 0.0
    assert found.sum() == pytest.approx(1.0, abs=1e-12)


def test_a_certain_leader_has_no_challenger() -> None:
    assert_close(top_two(np.array([1.0, 0.0, 0.0])), [1.0, 0.0, 0.0])


@given(weights, st.floats(0.01, 0.5))
def test_propensities_of_all_that_can_happen_sum_to_one(raw: list[float], share: float) -> None:
    arms = [
        total_propensity(weight / sum(raw), holdout_share=share, holdout=False) for weight in raw
    ]
    held = total_propensity(raw[0] / sum(raw), holdout_share=share, holdout=True)
    assert sum(arms) + held == pytest.approx(1.0, abs=1e-12)


@given(st.lists(shapes, min_size=1, max_size=4), st.integers(1, 400_000))
def test_many_cells_at_once_get_what_each_gets_alone(
    cells: list[list[tuple[float, float]]], numbers_at_once: int
) -> None:
    arms = min(map(len, cells))
    pairs = np.array([cell[:arms] for cell in cells])
    alpha, beta = pairs[..., 0], pairs[..., 1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection, "NUMBERS_AT_ONCE", numbers_at_once)
        found = best_probabilities_of_many(alpha, beta)
    alone = np.array([best_probabilities(*one) for one in zip(alpha, beta, strict=True)])
    np.testing.assert_allclose(found, alone, rtol=0.0, atol=1e-12)


def test_no_cells_give_no_rows() -> None:
    assert best_probabilities_of_many(np.empty((0, 3)), np.empty((0, 3))).shape == (0, 3)
