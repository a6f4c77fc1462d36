"""What the tables say about sessions at one moment: a value and a usual value per signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eitp_server.signals import action, motion
from eitp_server.signals.action import Action
from eitp_server.signals.attention import dwell_ms
from eitp_server.signals.baseline import standing
from eitp_server.signals.click import pending_rage
from eitp_server.signals.clock import whole_ms
from eitp_server.signals.motion import SUBPIXELS, Measure
from eitp_server.signals.signal import Signal
from eitp_server.signals.window import Window, window_ending

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.signals.baseline import BaselineTable, Standing
    from eitp_server.signals.tables import SignalTables

MOVED_MS = 200
"""Movement without which there is no speed and no rate of reversals."""
MOVED_PX = 50
"""Path without which there is no straightness."""
WATCHED_MS = 1000
"""Observation without which there is no share of pauses."""
USUAL_MS = 5000
"""Movement before the window without which a session has no usual movement."""
THRASH_PX = 1500
"""About the diagonal of a laptop's viewport, within a second."""
THRASH_EFFICIENCY = 0.2
THRASH_FLIPS = 4

_COUNTS = (
    (Signal.SCROLL_REVERSALS, Action.SCROLL_REVERSALS),
    (Signal.SCRIPT_ERROR, Action.SCRIPT_ERRORS),
    (Signal.QUICK_BACK, Action.QUICK_BACKS),
    (Signal.BACK_MASH, Action.BACK_MASHES),
    (Signal.DEPARTURES, Action.DEPARTURES),
    (Signal.SELECTIONS, Action.SELECTIONS),
    (Signal.EDGE_EXITS, Action.EDGE_EXITS),
    (Signal.ERROR_CLICK, Action.ERROR_CLICKS),
    (Signal.RETREATS, Action.RETREATS),
    (Signal.REREADS, Action.REREADS),
)
_COUNT_COLUMNS = [signal.column for signal, _ in _COUNTS]
_COUNTED = [counted for _, counted in _COUNTS]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceColumns:
    """The evidence on m sessions; column `signal.column` of the (m, signals) arrays is a signal."""

    value: NDArray[np.float32]
    """(m, signals) in the signal's unit, NaN where not present."""
    baseline: NDArray[np.float32]
    """(m, signals) the session's own usual value, NaN where it has none."""
    present: NDArray[np.bool_]
    """(m, signals) whether the signal could be observed."""
    dwell_s: NDArray[np.float32]
    """(m, sections) s that the pointer lately spent in each `eitp.v1.PageSection`."""
    moving_s: NDArray[np.float32]
    """(m,) s of movement since the session began."""
    clicks: NDArray[np.int32]
    """(m,) clicks since the session began."""
    recent_moving_s: NDArray[np.float32]
    """(m,) s of movement in the window."""
    recent_clicks: NDArray[np.int32]
    """(m,) clicks in the window."""
    sampling_hz: NDArray[np.float32]
    """(m,) pointer samples per second of recent movement, 0 without any."""
    idle_s: NDArray[np.float32]
    """(m,) s since the hand last did anything."""

    def section(self, row: int) -> int:
        """Return the `eitp.v1.PageSection` that held the session longest, 0 when none did."""
        return int(self.dwell_s[row].argmax())


@dataclass(frozen=True, slots=True)
class _Board:
    """Evidence being put together, one row per signal."""

    value: NDArray[np.float32]
    baseline: NDArray[np.float32]
    present: NDArray[np.bool_]

    def put(self, signal: Signal, value: NDArray[Any], present: NDArray[np.bool_]) -> None:
        """Set a signal where it is present."""
        np.copyto(self.value[signal.column], value, where=present)
        self.present[signal.column] = present


