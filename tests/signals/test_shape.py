"""The shape of movement: golden values, the sampling rates that refuse it, and a plain reading."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from eitp_server.signals.event import Kind
from eitp_server.signals.shape import RATE_FLOORS, Shape, shape, spectral_arc_length
from eitp_server.signals.signal import Signal
from eitp_server.signals.trail import STEPS
from hypothesis import given, settings
from hypothesis import strategies as st
from signals import naive_shape
from signals.naive import watched
from signals.stream import CAPACITY, Row, folded, journeys, seen, shifted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp_server.signals.tables import SignalTables

NAMES = ("speed_sd", "turn", "sparc", "acceleration_rms")


@st.composite
def sweeps(draw: st.DrawFn, *, most: int = 200) -> list[Row]:
    """Draw the samples of a pointer that mostly moves, at one rate with exceptions."""
    usual = draw(st.sampled_from((8, 16, 33, 34, 50, 66, 67, 100)))
    every = st.sampled_from((*(usual,) * 12, 1, 250, 251, 600))
    across = st.sampled_from((0, 1, 2, 5, 8, 13, 40, -1, -3, -30, -4001))
    rows = [Row(0)]
    for dt, dx, dy in draw(st.lists(st.tuples(every, across, across), min_size=1, max_size=most)):
        last = rows[-1]
        rows.append(Row(last.t + dt, x=last.x + dx, y=last.y + dy))
    return rows


def shaped(tables: SignalTables, slot: int = 0) -> dict[str, float]:
    found = shape(tables, np.array([slot]))
    return {field.name: float(getattr(found, field.name)[0]) for field in fields(Shape)}


def shape_of(rows: Sequence[Row]) -> dict[str, float]:
    return shaped(folded(rows))


def line(*px: int, every: int = 16) -> list[Row]:
    """Return samples of a pointer that goes that far to the right from one to the next."""
    places = np.cumsum((0, *px)).tolist()
    return [Row(every * i, x=x) for i, x in enumerate(places)]


def sweep(*, every: int, strokes: int = 4, px: int = 800, ms: int = 800) -> list[Row]:
    """Return smooth movements to and fro, each along a flat arc."""
    clock = np.arange(0, ms * strokes + 1, every)
    phase = np.pi * clock / ms
    x, y = px * (1 - np.cos(phase)) / 2, px * np.sin(phase) / 8
    rounded = zip(clock.tolist(), x.astype(int).tolist(), y.astype(int).tolist(), strict=True)
    return [Row(t, x=across, y=down) for t, across, down in rounded]


def test_arc_length_is_that_of_the_authors_own_example() -> None:
    # The example in the documentation of `smoothness.sparc` by the paper's first author.
    t = np.arange(-1, 1, 0.01)
    found = spectral_arc_length(np.exp(-5 * t**2)[None, :], hz=100, points=4096)
    assert found[0] == pytest.approx(-1.41403, abs=1e-5)


def test_arc_length_depends_on_neither_size_nor_the_others() -> None:
    t = np.arange(40)
    one, two = np.sin(np.pi * t / 40) ** 2, np.sin(np.pi * t / 20) ** 2
    alone = spectral_arc_length(one[None, :], hz=20)[0]
    found = spectral_arc_length(np.stack((two, one, 300 * one)), hz=20)
    assert found[1] == pytest.approx(alone)
    assert found[2] == pytest.approx(alone)
    assert found[0] < found[1]


def test_deviation_and_acceleration_are_those_of_the_steps() -> None:
    found = shape_of(line(*(10, 20) * 8, every=20))
    assert found["rate_hz"] == 50
    assert found["speed_sd"] == pytest.approx(250)
    assert found["acceleration_rms"] == pytest.approx(500 / 0.02)
    assert found["turn"] == 0


def test_turning_is_measured_from_step_to_step() -> None:
    corners = [(0, 0), (10, 0), (10, 10), (0, 10)] * 4
    rows = [Row(16 * i, x=x, y=y) for i, (x, y) in enumerate(corners)]
    assert shape_of(rows)["turn"] == pytest.approx(np.pi / 2)


def test_nothing_turns_across_a_rest() -> None:
    out = line(*(10,) * 9)
    back = [Row(out[-1].t + 160 + 16 * i, x=90 - 10 * i) for i in range(10)]
    found = shape_of([*out, *back])
    assert found["turn"] == 0
    assert found["acceleration_rms"] == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(
    ("every", "present"),
    [
        (33, {"speed_sd", "turn", "sparc", "acceleration_rms"}),
        (34, {"speed_sd", "sparc"}),
        (50, {"speed_sd", "sparc"}),
        (66, {"speed_sd", "sparc"}),
        (67, set[str]()),
    ],
)
def test_a_rate_below_its_floor_refuses_a_signal(every: int, present: set[str]) -> None:
    found = shape_of(sweep(every=every))
    assert {name for name in NAMES if not np.isnan(found[name])} == present


def test_every_shape_has_a_floor_and_refuses_below_it() -> None:
    assert {signal.name.lower() for signal in RATE_FLOORS} == set(NAMES)
    assert RATE_FLOORS[Signal.TURN] == RATE_FLOORS[Signal.ACCELERATION_RMS] == 30


def test_what_is_not_refused_at_twenty_hertz_is_much_the_same_as_at_sixty() -> None:
    often, seldom = shape_of(sweep(every=16)), shape_of(sweep(every=48))
    assert seldom["sparc"] == pytest.approx(often["sparc"], rel=0.1)
    assert seldom["speed_sd"] == pytest.approx(often["speed_sd"], rel=0.1)


def test_a_jerky_movement_is_less_smooth() -> None:
    pushes = [round(60 * np.sin(np.pi * i / 40)) for i in range(1, 40)]
    smooth = line(*pushes, every=50)
    jerky = line(*(px if i % 4 < 2 else px // 6 + 1 for i, px in enumerate(pushes)), every=50)
    assert shape_of(jerky)["sparc"] < shape_of(smooth)["sparc"] - 0.3


def test_few_steps_have_no_shape() -> None:
    assert all(np.isnan(shape_of(line(*(20,) * 7))[name]) for name in NAMES)
    assert np.isnan(shape_of([Row(0)])["rate_hz"])


def test_only_the_latest_steps_count() -> None:
    early, late = line(*(60, 5) * 100), line(*(20,) * STEPS)
    rows = [*early, *shifted(late, early[-1].t + 5000)]
    assert shape_of(rows)["speed_sd"] == 0
    assert folded(rows).trail.taken[0] == 200 + STEPS


@settings(max_examples=30)
@given(sweeps())
def test_the_shape_is_what_a_plain_loop_finds(rows: list[Row]) -> None:
    trail = watched(rows)[0].pointer.trail[-STEPS:]
    found = shape_of(rows)
    if trail:
        assert found["rate_hz"] == pytest.approx(naive_shape.rate(trail))
        for name in NAMES:
            expected: float = getattr(naive_shape, name)(trail)
            assert found[name] == pytest.approx(expected, rel=1e-4, abs=1e-3, nan_ok=True), name


@given(sweeps(), st.data())
def test_the_trail_does_not_depend_on_how_ticks_divide_the_events(
    rows: list[Row], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=6)))
    ticks = [rows[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    whole = folded(rows).trail.dump(np.array([0]))
    divided = folded(*ticks).trail.dump(np.array([0]))
    for name, column in whole.items():
        assert column.tobytes() == divided[name].tobytes(), name


@given(sweeps(most=60), st.integers(1, 10**8))
def test_the_shape_is_the_same_some_time_later(rows: list[Row], ms: int) -> None:
    np.testing.assert_equal(shape_of(rows), shape_of(shifted(rows, ms)))


@given(journeys())
def test_shapes_stay_within_their_bounds(rows: list[Row]) -> None:
    found = shape(folded(rows), np.arange(CAPACITY))
    for name, least, most in (
        ("speed_sd", 0, 4e6),
        ("turn", 0, 3.1416),
        ("sparc", -np.inf, 0),
        ("acceleration_rms", 0, 8e9),
    ):
        column = getattr(found, name)
        known = column[~np.isnan(column)]
        assert column.dtype == np.float32
        assert np.isfinite(known).all()
        assert ((known >= least) & (known <= most)).all()


@given(sweeps(most=40), sweeps(most=40))
def test_sessions_have_each_their_own_shape(one: list[Row], two: list[Row]) -> None:
    tables = folded([*one, *[replace(row, slot=1) for row in two]])
    for slot, rows in enumerate((one, two)):
        both = shape(tables, np.array([1, 0]))
        for name, value in shape_of(rows).items():
            together = getattr(both, name)[1 - slot]
            assert together == pytest.approx(value, rel=1e-6, nan_ok=True), name


@pytest.mark.parametrize(
    "rows",
    [
        [Row(1000 * i, x=40 * i) for i in range(60)],
        [Row(16 * (i // 3), x=7 * i) for i in range(120)],
        [Row(50 * i, x=300, y=300) for i in range(200)],
        [Row(50 * i, x=10_000 * (i % 2), y=10_000 * (i % 2)) for i in range(60)],
        [Row(50 * i, x=10_000 * (i % 9 == 8) + 3 * i) for i in range(90)],
        [Row(0, x=5 * i) for i in range(50)],
        [Row(16 * i, Kind.NAVIGATE, x=5 * i) for i in range(50)],
    ],
    ids=["1 Hz", "repeated times", "constant", "jumps", "now and then a jump", "no time", "pages"],
)
def test_an_odd_source_gives_defined_values_or_none(rows: list[Row]) -> None:
    found = seen(rows)
    assert np.isfinite(found.value[found.present]).all()
    assert np.isnan(found.value[~found.present]).all()
    assert all(not np.isinf(value) for value in shape_of(rows).values())


def test_one_sample_a_second_is_no_movement() -> None:
    rows = [Row(1000 * i, x=40 * i) for i in range(60)]
    found = seen(rows)
    for signal in (Signal.MEAN_SPEED, Signal.DIRECTION_FLIPS, Signal.PATH_EFFICIENCY):
        assert not found.present[0, signal.column]
    assert np.isnan(shape_of(rows)["rate_hz"])


def test_repeated_times_leave_the_shape_alone() -> None:
    once = sweep(every=16)
    twice = [row for one in once for row in (one, replace(one, x=one.x + 9))]
    assert shape_of(twice) == shape_of(once)


def test_a_jump_parts_strokes_and_adds_no_speed() -> None:
    rows = line(*(20,) * 20, 10_000, *(20,) * 20)
    found = shape_of(rows)
    assert found["speed_sd"] == 0
    assert folded(rows).trail.taken[0] == 40
