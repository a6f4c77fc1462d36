"""The gate: what is news, how soon it may follow, and how much an hour holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from classification.journey import context, estimated, found
from eitp_server.classification.gate import GateTable, admit, crossing
from eitp_server.classification.state import StateTable
from eitp_server.signals.signal import Signal
from eitp_server.signals.tables import SignalTables
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from eitp_server.classification.state import States

SLOT = np.array([0])
SECOND_US = 1_000_000
START_US = 1_790_000_000 * SECOND_US

NEUTRAL = estimated(found())
FRUSTRATED = estimated(found({Signal.DEAD_CLICK: 4.0}))
UNKNOWN = estimated(
    replace(found(), moving_s=np.zeros(1, np.float32), clicks=np.zeros(1, np.int32))
)


def crosses(gates: GateTable, states: States, at_ms: int) -> bool:
    return bool(crossing(gates, states, SLOT, np.array([at_ms]))[0][0])


def spoken(states: States = NEUTRAL, *, at_ms: int = 10_000) -> GateTable:
    """Return the gate of a session that has said `states` at `at_ms`."""
    gates = GateTable.allocate(1)
    assert hears(gates, states, at_ms, START_US)
    return gates


def hears(gates: GateTable, states: States, at_ms: int, now_us: int) -> bool:
    rows = np.array([0])
    return bool(admit(gates, states, rows, SLOT, np.array([at_ms]), now_us)[0])


def shifted(states: States, by: float) -> States:
    return replace(states, mean=states.mean + np.float32(by))


def test_the_first_state_is_news_and_an_unknown_one_is_none() -> None:
    gates = GateTable.allocate(1)
    assert crosses(gates, NEUTRAL, 0)
    assert not crosses(gates, UNKNOWN, 0)


def test_the_same_state_again_is_no_news() -> None:
    assert not crosses(spoken(), NEUTRAL, 20_000)


def test_another_label_is_news() -> None:
    assert crosses(spoken(), replace(NEUTRAL, label=FRUSTRATED.label), 20_000)


def test_losing_the_label_is_no_news_and_neither_is_finding_it_again() -> None:
    silent = replace(NEUTRAL, label=np.zeros(1, np.uint8))
    gates = spoken()
    assert not crosses(gates, silent, 20_000)
    hears(gates, silent, 20_000, START_US)
    assert not crosses(gates, NEUTRAL, 30_000)


def test_a_dimension_is_news_when_it_moved_far_and_beyond_its_noise() -> None:
    certain = replace(NEUTRAL, sd=np.full((1, 7), 0.1, np.float32))
    vague = replace(NEUTRAL, sd=np.full((1, 7), 0.2, np.float32))
    gates = spoken()
    assert not crosses(gates, shifted(certain, 0.14), 20_000)
    assert crosses(gates, shifted(certain, 0.16), 20_000)
    assert not crosses(gates, shifted(vague, 0.16), 20_000)
    assert crosses(gates, shifted(vague, 0.31), 20_000)


def test_a_dimension_that_becomes_known_is_news() -> None:
    placeless = estimated(found(), context(page_type=0))
    assert crosses(spoken(placeless), NEUTRAL, 20_000)


def test_news_waits_for_a_second_of_session_time() -> None:
    gates = spoken(at_ms=10_000)
    assert not crosses(gates, FRUSTRATED, 10_999)
    assert crosses(gates, FRUSTRATED, 11_000)


def test_an_active_session_repeats_itself_after_a_minute() -> None:
    gates = spoken(at_ms=10_000)
    assert not crosses(gates, NEUTRAL, 69_999)
    assert crosses(gates, NEUTRAL, 70_000)
    assert not crosses(gates, replace(NEUTRAL, active=np.zeros(1, np.bool_)), 70_000)


def test_a_session_is_judged_by_its_own_gate() -> None:
    gates = GateTable.allocate(4)
    many = estimated(found(m=3))
    slots, at_ms = np.array([3, 0, 2]), np.array([5000, 5000, 5000])
    admit(gates, many, np.array([1]), slots, at_ms, START_US)
    assert crossing(gates, many, slots, at_ms + 9000)[0].tolist() == [True, False, True]


def arrivals(longest_ms: int) -> st.SearchStrategy[list[int]]:
    gap = st.integers(0, longest_ms)
    return st.lists(gap | st.integers(0, 3_700_000), min_size=101, max_size=300)


@settings(max_examples=40)
@given(st.sampled_from([1000, 20_000, 40_000]).flatmap(arrivals), st.integers(0, 10**15))
def test_no_hour_holds_more_than_a_hundred_packets(gaps_ms: list[int], start_us: int) -> None:
    gates = GateTable.allocate(1)
    now_us, held = start_us, 0
    sent: list[int] = []
    for gap in gaps_ms:
        now_us += gap * 1000
        if hears(gates, NEUTRAL, 0, now_us):
            assert gates.suppressed[0] == held
            sent.append(now_us)
            held = 0
        else:
            held += 1
            assert gates.held[0] == held
            # Refused for a reason: a hundred within the hour and the second that rounding takes.
            assert len([t for t in sent if now_us - t < 3_602 * SECOND_US]) >= 100
    for last, first in zip(sent[100:], sent, strict=False):
        assert last - first > 3600 * SECOND_US


def test_a_packet_every_second_is_heard_a_hundred_times_an_hour() -> None:
    gates = GateTable.allocate(1)
    heard = [s for s in range(7300) if hears(gates, NEUTRAL, 1000 * s, START_US + s * SECOND_US)]
    assert heard == [*range(100), *range(3601, 3701), *range(7202, 7300)]
    assert gates.suppressed[0] == 0


def test_what_was_held_back_is_told_with_the_next_packet() -> None:
    gates = GateTable.allocate(1)
    for second in range(105):
        hears(gates, NEUTRAL, 0, START_US + second * SECOND_US)
    assert gates.held[0] == 5
    assert hears(gates, NEUTRAL, 0, START_US + 3601 * SECOND_US)
    assert gates.suppressed[0] == 5
    assert gates.held[0] == 0
    assert hears(gates, NEUTRAL, 0, START_US + 3602 * SECOND_US)
    assert gates.suppressed[0] == 0


def test_what_was_held_back_is_no_news_a_second_time() -> None:
    gates = GateTable.allocate(1)
    for second in range(100):
        hears(gates, NEUTRAL, 1000 * second, START_US)
    assert crosses(gates, FRUSTRATED, 120_000)
    assert not hears(gates, FRUSTRATED, 120_000, START_US)
    assert not crosses(gates, FRUSTRATED, 122_000)


def test_all_that_is_kept_of_a_session_fits_into_two_and_a_half_kilobytes() -> None:
    kept = (SignalTables, StateTable, GateTable)
    assert sum(table.bytes_per_slot() for table in kept) <= 2560


def test_a_gate_goes_on_where_its_snapshot_was_taken() -> None:
    gates = GateTable.allocate(1)
    for second in range(60):
        hears(gates, NEUTRAL, 0, START_US + second * SECOND_US)
    copy = GateTable.allocate(1)
    copy.load(SLOT, gates.dump(SLOT))
    for second in range(60, 120):
        now_us = START_US + second * SECOND_US
        assert hears(copy, NEUTRAL, 0, now_us) == hears(gates, NEUTRAL, 0, now_us) == (second < 100)
