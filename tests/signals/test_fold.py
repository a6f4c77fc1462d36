"""The fold as a whole: against a plain reading of the rules, and however ticks divide events."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING

import numpy as np
from eitp_server.signals.action import Action
from eitp_server.signals.fold import evidence, fold
from eitp_server.signals.motion import Measure
from eitp_server.signals.tables import SignalTables
from hypothesis import given
from hypothesis import strategies as st
from signals.naive import Session, watched
from signals.stream import CAPACITY, Row, columns, folded, journeys, shifted

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY = np.arange(CAPACITY)

_MEASURES = {
    Measure.PATH: "path",
    Measure.DX: "dx",
    Measure.DY: "dy",
    Measure.MOVING_MS: "moving",
    Measure.STILL_MS: "still",
    Measure.PAUSE_MS: "pause",
    Measure.PAUSES: "pauses",
    Measure.FLIPS: "flips",
    Measure.STEPS: "steps",
}
_ACTIONS: dict[Action, Callable[[Session], int]] = {
    Action.CLICKS: lambda session: session.clicks.counts["clicks"],
    Action.RAGE_CLICKS: lambda session: session.clicks.counts["rage"],
    Action.DEAD_CLICKS: lambda session: session.clicks.counts["dead"],
    Action.SLOW_CLICKS: lambda session: session.clicks.counts["slow"],
    Action.ANSWERS: lambda session: session.clicks.counts["answers"],
    Action.BACK_MASHES: lambda session: session.pages.counts["mash"],
    Action.QUICK_BACKS: lambda session: session.pages.counts["quick"],
    Action.ERROR_CLICKS: lambda session: session.clicks.counts["error clicks"],
    Action.SCRIPT_ERRORS: lambda session: session.pages.counts["errors"],
    Action.SCROLL_REVERSALS: lambda session: session.pages.counts["reversals"],
    Action.DEPARTURES: lambda session: session.pages.counts["departures"],
    Action.SELECTIONS: lambda session: session.pages.counts["selections"],
    Action.EDGE_EXITS: lambda session: session.pointer.exits,
    Action.RETREATS: lambda session: session.retreats.count,
    Action.REREADS: lambda session: session.pages.counts["rereads"],
}


@given(journeys(sessions=1))
def test_each_second_of_movement_is_what_a_plain_loop_finds(rows: list[Row]) -> None:
    motion = folded(rows).motion
    expected = watched(rows)[0].pointer.seconds
    newest = {second % 10: second for second in sorted(expected)}
    for bucket, second in newest.items():
        assert motion.epochs[0, bucket] == second
        for measure, name in _MEASURES.items():
            # Distances are rounded in 32 bits there, in 64 here.
            slack = expected[second]["steps"] if measure is Measure.PATH else 0
            found = int(motion.sums[0, bucket, measure])
            assert abs(found - expected[second][name]) <= slack, measure


@given(journeys(sessions=2))
def test_totals_are_what_a_plain_loop_finds(rows: list[Row]) -> None:
    tables = folded(rows)
    for slot, session in watched(rows).items():
        seconds = session.pointer.seconds.values()
        moving = sum(second["moving"] for second in seconds)
        assert tables.motion.totals[slot, Measure.MOVING_MS] == moving
        assert tables.action.clicks[slot] == session.clicks.counts["clicks"]


@given(st.data())
def test_counts_of_a_minute_are_what_a_plain_loop_finds(data: st.DataObject) -> None:
    rows = [row for row in data.draw(journeys(sessions=2)) if row.t < 60_000]
    if not rows:
        return
    tables = folded(rows)
    for slot, session in watched(rows).items():
        counted = tables.action.sums[slot].sum(axis=0)
        assert {action: counted[action] for action in _ACTIONS} == {
            action: count(session) for action, count in _ACTIONS.items()
        }
        dwell = tables.attention.sums[slot].sum(axis=0)
        assert {s: int(ms) for s, ms in enumerate(dwell) if ms} == +session.pages.dwell


@given(journeys(sessions=2))
def test_durations_are_what_a_plain_loop_finds(rows: list[Row]) -> None:
    tables = folded(rows)
    for slot, session in watched(rows).items():
        for table, durations in (
            (tables.deciding, session.paces.deciding),
            (tables.hovering, session.paces.hovering),
            (tables.latency, session.clicks.latencies),
            (tables.initiating, session.starts.durations),
            (tables.holding, session.holds.durations),
        ):
            assert table.seen[slot] == len(durations)
            if durations:
                assert table.latest_ms[slot] == durations[-1]


@given(journeys(sessions=2))
def test_the_trail_is_what_a_plain_loop_finds(rows: list[Row]) -> None:
    tables = folded(rows)
    for slot, session in watched(rows).items():
        trail = tables.trail
        for i, step in enumerate(session.pointer.trail):
            (dt, rested), (dx, dy) = trail.ms[slot, i].tolist(), trail.px[slot, i].tolist()
            assert (dt, dx, dy, rested) == astuple(step)
        assert trail.taken[slot] == len(session.pointer.trail)


@given(st.data())
def test_tables_do_not_depend_on_how_ticks_divide_the_events(data: st.DataObject) -> None:
    rows = data.draw(journeys())
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=6)))
    ticks = [rows[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    whole = folded(rows).dump(EVERY)
    divided = folded(*ticks).dump(EVERY)
    single = folded(*[[row] for row in rows]).dump(EVERY)
    for name, column in whole.items():
        assert column.tobytes() == divided[name].tobytes(), name
        assert column.tobytes() == single[name].tobytes(), name


@given(journeys(), st.integers(1, 100))
def test_evidence_is_the_same_some_minutes_later(rows: list[Row], minutes: int) -> None:
    rows = [*(Row(0, slot=slot) for slot in range(3)), *rows]
    at = np.full(CAPACITY, max(row.t for row in rows))
    early = evidence(folded(rows), EVERY[:3], at[:3])
    late = evidence(folded(shifted(rows, 60_000 * minutes)), EVERY[:3], at[:3] + 60_000 * minutes)
    for name in ("value", "baseline", "present", "dwell_s", "moving_s", "clicks"):
        np.testing.assert_array_equal(getattr(early, name), getattr(late, name), name)


@given(st.data())
def test_no_input_however_hostile_gives_a_number_that_is_none(data: st.DataObject) -> None:
    anything = st.integers(-(2**31), 2**31 - 1)
    rows = [
        Row(t, kind, x, y, target, scroll_y=scroll, response_ms=response)
        for t, kind, x, y, target, scroll, response in zip(
            sorted(data.draw(st.lists(st.integers(0, 2**62), min_size=1, max_size=20))),
            *(
                data.draw(st.lists(s, min_size=20, max_size=20))
                for s in (st.integers(0, 255), anything, anything, anything, anything, anything)
            ),
            strict=False,
        )
    ]
    at = data.draw(st.integers(0, 2**62))
    found = evidence(folded(rows[:7], rows[7:]), np.array([0]), np.array([at]))
    assert np.isfinite(found.value[found.present]).all()
    assert np.isnan(found.value[~found.present]).all()
    assert not np.isinf(found.baseline).any()
    for column in (found.dwell_s, found.moving_s, found.sampling_hz, found.idle_s):
        assert np.isfinite(column).all()
        assert (column >= 0).all()


@given(journeys())
def test_sessions_do_not_touch_each_other(rows: list[Row]) -> None:
    together = folded(rows)
    for slot in {row.slot for row in rows}:
        alone = folded([row for row in rows if row.slot == slot])
        own = np.array([slot])
        for name, column in together.dump(own).items():
            assert column.tobytes() == alone.dump(own)[name].tobytes(), name


@given(journeys(), journeys())
def test_a_snapshot_goes_on_where_it_was_taken(before: list[Row], after: list[Row]) -> None:
    start = max(row.t for row in before)
    after = shifted(after, start)
    original = folded(before)
    restored = SignalTables.allocate(2)
    restored.grow(CAPACITY)
    restored.load(EVERY, original.dump(EVERY))
    fold(original, columns(after))
    fold(restored, columns(after))
    for name, column in original.dump(EVERY).items():
        assert column.tobytes() == restored.dump(EVERY)[name].tobytes(), name


def test_a_slot_that_was_reset_knows_nothing() -> None:
    tables = folded([Row(0), Row(50, x=150), *[Row(60, slot=1), Row(100, x=200, slot=1)]])
    tables.reset(np.array([0]))
    fresh = SignalTables.allocate(1).dump(np.array([0]))
    for name, column in tables.dump(np.array([0])).items():
        assert column.tobytes() == fresh[name].tobytes(), name
    assert tables.motion.x[1] == 200


def test_a_tick_without_events_changes_nothing() -> None:
    tables = folded([Row(0), Row(50, x=150)], [])
    assert tables.motion.x[0] == 150


def test_every_kind_of_event_is_taken() -> None:
    folded([Row(10 * kind, kind) for kind in range(256)])
