"""Late outcomes: golden vector, an independent estimate, and what young decisions may tell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from bandit.whole_log import Counts, EmpiricalDelay, corrected_counts
from eitp_server.bandit.delay import (
    DAY_S,
    EDGES,
    LEAST_CONVERSIONS,
    MEMORY_DAYS,
    DelayHistogram,
    seen_share,
)
from golden import golden
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

WINDOW = 1_800.0
delays = st.lists(st.floats(0.0, WINDOW), min_size=50, max_size=200)
ages = st.lists(st.floats(0.0, 2 * WINDOW), min_size=1, max_size=40)


@pytest.fixture(scope="module")
def vector(eitp_data: Path) -> dict[str, Any]:
    return golden(eitp_data, "bandit")["delay"]


def recorded(found: list[float], at: float = 0.0) -> DelayHistogram:
    histogram = DelayHistogram()
    for delay in found:
        histogram.record(delay_s=delay, matured_s=at)
    return histogram


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-9)


def test_counts_are_those_of_the_vector(vector: dict[str, Any]) -> None:
    age = np.array(vector["age"], float)
    converted = np.array([delay is not None for delay in vector["delay"]])
    curve = EmpiricalDelay(vector["ref_delays"])
    window = vector["window"]
    close(seen_share(curve, age, window), vector["tau"])
    found = corrected_counts(age, converted, window=window, curve=curve)
    close((found.successes, found.trials), (vector["conversions"], vector["n_eff"]))
    close(found.successes / found.trials, vector["theta_delay_corrected"])
    matured = corrected_counts(age, converted, window=window, curve=None)
    close(matured.trials, vector["n_matured"])
    close(matured.successes / matured.trials, vector["theta_matured_only"])
    close(converted.sum() / len(age), vector["theta_naive"])


def test_the_reference_estimate_is_that_of_the_vector(vector: dict[str, Any]) -> None:
    found = kaplan_meier(vector["age"], vector["delay"], vector["window"])
    close(found, vector["km_incidence_at_window"])


def kaplan_meier(age: list[float], delay: list[float | None], window: float) -> float:
    """Incidence at the window, decisions censored at their age (Kaplan & Meier 1958)."""
    open_share = 1.0
    for at in sorted({one for one in delay if one is not None and one <= window}):
        left = [a if d is None else d for a, d in zip(age, delay, strict=True)]
        open_share *= 1.0 - delay.count(at) / sum(one >= at for one in left)
    return 1.0 - open_share


def simulated(rng: np.random.Generator, size: int) -> tuple[NDArray[np.float64], ...]:
    """Ages of decisions, and delays of those that convert, infinite for the others."""
    age = rng.uniform(0.0, 2 * WINDOW, size)
    delay = rng.exponential(720.0, size) % WINDOW
    return age, np.where(rng.random(size) < 0.05, delay, np.inf)


def test_corrected_counts_agree_with_the_truth_and_with_kaplan_and_meier() -> None:
    rng = np.random.default_rng(4)
    age, delay = simulated(rng, 40_000)
    seen = delay <= np.minimum(age, WINDOW)
    matured = (age > WINDOW) & seen
    curve = EmpiricalDelay(delay[matured])
    found = corrected_counts(age, seen, window=WINDOW, curve=curve)
    listed = [d if s else None for d, s in zip(delay.tolist(), seen.tolist(), strict=True)]
    sample = slice(0, 4_000)
    part = corrected_counts(age[sample], seen[sample], window=WINDOW, curve=curve)
    reference = kaplan_meier(age[sample].tolist(), listed[sample], WINDOW)
    assert found.successes / found.trials == pytest.approx(0.05, rel=0.06)
    assert part.successes / part.trials == pytest.approx(reference, rel=0.06)


def test_a_curve_of_young_decisions_too_would_be_biased() -> None:
    rng = np.random.default_rng(4)
    age, delay = simulated(rng, 40_000)
    young = age < WINDOW / 3
    seen = delay <= np.minimum(age, WINDOW)
    wrong = EmpiricalDelay(delay[seen & young])
    right = EmpiricalDelay(delay[seen & (age > WINDOW)])
    at = np.array([WINDOW / 3])
    assert wrong.share(at)[0] > right.share(at)[0] + 0.2


def test_nothing_is_corrected_once_all_is_mature() -> None:
    age, converted = np.full(10, 2 * WINDOW), np.arange(10) < 3
    curve = EmpiricalDelay([1.0, 2.0])
    assert corrected_counts(age, converted, window=WINDOW, curve=curve) == Counts(3.0, 10.0)


def test_quick_conversions_leave_no_negative_failures() -> None:
    assert Counts(3.0, 1.5).posterior(1.0, 19.0) == (4.0, 19.0)


def test_without_a_conversion_in_the_window_open_decisions_are_unseen() -> None:
    curve = EmpiricalDelay([5 * WINDOW])
    close(seen_share(curve, np.array([0.0, WINDOW, WINDOW + 1.0]), WINDOW), [0.0, 0.0, 1.0])


@given(delays, ages)
def test_what_is_seen_grows_with_age_from_nothing_to_all(
    found: list[float], age: list[float]
) -> None:
    sorted_age = np.sort(np.array(age))
    for curve in (EmpiricalDelay(found), recorded(found).curve(now_s=0.0)):
        assert curve is not None
        share = seen_share(curve, sorted_age, WINDOW)
        assert (np.diff(share) >= -1e-12).all()
        assert (share >= 0.0).all()
        assert (share <= 1.0 + 1e-12).all()
        assert (share[sorted_age > WINDOW] == 1.0).all()


@given(delays, ages, st.randoms(use_true_random=False))
def test_the_order_of_decisions_does_not_matter(
    found: list[float], age: list[float], rng: Any
) -> None:
    converted = np.array([rng.random() < 0.5 for _ in age])
    order = np.array(rng.sample(range(len(age)), len(age)))
    straight, shuffled = (
        corrected_counts(np.array(age)[chosen], converted[chosen], window=WINDOW, curve=curve)
        for chosen, curve in (
            (slice(None), EmpiricalDelay(found)),
            (order, EmpiricalDelay(rng.sample(found, len(found)))),
        )
    )
    assert shuffled.successes == straight.successes
    assert shuffled.trials == pytest.approx(straight.trials, rel=1e-12)


@given(delays, ages)
def test_the_histogram_errs_by_no_more_than_the_bin_of_the_age(
    found: list[float], age: list[float]
) -> None:
    exact, curve = EmpiricalDelay(found), recorded(found).curve(now_s=0.0)
    assert curve is not None
    bounds = np.concatenate([[0.0], EDGES])
    at = np.array(age)
    above = np.searchsorted(bounds, at, side="left")
    low = np.where(above > 0, exact.share(bounds[np.maximum(above - 1, 0)]), 0.0)
    low = np.where(above > 1, low, 0.0)
    high = exact.share(bounds[above])
    share = curve.share(at)
    assert (share >= low - 1e-12).all()
    assert (share <= high + 1e-12).all()
    close(curve.share(EDGES), exact.share(EDGES))


def test_a_histogram_forgets_after_28_days_and_asks_for_50_conversions() -> None:
    histogram = recorded([60.0] * (LEAST_CONVERSIONS - 1))
    assert histogram.curve(now_s=0.0) is None
    histogram.record(delay_s=90.0, matured_s=0.0)
    assert histogram.curve(now_s=0.0) is not None
    last = (MEMORY_DAYS - 1) * DAY_S
    assert histogram.conversions(now_s=last) == LEAST_CONVERSIONS
    assert histogram.conversions(now_s=last + DAY_S) == 0
    assert histogram.curve(now_s=last + DAY_S) is None


def test_a_histogram_stays_small_however_long_it_runs() -> None:
    histogram = DelayHistogram()
    for day in range(200):
        histogram.record(delay_s=1e9, matured_s=float(day * DAY_S))
        histogram.record(delay_s=0.0, matured_s=float(day * DAY_S))
    assert len(histogram.dump()["days"]) == MEMORY_DAYS


@given(delays, delays, st.integers(0, 40))
def test_a_restart_between_two_conversions_changes_nothing(
    before: list[float], after: list[float], days: int
) -> None:
    histogram, copy = recorded(before), DelayHistogram()
    copy.load(json.loads(json.dumps(histogram.dump())))
    for one in (histogram, copy):
        for delay in after:
            one.record(delay_s=delay, matured_s=float(days * DAY_S))
    assert json.dumps(copy.dump()) == json.dumps(histogram.dump())


def test_a_state_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="format 99"):
        DelayHistogram().load({"format": 99, "days": []})
