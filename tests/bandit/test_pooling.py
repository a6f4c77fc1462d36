"""Pooling: golden vectors, what a cell may and may not learn from, and who shares with whom."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pytest
from eitp_server.bandit import scope
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
from eitp_server.bandit.scope import LEAST_TENANTS, MOST_WEIGHT, Scopes, scope_priors
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

Matrix: TypeAlias = "NDArray[np.float64]"
Counts: TypeAlias = tuple[Matrix, Matrix]


@pytest.fixture(scope="module")
def vectors(eitp_data: Path) -> dict[str, Any]:
    return json.loads((eitp_data / "vectors" / "bandit.json").read_text())


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


def assert_same(one: Prior, other: Prior) -> None:
    np.testing.assert_allclose(one.mean, other.mean, rtol=1e-9)
    np.testing.assert_allclose(one.strength, other.strength, rtol=1e-9)


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


def missed(prior: Prior, s: Matrix, n: Matrix, rate: Matrix) -> float:
    """Root mean square of the logarithm of posterior mean over truth."""
    alpha, beta = prior.posterior(s, n)
    return float(np.sqrt(np.mean(np.log(alpha / (alpha + beta) / rate) ** 2)))


def places(*rows: tuple[int, int, int, int]) -> Scopes:
    vertical, emotion, page_section, tenant = np.array(rows, dtype=np.intp).T
    return Scopes(vertical=vertical, emotion=emotion, page_section=page_section, tenant=tenant)


def street(tenants: int, seed: int = 3) -> tuple[Scopes, Counts]:
    """Shops side by side: each has two verticals, two emotions and two sections, and three arms."""
    rows = [
        (vertical, emotion, section, tenant)
        for tenant in range(tenants)
        for vertical in range(2)
        for emotion in range(2)
        for section in range(2)
    ]
    rng = np.random.default_rng(seed)
    trials = rng.integers(50, 150, (len(rows), 3)).astype(np.float64)
    return places(*rows), (rng.binomial(trials.astype(int), 0.05).astype(np.float64), trials)


def nobody(tenants: int) -> NDArray[np.bool_]:
    return np.zeros(tenants, np.bool_)


def everybody(tenants: int) -> NDArray[np.bool_]:
    return np.ones(tenants, np.bool_)


def test_tenants_that_share_nothing_change_no_number_of_each_other() -> None:
    where, (s, n) = street(3)
    before = scope_priors(s, n, where, sharing=nobody(3))
    other = where.tenant == 1
    s[other], n[other] = 7.0 * s[other], 9.0 * n[other]
    after = scope_priors(s, n, where, sharing=nobody(3))
    np.testing.assert_array_equal(after.mean[~other], before.mean[~other])
    np.testing.assert_array_equal(after.strength[~other], before.strength[~other])
    assert (after.mean[other] != before.mean[other]).any()


def test_a_tenant_has_the_priors_that_it_would_have_if_nobody_else_existed() -> None:
    where, (s, n) = street(3)
    own = where.tenant == 2
    alone = Scopes(
        vertical=where.vertical[own],
        emotion=where.emotion[own],
        page_section=where.page_section[own],
        tenant=where.tenant[own],
    )
    among = scope_priors(s, n, where, sharing=nobody(3))
    found = scope_priors(s[own], n[own], alone, sharing=nobody(3))
    np.testing.assert_array_equal(found.mean, among.mean[own])


@pytest.mark.parametrize(("tenants", "shared"), [(LEAST_TENANTS - 1, False), (LEAST_TENANTS, True)])
def test_it_takes_five_tenants_to_pool(tenants: int, shared: bool) -> None:
    where, (s, n) = street(tenants)
    before = scope_priors(s, n, where, sharing=everybody(tenants)).mean
    s[where.tenant == 1] *= 1.5
    after = scope_priors(s, n, where, sharing=everybody(tenants)).mean
    others = where.tenant != 1
    assert bool((after[others] != before[others]).any()) is shared


def test_who_did_not_agree_is_left_out_of_the_pool() -> None:
    where, (s, n) = street(7)
    sharing = everybody(7)
    sharing[3] = False
    before = scope_priors(s, n, where, sharing=sharing).mean
    s[where.tenant == 3] *= 1.5
    after = scope_priors(s, n, where, sharing=sharing).mean
    others = where.tenant != 3
    np.testing.assert_array_equal(after[others], before[others])


def test_a_place_that_two_tenants_have_teaches_neither_about_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guarded = neighbour_moves()
    monkeypatch.setattr(scope, "LEAST_TENANTS", 1)
    monkeypatch.setattr(scope, "MOST_WEIGHT", 1.0)
    # What still moves is what all six tell each other in wider nodes.
    assert 0.0 < guarded < 0.5 * neighbour_moves()


def neighbour_moves() -> float:
    """How much a tenant's priors change, relatively, with counts of the only other one there."""
    where, (s, n) = street(6)
    lonely = (where.vertical == 1) & (where.page_section == 1)
    kept = ~lonely | (where.tenant < 2)
    there = Scopes(
        vertical=where.vertical[kept],
        emotion=where.emotion[kept],
        page_section=where.page_section[kept],
        tenant=where.tenant[kept],
    )
    s, n = s[kept], n[kept]
    before = scope_priors(s, n, there, sharing=everybody(6)).mean
    s[lonely[kept] & (there.tenant == 0), 0] *= 3.0
    after = scope_priors(s, n, there, sharing=everybody(6)).mean
    neighbour = lonely[kept] & (there.tenant == 1)
    return float(np.abs(after / before - 1.0)[neighbour].max())


