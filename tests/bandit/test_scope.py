"""Priors down the scope tree: who shares with whom, and what nobody may learn of a neighbour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from bandit.priors import assert_same, misjudged
from eitp_server.bandit import scope
from eitp_server.bandit.pooling import Prior, eb_main_effects
from eitp_server.bandit.scope import LEAST_TENANTS, MOST_WEIGHT, Scopes, scope_priors

if TYPE_CHECKING:
    from bandit.priors import Counts, Matrix
    from numpy.typing import NDArray


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


def test_rows_that_are_the_same_cell_are_refused() -> None:
    twice = places((0, 0, 0, 0), (0, 1, 0, 0), (0, 0, 0, 0))
    with pytest.raises(ValueError, match="row 2 is the cell of another row"):
        scope_priors(np.ones((3, 2)), np.ones((3, 2)), twice, sharing=nobody(1))


def test_a_tenant_of_whom_nothing_is_known_is_refused() -> None:
    with pytest.raises(ValueError, match="row 1 is of tenant 4"):
        scope_priors(
            np.ones((2, 2)), np.ones((2, 2)), places((0, 0, 0, 0), (0, 0, 0, 4)), sharing=nobody(2)
        )
