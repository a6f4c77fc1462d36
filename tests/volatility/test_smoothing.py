"""The smoothed index over irregular ticks."""

from __future__ import annotations

import pytest
from eitp_server.volatility.smoothing import Smoothed, smoothed

SECOND = 1_000_000


def test_it_begins_where_the_index_does() -> None:
    assert smoothed(None, 1.5, 7) == Smoothed(1.5, 7)


def test_after_a_half_life_it_is_half_way() -> None:
    found = smoothed(Smoothed(0.0, 0), 2.0, 300 * SECOND)
    assert found.z == pytest.approx(1.0)
    assert found.at_us == 300 * SECOND


def test_ticks_between_make_no_difference_to_a_constant() -> None:
    once = smoothed(Smoothed(0.0, 0), 1.0, 300 * SECOND)
    often = Smoothed(0.0, 0)
    for at in (5, 60, 61, 200, 300):
        often = smoothed(often, 1.0, at * SECOND)
    assert often.z == pytest.approx(once.z, rel=1e-12)


def test_it_starts_anew_after_five_half_lives() -> None:
    before = Smoothed(0.0, 0)
    assert smoothed(before, 1.0, 1500 * SECOND).z == pytest.approx(1 - 2**-5)
    assert smoothed(before, 1.0, 1500 * SECOND + 1).z == 1.0


def test_time_that_goes_back_starts_anew() -> None:
    assert smoothed(Smoothed(0.0, 100), 1.0, 50) == Smoothed(1.0, 50)