def test_a_giant_weighs_no_more_than_a_quarter() -> None:
    where, (s, n) = street(6)
    giant = where.tenant == 0
    other = ~giant
    found: list[Matrix] = []
    for size in (100.0, 10_000.0):
        won, tried = s.copy(), n.copy()
        tried[giant], won[giant] = size * 100.0, size * 100.0 * 0.20
        found.append(scope_priors(won, tried, where, sharing=everybody(6)).mean[other])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-3)
    # 5 % of the others and 20 % of the giant, at a quarter: far below 20 %.
    assert found[1].mean() < 0.05 + MOST_WEIGHT * (0.20 - 0.05) + 0.02


def test_priors_come_in_the_order_of_the_rows() -> None:
    where, (s, n) = street(6)
    order = np.random.default_rng(9).permutation(len(s))
    turned = Scopes(
        vertical=where.vertical[order],
        emotion=where.emotion[order],
        page_section=where.page_section[order],
        tenant=where.tenant[order],
    )
    straight = scope_priors(s, n, where, sharing=everybody(6))
    found = scope_priors(s[order], n[order], turned, sharing=everybody(6))
    assert_same(found, Prior(mean=straight.mean[order], strength=straight.strength[order]))


def test_a_cell_without_evidence_stands_where_its_relatives_do() -> None:
    where, (s, n) = street(1)
    good = where.vertical == 0
    n[:] = 3_000.0
    s[:] = np.where(good[:, None], 0.10, 0.02) * n
    empty = int(np.flatnonzero(good)[0])
    s[empty], n[empty] = 0.0, 0.0
    prior = scope_priors(s, n, where, sharing=nobody(1))
    assert prior.mean[empty] == pytest.approx(0.10, rel=0.1)


def test_the_tree_comes_closer_to_a_nested_truth_than_one_level_does() -> None:
    rng = np.random.default_rng(8)
    shape = (3, 4, 4, 8)
    codes = [axis.ravel() for axis in np.indices(shape)]
    where = Scopes(vertical=codes[0], emotion=codes[1], page_section=codes[2], tenant=codes[3])
    effects = rng.normal(0.0, 0.3, 6) + sum(
        rng.normal(0.0, spread, (*shape[:depth], *(1,) * (4 - depth), 6))
        for depth, spread in ((1, 0.25), (2, 0.2), (3, 0.15), (4, 0.1))
    )
    rate = 0.03 * np.exp(np.asarray(effects).reshape(-1, 6))
    n = rng.poisson(30.0, rate.shape).astype(np.float64)
    s = rng.binomial(n.astype(int), np.minimum(rate, 0.5)).astype(np.float64)
    together, alone = (
        misjudged(scope_priors(s, n, where, sharing=sharing), s, n, rate)
        for sharing in (everybody(8), nobody(8))
    )
    one_level = misjudged(eb_main_effects(s, n).prior, s, n, rate)
    assert together < 0.85 * one_level
    assert together < 0.85 * alone


def misjudged(prior: Prior, s: Matrix, n: Matrix, rate: Matrix) -> float:
    """As `missed`, of each arm against the others of its cell, which is what a choice needs."""
    alpha, beta = prior.posterior(s, n)
    error: Matrix = np.log(alpha) - np.log(alpha + beta) - np.log(rate)
    centred: Matrix = np.asarray(error - error.mean(axis=1, keepdims=True), dtype=np.float64)
    return float(np.sqrt((centred**2).mean()))


def test_rows_that_are_the_same_cell_are_refused() -> None:
    twice = places((0, 0, 0, 0), (0, 1, 0, 0), (0, 0, 0, 0))
    with pytest.raises(ValueError, match="row 2 is the cell of another row"):
        scope_priors(np.ones((3, 2)), np.ones((3, 2)), twice, sharing=nobody(1))


def test_a_tenant_of_whom_nothing_is_known_is_refused() -> None:
    with pytest.raises(ValueError, match="row 1 is of tenant 4"):
        scope_priors(
            np.ones((2, 2)), np.ones((2, 2)), places((0, 0, 0, 0), (0, 0, 0, 4)), sharing=nobody(2)
        )