def evidence(
    tables: SignalTables, slots: NDArray[np.integer[Any]], at_ms: NDArray[np.integer[Any]]
) -> EvidenceColumns:
    """Return what is known of the sessions `slots` (m,) at their session times `at_ms` (m,)."""
    at = whole_ms(at_ms)
    board = _blank(len(slots))
    seconds, acted = _motion_window(tables, slots, at), _action_window(tables, slots, at).total()
    moved, totals = seconds.total(), tables.motion.totals[slots]
    idle = _idle_s(tables, slots, at)
    _movement(board, seconds, moved)
    _usual_movement(board, totals - moved)
    _actions(board, acted, pending_rage(tables.click, tables.rule, slots, at))
    _durations(board, tables, slots, at)
    dwell = dwell_ms(tables.attention, slots, at)
    always = np.ones(len(slots), np.bool_)
    board.put(Signal.SECTION_DWELL, _seconds(dwell.max(axis=1)), always)
    board.put(Signal.IDLE, idle, always)
    recent_moving = _seconds(moved[:, Measure.MOVING_MS])
    return EvidenceColumns(
        value=board.value.T,
        baseline=board.baseline.T,
        present=board.present.T,
        dwell_s=_seconds(dwell),
        moving_s=_seconds(totals[:, Measure.MOVING_MS]),
        clicks=tables.action.clicks[slots],
        recent_moving_s=recent_moving,
        recent_clicks=acted[:, Action.CLICKS],
        sampling_hz=_ratio(moved[:, Measure.STEPS].astype(np.float32), recent_moving),
        idle_s=idle,
    )


def _blank(sessions: int) -> _Board:
    shape = (len(Signal), sessions)
    unknown = np.full((2, *shape), np.nan, np.float32)
    return _Board(unknown[0], unknown[1], np.zeros(shape, np.bool_))


def _motion_window(
    tables: SignalTables, slots: NDArray[np.integer[Any]], at: NDArray[np.int32]
) -> Window[np.int32]:
    table = tables.motion
    epoch = at // motion.BUCKET_MS
    return window_ending(epoch, sums=table.sums, epochs=table.epochs, slots=slots)


def _action_window(
    tables: SignalTables, slots: NDArray[np.integer[Any]], at: NDArray[np.int32]
) -> Window[np.int32]:
    table = tables.action
    epoch = at // action.BUCKET_MS
    return window_ending(epoch, sums=table.sums, epochs=table.epochs, slots=slots)


def _movement(board: _Board, seconds: Window[np.int32], moved: NDArray[np.int32]) -> None:
    path, moving, observed = _extent(moved)
    has_moved = moved[:, Measure.MOVING_MS] >= MOVED_MS
    net, thrashed = _by_second(seconds)
    # Steps are rounded before they are summed, so a straight path may come out a hair short.
    straight = np.minimum(_ratio(net, path), 1)
    flips = moved[:, Measure.FLIPS].astype(np.float32)
    board.put(Signal.PATH_LENGTH, path, observed > 0)
    board.put(Signal.MEAN_SPEED, _ratio(path, moving), has_moved)
    board.put(Signal.PATH_EFFICIENCY, straight, path >= MOVED_PX)
    board.put(Signal.DIRECTION_FLIPS, _ratio(flips, moving), has_moved)
    board.put(Signal.PAUSE_SHARE, _pause_share(moved, observed), observed >= WATCHED_MS / 1000)
    board.put(Signal.THRASH, thrashed, has_moved)


