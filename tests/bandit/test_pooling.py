"""Pooling: golden vectors, and what a cell may and may not learn from its siblings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from bandit.priors import assert_same, missed
from eitp_server.bandit.discount import FadingCounts
from eitp_server.bandit.pooling import (
    ARM_TRIALS,
    LEAST_SPREAD,
    MOST_SPREAD,
    Family,
    Pooled,
    Prior,
    eb_main_effects,
    eb_pooling,
    fit,
    leave_one_out,
)
from golden import golden
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bandit.priors import Counts, Matrix


@pytest.fixture(scope="module")
def vectors(eitp_data: Path) -> dict[str, Any]:
    return golden(eitp_data, "bandit")


@st.composite
def counts(draw: st.DrawFn, most_cells: int = 8) -> Counts:
    shape = draw(st.tuples(st.integers(1, most_cells), st.integers(1, 5)))
    trials = draw(hnp.arrays(np.float64, shape, elements=st.integers(0, 400).map(float)))
    share = draw(hnp.arrays(np.float64, shape, elements=st.floats(0.0, 0.3)))
    return np.floor(trials * share), trials


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-9)


def column(values: list[float]) -> Matrix:
    return np.array(values, dtype=np.float64)[:, None]


def test_one_way_pooling_gives_the_numbers_of_the_vector(vectors: dict[str, Any]) -> None:
    vector = vectors["eb_pooling"]
    found = eb_pooling(vector["s"], vector["n"], parent_uncertainty=False)
    close(found.rates[:, 0], vector["mu"])
    close(found.chi_square, vector["X2"])
    close(found.raw_spread, vector["rho_raw"])
    close(found.prior.strength, vector["kappa"])
    close(found.prior.mean[:, 0], vector["loo_parent_mean"])
    alpha, beta = found.prior.posterior(column(vector["s"]), column(vector["n"]))
    close(alpha[:, 0], vector["posterior_alpha"])
    close(beta[:, 0], vector["posterior_beta"])
    close((alpha / (alpha + beta))[:, 0], vector["posterior_mean"])


def test_cells_that_differ_no_more_than_chance_are_pooled_to_the_limit(
    vectors: dict[str, Any],
) -> None:
    vector = vectors["eb_pooling_homogeneous"]
    found = eb_pooling(vector["s"], vector["n"], parent_uncertainty=False)
    close(found.rates, vector["mu"])
    close(found.chi_square, vector["X2"])
    close(found.raw_spread, vector["rho_raw"])
    close(found.prior.strength, 1.0 / LEAST_SPREAD - 1.0)


def test_main_effects_without_pseudo_counts_are_those_of_the_regression(
    vectors: dict[str, Any],
) -> None:
    vector = vectors["eb_main_effects"]
    found = eb_main_effects(vector["s"], vector["n"], arm_trials=0.0, cell_successes=0.0, passes=60)
    close(found.rates, vector["rate_glm"])
    close(found.chi_square, vector["X2"])
    close(found.raw_spread, vector["rho_raw"])
    close(1.0 / found.raw_spread - 1.0, vector["kappa_within"])


def test_six_passes_with_pseudo_counts_have_settled(vectors: dict[str, Any]) -> None:
    vector = vectors["eb_main_effects"]
    six = eb_main_effects(vector["s"], vector["n"])
    many = eb_main_effects(vector["s"], vector["n"], passes=200)
    np.testing.assert_allclose(six.prior.mean, many.prior.mean, rtol=1e-3)


@pytest.mark.parametrize("pool", [eb_pooling, eb_main_effects])
@given(found=counts(), rng=st.randoms(use_true_random=False))
def test_the_order_of_cells_and_of_arms_does_not_matter(
    pool: Callable[..., Pooled], found: Counts, rng: Any
) -> None:
    s, n = found
    rows, columns = (np.array(rng.sample(range(size), size)) for size in s.shape)
    straight = pool(s, n).prior
    turned = pool(s[rows][:, columns], n[rows][:, columns]).prior
    np.testing.assert_allclose(turned.mean, straight.mean[rows][:, columns], rtol=1e-9)
    np.testing.assert_allclose(turned.strength, straight.strength[rows][:, columns], rtol=1e-6)


@pytest.mark.parametrize("pool", [eb_pooling, eb_main_effects])
@given(found=counts())
def test_a_posterior_lies_between_its_prior_and_what_was_seen(
    pool: Callable[..., Pooled], found: Counts
) -> None:
    s, n = found
    prior = pool(s, n).prior
    assert (prior.strength >= 1.0).all()
    assert (prior.strength <= 1.0 / LEAST_SPREAD).all()
    alpha, beta = prior.posterior(s, n)
    mean = alpha / (alpha + beta)
    seen = np.divide(s, n, out=prior.mean.copy(), where=n > 0.0)
    assert (mean >= np.minimum(seen, prior.mean) - 1e-12).all()
    assert (mean <= np.maximum(seen, prior.mean) + 1e-12).all()


@given(counts(), st.integers(0, 400), st.floats(0.0, 1.0))
def test_a_cell_shrinks_toward_the_others_and_not_toward_itself(
    found: Counts, trials: int, share: float
) -> None:
    s, n = found
    other_s, other_n = s.copy(), n.copy()
    other_n[0], other_s[0] = float(trials), np.floor(trials * share)
    rate = np.full((1, s.shape[1]), 0.03)
    assert_same(alone(s[:1], n[:1], rate), alone(other_s[:1], other_n[:1], rate))
    if len(s) > 1:
        means = [
            eb_pooling(*pair, parent_uncertainty=False) for pair in (found, (other_s, other_n))
        ]
        known = (n.sum(axis=0) - n[0]) > 0.0
        first, second = (one.prior.mean[0, known] for one in means)
        np.testing.assert_allclose(first, second, rtol=1e-9)


def alone(s: Matrix, n: Matrix, rate: Matrix) -> Prior:
    """The prior of an only child whose parent was given `rate`, worth 20 trials."""
    family = Family.of(np.zeros(1, np.intp))
    trust = np.full(rate.shape, ARM_TRIALS)
    effects = fit(s, n, family, rate, trust)
    return leave_one_out(s, n, family, effects, rate, trust, np.full((1, 1), LEAST_SPREAD))


def test_a_prior_of_its_own_counts_would_be_noticed() -> None:
    s, n = np.array([[40.0, 2.0]]), np.array([[100.0, 100.0]])
    rate = np.array([[0.03, 0.03]])
    family = Family.of(np.zeros(1, np.intp))
    fitted = fit(s, n, family, rate, np.full((1, 2), ARM_TRIALS)).rates
    assert abs(fitted - alone(s, n, rate).mean).max() > 0.1


def test_counts_of_an_arm_that_a_cell_never_had_are_not_looked_at() -> None:
    s, n = np.array([[3.0, 9.0], [5.0, 1.0], [2.0, 4.0]]), np.full((3, 2), 100.0)
    present = np.array([[True, False], [True, True], [True, True]])
    holes_s, holes_n = np.where(present, s, 0.0), np.where(present, n, 0.0)
    assert_same(
        eb_main_effects(s, n, present=present).prior, eb_main_effects(holes_s, holes_n).prior
    )


def test_a_new_arm_starts_less_sure_than_a_known_one() -> None:
    n = np.tile([400.0, 400.0, 0.0], (10, 1))
    prior = eb_main_effects(0.03 * n, n).prior
    assert (prior.strength[:, 2] < prior.strength[:, 0] / 10).all()
    assert (np.abs(prior.mean[:, 2] - 0.03) < 0.003).all()


def test_corrected_trials_below_the_successes_leave_no_negative_failures() -> None:
    prior = Prior(mean=np.array([[0.1]]), strength=np.array([[20.0]]))
    alpha, beta = prior.posterior(np.array([[5.0]]), np.array([[3.5]]))
    close((alpha[0, 0], beta[0, 0]), (7.0, 18.0))


@given(counts(), st.floats(0.01, 3.0))
def test_a_silent_cell_returns_to_its_prior(found: Counts, half_life: float) -> None:
    s, n = found
    prior = eb_main_effects(s, n).prior
    heard = FadingCounts(successes=s, trials=n, at=np.zeros(s.shape))
    alpha, beta = prior.posterior(*heard.read(now=100.0 * half_life, half_life=half_life))
    np.testing.assert_allclose(alpha / (alpha + beta), prior.mean, rtol=1e-9)
    np.testing.assert_allclose(alpha + beta, prior.strength, rtol=1e-9)


@pytest.mark.parametrize(
    ("successes", "trials", "problem"),
    [
        ([[1.0]], [[1.0, 2.0]], "must both be"),
        (list[list[float]](), list[list[float]](), "none empty"),
        ([[-1.0]], [[3.0]], "successes must be finite"),
        ([[1.0]], [[np.nan]], "trials must be finite"),
    ],
)
def test_counts_that_are_none_are_refused(
    successes: list[list[float]], trials: list[list[float]], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        eb_main_effects(successes, trials)


def test_the_spread_is_found_again_but_for_what_the_fit_takes_of_it() -> None:
    rng = np.random.default_rng(5)
    rate = np.outer(np.exp(rng.normal(0.0, 0.4, 400)), [0.02, 0.03, 0.05, 0.04])
    kappa = 150.0
    n = rng.integers(100, 2_000, rate.shape)
    theta = rng.beta(kappa * rate, kappa * (1.0 - rate))
    found = eb_main_effects(rng.binomial(n, theta), n)
    left = 1.0 - (400 + 4 - 1) / rate.size
    assert found.raw_spread == pytest.approx(left / (kappa + 1.0), rel=0.15)
    assert LEAST_SPREAD < found.raw_spread < MOST_SPREAD


def test_pooled_priors_come_closer_to_the_truth_than_flat_ones() -> None:
    rng = np.random.default_rng(6)
    rate = np.outer(np.exp(rng.normal(0.0, 0.5, 60)), np.exp(rng.normal(np.log(0.03), 0.3, 6)))
    n = rng.poisson(60, rate.shape).astype(np.float64)
    s = rng.binomial(n.astype(int), rate).astype(np.float64)
    flat = Prior(mean=np.full(n.shape, 0.5), strength=np.full(n.shape, 2.0))
    main, one_way, none = (
        missed(prior, s, n, rate)
        for prior in (eb_main_effects(s, n).prior, eb_pooling(s, n).prior, flat)
    )
    assert main < 0.8 * one_way
    assert one_way < 0.8 * none
