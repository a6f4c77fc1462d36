"""What comes before the fit: gaps, the usual course, far values and weights."""

from __future__ import annotations

import numpy as np
import pytest
from eitp_server.intelligence.contagion.preparation import Exclusion, bridged, prepare
from eitp_server.intelligence.contagion.profile import (
    BASE_MINUTES,
    DAY,
    LEVEL,
    WEEK,
    Cycle,
    Profile,
    week_profile,
)
from eitp_server.intelligence.contagion.refusal import Reason, Refused
from hypothesis import given
from hypothesis import strategies as st

NAMES = ("DE", "FR", "SE")


def noise(minutes: int = 1_000, seed: int = 1) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.random.default_rng(seed).standard_normal((minutes, 3))


def minute(minutes: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(minutes)


@given(st.integers(1, 8), st.integers(0, 12))
def test_gaps_of_up_to_three_minutes_are_bridged_by_a_line(length: int, begin: int) -> None:
    line = np.linspace(0.0, 19.0, 20)
    gap = slice(begin, min(begin + length, 20))
    column = line.copy()
    column[gap] = np.nan
    found = bridged(column[:, None])[:, 0]
    if length <= 3 and begin > 0:
        np.testing.assert_allclose(found, line)
    else:
        assert np.isnan(found[gap]).all()
        assert np.isfinite(np.delete(found, np.arange(20)[gap])).all()


def test_a_series_needs_a_value_in_nine_minutes_of_ten() -> None:
    values = noise()
    values[:100, 0] = np.nan
    values[:101, 1] = np.nan
    with_both = prepare(values, NAMES, minute(1_000))
    assert with_both.names == ("DE", "SE")
    assert with_both.excluded == {"FR": Exclusion.MISSING_MINUTES}


def test_a_series_that_does_not_move_is_left_out() -> None:
    values = noise()
    values[:, 1] = 0.1
    values[5, 1] = np.nan
    assert prepare(values, NAMES, minute(1_000)).excluded == {"FR": Exclusion.CONSTANT}


def test_fewer_than_two_series_are_refused_with_their_reasons() -> None:
    values = noise()
    values[:, 0] = 7.0
    values[:200, 2] = np.nan
    with pytest.raises(Refused, match="DE CONSTANT, SE MISSING_MINUTES") as refused:
        prepare(values, NAMES, minute(1_000))
    assert refused.value.reason is Reason.INSUFFICIENT


def test_an_infinite_value_is_refused_by_name() -> None:
    values = noise()
    values[3, 2] = np.inf
    with pytest.raises(Refused, match="SE holds an infinite value") as refused:
        prepare(values, NAMES, minute(1_000))
    assert refused.value.reason is Reason.NOT_FINITE


def test_rows_of_declared_events_do_not_count() -> None:
    event = np.zeros(1_000, bool)
    event[40:60] = True
    found = prepare(noise(), NAMES, minute(1_000), left_out=event).values
    assert np.isnan(found[event]).all()
    assert np.isfinite(found[~event]).all()


def test_a_row_weighs_the_harmonic_mean_of_its_sessions() -> None:
    sessions = np.full((1_000, 3), 60.0)
    sessions[0] = (30.0, 60.0, 60.0)
    weights = prepare(noise(), NAMES, minute(1_000), sessions=sessions).weights
    assert weights is not None
    assert weights.mean() == pytest.approx(1.0)
    assert weights[0] / weights[1] == pytest.approx(45 / 60)


def test_values_beyond_five_robust_spreads_are_pulled_in() -> None:
    values = noise(10_000)
    values[77, 0] = 1e6
    found = prepare(values, NAMES, minute(10_000)).values
    assert found[77, 0] == pytest.approx(5.0, rel=0.05)
    untouched = np.abs(values) < 4
    np.testing.assert_allclose(found[untouched], values[untouched], atol=0.05)


def test_one_far_value_does_not_bend_the_usual_course() -> None:
    values = noise(1_440)
    spoilt = values.copy()
    spoilt[700, 0] = 1e6
    calm, bent = (prepare(v, NAMES, minute(1_440), DAY).values for v in (values, spoilt))
    np.testing.assert_allclose(np.delete(bent, 700, 0), np.delete(calm, 700, 0), atol=0.02)


def test_a_daily_cycle_is_taken_out_and_without_its_waves_it_stays() -> None:
    angle = 2 * np.pi * minute(1_440)[:, None] / 1_440
    cycle = np.hstack([np.sin(angle + phase) + np.cos(3 * angle) for phase in (0.0, 1.0, 2.0)])
    values = 2 + 4 * cycle + 0.1 * noise(1_440)
    assert prepare(values, NAMES, minute(1_440), DAY).values.std() < 0.11
    assert prepare(values, NAMES, minute(1_440), LEVEL).values.std() > 2


def test_the_profile_of_the_week_foretells_the_fifth_week() -> None:
    at = minute(5 * 7 * 1_440)
    # Days are higher in the week than at its end.
    shape = (1 + 0.5 * np.cos(2 * np.pi * at / WEEK.minutes)) * np.sin(2 * np.pi * at / 1_440)
    values = 5 + shape[:, None] * [1.0, 2.0] + 0.1 * noise(len(at))[:, :2]
    profile = week_profile(values[:BASE_MINUTES], at[:BASE_MINUTES])
    later = slice(BASE_MINUTES, None)
    away = profile.remove(values[later], at[later])
    assert away.std() < 0.11
    by_day = Profile.fit(values[:BASE_MINUTES], at[:BASE_MINUTES], DAY)
    assert by_day.remove(values[later], at[later]).std() > 0.3


def test_a_profile_of_the_week_takes_28_days() -> None:
    with pytest.raises(Refused, match="28 days") as refused:
        week_profile(noise(BASE_MINUTES - 1), minute(BASE_MINUTES - 1))
    assert refused.value.reason is Reason.INSUFFICIENT


def test_a_profile_of_all_series_serves_those_that_are_kept() -> None:
    values = noise() + np.array([10.0, 20.0, 30.0])
    profile = Profile.fit(values, minute(1_000), LEVEL)
    values[:, 0] = np.nan
    found = prepare(values, NAMES, minute(1_000), profile)
    assert found.names == ("FR", "SE")
    np.testing.assert_allclose(found.values.mean(axis=0), 0, atol=0.1)


def test_too_few_values_for_a_profile_are_refused() -> None:
    values = np.full((20, 1), np.nan)
    values[:4] = 1.0
    with pytest.raises(Refused) as refused:
        Profile.fit(values, minute(20), Cycle(10, (1, 2)))
    assert refused.value.reason is Reason.INSUFFICIENT


def test_a_series_that_mostly_stands_still_keeps_what_moves() -> None:
    values = noise()
    values[:, 0] = 0.0
    values[::10, 0] = 3.0
    found = prepare(values, NAMES, minute(1_000)).values
    assert np.ptp(found[:, 0]) == pytest.approx(3.0)
