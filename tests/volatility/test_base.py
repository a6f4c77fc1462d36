"""What is usual: medians, spreads, and the days that are enough for one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from eitp_server.volatility.base import (
    DAY_US,
    LEAST_SPREAD,
    MINUTE_US,
    BaseKind,
    BaseSource,
    Closes,
    borrowed,
    fixed_base,
    median_and_spread,
    next_effective_us,
    rolling_base,
)

EFFECTIVE = 20_000 * DAY_US
"""The midnight of 2024-10-04."""


def closes(days: int, per_day: int, *, last_day: int = 19_998, level: float = 1.0) -> Closes:
    """Return closes of every minute from midnight on, on the days up to `last_day`."""
    day = np.repeat(np.arange(last_day - days + 1, last_day + 1), per_day)
    minute = np.tile(np.arange(per_day), days)
    return Closes((day * DAY_US + minute * MINUTE_US).astype(np.int64), np.full(len(day), level))


def test_the_golden_closes_give_the_base_of_the_vector(vectors: dict[str, Any]) -> None:
    golden = vectors["E4_index"]
    found = median_and_spread(np.array(golden["closes"]))
    assert found is not None
    assert found[0] == pytest.approx(golden["m_B"], rel=1e-12)
    assert found[1] == pytest.approx(golden["s_B"], rel=1e-12)


def test_the_spread_of_lognormal_levels_is_theirs() -> None:
    levels = np.random.default_rng(2).lognormal(0.3, 0.2, 20_000)
    found = median_and_spread(levels)
    assert found is not None
    assert found == pytest.approx((np.exp(0.3), 0.2), rel=0.02)


def test_a_feed_that_hardly_moves_keeps_the_least_spread() -> None:
    assert median_and_spread(np.full(10, 1.3)) == (1.3, LEAST_SPREAD)


@pytest.mark.parametrize("levels", [[], [0.0, 0.0, 1.0], [0.0, 1.0]])
def test_levels_without_a_scale_give_no_base(levels: list[float]) -> None:
    assert median_and_spread(np.array(levels)) is None


@pytest.mark.parametrize(
    ("days", "per_day", "enough"),
    [(7, 286, True), (7, 285, False), (6, 1440, False), (28, 1440, True), (28, 71, False)],
)
def test_a_base_needs_seven_days_and_two_thousand_minutes(
    days: int, per_day: int, enough: bool
) -> None:
    found = rolling_base(closes(days, per_day), EFFECTIVE)
    assert (found is not None) == enough
    if found:
        assert found.valid_minutes == days * per_day


def test_the_window_is_the_28_days_before_the_day_of_computation() -> None:
    inside = closes(28, 100, level=1.0)
    outside = [closes(3, 1000, last_day=day, level=9.0) for day in (20_002, 19_970)]
    parts = [inside, *outside]
    everything = Closes(
        np.concatenate([part.at_us for part in parts]),
        np.concatenate([part.level for part in parts]),
    )
    found = rolling_base(everything, EFFECTIVE)
    assert found is not None
    assert (found.median, found.valid_minutes) == (1.0, 2800)
    assert (found.start_us, found.end_us) == (19_971 * DAY_US, 19_999 * DAY_US)
    assert (found.effective_us, found.base_id) == (EFFECTIVE, "rolling-2024-10-04")
    assert (found.kind, found.source) == (BaseKind.ROLLING, BaseSource.OWN)


def test_closes_that_are_no_levels_do_not_count() -> None:
    good = closes(7, 286)
    bad = Closes(good.at_us + 600 * MINUTE_US, np.resize([np.nan, np.inf, -1.0], len(good.at_us)))
    both = Closes(np.append(good.at_us, bad.at_us), np.append(good.level, bad.level))
    found = rolling_base(both, EFFECTIVE)
    assert found is not None
    assert (found.valid_minutes, found.median) == (2002, 1.0)


def test_a_repeated_minute_counts_once_toward_what_is_enough() -> None:
    few = closes(7, 200)
    twice = Closes(np.tile(few.at_us, 2), np.tile(few.level, 2))
    assert rolling_base(twice, EFFECTIVE) is None


def test_a_base_that_is_missing_is_borrowed_under_a_name_of_its_own() -> None:
    parent = rolling_base(closes(28, 1440), EFFECTIVE)
    assert parent is not None
    child = borrowed(parent)
    assert (child.source, child.base_id) == (BaseSource.PARENT, "rolling-2024-10-04-parent")
    assert (child.median, child.spread) == (parent.median, parent.spread)
    assert borrowed(child) == child


def test_a_fixed_base_says_so_in_its_name() -> None:
    window = (19_971 * DAY_US, 19_999 * DAY_US)
    found = fixed_base(
        closes(28, 1440), start_us=window[0], end_us=window[1], effective_us=EFFECTIVE
    )
    assert found is not None
    assert (found.base_id, found.kind) == ("fixed-2024-10-04", BaseKind.FIXED)
    assert borrowed(found).base_id.startswith("fixed-")


def test_a_base_is_computed_ten_minutes_after_midnight_for_the_next_day() -> None:
    ten = 10 * MINUTE_US
    assert next_effective_us(EFFECTIVE + ten) == EFFECTIVE + DAY_US
    assert next_effective_us(EFFECTIVE + ten - 1) == EFFECTIVE
    assert next_effective_us(EFFECTIVE + DAY_US - 1) == EFFECTIVE + DAY_US
