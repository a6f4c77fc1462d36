"""Setting off and holding: what is timed, and how the latest compares with the session's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from eitp_server.signals.event import Kind
from eitp_server.signals.signal import Signal
from hypothesis import given
from hypothesis import strategies as st
from signals.stream import Row, folded, seen, shifted

if TYPE_CHECKING:
    from collections.abc import Sequence


def setting_off(*waits: int) -> list[Row]:
    """Return clicks that far before the next movement, ten seconds apart."""
    rows: list[Row] = []
    for i, wait in enumerate(waits):
        t, x = 10_000 * i, 100 * i
        rows += [Row(t, Kind.CLICK, x=x), Row(t + wait, x=x), Row(t + wait + 50, x=x + 40)]
    return rows


def holds(*durations: int) -> list[Row]:
    """Return presses that long, ten seconds apart."""
    rows: list[Row] = []
    for i, held in enumerate(durations):
        rows += [Row(10_000 * i, Kind.DOWN), Row(10_000 * i + held, Kind.UP)]
    return rows


def started(rows: Sequence[Row]) -> tuple[int, int]:
    """Return how many waits were learned, and the last."""
    whole = folded(rows).initiating
    single = folded(*[[row] for row in rows]).initiating
    assert whole.seen[0] == single.seen[0]
    assert whole.latest_ms[0] == single.latest_ms[0]
    return int(whole.seen[0]), int(whole.latest_ms[0])


@pytest.mark.parametrize("kind", [Kind.CLICK, Kind.NAVIGATE, Kind.BACK, Kind.FORWARD])
def test_the_time_to_the_next_movement_counts_from_a_click_or_a_navigation(kind: Kind) -> None:
    assert started([Row(0, kind), Row(700), Row(750, x=140)]) == (1, 700)


def test_a_movement_begins_where_its_first_step_does() -> None:
    assert started([Row(0, Kind.CLICK), Row(40, x=150)]) == (1, 0)
    assert started([Row(0, Kind.CLICK), Row(900, x=900), Row(950, x=950)]) == (1, 900)


def test_only_the_first_movement_ends_the_wait() -> None:
    assert started([*setting_off(700), Row(800, x=200), Row(850, x=300)]) == (1, 700)


def test_a_later_click_takes_the_place_of_the_one_that_waited() -> None:
    assert started([Row(0, Kind.CLICK), *shifted(setting_off(90), 400)]) == (1, 90)


def test_a_click_that_the_pointer_moves_to_ends_one_wait_and_begins_the_next() -> None:
    rows = [Row(0, Kind.CLICK), Row(300), Row(350, Kind.CLICK, x=150), Row(400, x=150)]
    assert started([*rows, Row(450, x=190)]) == (2, 50)


def test_nobody_waits_on_a_hidden_page() -> None:
    rows = [Row(0, Kind.CLICK), Row(100, Kind.HIDDEN), Row(200, Kind.VISIBLE)]
    assert started([*rows, Row(300), Row(350, x=150)]) == (0, 0)


def test_taking_longer_to_set_off_than_usual_scores_above_it() -> None:
    column = Signal.INITIATION.column
    assert not seen(setting_off(400, 400, 400)).present[0, column]
    assert seen(setting_off(400, 400, 400, 400)).value[0, column] == pytest.approx(0)
    assert seen(setting_off(400, 400, 400, 3000)).value[0, column] > 2
    assert seen(setting_off(400, 400, 400, 60)).value[0, column] < -2


def test_the_time_of_a_press_is_learned() -> None:
    tables = folded(holds(90, 120, 5000))
    assert tables.holding.seen[0] == 3
    assert tables.holding.latest_ms[0] == 5000


def test_a_press_of_more_than_five_seconds_says_nothing() -> None:
    assert folded(holds(5001)).holding.seen[0] == 0


def test_only_the_last_of_buttons_pressed_together_is_timed() -> None:
    rows = [Row(0, Kind.DOWN), Row(60, Kind.DOWN), Row(150, Kind.UP), Row(400, Kind.UP)]
    for tables in (folded(rows), folded(*[[row] for row in rows])):
        assert tables.holding.seen[0] == 1
        assert tables.holding.latest_ms[0] == 90


def test_holding_longer_than_usual_scores_above_it() -> None:
    column = Signal.CLICK_HOLD.column
    assert not seen(holds(90, 90, 90)).present[0, column]
    assert seen(holds(90, 90, 90, 90)).value[0, column] == pytest.approx(0)
    assert seen(holds(90, 90, 90, 700)).value[0, column] > 2


def test_a_press_is_forgotten_after_a_minute() -> None:
    rows = holds(90, 90, 90, 90)
    assert seen(rows, at=rows[-1].t + 60_000).present[0, Signal.CLICK_HOLD.column]
    assert not seen(rows, at=rows[-1].t + 60_001).present[0, Signal.CLICK_HOLD.column]


@given(st.lists(st.integers(0, 6000), min_size=1, max_size=30))
def test_a_score_that_is_present_is_a_number(durations: list[int]) -> None:
    for rows, signal in (
        (holds(*durations), Signal.CLICK_HOLD),
        (setting_off(*durations), Signal.INITIATION),
    ):
        found = seen(rows)
        assert found.present[0, signal.column] == np.isfinite(found.value[0, signal.column])
