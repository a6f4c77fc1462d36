"""From level to index: the golden figures, and a curve that keeps order."""

from __future__ import annotations

from math import inf, log
from typing import Any

import pytest
from eitp_server.volatility.level import Level, level
from eitp_server.volatility.scale import half_width, index_of, scaled
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtr
from volatility.sessions import base, partial


def test_the_golden_index_has_the_figures_of_the_vector(vectors: dict[str, Any]) -> None:
    golden = vectors["E4_index"]
    found = level(partial(vectors["E2_cross_section"]["pairs_exact"]))
    assert found is not None
    ours = scaled(found, base(golden["m_B"], golden["s_B"]))
    assert ours.z == pytest.approx(golden["z"], rel=1e-9)
    assert ours.index == pytest.approx(golden["evi"], rel=1e-9)
    assert ours.level_index == pytest.approx(golden["level"], rel=1e-9)
    assert half_width(found.effective_sessions) == pytest.approx(golden["t"], rel=1e-9)
    assert [ours.band_low, ours.band_high] == pytest.approx(golden["band"], rel=1e-9)


@given(st.floats(1.05, 1e6))
def test_the_band_reaches_as_far_as_its_confidence_says(effective_sessions: float) -> None:
    reach = half_width(effective_sessions)
    below: Any = stdtr(effective_sessions - 1, reach)
    assert float(below) == pytest.approx(0.975, abs=1e-9)


@pytest.mark.parametrize(
    ("spreads", "index"), [(0, 50.0), (1, 73.1), (2, 88.1), (3, 95.3), (-1, 26.9), (-2, 11.9)]
)
def test_spreads_read_as_documented(spreads: int, index: float) -> None:
    assert round(index_of(spreads), 1) == index


@pytest.mark.parametrize(("z", "index"), [(1e6, 100.0), (-1e6, 0.0), (inf, 100.0), (-inf, 0.0)])
def test_extremes_stay_on_the_scale(z: float, index: float) -> None:
    assert index_of(z) == index


def a_level(value: float, error: float, effective: float) -> Level:
    return Level(
        value=value,
        standard_error=error,
        unweighted=value,
        effective_sessions=effective,
        largest_share=0.01,
    )


@given(
    st.floats(0, 5),
    st.one_of(st.floats(0, 10), st.just(inf)),
    st.floats(1, 1e6),
    st.floats(0.05, 1),
)
def test_the_band_holds_the_index_within_its_bounds(
    value: float, error: float, effective: float, spread: float
) -> None:
    found = scaled(a_level(value, error, effective), base(1.0, spread))
    assert 0 <= found.band_low <= found.index <= found.band_high <= 100


def test_a_level_of_nought_is_a_number_too() -> None:
    found = scaled(a_level(0.0, 0.0, 30), base())
    assert found.z == pytest.approx(log(0.0005) / 0.1)
    assert found.index == pytest.approx(0)
    assert found.level_index == 0


def test_one_session_says_nothing_about_where_the_index_is() -> None:
    found = scaled(a_level(1.2, inf, 1.0), base())
    assert (found.band_low, found.band_high) == (0, 100)
