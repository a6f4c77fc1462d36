"""Shares of forecast errors: golden vectors, closed forms and what must always hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from eitp_server.intelligence.contagion.autoregression import Autoregression
from eitp_server.intelligence.contagion.decomposition import (
    Spillover,
    generalized,
    lagged,
    responses,
)
from eitp_server.intelligence.contagion.refusal import Reason, Refused
from golden import golden
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def vectors(eitp_data: Path) -> dict[str, Any]:
    return golden(eitp_data, "analytics")


def system(seed: int, series: int, lags: int = 2) -> Autoregression:
    chance = np.random.default_rng(seed)
    mixing = chance.normal(size=(series, series)) + 2 * np.eye(series)
    coefficients = chance.normal(size=(lags, series, series)) * 0.4 / (series * lags)
    return Autoregression(coefficients=coefficients, covariance=mixing @ mixing.T)


@pytest.mark.parametrize("horizon", ["1", "2", "10"])
def test_a_toy_system_has_the_shares_of_the_golden_vector(
    vectors: dict[str, Any], horizon: str
) -> None:
    toy = vectors["C3_toy_var1"]
    model = Autoregression(coefficients=np.array([toy["A"]]), covariance=np.array(toy["Sigma"]))
    for name, decompose in (("generalized", generalized), ("lagged", lagged)):
        found = 100 * decompose(model, int(horizon)).shares
        np.testing.assert_allclose(found, toy["by_H"][horizon][name], rtol=1e-9, atol=1e-12)


def test_white_noise_has_the_totals_of_the_golden_vector(vectors: dict[str, Any]) -> None:
    for case in vectors["C4_white_noise"]["cases"]:
        model = white_noise(case["N"], case["rho"])
        assert 100 * generalized(model, 10).total == pytest.approx(case["TCI"], rel=1e-9)


def white_noise(series: int, rho: float) -> Autoregression:
    covariance = np.full((series, series), rho) + (1 - rho) * np.eye(series)
    return Autoregression(coefficients=np.zeros((1, series, series)), covariance=covariance)


@given(st.integers(2, 30), st.floats(0, 0.99), st.integers(1, 20))
def test_without_dynamics_the_total_is_the_closed_form_and_nothing_is_lagged(
    series: int, rho: float, horizon: int
) -> None:
    model = white_noise(series, rho)
    closed = 1 - 1 / (1 + (series - 1) * rho**2)
    assert generalized(model, horizon).total == pytest.approx(closed, abs=1e-12)
    assert lagged(model, horizon).total == 0


@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(1, 15))
def test_rows_sum_to_one_and_sums_agree(seed: int, series: int, horizon: int) -> None:
    for decompose in (generalized, lagged):
        table = decompose(system(seed, series), horizon)
        np.testing.assert_allclose(table.shares.sum(axis=1), 1.0)
        assert (table.shares >= 0).all()
        assert table.total == pytest.approx(table.to_others.sum() / series)
        assert table.net.sum() == pytest.approx(0, abs=1e-12)
        np.testing.assert_allclose(table.pairwise_net.sum(axis=0), table.net, atol=1e-12)
        assert table.corrected == pytest.approx(table.total * series / (series - 1))


@given(st.integers(0, 10_000), st.permutations(range(4)))
def test_the_order_of_the_series_does_not_matter(seed: int, order: list[int]) -> None:
    model = system(seed, 4)
    at = np.ix_(order, order)
    turned = Autoregression(
        coefficients=model.coefficients[:, at[0], at[1]], covariance=model.covariance[at]
    )
    for decompose in (generalized, lagged):
        np.testing.assert_allclose(
            decompose(turned, 8).shares, decompose(model, 8).shares[at], rtol=1e-9
        )


@given(st.integers(0, 10_000), st.floats(1e-6, 1e6))
def test_units_and_the_divisor_of_the_covariance_cancel(seed: int, factor: float) -> None:
    model = system(seed, 3)
    units = np.array([1.0, 10.0, 0.02])
    other = Autoregression(
        coefficients=model.coefficients * units[:, None] / units,
        covariance=factor * model.covariance * np.outer(units, units),
    )
    for decompose in (generalized, lagged):
        np.testing.assert_allclose(
            decompose(other, 6).shares, decompose(model, 6).shares, rtol=1e-8
        )


def test_rows_are_receivers() -> None:
    coefficients = np.array([[[0.5, 0.0], [0.4, 0.5]]])
    table = lagged(Autoregression(coefficients=coefficients, covariance=np.eye(2)), 5)
    assert table.shares[0, 1] == 0
    assert table.shares[1, 0] > 0
    assert table.net[0] == -table.net[1] == table.shares[1, 0]


def test_responses_of_one_series_are_powers() -> None:
    found = responses(np.array([[[0.5]]]), 5)[:, 0, 0]
    np.testing.assert_allclose(found, [1, 0.5, 0.25, 0.125, 0.0625])


def test_a_system_that_holds_no_numbers_is_refused() -> None:
    model = Autoregression(coefficients=np.full((1, 2, 2), np.nan), covariance=np.eye(2))
    with pytest.raises(Refused) as refused:
        generalized(model, 10)
    assert refused.value.reason is Reason.NOT_FINITE


def test_one_series_alone_has_no_total() -> None:
    assert Spillover(np.ones((1, 1))).corrected == 0
