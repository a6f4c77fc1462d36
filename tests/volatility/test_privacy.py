"""What a shared feed holds back."""

from __future__ import annotations

from math import inf

import pytest
from eitp_server.volatility.level import Level
from eitp_server.volatility.privacy import (
    above,
    banded,
    below,
    complementary,
    influence,
    nearest,
    step_of,
)
from hypothesis import given
from hypothesis import strategies as st
from volatility.sessions import base

_VALUES = st.floats(0, 100)
_POINTS = st.floats(0, 99)


def a_level(value: float, share: float) -> Level:
    return Level(
        value=value,
        standard_error=0.1,
        unweighted=value,
        effective_sessions=50,
        largest_share=share,
    )


def test_the_influence_of_a_session_is_that_of_the_worked_example() -> None:
    assert influence(a_level(1.0, 0.002), base(spread=0.1)) == pytest.approx(2.5)
    assert influence(a_level(0.0, 0.002), base()) == inf


@pytest.mark.parametrize(
    ("points", "step"),
    [(0, 0.1), (0.1, 0.1), (0.11, 0.15), (0.25, 0.3), (2.5, 3), (3, 3), (99, 100), (inf, 100)],
)
def test_steps_are_round_numbers_at_or_above_the_influence(points: float, step: float) -> None:
    assert step_of(points) == pytest.approx(step)


@given(_POINTS)
def test_a_step_is_never_below_the_influence_and_not_twice_it(points: float) -> None:
    assert max(0.1, points) <= step_of(points) * (1 + 1e-9)
    assert step_of(points) <= max(0.1, 1.7 * points)


@given(_VALUES, _POINTS)
def test_rounding_stays_on_the_scale_and_in_order(value: float, points: float) -> None:
    step = step_of(points)
    low, middle, high = below(value, step), nearest(value, step), above(value, step)
    assert 0 <= low <= value + 1e-9
    assert value - 1e-9 <= high <= 100
    assert 0 <= middle <= 100
    assert middle / step == pytest.approx(round(middle / step), abs=1e-6)


@pytest.mark.parametrize(
    ("sessions", "band"),
    [
        (50, (50, 99)),
        (99, (50, 99)),
        (100, (100, 299)),
        (999, (300, 999)),
        (1000, (1000, 2999)),
        (3000, (3000, 9999)),
        (12_345, (10_000, 29_999)),
        (49, (0, 49)),
    ],
)
def test_numbers_of_sessions_are_told_in_bands(sessions: int, band: tuple[int, int]) -> None:
    found = banded(sessions)
    assert (found.least, found.most) == band


def test_a_single_missing_child_takes_the_smallest_published_one_with_it() -> None:
    children = {"a": 500, "b": 60, "c": 80, "d": 20}
    assert complementary(children, frozenset("abc")) == "b"
    assert complementary(children, frozenset("abcd")) is None
    assert complementary(children, frozenset("ac")) is None
    assert complementary({"a": 20}, frozenset()) is None
    assert complementary(children, frozenset({"a", "b", "c", "elsewhere"})) == "b"