def _by_second(seconds: Window[np.int32]) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return the net displacement of each second, px, summed; and how many were thrashed."""
    path = _px(seconds.sums[:, :, Measure.PATH])
    east = seconds.sums[:, :, Measure.DX].astype(np.float32)
    south = seconds.sums[:, :, Measure.DY].astype(np.float32)
    net = np.sqrt(east * east + south * south)
    thrashed = (path >= THRASH_PX) & (net < THRASH_EFFICIENCY * path) & seconds.live
    thrashed &= seconds.sums[:, :, Measure.FLIPS] >= THRASH_FLIPS
    return np.einsum("mb,mb->m", net, seconds.live), np.count_nonzero(thrashed, axis=1)


def _usual_movement(board: _Board, before: NDArray[np.int32]) -> None:
    path, moving, observed = _extent(before)
    usual = before[:, Measure.MOVING_MS] >= USUAL_MS
    flips = before[:, Measure.FLIPS].astype(np.float32)
    for signal, value in (
        (Signal.MEAN_SPEED, _ratio(path, moving)),
        (Signal.DIRECTION_FLIPS, _ratio(flips, moving)),
        (Signal.PAUSE_SHARE, _pause_share(before, observed)),
    ):
        np.copyto(board.baseline[signal.column], value, where=usual)


def _pause_share(sums: NDArray[np.int32], observed: NDArray[np.float32]) -> NDArray[np.float32]:
    # A pause counts as a whole when it becomes one, perhaps just after the window began.
    return np.minimum(_ratio(_seconds(sums[:, Measure.PAUSE_MS]), observed), 1)


def _actions(board: _Board, acted: NDArray[np.int32], pending: NDArray[np.bool_]) -> None:
    clicks, answered = acted[:, Action.CLICKS], acted[:, Action.ANSWERS] > 0
    always = np.ones(len(acted), np.bool_)
    board.put(Signal.RAGE_CLICK, acted[:, Action.RAGE_CLICKS] + pending, (clicks > 0) | pending)
    board.put(Signal.DEAD_CLICK, acted[:, Action.DEAD_CLICKS], answered)
    board.put(Signal.SLOW_CLICK, acted[:, Action.SLOW_CLICKS], answered)
    # Slow clicks count in full, or one more of them would look like relief after dead ones.
    unmet = (acted[:, Action.DEAD_CLICKS] + acted[:, Action.SLOW_CLICKS]).astype(np.float32)
    watched = acted[:, Action.ANSWERS].astype(np.float32)
    board.put(Signal.UNMET_SHARE, _ratio(unmet, watched), answered)
    board.put(Signal.CLICK_RATE, clicks * (60_000 / action.WINDOW_MS), always)
    board.value[_COUNT_COLUMNS] = acted.T[_COUNTED]
    board.present[_COUNT_COLUMNS] = True


def _durations(
    board: _Board, tables: SignalTables, slots: NDArray[np.integer[Any]], at: NDArray[np.int32]
) -> None:
    clicked = _recently(tables.deciding, slots, at)
    if len(clicked):
        _put_score(board, Signal.HESITATION, clicked, _hesitation(tables, slots[clicked]))
    for signal, table in (
        (Signal.INITIATION, tables.initiating),
        (Signal.CLICK_HOLD, tables.holding),
    ):
        timed = _recently(table, slots, at)
        if len(timed):
            _put_score(board, signal, timed, standing(table, slots[timed]).score)
    answered = _recently(tables.latency, slots, at)
    if len(answered):
        _put_latency(board, answered, standing(tables.latency, slots[answered]))


def _put_latency(board: _Board, answered: NDArray[np.intp], latency: Standing) -> None:
    board.value[Signal.RESPONSE_LATENCY.column, answered] = latency.latest_ms
    board.baseline[Signal.RESPONSE_LATENCY.column, answered] = latency.usual_ms
    board.present[Signal.RESPONSE_LATENCY.column, answered] = True


def _recently(
    table: BaselineTable, slots: NDArray[np.integer[Any]], at: NDArray[np.int32]
) -> NDArray[np.intp]:
    """Return the rows whose latest duration is one of the recent actions."""
    return np.flatnonzero(at - table.at_ms[slots] <= action.WINDOW_MS)


def _put_score(
    board: _Board, signal: Signal, row: NDArray[np.intp], score: NDArray[np.float32]
) -> None:
    board.value[signal.column, row] = score
    board.present[signal.column, row] = ~np.isnan(score)


def _hesitation(tables: SignalTables, slots: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
    """Return the mean of deciding and hovering, when both are known of the latest click."""
    deciding, hovering = standing(tables.deciding, slots), standing(tables.hovering, slots)
    both = (hovering.at_ms == deciding.at_ms) & ~np.isnan(hovering.score)
    return np.where(both, (deciding.score + hovering.score) / 2, deciding.score)


def _idle_s(
    tables: SignalTables, slots: NDArray[np.integer[Any]], at: NDArray[np.int32]
) -> NDArray[np.float32]:
    active = np.maximum(tables.motion.still_since_ms[slots], tables.action.acted_ms[slots])
    return _seconds(np.maximum(at - np.maximum(active, 0), 0))


def _extent(sums: NDArray[np.int32]) -> tuple[NDArray[np.float32], ...]:
    """Return px of path, s of movement and s of observation."""
    observed = sums[:, Measure.MOVING_MS] + sums[:, Measure.STILL_MS]
    return _px(sums[:, Measure.PATH]), _seconds(sums[:, Measure.MOVING_MS]), _seconds(observed)


def _px(subpixels: NDArray[np.int32]) -> NDArray[np.float32]:
    return subpixels.astype(np.float32) * np.float32(1 / SUBPIXELS)


def _seconds(ms: NDArray[Any]) -> NDArray[np.float32]:
    return ms.astype(np.float32) / np.float32(1000)


def _ratio(numerator: NDArray[np.float32], divisor: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divide, giving 0 where there is nothing to divide by."""
    return np.divide(numerator, divisor, out=np.zeros_like(numerator), where=divisor > 0)
