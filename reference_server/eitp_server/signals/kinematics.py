"""How the pointer moves: path, speed, straightness, reversals and pauses at uneven sampling.

A step leads from one pointer sample to the next of the same session. It is *still* when slower
than 20 px/s, whatever its length in time, because a browser sends nothing while the pointer
rests; else *moving*, unless it took over 250 ms or jumped, which nobody saw and nothing fills in.
A stroke is what lies between two such gaps or rests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eitp_server.signals.clock import whole_ms
from eitp_server.signals.event import Kind
from eitp_server.signals.motion import BUCKET_MS, SUBPIXELS, Measure, MotionTable
from eitp_server.signals.segment import Segments, run_starts
from eitp_server.signals.window import deposit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.signals.event import Events

STILL_PX_PER_MS = np.float32(0.02)
GAP_MS = 250
JUMP_PX = 4000
"""A longer step is a new place, not a movement: no screen is that wide in one sample."""
PAUSE_MS = 200
REST_MS = 2000
"""A pause counts up to this long; beyond it the hand is idle rather than pausing."""
DEAD_ZONE_PX = 3
"""A step shorter than this in one axis says nothing about direction."""

_POINTER = (Kind.MOVE, Kind.DOWN, Kind.UP, Kind.CLICK)
_RESTART = (Kind.VISIBLE, Kind.BACK, Kind.FORWARD, Kind.NAVIGATE)
_SAMPLES = np.zeros(256, np.bool_)
_SAMPLES[list(_POINTER + _RESTART)] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Since when the pointer rests, at each of n samples."""

    row: NDArray[np.intp]
    """(n,) the sample's row in the events."""
    slot: NDArray[np.int32]
    since_ms: NDArray[np.int32]
    """(n,) end of the latest movement; the sample's own time while it moves."""
    before_ms: NDArray[np.int32]
    """(n,) the same at the sample before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """The steps of a tick, each ending at one of n samples."""

    row: NDArray[np.intp]
    """(n,) the sample's row in the events."""
    slot: NDArray[np.int32]
    end_ms: NDArray[np.int32]
    """(n,) time of the sample."""
    dt: NDArray[np.int32]
    delta: NDArray[np.int32]
    """(2, n) px in x and y."""
    moving: NDArray[np.bool_]
    """(n,) whether the step moved; dt and delta of others say nothing."""
    still_since_ms: NDArray[np.int32]
    """(n,) end of the latest movement, or of what nobody saw, before the step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Track:
    """The samples of a tick that end a step of more than no time."""

    row: NDArray[np.intp]
    slot: NDArray[np.int32]
    segments: Segments
    t: NDArray[np.int32]
    x: NDArray[np.int32]
    y: NDArray[np.int32]
    lost: NDArray[np.intp]
    """Samples whose step nobody saw: the first of a session or after a restart, and restarts."""
    ends_lost: NDArray[np.bool_]
    """(m,) whether the session's last sample is a restart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steps:
    """The step that ends at each sample."""

    dt: NDArray[np.int32]
    delta: NDArray[np.int32]
    """(2, n) px in x and y."""
    px: NDArray[np.float32]
    moving: NDArray[np.bool_]
    still: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stillness:
    """How long the pointer has been still, ms."""

    since: NDArray[np.int32]
    run: NDArray[np.int32]
    before: NDArray[np.int32]
    """The run at the sample before."""


def fold_motion(table: MotionTable, events: Events) -> tuple[Rest, Movement]:
    """Add the pointer samples of `events` to `table`; return how the pointer rested and moved."""
    track = _track(table, events)
    if not len(track.row):
        return _told(track, _no_steps(), track.t, track.t)
    steps = _steps(table, track)
    stillness = _stillness(table, track, steps)
    broken = ~(steps.moving | steps.still)
    broken |= stillness.before >= GAP_MS
    flips, heading = _flips(table, track, steps, broken)
    _deposit(table, track, _amounts(steps, stillness, flips))
    since = stillness.since
    before = track.segments.lagged(since, table.still_since_ms[track.segments.slot])
    _carry(table, track, stillness, heading)
    return _told(track, steps, since, before)


