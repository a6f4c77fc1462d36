"""The shape of the latest movement: how steady, how straight and how smooth it is.

Nothing here runs while events are folded in: it is worked out when somebody asks.

- speed_sd/1: standard deviation of the speeds of the steps.
- turn/1: mean absolute angle between a step and the one that it follows without a rest.
- sparc/1: spectral arc length (Balasubramanian et al. 2015, J. NeuroEng. Rehabil. 12:112) of the
  strokes that last 300 ms or more, averaged over their duration. A stroke's path is spread over a
  grid of 50 ms, rests within it included; between strokes, which a rest or an unseen stretch of
  more than 250 ms parts, nothing is filled in. A stroke of more than 2 s is cut into pieces of 2 s:
  arc length grows with what a stroke consists of, and a fast source has no more than that to show.
- acceleration_rms/1: root mean square of the change of speed from a step to the one that follows
  it without a rest, over the time between their middles.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from eitp_server.signals.kinematics import GAP_MS
from eitp_server.signals.signal import Signal
from eitp_server.signals.trail import NEW_STROKE, trails

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from eitp_server.signals.tables import SignalTables
    from eitp_server.signals.trail import Trails

RATE_FLOORS: Mapping[Signal, float] = MappingProxyType(
    {
        Signal.SPEED_SD: 15.0,
        Signal.TURN: 30.0,
        Signal.SPARC: 15.0,
        Signal.ACCELERATION_RMS: 30.0,
    }
)
"""Sampling rate in Hz below which a signal is refused.

At 20 Hz instead of 60 a turn reads 1.6 times as large and an acceleration 0.6 times; deviation and
arc length keep within a tenth. Below 15 Hz a stroke has too few samples for any shape.
"""
MINIMUM = 8
"""Steps, or pairs of them, without which there is no shape."""
GRID_MS = 50
BINS = 40
"""Bins of the grid that a piece of a stroke can fill."""
SPECTRUM = 512
"""Points of the transform: twelve times those of the longest piece."""
SHORTEST_MS = 300
"""A shorter piece is a twitch: fewer than six bins do not show how it came about."""
LAST_HZ = 10.0
LEAST_MAGNITUDE = 0.05

PIECE_MS = BINS * GRID_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The shape of the latest 128 steps of m sessions; NaN where it is refused."""

    rate_hz: NDArray[np.float32]
    """(m,) achieved sampling rate, from the median step; NaN without any."""
    speed_sd: NDArray[np.float32]
    """(m,) px/s"""
    turn: NDArray[np.float32]
    """(m,) rad, 0 to pi."""
    sparc: NDArray[np.float32]
    """(m,) 0 at most; the closer to 0, the smoother."""
    acceleration_rms: NDArray[np.float32]
    """(m,) px/s^2"""


def shape(tables: SignalTables, slots: NDArray[np.integer[Any]]) -> Shape:
    """Return the shape of the latest movement of `slots` (m,)."""
    trail = trails(tables.trail, slots)
    rate = _rate_hz(trail)
    speed = np.hypot(trail.dx, trail.dy) / trail.dt_ms * 1000

    def unless_slow(signal: Signal, value: NDArray[np.float64]) -> NDArray[np.float32]:
        return np.where(rate >= RATE_FLOORS[signal], value, np.nan).astype(np.float32)

    return Shape(
        rate_hz=rate.astype(np.float32),
        speed_sd=unless_slow(Signal.SPEED_SD, _deviation(speed, trail.taken)),
        turn=unless_slow(Signal.TURN, _turn(trail)),
        sparc=unless_slow(Signal.SPARC, _smoothness(trail)),
        acceleration_rms=unless_slow(Signal.ACCELERATION_RMS, _acceleration(trail, speed)),
    )


def spectral_arc_length(
    speed: NDArray[np.float64], *, hz: float, points: int = SPECTRUM
) -> NDArray[np.float64]:
    """Return the spectral arc length (k,) of k speed profiles (k, bins), zeros behind their end.

    The spectrum is sampled at `points` / 2 frequencies up to half of `hz`. A profile moves: its
    sum is above 0.
    """
    magnitude = np.abs(np.fft.rfft(speed, points, axis=1))
    frequencies = np.fft.rfftfreq(points, 1 / hz) <= LAST_HZ
    magnitude = magnitude[:, frequencies] / magnitude[:, :1]
    loud = magnitude >= LEAST_MAGNITUDE
    last = loud.shape[1] - 1 - np.argmax(loud[:, ::-1], axis=1)[:, None]
    rises = np.diff(magnitude, axis=1)
    lengths = np.hypot(1 / np.maximum(last, 1), rises)
    lengths[np.arange(rises.shape[1]) >= last] = 0
    return -lengths.sum(axis=1)


