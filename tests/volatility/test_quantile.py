"""Quantiles from a histogram that merges."""

from __future__ import annotations

import numpy as np
import pytest
from eitp_server.volatility.quantile import BINS, histogram, quantile
from hypothesis import given
from hypothesis import strategies as st
from volatility.sessions import counted

_PAIRS = st.lists(st.tuples(st.integers(1, 200), st.integers(0, 5000)), min_size=1, max_size=40)


@given(_PAIRS, st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]))
def test_a_quantile_is_within_a_bin_of_the_exact_one(
    pairs: list[tuple[int, int]], share: float
) -> None:
    found = quantile(histogram(counted(pairs)), share)
    total = sum(w for w, _ in pairs)
    reached = 0
    for weight, volatility in sorted(pairs, key=lambda pair: pair[1]):
        reached += weight
        if reached >= share * total:
            assert found == pytest.approx(volatility / 1000, rel=0.075, abs=1e-9)
            return
    raise AssertionError("the whole weight was never reached")


@given(_PAIRS, _PAIRS)
def test_histograms_of_two_shards_add_up(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    both = histogram(counted(one)) + histogram(counted(other))
    np.testing.assert_array_equal(both, histogram(counted([*one, *other])))


def test_the_whole_range_fits_and_who_does_not_count_is_not_in() -> None:
    found = histogram(counted([(1, 0), (1, 1), (1, 5000), (0, 0)]))
    assert len(found) == BINS
    assert found.sum() == 3
    assert quantile(np.zeros(BINS, np.int64), 0.5) is None
