"""Movement: the numbers of short paths worked out by hand, and what sampling may not change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from eitp_server.signals.event import Kind
from eitp_server.signals.motion import Measure
from eitp_server.signals.signal import Signal
from hypothesis import given
from hypothesis import strategies as st
from signals.stream import Row, folded, journeys, seen

if TYPE_CHECKING:
    from collections.abc import Sequence


def moves(*places: tuple[int, int], every: int = 50, start: int = 0) -> list[Row]:
    return [Row(start + every * i, x=x, y=y) for i, (x, y) in enumerate(places)]


def sums(rows: Sequence[Row]) -> dict[Measure, int]:
    found = folded(rows).motion.totals[0]
    return {measure: int(found[measure]) for measure in Measure}


def value(rows: Sequence[Row], signal: Signal, *, at: int | None = None) -> float:
    found = seen(rows, at=at)
    assert found.present[0, signal.column]
    return float(found.value[0, signal.column])


def absent(rows: Sequence[Row], signal: Signal, *, at: int | None = None) -> bool:
    return not seen(rows, at=at).present[0, signal.column]


def test_a_short_path_adds_up_to_its_numbers_by_hand() -> None:
    # 3-4-5 triangles: right and down, right and up, then left: one flip in y, one in x.
    rows = moves((0, 0), (30, 40), (60, 0), (30, 0), (30, 0), (30, 0), (30, 0), (30, 0))
    assert sums(rows) == {
        Measure.PATH: (50 + 50 + 30) * 16,
        Measure.DX: 30,
        Measure.DY: 0,
        Measure.MOVING_MS: 150,
        Measure.STILL_MS: 200,
        Measure.PAUSE_MS: 200,
        Measure.PAUSES: 1,
        Measure.FLIPS: 2,
        Measure.STEPS: 3,
    }


def test_the_signals_of_a_path_are_its_rates() -> None:
    rows = moves(*((20 * i, 0) for i in range(11)), *[(200, 0)] * 10)
    assert value(rows, Signal.PATH_LENGTH) == 200
    assert value(rows, Signal.MEAN_SPEED) == pytest.approx(400)
    assert value(rows, Signal.PATH_EFFICIENCY) == pytest.approx(1)
    assert value(rows, Signal.DIRECTION_FLIPS) == 0
    assert value(rows, Signal.PAUSE_SHARE) == pytest.approx(0.5)
    assert value(rows, Signal.IDLE) == pytest.approx(0.5)


def test_going_out_and_back_within_a_second_leads_nowhere() -> None:
    rows = moves(*((30 * i, 0) for i in range(9)), *((240 - 30 * i, 0) for i in range(1, 9)))
    assert value(rows, Signal.PATH_EFFICIENCY) == pytest.approx(0, abs=1e-6)
    assert value(rows, Signal.DIRECTION_FLIPS) == pytest.approx(1 / 0.8)


def test_a_tremor_below_the_dead_zone_is_no_reversal() -> None:
    rows = moves(*((10 * i, 2 * (i % 2)) for i in range(15)))
    assert sums(rows)[Measure.FLIPS] == 0


def test_a_direction_is_remembered_over_steps_that_say_nothing() -> None:
    rows = moves((0, 0), (20, 0), (22, 20), (21, 40), (0, 40))
    assert sums(rows)[Measure.FLIPS] == 1


def test_a_direction_is_remembered_over_ticks() -> None:
    rows = moves((0, 0), (20, 0), (22, 20), (21, 40), (0, 40))
    assert folded(rows[:3], rows[3:]).motion.totals[0, Measure.FLIPS] == 1


@pytest.mark.parametrize("still", [[], [(100, 0)] * 5])
def test_a_rest_ends_the_stroke_whether_it_is_sampled_or_not(still: list[tuple[int, int]]) -> None:
    out = moves((0, 0), (50, 0), (100, 0))
    rest = moves(*still, start=150)
    back = [Row(400, x=100), Row(450, x=50), Row(500, x=0)]
    found = sums(
        [*out, *[Row(r.t, x=r.x, y=0) for r in rest], *[Row(r.t, x=r.x, y=0) for r in back]]
    )
    assert found[Measure.FLIPS] == 0
    assert found[Measure.PAUSE_MS] == 300
    assert found[Measure.PAUSES] == 1


def test_a_gap_is_not_filled_in() -> None:
    rows = [Row(0, x=0), Row(50, x=20), Row(301, x=620), Row(351, x=640)]
    found = sums(rows)
    assert found[Measure.PATH] == 40 * 16
    assert found[Measure.MOVING_MS] == 100
    assert found[Measure.STILL_MS] == 0


def test_a_jump_is_a_new_place_and_no_movement() -> None:
    found = sums(moves((0, 0), (10_000, 10_000), (10_020, 10_000)))
    assert found[Measure.PATH] == 20 * 16
    assert found[Measure.MOVING_MS] == 50


def test_a_pointer_that_never_moves_has_no_speed_and_pauses_all_the_time() -> None:
    rows = moves(*[(5, 5)] * 30)
    assert value(rows, Signal.PATH_LENGTH) == 0
    assert value(rows, Signal.PAUSE_SHARE) == 1
    assert absent(rows, Signal.MEAN_SPEED)
    assert absent(rows, Signal.PATH_EFFICIENCY)
    assert absent(rows, Signal.DIRECTION_FLIPS)


def test_a_second_sample_at_the_same_time_is_left_out() -> None:
    path = [Row(0, x=0), Row(50, x=30), Row(100, x=60)]
    doubled = [Row(0, x=0), Row(50, x=30), Row(50, x=500), Row(100, x=60), Row(100, x=61)]
    assert sums(doubled) == sums(path)
    assert (folded(doubled[:2], doubled[2:]).motion.totals == folded(path).motion.totals).all()


def test_a_pause_that_spans_ticks_is_one_pause() -> None:
    rows = moves((0, 0), (30, 0), *[(30, 0)] * 10, (60, 0))
    motion = folded(rows[:4], rows[4:8], rows[8:]).motion
    assert motion.totals[0, Measure.PAUSES] == 1
    assert motion.totals[0, Measure.PAUSE_MS] == 500


def test_a_rest_of_minutes_counts_as_one_pause_of_two_seconds() -> None:
    found = sums([Row(0, x=0), Row(50, x=30), Row(180_000, x=30), Row(180_050, x=60)])
    assert found[Measure.PAUSES] == 1
    assert found[Measure.PAUSE_MS] == 2000


@pytest.mark.parametrize("kind", [Kind.VISIBLE, Kind.NAVIGATE, Kind.BACK, Kind.FORWARD])
def test_nothing_is_measured_across_a_new_page_or_a_hidden_span(kind: Kind) -> None:
    rows = [Row(0, x=0), Row(50, x=30), Row(100, kind, x=0), Row(150, x=900), Row(200, x=930)]
    assert sums(rows)[Measure.PATH] == 60 * 16
    assert (folded(rows[:3], rows[3:]).motion.totals == folded(rows).motion.totals).all()


@pytest.mark.parametrize("kind", [Kind.KEY, Kind.SCROLL, Kind.RESPONSE, Kind.HIDDEN])
def test_events_that_are_no_pointer_samples_leave_the_path_alone(kind: Kind) -> None:
    path = [Row(0, x=0), Row(50, x=30), Row(100, x=60)]
    assert sums([*path[:2], Row(70, kind, x=30), path[2]]) == sums(path)


def test_movement_is_forgotten_after_ten_seconds_and_its_total_kept() -> None:
    rows = moves(*((20 * i, 0) for i in range(11)))
    assert value(rows, Signal.PATH_LENGTH, at=9_999) == 200
    assert absent(rows, Signal.PATH_LENGTH, at=10_000)
    assert seen(rows, at=10_000).moving_s[0] == pytest.approx(0.5)


def test_a_session_has_a_usual_speed_after_five_seconds_of_movement() -> None:
    slow = moves(*((10 * i, 0) for i in range(121)))
    fast = [Row(16_000 + 50 * i, x=40 * i) for i in range(20)]
    found = seen([*slow, *fast])
    column = Signal.MEAN_SPEED.column
    assert found.value[0, column] == pytest.approx(800, rel=0.01)
    assert found.baseline[0, column] == pytest.approx(200, rel=0.01)
    assert np.isnan(seen(slow).baseline[0, column])


def test_hard_back_and_forth_for_a_second_is_thrash() -> None:
    hard = moves(*((400 * (i % 2), 0) for i in range(20)))
    soft = moves(*((40 * (i % 2), 0) for i in range(20)))
    wide = moves(*((90 * i, 0) for i in range(20)))
    assert value(hard, Signal.THRASH) == 1
    assert value(soft, Signal.THRASH) == 0
    assert value(wide, Signal.THRASH) == 0


@given(st.integers(100, 3000), st.integers(2, 6))
def test_sampling_three_times_as_often_tells_the_same_path(px: int, strokes: int) -> None:
    """A smooth sweep, sampled at 60 and at 20 Hz (16 and 48 ms)."""
    clock = np.arange(0, 960 * strokes + 1, 16)
    phase = np.pi * clock / 960
    x = (px * (1 - np.cos(phase)) / 2).astype(int)
    often = [Row(int(t), x=int(at)) for t, at in zip(clock, x, strict=True)]
    for signal, tolerance in ((Signal.PATH_LENGTH, 0.03), (Signal.MEAN_SPEED, 0.1)):
        assert value(often[::3], signal) == pytest.approx(value(often, signal), rel=tolerance)
    assert sums(often[::3])[Measure.FLIPS] == sums(often)[Measure.FLIPS] == strokes - 1


@given(journeys(sessions=1))
def test_shares_and_efficiency_stay_within_their_bounds(rows: list[Row]) -> None:
    found = seen(rows)
    for signal in (Signal.PATH_EFFICIENCY, Signal.PAUSE_SHARE):
        if found.present[0, signal.column]:
            assert 0 <= found.value[0, signal.column] <= 1
