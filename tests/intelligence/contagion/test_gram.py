"""Sums of products: they roll, add up, and refuse what cannot be analysed."""

from __future__ import annotations

import numpy as np
import pytest
from eitp_server.intelligence.contagion.gram import LagGram, Moments
from eitp_server.intelligence.contagion.refusal import Reason, Refused
from hypothesis import given
from hypothesis import strategies as st
from intelligence.contagion.drawn import walk


@given(st.integers(1, 4), st.integers(1, 30), st.integers(0, 99))
def test_a_window_that_rolls_is_the_window_summed_anew(lags: int, steps: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(120, 3))
    window = 80
    rolling = LagGram.of(values[:window], lags)
    for end in range(window, window + steps):
        begin = end - window
        rolling = rolling + LagGram.of(values[end - lags : end + 1], lags)
        rolling = rolling - LagGram.of(values[begin : begin + lags + 1], lags)
    anew = LagGram.of(values[steps : window + steps], lags)
    assert rolling.rows == anew.rows == window - lags
    np.testing.assert_allclose(rolling.products, anew.products, atol=1e-10)


def test_a_window_that_forgets_to_drop_differs() -> None:
    values = walk(100)
    grown = LagGram.of(values[:80], 2) + LagGram.of(values[78:81], 2)
    anew = LagGram.of(values[1:81], 2)
    assert grown.rows == anew.rows + 1
    assert not np.allclose(grown.products, anew.products)


@given(st.integers(10, 90), st.integers(1, 5))
def test_shards_of_rows_add_up_to_the_whole(cut: int, lags: int) -> None:
    values = walk(100)
    parts = LagGram.of(values[:cut], lags) + LagGram.of(values[max(cut - lags, 0) :], lags)
    whole = LagGram.of(values, lags)
    np.testing.assert_allclose(parts.products, whole.products, atol=1e-10)


def test_rows_with_a_missing_value_in_their_past_do_not_count() -> None:
    values = walk(50)
    values[20, 1] = np.nan
    found = LagGram.of(values, 3)
    assert found.rows == 50 - 3 - 4
    np.testing.assert_allclose(
        found.products,
        (LagGram.of(values[:20], 3) + LagGram.of(values[21:], 3)).products,
        atol=1e-10,
    )


def test_a_row_that_weighs_double_counts_twice() -> None:
    values = walk(12)
    weights = np.ones(12)
    weights[7] = 2.0
    twice = LagGram.of(values, 2) + LagGram.of(values[5:8], 2)
    np.testing.assert_allclose(LagGram.of(values, 2, weights).products, twice.products)


def test_moments_do_not_depend_on_level_and_scale() -> None:
    values = walk(200)
    moved = Moments.of(LagGram.of(3.0 + values * [0.01, 5.0, -2.0], 2))
    plain = Moments.of(LagGram.of(values, 2))
    signs = np.tile([1.0, 1.0, -1.0], 3)
    np.testing.assert_allclose(moved.products, plain.products * np.outer(signs, signs), atol=1e-8)


@pytest.mark.parametrize(
    ("column", "reason", "named"),
    [
        (np.full(100, 0.1), Reason.CONSTANT, "SE does not move"),
        (None, Reason.DUPLICATE, "DE and SE are the same"),
    ],
)
def test_series_that_say_nothing_of_their_own_are_refused_by_name(
    column: np.ndarray[tuple[int], np.dtype[np.float64]] | None, reason: Reason, named: str
) -> None:
    values = walk(100)
    values[:, 2] = 5 - 3 * values[:, 0] if column is None else column
    with pytest.raises(Refused, match=named) as refused:
        Moments.of(LagGram.of(values, 2), ("DE", "FR", "SE"))
    assert refused.value.reason is reason


def test_sums_that_are_no_numbers_are_refused() -> None:
    products = np.full((7, 7), np.nan)
    with pytest.raises(Refused) as refused:
        Moments.of(LagGram(products=products, rows=300, lags=2))
    assert refused.value.reason is Reason.NOT_FINITE


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(Refused) as refused:
        Moments.of(LagGram.of(walk(4), 5))
    assert refused.value.reason is Reason.INSUFFICIENT
