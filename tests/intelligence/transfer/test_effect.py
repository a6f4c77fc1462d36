"""Log odds ratios of counts, and which counts are enough for them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from eitp_server.intelligence.transfer import Effects, Exclusion, exclusions
from hypothesis import given
from hypothesis import strategies as st
from intelligence.transfer.trials import counts, effects


def test_the_effect_is_the_log_odds_ratio_with_the_sum_of_reciprocals() -> None:
    found = counts(((20, 100, 10, 110),)).log_odds_ratios()
    assert found.value[0] == pytest.approx(math.log(20 * 100 / (80 * 10)), abs=1e-15)
    assert found.variance[0] == pytest.approx(1 / 20 + 1 / 80 + 1 / 10 + 1 / 100, abs=1e-15)


@pytest.mark.parametrize("row", [(0, 40, 10, 40), (40, 40, 10, 40), (9, 40, 0, 40), (9, 40, 7, 7)])
def test_an_empty_cell_adds_a_half_to_all_four_cells_of_its_own_row_only(
    row: tuple[int, int, int, int],
) -> None:
    found = counts((row, (20, 100, 10, 110))).log_odds_ratios()
    a, b, c, d = (x + 0.5 for x in (row[0], row[1] - row[0], row[2], row[3] - row[2]))
    assert found.value[0] == pytest.approx(math.log(a * d / (b * c)), abs=1e-14)
    assert found.variance[0] == pytest.approx(1 / a + 1 / b + 1 / c + 1 / d, abs=1e-14)
    assert found.value[1] == pytest.approx(math.log(2.5), abs=1e-14)


cells = st.integers(1, 10_000)


@given(cells, cells, cells, cells)
def test_swapping_the_arms_turns_the_sign_and_keeps_the_variance(
    a: int, b: int, c: int, d: int
) -> None:
    one = counts(((a, a + b, c, c + d),)).log_odds_ratios()
    other = counts(((c, c + d, a, a + b),)).log_odds_ratios()
    assert one.value[0] == pytest.approx(-other.value[0], abs=1e-12)
    assert one.variance[0] == pytest.approx(other.variance[0], rel=1e-12)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((10, 3600, 10, 400), None),
        ((9, 3600, 10, 400), Exclusion.TOO_FEW_CONVERSIONS),
        ((10, 3600, 9, 400), Exclusion.TOO_FEW_CONVERSIONS),
        ((90, 900, 10, 100), None),
        ((90, 900, 10, 99), Exclusion.HOLDOUT_TOO_SMALL),
        ((90, 90_000, 10, 399), Exclusion.HOLDOUT_TOO_SMALL),
        ((90, 90_000, 10, 400), None),
    ],
)
def test_a_vertical_counts_from_ten_conversions_and_a_holdout_of_a_tenth_or_400(
    row: tuple[int, int, int, int], reason: Exclusion | None
) -> None:
    assert exclusions(counts((row,))) == (reason,)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ((-1, 10, 5, 10), "-1.0 conversions of 10.0 treated units"),
        ((11, 10, 5, 10), "11.0 conversions of 10.0 treated"),
        ((5, 10, 0, 0), "0.0 conversions of 0.0 holdout"),
    ],
)
def test_counts_that_cannot_be_are_refused(row: tuple[int, int, int, int], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        counts((row,))


@pytest.mark.parametrize(
    ("value", "variance"), [(math.nan, 1.0), (math.inf, 1.0), (0.1, 0.0), (0.1, -1.0)]
)
def test_effects_that_nothing_follows_from_are_refused(value: float, variance: float) -> None:
    with pytest.raises(ValueError, match="effect 1 is"):
        effects([0.0, value], [1.0, variance])


def test_effects_and_variances_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="one length"):
        Effects(np.zeros(2), np.ones(3))
