"""Tests of the randomisation: golden vectors, laws, and alarms that false shares must raise."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from eitp_server.bandit.sample_ratio import (
    RatioSequence,
    SampleRatio,
    adaptive_chi_square,
    chi_square,
    log_bayes_factor,
)
from golden import golden
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

# Counts per refresh at shares 0.9 and 0.1, and the p-values of ssrm-test 0.1.5.
STREAM = [(900, 100), (880, 120), (870, 130), (905, 95), (860, 140), (850, 150)]
STREAM_P_VALUES = [1.0, 0.9178103240, 0.4031284043, 0.4031284043, 0.0902582641, 0.0027243234]
batches = st.lists(
    st.tuples(st.integers(0, 500), st.integers(0, 80), st.sampled_from([0.1, 0.2])), max_size=12
)


@pytest.fixture(scope="module")
def vectors(eitp_data: Path) -> dict[str, Any]:
    return golden(eitp_data, "bandit")


def near(expected: float, tolerance: float = 1e-9) -> Any:
    return pytest.approx(expected, rel=0.0, abs=tolerance)


def played(
    rows: list[tuple[int, int, float]], start: RatioSequence | None = None
) -> list[RatioSequence]:
    states = [start or RatioSequence()]
    for treated, holdout, share in rows:
        states.append(states[-1].fold(treated=treated, holdout=holdout, holdout_share=share))
    return states


@pytest.mark.parametrize("index", range(4))
def test_chi_square_is_that_of_the_vector(vectors: dict[str, Any], index: int) -> None:
    vector = vectors["srm"][index]
    found = chi_square(np.array(vector["observed"]), np.array(vector["weights"]))
    assert found.statistic == near(vector["chi2"])
    assert found.p_value == near(vector["p_scipy"])
    assert found.degrees_of_freedom == len(vector["weights"]) - 1


@pytest.mark.parametrize("index", range(4))
def test_bayes_factor_is_that_of_the_vector(vectors: dict[str, Any], index: int) -> None:
    vector = vectors["srm"][index]
    found = log_bayes_factor(vector["observed"], vector["weights"], concentration=100.0)
    assert found == near(vector["log_bayes_factor_conc100"])
    assert min(1.0, np.exp(-found)) == near(vector["seq_p_conc100"])


def test_places_of_no_share_take_their_units_and_their_freedom_with_them(
    vectors: dict[str, Any],
) -> None:
    vector = vectors["srm_zero_weight_bug"]
    found = chi_square(np.array(vector["observed"]), np.array(vector["weights"]))
    assert found.p_value == near(vector["p_correct_df"])
    assert found.degrees_of_freedom == 1


def moments(probabilities: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums over units (n, K) of the mean and the covariance of the choice."""
    covariance = np.diag(probabilities.sum(axis=0)) - probabilities.T @ probabilities
    return probabilities.sum(axis=0), covariance


def test_chi_square_of_shifting_shares_is_that_of_the_vector(vectors: dict[str, Any]) -> None:
    vector = vectors["srm_adaptive"]
    probabilities = np.repeat(np.array(vector["period_probs"]), vector["period_n"], axis=0)
    expected, covariance = moments(probabilities)
    found = adaptive_chi_square(np.array(vector["observed"]), expected, covariance)
    np.testing.assert_allclose(expected, vector["expected"], rtol=0.0, atol=1e-9)
    assert found.statistic == near(vector["X2"])
    assert found.degrees_of_freedom == vector["df"]
    assert found.p_value == near(vector["p"])


@given(
    st.lists(st.integers(1, 400), min_size=2, max_size=6),
    st.lists(st.floats(0.05, 1.0), min_size=6, max_size=6),
)
def test_with_shares_that_never_change_it_is_pearsons(counts: list[int], raw: list[float]) -> None:
    observed = np.array(counts, dtype=np.float64)
    shares = np.array(raw[: len(counts)]) / sum(raw[: len(counts)])
    n = observed.sum()
    covariance = n * (np.diag(shares) - np.outer(shares, shares))
    adaptive = adaptive_chi_square(observed, n * shares, covariance)
    plain = chi_square(observed, shares)
    assert adaptive.degrees_of_freedom == plain.degrees_of_freedom
    assert adaptive.statistic == pytest.approx(plain.statistic, rel=1e-6, abs=1e-6)


@given(st.permutations(range(4)))
def test_the_order_of_the_places_does_not_matter(order: list[int]) -> None:
    observed, shares = np.array([510, 190, 210, 90]), np.array([0.5, 0.2, 0.2, 0.1])
    found = chi_square(observed[order], shares[order])
    assert found.statistic == pytest.approx(chi_square(observed, shares).statistic)
    expected = log_bayes_factor(observed.tolist(), shares.tolist())
    assert log_bayes_factor(observed[order].tolist(), shares[order].tolist()) == near(expected)


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to compare"):
        chi_square(np.array([10, 0]), np.array([1.0, 0.0]))