def _rate_hz(trail: Trails) -> NDArray[np.float64]:
    ordered = np.sort(np.where(trail.taken, trail.dt_ms, NEW_STROKE), axis=1)
    middle = np.stack((np.maximum(trail.steps - 1, 0) // 2, trail.steps // 2), axis=1)
    middle = np.minimum(middle, ordered.shape[1] - 1)
    median = np.take_along_axis(ordered, middle, axis=1).mean(axis=1)
    return np.where(trail.steps > 0, 1000 / median, np.nan)


def _deviation(speed: NDArray[np.float64], taken: NDArray[np.bool_]) -> NDArray[np.float64]:
    mean = _mean(speed, taken)
    return np.sqrt(_mean((speed - mean[:, None]) ** 2, taken))


def _turn(trail: Trails) -> NDArray[np.float64]:
    (before_x, x), (before_y, y) = _pairs(trail.dx), _pairs(trail.dy)
    angle = np.arctan2(before_x * y - before_y * x, before_x * x + before_y * y)
    return _mean(np.abs(angle), _joined(trail))


def _acceleration(trail: Trails, speed: NDArray[np.float64]) -> NDArray[np.float64]:
    (slower, faster), (before_ms, ms) = _pairs(speed), _pairs(trail.dt_ms)
    change = (faster - slower) / (before_ms + ms) * 2000
    return np.sqrt(_mean(change * change, _joined(trail)))


def _smoothness(trail: Trails) -> NDArray[np.float64]:
    session, grid, lasted_ms = _pieces(trail)
    long = lasted_ms >= SHORTEST_MS
    session, lasted_ms = session[long], lasted_ms[long]
    length = spectral_arc_length(grid[long], hz=1000 / GRID_MS)
    weighted = np.bincount(session, length * lasted_ms, len(trail.steps))
    lasted = np.bincount(session, lasted_ms, len(trail.steps))
    known = (lasted > 0) & (trail.steps >= MINIMUM)
    return np.where(known, weighted / np.maximum(lasted, 1), np.nan)


def _pieces(
    trail: Trails,
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.int64]]:
    """Return k pieces of strokes: sessions (k,), paths in px (k, BINS) and durations in ms (k,)."""
    session, place = np.nonzero(trail.taken)
    dt, rested = trail.dt_ms[session, place], trail.rested_ms[session, place]
    begins = rested == NEW_STROKE
    end = np.cumsum(dt + np.where(begins, 0, rested))
    first, stroke = np.flatnonzero(begins), np.cumsum(begins) - 1
    start = end - dt - (end - dt)[first][stroke]
    last = np.append(first, len(begins))[1:] - 1
    lasted = (start + dt)[last]
    pieces = -(-lasted // PIECE_MS)
    before = np.cumsum(pieces) - pieces
    grid = np.zeros((int(pieces.sum()), BINS))
    path = np.hypot(trail.dx[session, place], trail.dy[session, place])
    _spread(grid.reshape(-1), path, start + before[stroke] * PIECE_MS, dt)
    number = np.arange(len(grid)) - np.repeat(before, pieces)
    left = np.repeat(lasted, pieces) - number * PIECE_MS
    return np.repeat(session[first], pieces), grid, np.minimum(left, PIECE_MS)


def _spread(
    grid: NDArray[np.float64],
    path: NDArray[np.float64],
    start: NDArray[np.int64],
    dt: NDArray[np.int64],
) -> None:
    """Add each step's path to the bins of `grid` that it spans, in shares of its time."""
    for touched in range(GAP_MS // GRID_MS + 1):
        into = start // GRID_MS + touched
        shared = np.minimum(start + dt, (into + 1) * GRID_MS) - np.maximum(start, into * GRID_MS)
        met = shared > 0
        np.add.at(grid, into[met], (path * shared / dt)[met])


def _joined(trail: Trails) -> NDArray[np.bool_]:
    """Return (m, STEPS - 1) whether a step follows the one before without a rest."""
    return trail.taken[:, :-1] & (trail.rested_ms[:, 1:] == 0)


def _pairs(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    return values[:, :-1], values[:, 1:]


def _mean(values: NDArray[np.float64], counted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return (m,) the mean of what is counted in each row; NaN when it is less than MINIMUM."""
    number = np.count_nonzero(counted, axis=1)
    total = np.sum(values, axis=1, where=counted)
    return np.where(number >= MINIMUM, total / np.maximum(number, 1), np.nan)
