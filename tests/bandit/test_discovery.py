"""The e-BH procedure: the golden vector, its laws, and its false discoveries under dependence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from eitp_server.bandit.discovery import discoveries
from golden import golden
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path

e_values = st.lists(st.floats(0.0, 1e6), min_size=1, max_size=30)


def test_discoveries_are_those_of_the_vector(eitp_data: Path) -> None:
    vector = golden(eitp_data, "bandit")["ebh"]
    found = discoveries(np.array(vector["e"]), vector["alpha"])
    assert np.flatnonzero(found).tolist() == vector["rejected"]


@given(e_values, st.floats(0.01, 1.0))
def test_the_rule_read_word_for_word_gives_the_same(values: list[float], rate: float) -> None:
    falling = sorted(values, reverse=True)
    enough = [k for k, e in enumerate(falling, 1) if e * k * rate >= len(values)]
    least = falling[enough[-1] - 1] if enough else np.inf
    assert discoveries(np.array(values), rate).tolist() == [e >= least for e in values]


@given(e_values, st.randoms(use_true_random=False))
def test_the_order_of_the_candidates_does_not_matter(values: list[float], rng: Any) -> None:
    order = list(range(len(values)))
    rng.shuffle(order)
    shuffled = discoveries(np.array([values[i] for i in order]))
    assert shuffled.tolist() == discoveries(np.array(values))[order].tolist()


@given(e_values, st.floats(1.0, 100.0))
def test_more_evidence_for_one_takes_no_discovery_away(values: list[float], more: float) -> None:
    before = discoveries(np.array(values))
    after = discoveries(np.array([values[0] * more, *values[1:]]))
    assert (after >= before).all()


def test_a_single_candidate_needs_the_inverse_of_the_rate() -> None:
    assert discoveries(np.array([[10.0], [9.99]]), 0.1).tolist() == [[True], [False]]


def test_replications_side_by_side_give_what_each_gives_alone() -> None:
    rows = np.random.default_rng(3).pareto(0.4, (50, 2, 7))
    found = discoveries(rows)
    assert found.any()
    for place in np.ndindex(50, 2):
        assert found[place].tolist() == discoveries(rows[place]).tolist()


def test_no_candidate_is_no_discovery() -> None:
    assert discoveries(np.zeros(0)).shape == (0,)


@pytest.mark.parametrize("value", [-0.1, float("nan")])
def test_what_is_no_e_value_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="e-value"):
        discoveries(np.array([1.0, value]))


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="rate"):
        discoveries(np.array([1.0]), 0.0)


@pytest.fixture(scope="module")
def null() -> Any:
    """20,000 times 20 e-values without effect that share what they saw: exp(z t - t^2 / 2)."""
    rng = np.random.default_rng(20_240_523)
    z = np.sqrt(0.5) * (rng.normal(size=(20_000, 1)) + rng.normal(size=(20_000, 20)))
    return np.exp(2 * z - 2)


def test_false_discoveries_are_no_more_than_promised_although_candidates_depend(null: Any) -> None:
    assert discoveries(null, 0.1).any(axis=1).mean() <= 0.1


def test_the_threshold_of_a_single_test_breaks_the_same_promise(null: Any) -> None:
    assert (null >= 10).any(axis=1).mean() > 0.1