def _told(
    track: _Track, steps: _Steps, since: NDArray[np.int32], before: NDArray[np.int32]
) -> tuple[Rest, Movement]:
    row, slot = track.row, track.slot
    return Rest(row=row, slot=slot, since_ms=since, before_ms=before), Movement(
        row=row,
        slot=slot,
        end_ms=track.t,
        dt=steps.dt,
        delta=steps.delta,
        moving=steps.moving,
        still_since_ms=before,
    )


def _no_steps() -> _Steps:
    none, no = np.zeros((2, 0), np.int32), np.zeros(0, np.bool_)
    return _Steps(dt=none[0], delta=none, px=none[0].astype(np.float32), moving=no, still=no)


def _track(table: MotionTable, events: Events) -> _Track:
    row = np.flatnonzero(_SAMPLES.take(events.kind))
    slot, t, kind = events.slot.take(row), whole_ms(events.t_ms.take(row)), events.kind.take(row)
    if not len(row):
        return _empty_track(row, slot, t)
    segments = Segments.of(slot)
    # Of the samples of one moment the first says where the pointer is.
    kept = t != segments.lagged(t, table.t_ms[segments.slot])
    kept |= kind > Kind.CLICK
    if not kept.all():
        row, slot, t, kind = row[kept], slot[kept], t[kept], kind[kept]
        if not len(row):
            return _empty_track(row, slot, t)
        segments = Segments.of(slot)
    restart = np.flatnonzero(kind > Kind.CLICK)
    after = restart[restart < len(row) - 1] + 1
    after = after[slot[after] == slot[after - 1]]
    first = segments.start[table.adrift[segments.slot]]
    return _Track(
        row=row,
        slot=slot,
        segments=segments,
        t=t,
        x=events.x.take(row),
        y=events.y.take(row),
        lost=np.concatenate((first, restart, after)),
        ends_lost=kind[segments.last] > Kind.CLICK,
    )


def _empty_track(row: NDArray[np.intp], slot: NDArray[np.int32], t: NDArray[np.int32]) -> _Track:
    none = Segments(start=row, end=row, slot=slot)
    return _Track(
        row=row, slot=slot, segments=none, t=t, x=t, y=t, lost=row, ends_lost=np.zeros(0, np.bool_)
    )


def _steps(table: MotionTable, track: _Track) -> _Steps:
    segments = track.segments
    delta = np.empty((2, len(track.t)), np.int32)
    np.subtract(track.x, segments.lagged(track.x, table.x[segments.slot]), out=delta[0])
    np.subtract(track.y, segments.lagged(track.y, table.y[segments.slot]), out=delta[1])
    dt = track.t - segments.lagged(track.t, table.t_ms[segments.slot])
    dx, dy = delta.astype(np.float32)
    px = np.sqrt(dx * dx + dy * dy)
    still = px < dt.astype(np.float32) * STILL_PX_PER_MS
    moving = (dt <= GAP_MS) & (px <= JUMP_PX) & ~still
    still[track.lost] = False
    moving[track.lost] = False
    return _Steps(dt=dt, delta=delta, px=px, moving=moving, still=still)


def _stillness(table: MotionTable, track: _Track, steps: _Steps) -> _Stillness:
    segments = track.segments
    start, carried = segments.start, table.still_since_ms[segments.slot]
    ends = ~steps.still
    ends[start] = True
    ended = track.t.copy()
    ended[start] = np.where(steps.still[start], carried, track.t[start])
    since = ended.copy()
    still = np.flatnonzero(~ends)
    opens = np.ones(len(still), np.bool_)
    np.not_equal(still[1:] - 1, still[:-1], out=opens[1:])
    since[still] = ended[still[opens] - 1][np.cumsum(opens) - 1]
    run = track.t - since
    before = segments.lagged(run, table.t_ms[segments.slot] - carried)
    return _Stillness(since=since, run=run, before=before)


