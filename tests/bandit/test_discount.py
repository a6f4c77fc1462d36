"""Fading counts: the golden vector, the order of events, and what is left after silence."""

from __future__ import annotations

from itertools import starmap
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from bandit.whole_log import faded_sums
from eitp_server.bandit.discount import FadingCounts, remaining
from golden import golden
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

DAY = 86_400.0
events = st.lists(
    st.tuples(st.floats(0.0, 30 * DAY), st.booleans().map(float)), min_size=1, max_size=30
)


@pytest.fixture(scope="module")
def vector(eitp_data: Path) -> dict[str, Any]:
    return golden(eitp_data, "bandit")["discount"]


def heard(log: Iterable[tuple[float, float]], half_life: float = DAY) -> FadingCounts[float]:
    known = FadingCounts(successes=0.0, trials=0.0, at=0.0)
    for at, success in log:
        known = known.add(successes=success, trials=1.0, at=at, half_life=half_life)
    return known


def test_three_numbers_give_the_sums_of_the_vector(vector: dict[str, Any]) -> None:
    log = list(zip(map(float, vector["t"]), map(float, vector["y"]), strict=True))
    known = heard(log, vector["half_life_s"])
    successes, trials = known.read(now=vector["now"], half_life=vector["half_life_s"])
    assert successes == pytest.approx(vector["s_eff"], abs=1e-9)
    assert trials == pytest.approx(vector["n_eff"], abs=1e-9)
    assert successes / trials == pytest.approx(vector["mean"], abs=1e-9)


def test_the_whole_log_gives_the_sums_of_the_vector(vector: dict[str, Any]) -> None:
    times, successes = np.array(vector["t"], float), np.array(vector["y"], float)
    when = {"now": float(vector["now"]), "half_life": float(vector["half_life_s"])}
    found = faded_sums(successes, times, **when)
    assert found == pytest.approx((vector["s_eff"], vector["n_eff"]), abs=1e-9)
    weights = remaining(when["now"] - times, when["half_life"])
    kish = weights.sum() ** 2 / (weights**2).sum()
    assert kish == pytest.approx(vector["kish_ess"], abs=1e-9)


@given(events, st.randoms(use_true_random=False))
def test_late_events_count_as_if_they_had_come_in_time(
    log: list[tuple[float, float]], rng: Any
) -> None:
    late = list(log)
    rng.shuffle(late)
    now = {"now": 31 * DAY, "half_life": DAY}
    in_time = heard(sorted(log)).read(**now)
    assert heard(late).read(**now) == pytest.approx(in_time, rel=1e-9, abs=1e-15)


def test_a_late_event_at_full_weight_would_be_noticed() -> None:
    early, late = heard([(0.0, 1.0), (DAY, 0.0)]), heard([(DAY, 0.0), (0.0, 1.0)])
    assert late.successes == early.successes == 0.5


@given(events)
def test_sums_kept_are_those_of_the_whole_log(log: list[tuple[float, float]]) -> None:
    times, successes = np.array(log).T
    whole = faded_sums(successes, times, now=31 * DAY, half_life=DAY)
    kept = heard(log).read(now=31 * DAY, half_life=DAY)
    assert kept == pytest.approx(whole, rel=1e-9, abs=1e-15)


@given(st.lists(events, min_size=1, max_size=5))
def test_arrays_are_counted_like_single_cells(logs: list[list[tuple[float, float]]]) -> None:
    cells = len(logs)
    many = FadingCounts(successes=np.zeros(cells), trials=np.zeros(cells), at=np.zeros(cells))
    for step in range(max(map(len, logs))):
        rows = [log[step] if step < len(log) else (0.0, 0.0) for log in logs]
        at, success = np.array(rows).T
        there = np.array([float(step < len(log)) for log in logs])
        many = many.add(successes=success * there, trials=there, at=at, half_life=DAY)
    found = many.read(now=40 * DAY, half_life=DAY)
    alone = [heard(log).read(now=40 * DAY, half_life=DAY) for log in logs]
    np.testing.assert_allclose(np.array(found).T, alone, rtol=1e-12)


@given(events, st.floats(0.0, 100 * DAY))
def test_successes_never_exceed_trials_and_nothing_grows_in_silence(
    log: list[tuple[float, float]], later: float
) -> None:
    known = heard(log)
    successes, trials = known.read(now=known.at + later, half_life=DAY)
    assert 0.0 <= successes <= trials * (1.0 + 1e-12)
    assert trials <= known.trials
    assert known.read(now=known.at - later, half_life=DAY) == (known.successes, known.trials)


def test_half_is_left_after_a_half_life() -> None:
    left = starmap(remaining, [(0.0, DAY), (DAY, DAY), (20.0, 10.0)])
    assert list(left) == [1.0, 0.5, 0.25]
