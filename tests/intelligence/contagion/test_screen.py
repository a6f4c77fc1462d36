"""Tests of pairs and of chosen sources, against regressions written the long way."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest
from eitp_server.intelligence.contagion.factor import Others, common_share, factor_weights
from eitp_server.intelligence.contagion.false_discovery import q_values
from eitp_server.intelligence.contagion.refit import refit
from eitp_server.intelligence.contagion.refusal import Reason, Refused
from eitp_server.intelligence.contagion.screen import pairwise, screen
from hypothesis import given
from hypothesis import strategies as st
from intelligence.contagion.drawn import (
    factor_columns,
    lagged_columns,
    moments,
    residual_sum,
    walk,
)
from scipy.stats import f as f_distribution
from scipy.stats import false_discovery_control

LAGS = 3
FOUR = 0.3 * np.eye(4)[None] + 0.2 * np.roll(np.eye(4), 1, axis=1)[None]


def test_a_pair_without_a_factor_is_the_granger_test_of_statsmodels() -> None:
    pytest.importorskip("statsmodels")
    peer: Any = import_module("statsmodels.tsa.stattools")
    values = walk(250)
    found = pairwise(moments(values, LAGS))
    for target, source in ((0, 1), (2, 0)):
        tested = peer.grangercausalitytests(values[:, [target, source]], [LAGS])
        p_value = tested[LAGS][0]["ssr_ftest"][1]
        assert found[target, source] == pytest.approx(p_value, rel=1e-8)


def test_a_pair_beside_the_factor_is_the_f_test_of_two_regressions() -> None:
    values = walk(250, FOUR)
    found = screen(moments(values, LAGS))
    assert np.isnan(np.diag(found)).all()
    for target, source in ((0, 1), (3, 0), (2, 1)):
        beside = [
            *lagged_columns(values, [target], LAGS),
            *factor_columns(values, target, LAGS, np.ones(4)),
        ]
        y = values[LAGS:, target]
        without = residual_sum(y, beside)
        with_source = residual_sum(y, [*beside, *lagged_columns(values, [source], LAGS)])
        left = len(values) - LAGS - 2 - 3 * LAGS
        f = (without - with_source) / LAGS / (with_source / left)
        assert found[target, source] == pytest.approx(f_distribution.sf(f, LAGS, left), rel=1e-7)


@pytest.mark.parametrize("by_loading", [False, True])
def test_sources_together_are_tested_as_two_regressions_do(by_loading: bool) -> None:
    values = walk(250, FOUR)
    known = moments(values, LAGS)
    others = Others.by_loading(known) if by_loading else Others.of(known)
    weights = factor_weights(known.products[:4, :4]) if by_loading else np.ones(4)
    chosen = np.zeros((4, 4), bool)
    chosen[1, [0, 3]] = True
    found = refit(known, chosen, others)
    factor = factor_columns(values, 1, LAGS, weights)
    y = values[LAGS:, 1]
    whole = residual_sum(y, [*lagged_columns(values, [1, 0, 3], LAGS), *factor])
    left = len(y) - 1 - 3 * LAGS - (LAGS + 1)
    for source, other in ((0, 3), (3, 0)):
        without = residual_sum(y, [*lagged_columns(values, [1, other], LAGS), *factor])
        f = (without - whole) / LAGS / (whole / left)
        assert found.f_statistic[1, source] == pytest.approx(f, rel=1e-7)
        assert found.p_value[1, source] == pytest.approx(f_distribution.sf(f, LAGS, left), rel=1e-6)
    assert np.isnan(found.f_statistic[1, 2])
    assert not found.model.coefficients[:, 1, 2].any()
    variance = found.model.covariance[1, 1] * known.scale[1] ** 2
    assert variance == pytest.approx(whole / left, rel=1e-8)


def test_with_all_others_chosen_the_factor_counts_at_the_same_minute_only() -> None:
    values = walk(250, FOUR)
    known = moments(values, LAGS)
    chosen = ~np.eye(4, dtype=bool)
    found = refit(known, chosen, Others.of(known))
    factor = factor_columns(values, 0, LAGS, np.ones(4))[:1]
    y = values[LAGS:, 0]
    whole = residual_sum(y, [*lagged_columns(values, range(4), LAGS), *factor])
    without = residual_sum(y, [*lagged_columns(values, [0, 2, 3], LAGS), *factor])
    left = len(y) - 1 - 4 * LAGS - 1
    f = (without - whole) / LAGS / (whole / left)
    assert found.f_statistic[0, 1] == pytest.approx(f, rel=1e-7)


def test_two_series_have_no_factor() -> None:
    known = moments(walk(200)[:, :2], 2)
    assert Others.of(known) is None
    np.testing.assert_array_equal(screen(known), pairwise(known))


def test_series_that_share_the_factor_weigh_by_what_they_show_of_it() -> None:
    chance = np.random.default_rng(3)
    loading = np.array([0.8, 0.7, 0.5, 0.4])
    common = chance.standard_normal((50_000, 1))
    own = chance.standard_normal((50_000, 4)) * np.sqrt(1 - loading**2)
    found = factor_weights(np.cov((common * loading + own).T).reshape(4, 4))
    expected = loading / (1 - loading**2)
    np.testing.assert_allclose(found / found.sum(), expected / expected.sum(), atol=0.02)


def test_where_nothing_is_in_common_no_series_is_the_factor() -> None:
    values = np.random.default_rng(25).standard_normal((500, 10))
    found = factor_weights(values.T @ values)
    assert found.min() > 0
    assert found.max() < 0.4 * found.sum()


def test_the_common_share_is_the_squared_correlation_with_the_mean_of_the_others() -> None:
    values = walk(300, FOUR, mixing=np.eye(4) + 0.5)
    shares = [
        np.corrcoef(values[2:, n], factor_columns(values, n, 2, np.ones(4))[0])[0, 1] ** 2
        for n in range(4)
    ]
    assert common_share(moments(values, 2)) == pytest.approx(np.mean(shares), rel=1e-9)


def test_a_source_that_is_the_past_of_another_is_refused_by_the_screen() -> None:
    values = walk(200, FOUR)
    values[1:, 2] = values[:-1, 0]
    with pytest.raises(Refused) as refused:
        screen(moments(values[1:], 2))
    assert refused.value.reason is Reason.SINGULAR


def test_too_few_rows_for_one_pair_are_refused() -> None:
    with pytest.raises(Refused) as refused:
        screen(moments(walk(9), 3))
    assert refused.value.reason is Reason.UNDERDETERMINED


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_adjusted_p_values_are_those_of_benjamini_and_hochberg(p_values: list[float]) -> None:
    found = q_values(np.array(p_values))
    np.testing.assert_allclose(found, false_discovery_control(p_values), atol=1e-15)


def test_what_was_not_tested_does_not_count() -> None:
    found = q_values(np.array([[np.nan, 0.01], [0.04, np.nan]]))
    np.testing.assert_allclose(found, [[np.nan, 0.02], [0.04, np.nan]])
