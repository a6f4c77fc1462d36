"""Bars: from valid ticks only, the same however they are put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eitp_server.volatility.bar import Bar, BarPeriod, aggregated, bars
from eitp_server.volatility.base import DAY_US, MINUTE_US
from eitp_server.volatility.index import IndexTick, index_tick
from eitp_server.volatility.reason import Audience
from hypothesis import given
from hypothesis import strategies as st
from volatility.sessions import base, partial

if TYPE_CHECKING:
    from eitp_server.volatility.base import Base

TICK_US = 5_000_000
START = 19_000 * DAY_US


def tick(
    number: int, volatility: int, *, sessions: int = 30, against: Base | None = None
) -> IndexTick:
    at_us = START + number * TICK_US
    part = partial([(100, volatility)] * sessions, at_us)
    return index_tick({"a": part}, at_us=at_us, audience=Audience.TENANT, base=against)


def valid(number: int, volatility: int, sessions: int = 30) -> IndexTick:
    return tick(number, volatility, sessions=sessions, against=base())


def test_a_bar_is_its_first_highest_lowest_and_last_tick() -> None:
    (bar,) = bars([valid(n, v) for n, v in enumerate([1000, 1300, 900, 1100])], tick_us=TICK_US)
    level = bar.level
    assert (level.open, level.high, level.low, level.close) == (1.0, 1.3, 0.9, 1.1)
    assert bar.index is not None
    assert bar.index.open == 50
    assert bar.index.low < 50 < bar.index.close < bar.index.high
    assert (bar.ticks, bar.expected_ticks, bar.min_sessions) == (4, 12, 30)
    assert (bar.start_us, bar.end_us) == (START, START + MINUTE_US)
    assert bar.base_id == base().base_id


def test_a_minute_without_a_valid_tick_has_no_bar_and_nothing_is_carried_forward() -> None:
    ticks = [valid(0, 1000), *(valid(n, 2000, sessions=3) for n in range(12, 24)), valid(24, 1500)]
    found = bars(ticks, tick_us=TICK_US)
    assert [bar.start_us for bar in found] == [START, START + 2 * MINUTE_US]
    assert [bar.level.open for bar in found] == [1.0, 1.5]


def test_a_tick_on_the_minute_belongs_to_the_minute_that_begins() -> None:
    found = bars([valid(11, 1000), valid(12, 1100)], tick_us=TICK_US)
    assert [bar.level.close for bar in found] == [1.0, 1.1]


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(500, 2000)), max_size=60))
def test_longer_bars_from_shorter_ones_are_those_of_the_ticks(
    steps: list[tuple[int, int]],
) -> None:
    number, ticks = 0, list[IndexTick]()
    for gap, volatility in steps:
        number += gap
        ticks.append(valid(number, volatility, sessions=20 + volatility % 7))
    minutes = bars(ticks, tick_us=TICK_US)
    fives = aggregated(minutes, BarPeriod.FIVE_MINUTES)
    assert fives == bars(ticks, tick_us=TICK_US, period=BarPeriod.FIVE_MINUTES)
    assert aggregated(fives, BarPeriod.HOUR) == aggregated(minutes, BarPeriod.HOUR)
    assert sum(bar.ticks for bar in fives) == len(ticks)


def test_bars_of_two_shards_do_not_add_up_to_that_of_the_whole() -> None:
    calm, wild = [(100, 1000)] * 30, [(100, 2000)] * 30
    runs = [(calm, wild), (wild, calm)]
    whole: list[IndexTick] = []
    for number, (one, other) in enumerate(runs):
        at_us = START + number * TICK_US
        part = partial([*one, *other], at_us)
        whole.append(index_tick({"a": part}, at_us=at_us, audience=Audience.TENANT, base=base()))
    (bar,) = bars(whole, tick_us=TICK_US)
    # Either shard swings between 1 and 2, the whole stands still: no merging of bars knows that.
    assert (bar.level.high, bar.level.low) == (1.5, 1.5)


def test_while_there_is_no_base_bars_have_levels_for_the_first_one_and_no_index() -> None:
    (bar,) = bars([tick(0, 1000), tick(1, 1200)], tick_us=TICK_US)
    assert bar.index is None
    assert (bar.base_id, bar.level.close) == ("", 1.2)
    assert bars([tick(0, 1000, sessions=3)], tick_us=TICK_US) == []


def test_another_base_begins_another_bar() -> None:
    found = bars([tick(0, 1000), valid(1, 1000)], tick_us=TICK_US)
    assert [bar.base_id for bar in found] == ["", base().base_id]


@pytest.mark.parametrize(
    ("period", "ticks"),
    [(BarPeriod.MINUTE, 12), (BarPeriod.FIVE_MINUTES, 60), (BarPeriod.HOUR, 720)],
)
def test_a_bar_knows_how_many_ticks_it_has_room_for(period: BarPeriod, ticks: int) -> None:
    (bar,) = bars([valid(0, 1000)], tick_us=TICK_US, period=period)
    assert isinstance(bar, Bar)
    assert bar.expected_ticks == ticks