def test_sequential_p_values_are_those_of_the_stream() -> None:
    states = played([(treated, holdout, 0.1) for treated, holdout in STREAM])
    found = [state.report().sequential_p_value for state in states[1:]]
    np.testing.assert_allclose(found, STREAM_P_VALUES, rtol=0.0, atol=1e-9)


@given(batches)
def test_sequential_p_value_never_rises(rows: list[tuple[int, int, float]]) -> None:
    found = [state.report().sequential_p_value for state in played(rows)]
    assert found[0] == 1.0
    assert all(0 <= after <= before for before, after in pairwise(found))


@given(batches)
def test_counts_and_chi_square_are_those_of_all_units(rows: list[tuple[int, int, float]]) -> None:
    found = played(rows)[-1].report()
    assert found.treated_units == sum(row[0] for row in rows)
    assert found.holdout_units == sum(row[1] for row in rows)
    expected = sum((row[0] + row[1]) * row[2] for row in rows)
    variance = sum((row[0] + row[1]) * row[2] * (1 - row[2]) for row in rows)
    if found.p_value is None:
        assert expected < 5 + 1e-9
    else:
        deviation = np.array([found.holdout_units - expected])
        plain = adaptive_chi_square(deviation, np.zeros(1), np.array([[variance]]))
        assert found.p_value == pytest.approx(plain.p_value, rel=1e-6, abs=1e-9)


def test_factors_of_two_shares_multiply() -> None:
    rows = [(800, 200, 0.1), (900, 100, 0.2)]
    logs = [log_bayes_factor(row[:2], (1 - row[2], row[2])) for row in rows]
    found = played(rows)[-1].report()
    assert found.sequential_p_value == pytest.approx(np.exp(-sum(logs)))


@given(batches, batches)
def test_a_restart_changes_nothing(
    before: list[tuple[int, int, float]], after: list[tuple[int, int, float]]
) -> None:
    copy = RatioSequence.load(json.loads(json.dumps(played(before)[-1].dump())))
    assert played(after, copy)[-1].dump() == played(before + after)[-1].dump()


def test_a_leak_is_an_alarm_of_its_own() -> None:
    balanced = played([(900, 100, 0.1)])[-1]
    assert not balanced.report().alarm
    assert balanced.leak().report().alarm
    assert balanced.leak().report().leaked_units == 1


def test_a_holdout_of_other_size_raises_the_alarm() -> None:
    assert played([(88, 12, 0.1)] * 200)[-1].report().alarm


def test_a_deviation_too_small_to_matter_raises_none_however_sure_it_is() -> None:
    small = played([(8_991, 1_009, 0.1)] * 4_000)[-1].report()
    large = played([(8_989, 1_011, 0.1)] * 4_000)[-1].report()
    assert small.sequential_p_value < 0.001
    assert not small.alarm
    assert large.alarm


def test_without_visitors_nothing_is_wrong() -> None:
    assert RatioSequence().report() == SampleRatio(
        treated_units=0,
        holdout_units=0,
        expected_holdout_share=0.0,
        sequential_p_value=1.0,
        p_value=None,
        leaked_units=0,
        alarm=False,
    )


def test_a_tenant_without_holdout_is_not_tested() -> None:
    found = played([(5_000, 0, 0.0)])[-1].report()
    assert (found.sequential_p_value, found.p_value, found.alarm) == (1.0, None, False)


def test_a_holdout_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="held out"):
        RatioSequence().fold(treated=5, holdout=1, holdout_share=0.0)


@pytest.fixture(scope="module")
def balanced() -> NDArray[np.int64]:
    """Holdout units of 600 honest experiments in 100 refreshes of 500 visitors, (600, 100)."""
    return np.random.default_rng(20_240_526).binomial(500, 0.1, (600, 100))


def test_honest_shares_raise_the_sequential_alarm_no_more_often_than_promised(
    balanced: NDArray[np.int64],
) -> None:
    last = [played([(500 - held, held, 0.1) for held in row])[-1] for row in balanced.tolist()]
    assert np.mean([state.report().sequential_p_value < 0.05 for state in last]) <= 0.05


def test_a_chi_square_that_is_looked_at_each_time_breaks_the_same_promise(
    balanced: NDArray[np.int64],
) -> None:
    n = 500 * np.arange(1, 101)
    z = (balanced.cumsum(axis=1) - 0.1 * n) / np.sqrt(0.09 * n)
    assert (np.square(z) > 3.841459).any(axis=1).mean() > 0.2
