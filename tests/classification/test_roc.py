"""Areas under ROC curves, against published numbers, the definition and the bootstrap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from eitp_server.classification.roc import areas, curve
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

NORMAL, ABNORMAL = (33, 6, 6, 11, 2), (3, 2, 2, 11, 33)
"""Ratings 1..5 of 58 normal and 51 abnormal images (Hanley & McNeil 1982, table I)."""


def rated() -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    ratings = np.arange(1.0, 6.0)
    score = np.concatenate([np.repeat(ratings, NORMAL), np.repeat(ratings, ABNORMAL)])
    return score, np.repeat([False, True], [sum(NORMAL), sum(ABNORMAL)])


def correlated(n: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return two correlated scores (2, n) of unequal quality, rounded so that some tie."""
    chance = np.random.default_rng(seed)
    event = chance.random(n) < 0.3
    common = chance.normal(size=n)
    scores = [common + chance.normal(size=n) + lift * event for lift in (1.2, 0.6)]
    return np.round(np.vstack(scores), 1), event


def by_definition(scores: NDArray[np.float64], event: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return DeLong's covariance (k, k) from all pairs, as equations 3 to 5 are written."""
    with_event, without = scores[:, event, None], scores[:, None, ~event]
    wins = (with_event > without) + 0.5 * (with_event == without)
    return np.cov(wins.mean(axis=2)) / event.sum() + np.cov(wins.mean(axis=1)) / (~event).sum()


def test_the_published_example_of_hanley_and_mcneil() -> None:
    # Area, standard error by DeLong and interval as in the Stata manual, [R] roctab, example 1.
    score, event = rated()
    found = areas(score[None], event)
    interval = found.interval(0, 0.95)
    assert interval.value == pytest.approx(0.8932, abs=5e-5)
    assert found.covariance[0, 0] ** 0.5 == pytest.approx(0.0307, abs=5e-5)
    assert (interval.low, interval.high) == pytest.approx((0.83295, 0.95339), abs=5e-6)


@pytest.mark.parametrize("seed", range(3))
def test_the_covariance_is_that_of_the_definition(seed: int) -> None:
    scores, event = correlated(120, seed)
    assert areas(scores, event).covariance == pytest.approx(by_definition(scores, event))


def test_the_intervals_agree_with_the_bootstrap() -> None:
    scores, event = correlated(300, 7)
    chance, differences = np.random.default_rng(1), list[float]()
    with_event, without = np.flatnonzero(event), np.flatnonzero(~event)
    for _ in range(800):
        of_with, of_without = (
            chance.choice(with_event, len(with_event)),
            chance.choice(without, len(without)),
        )
        again = np.concatenate([of_with, of_without])
        value = areas(scores[:, again], event[again]).value
        differences.append(float(value[0] - value[1]))
    found = areas(scores, event)
    low, high = np.percentile(differences, [2.5, 97.5])
    gain = found.difference(0, 1, 0.95)
    assert found.variance(0, 1) ** 0.5 == pytest.approx(np.std(differences), rel=0.08)
    assert (gain.low, gain.high) == pytest.approx((low, high), abs=0.015)


@given(arrays.arrays(float, (1, 12), elements=st.floats(-1e6, 1e6)), st.integers(2, 10))
def test_an_area_is_a_share_and_turning_the_score_turns_it(
    scores: NDArray[np.float64], with_event: int
) -> None:
    event = np.arange(12) < with_event
    found = areas(scores, event).value[0]
    assert 0 <= found <= 1
    assert areas(-scores, event).value[0] == pytest.approx(1 - found)


@given(st.permutations(range(60)))
def test_the_order_of_sessions_does_not_matter(order: list[int]) -> None:
    scores, event = correlated(60, 3)
    again = areas(scores[:, order], event[order])
    assert again.value == pytest.approx(areas(scores, event).value)
    assert again.covariance == pytest.approx(areas(scores, event).covariance)


def test_a_score_differs_from_itself_by_nothing() -> None:
    scores, event = correlated(60, 3)
    found = areas(scores[[0, 0]], event)
    gain = found.difference(0, 1, 0.95)
    assert gain.value == 0
    assert (gain.low, gain.high) == pytest.approx((0, 0), abs=1e-7)


def test_one_session_of_a_kind_is_too_few() -> None:
    with pytest.raises(ValueError, match="1 sessions with the event and 2 without"):
        areas(np.zeros((1, 3)), np.array([True, False, False]))


@pytest.mark.parametrize("seed", range(3))
def test_the_area_is_what_lies_under_the_curve(seed: int) -> None:
    scores, event = correlated(100, seed)
    false, true = curve(scores[0], event)
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(true, false) == pytest.approx(areas(scores, event).value[0])
