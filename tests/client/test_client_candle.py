"""Candles in a terminal: they fit, show every minute in its place, and say why there is none."""

from __future__ import annotations

import math

import pytest
from eitp.candle import FELL, ROSE, Chart, number
from eitp.v1.volatility_pb2 import (
    FEED_STATUS_ACTIVE,
    NO_VALUE_REASON_INSUFFICIENT_SESSIONS,
    NO_VALUE_REASON_NO_BASE,
    Bar,
    Feed,
    IndexTick,
    NoValueReason,
    OpenHighLowClose,
)
from hypothesis import given
from hypothesis import strategies as some

NOW = 1_764_250_020
FEED = Feed(feed_id="own/demo/all/rolling/evi-0.1/local-2", status=FEED_STATUS_ACTIVE)
BLOCKS = set("╷╻╵│╽╹╿┃")


def bar(
    minutes_ago: int, opened: float, closed: float, high: float, low: float, *, level: bool = False
) -> Bar:
    run = OpenHighLowClose(open=opened, high=high, low=low, close=closed)
    made = Bar(level=run, ticks=12, expected_ticks=12)
    made.start_at.seconds = NOW // 60 * 60 - 60 * minutes_ago
    if not level:
        made.index.CopyFrom(run)
    return made


def tick(
    index: float | None,
    at: int = NOW,
    reason: NoValueReason = NO_VALUE_REASON_NO_BASE,
    level: float | None = None,
) -> IndexTick:
    made = IndexTick(feed_id=FEED.feed_id, level=level)
    made.at.seconds = at
    if index is None:
        made.reason = reason
    else:
        value = made.value
        value.index, value.band_low, value.band_high = index, index - 5, index + 5
        value.smoothed_index, value.min_sessions, value.max_sessions = index, 43, 43
    return made


def drawn(chart: Chart, width: int = 80, height: int = 23) -> list[str]:
    return chart.draw(width, height, NOW).plain.split("\n")


@given(
    some.lists(some.tuples(some.floats(0, 100), some.floats(0, 100)), max_size=200),
    some.integers(20, 200),
    some.integers(6, 60),
    some.booleans(),
)
def test_a_chart_fits_its_terminal(
    runs: list[tuple[float, float]], width: int, height: int, level: bool
) -> None:
    bars = [
        bar(
            len(runs) - place, opened, closed, max(opened, closed), min(opened, closed), level=level
        )
        for place, (opened, closed) in enumerate(runs)
    ]
    chart = Chart(FEED, bars)
    chart.add(tick(50.0))
    lines = drawn(chart, width, height)
    assert len(lines) == height
    assert max(map(len, lines)) <= width


def test_every_minute_has_a_column_and_a_missing_one_stays_empty() -> None:
    bars = [bar(ago, 40, 60, 60, 40) for ago in (4, 3, 1)]
    lines = drawn(Chart(FEED, bars))
    columns = {place for line in lines[3:-1] for place, glyph in enumerate(line) if glyph in BLOCKS}
    assert columns == {79 - ago - 1 for ago in (4, 3, 1)}


def test_a_candle_has_its_body_between_first_and_last_and_its_wick_beyond() -> None:
    lines = drawn(Chart(FEED, [bar(0, 40, 60, 90, 10)]))[3:-1]
    column = "".join(line[78] for line in lines).strip("┈ ")
    upper, body, lower = column.partition("┃" * column.count("┃"))
    assert len(body) > 1
    assert set(upper) <= set("╷│╽")
    assert set(lower) <= set("╿│╵")
    assert len(upper) > len(body) < len(lower)
    assert math.isclose(len(body) / len(column), 20 / 80, abs_tol=0.15)


def test_rising_and_falling_minutes_have_different_colours() -> None:
    rose = Chart(FEED, [bar(0, 40, 60, 60, 40)]).draw(80, 23, NOW)
    fell = Chart(FEED, [bar(0, 60, 40, 60, 40)]).draw(80, 23, NOW)
    assert {str(span.style) for span in rose.spans} & {ROSE, FELL} == {ROSE}
    assert {str(span.style) for span in fell.spans} & {ROSE, FELL} == {FELL}


def test_a_minute_grows_with_its_ticks_and_an_older_tick_changes_nothing() -> None:
    chart = Chart(FEED, [])
    for second, value in enumerate((50.0, 61.0, 47.0, 55.0)):
        chart.add(tick(value, NOW + second))
    chart.add(tick(99.0, NOW))
    (candle,) = chart.candles.values()
    assert (candle.open, candle.high, candle.low, candle.close) == (50, 61, 47, 55)


def test_without_a_base_the_candles_are_of_the_level_until_there_is_one() -> None:
    chart = Chart(FEED, [bar(1, 1.0, 1.1, 1.2, 0.9, level=True)])
    chart.add(tick(None, NOW, level=1.3))
    assert not chart.indexed
    assert [round(candle.close, 6) for candle in chart.candles.values()] == [1.1, 1.3]
    chart.add(tick(64.0, NOW + 60, level=1.4))
    assert chart.indexed
    assert [candle.close for candle in chart.candles.values()] == [64.0]


def test_a_tick_without_a_value_grows_no_candle_and_says_why() -> None:
    chart = Chart(FEED, [bar(0, 50, 50, 50, 50)])
    chart.add(tick(None, NOW + 5, NO_VALUE_REASON_INSUFFICIENT_SESSIONS))
    assert len(chart.candles) == 1
    assert "no value: insufficient sessions" in drawn(chart)[1]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (tick(63.2), "63.2  95 % band 58.2 to 68.2  smoothed 63.2  n 43"),
        (tick(None, level=1.25), "no value: no base   level 1.250"),
    ],
)
def test_a_line_says_the_numbers_of_a_tick(said: IndexTick, words: str) -> None:
    assert words in number(said).plain
