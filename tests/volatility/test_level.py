"""The level: golden figures, and a standard error that tells the truth."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np
import pytest
from eitp_server.volatility.level import level
from eitp_server.volatility.scale import half_width
from hypothesis import given
from hypothesis import strategies as st
from volatility.sessions import partial


def test_the_golden_level_has_the_figures_of_the_vector(vectors: dict[str, Any]) -> None:
    golden = vectors["E2_cross_section"]
    found = level(partial(golden["pairs_exact"]))
    assert found is not None
    assert found.value == pytest.approx(golden["m"], rel=1e-12)
    assert found.standard_error == pytest.approx(golden["se"], rel=1e-12)
    assert found.effective_sessions == pytest.approx(golden["n_eff"], rel=1e-12)
    assert found.largest_share == pytest.approx(golden["max_share"], rel=1e-12)


def test_the_golden_outlier_moves_it_as_far_as_its_cap(vectors: dict[str, Any]) -> None:
    golden = vectors["E3_outlier"]
    pairs = [tuple(pair) for pair in vectors["E2_cross_section"]["pairs_exact"]]
    pairs[golden["replaced_index"]] = tuple(golden["pair"])
    found = level(partial(pairs))
    assert found is not None
    assert found.value == pytest.approx(golden["m"], rel=1e-12)
    assert found.standard_error == pytest.approx(golden["se"], rel=1e-12)


def test_one_session_does_not_know_its_precision() -> None:
    found = level(partial([(100, 1500)]))
    assert found is not None
    assert (found.value, found.standard_error, found.effective_sessions) == (1.5, inf, 1.0)


@given(st.integers(2, 40), st.integers(1, 200), st.integers(0, 5000))
def test_sessions_that_are_alike_have_no_error_at_all(
    number: int, weight: int, volatility: int
) -> None:
    found = level(partial([(weight, volatility)] * number))
    assert found is not None
    assert found.standard_error == 0
    assert found.value == volatility / 1000
    assert found.effective_sessions == number


@given(
    st.lists(st.tuples(st.integers(1, 200), st.integers(0, 5000)), min_size=2, max_size=20),
    st.integers(2, 50),
)
def test_the_unit_of_weights_does_not_matter(pairs: list[tuple[int, int]], factor: int) -> None:
    plain = level(partial(pairs))
    scaled = level(partial([(factor * w, v) for w, v in pairs]))
    assert plain is not None
    assert scaled is not None
    assert scaled.value == pytest.approx(plain.value, rel=1e-14)
    assert scaled.standard_error == pytest.approx(plain.standard_error, rel=1e-14)
    assert scaled.effective_sessions == pytest.approx(plain.effective_sessions, rel=1e-14)


def test_the_band_holds_the_true_level_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    held, drawn, many = 0, 1200, 100
    weights = rng.integers(20, 200, 400_000)
    volatility = np.minimum(rng.lognormal(0.0, 0.5, 400_000), 5)
    truth = float((weights * volatility).sum() / weights.sum())
    for _ in range(drawn):
        chosen = rng.integers(0, 400_000, many)
        whole = np.floor(1000 * volatility[chosen] + 0.5).astype(int)
        found = level(partial(list(zip(weights[chosen].tolist(), whole.tolist(), strict=True))))
        assert found is not None
        half = half_width(found.effective_sessions) * found.standard_error
        held += abs(found.value - truth) <= half
    assert 0.92 <= held / drawn <= 0.97