def _flips(
    table: MotionTable, track: _Track, steps: _Steps, broken: NDArray[np.bool_]
) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Return reversals per sample and the heading (2, m) at the end of each session."""
    # Both axes lie end to end, so that a session has a first and a last sample in each.
    samples, segments = len(track.t), track.segments
    start = np.concatenate((segments.start, segments.start + samples))
    last = np.concatenate((segments.last, segments.last + samples))
    significant = (np.abs(steps.delta) >= DEAD_ZONE_PX) & steps.moving
    code = (significant.view(np.int8) << (steps.delta > 0)).reshape(-1)
    decided = (significant | broken).reshape(-1)
    carried = table.heading[segments.slot].T.astype(np.int8).reshape(-1)
    first = code[start]
    held = code.copy()
    held[start] = np.where(decided[start], first, carried)
    decided[start] = True
    at = np.flatnonzero(decided)
    known = held.take(at)
    flip = np.zeros(len(code), np.bool_)
    flip[at[1:]] = (known[1:] ^ known[:-1]) == 3
    flip[start] = (first ^ carried) == 3
    flips = (flip.reshape(2, -1) & ~broken).view(np.int8)
    heading = known[np.searchsorted(at, last, side="right") - 1]
    return flips[0] + flips[1], heading.reshape(2, -1)


def _amounts(steps: _Steps, stillness: _Stillness, flips: NDArray[np.int8]) -> NDArray[np.int32]:
    run, before = stillness.run, stillness.before * steps.still
    rested, rested_before = np.minimum(run, REST_MS), np.minimum(before, REST_MS)
    pausing, paused_before = run >= PAUSE_MS, before >= PAUSE_MS
    amounts = np.empty((len(Measure), len(run)), np.int32)
    amounts[Measure.PATH] = np.rint(steps.px * steps.moving * SUBPIXELS)
    amounts[Measure.DX : Measure.DY + 1] = steps.delta * steps.moving
    amounts[Measure.MOVING_MS] = steps.dt * steps.moving
    amounts[Measure.STILL_MS] = rested - rested_before
    amounts[Measure.PAUSE_MS] = rested * pausing - rested_before * paused_before
    amounts[Measure.PAUSES] = pausing & ~paused_before
    amounts[Measure.FLIPS] = flips
    amounts[Measure.STEPS] = steps.moving
    return amounts


def _deposit(table: MotionTable, track: _Track, amounts: NDArray[np.int32]) -> None:
    second = track.t // BUCKET_MS
    changed = (second[1:] != second[:-1]) | (track.slot[1:] != track.slot[:-1])
    start = run_starts(changed)
    slot = track.slot[start]
    # Cheaper than `np.add.reduceat`; an overflow on the way cancels out in the difference.
    running = np.cumsum(amounts, axis=1, dtype=np.int32)
    sums = np.ascontiguousarray(running[:, np.append(start[1:], len(track.t)) - 1].T)
    sums[1:] -= sums[:-1].copy()
    deposit(table.sums, table.epochs, slot=slot, epoch=second[start], amounts=sums)
    sessions = Segments.of(slot)
    table.totals[sessions.slot] += sessions.summed(sums)


def _carry(
    table: MotionTable, track: _Track, stillness: _Stillness, heading: NDArray[np.int8]
) -> None:
    slot, last = track.segments.slot, track.segments.last
    table.t_ms[slot] = track.t[last]
    table.x[slot] = track.x[last]
    table.y[slot] = track.y[last]
    table.still_since_ms[slot] = stillness.since[last]
    table.adrift[slot] = track.ends_lost
    table.heading[slot] = heading.T
