"""When and where signals fired in one recording, played through the server's own tables."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from eitp_server.classification.label import HESITANT
from eitp_server.classification.weights import SIGNAL_READINGS, Transform
from eitp_server.signals.event import Events, Kind
from eitp_server.signals.fold import evidence, fold
from eitp_server.signals.signal import Signal
from eitp_server.signals.tables import SignalTables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

STEP_MS = 200
"""Moves that are folded at once: how exactly the time of a signal of movement is known."""
_RATES = frozenset({Signal.CLICK_RATE, Signal.IDLE})
COUNTED = tuple(
    signal
    for signal, reading in zip(Signal, SIGNAL_READINGS, strict=True)
    if reading.transform is Transform.COUNT and signal not in _RATES
)
"""Signals that count what happened: one fires when its count rises."""
_OF_CLICKS = frozenset({Signal.RAGE_CLICK, Signal.DEAD_CLICK, Signal.SLOW_CLICK, Signal.HESITATION})
"""Signals that are about a click, whenever they are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """A signal that fired."""

    signal: Signal
    t_ms: int
    """When the server knew, ms since the recording's start."""
    x: int
    """px, of the click that it is about, else of the pointer."""
    y: int
    value: float
    """How often at once; spreads above the own time for a hesitation."""


def firings(events: Events) -> list[Firing]:
    """Return what fires in the events of one recording, in slot 0 and in order."""
    tables, slot = SignalTables.allocate(1), np.zeros(1, np.int64)
    found: list[Firing] = []
    counts, hesitation = np.zeros(len(Signal)), np.nan
    place = clicked = 0
    for begin, end in _steps(events):
        place = end - 1
        at = events.t_ms[place : place + 1]
        waited = _values(tables, slot, at)
        fold(tables, _slice(events, begin, end))
        known = _values(tables, slot, at)
        # A window forgets as time goes by, so what these events add shows at one moment only.
        risen = np.maximum(known - waited, 0) + np.maximum(waited - counts, 0)
        clicked = place if events.kind[place] == Kind.CLICK else clicked
        found += _counted(events, risen, place, clicked)
        slow = known[Signal.HESITATION.column]
        if events.kind[place] == Kind.CLICK and slow >= HESITANT and slow != hesitation:
            found.append(_firing(events, Signal.HESITATION, place, clicked, slow))
        counts, hesitation = known, slow
    return found


def _steps(events: Events) -> Iterator[tuple[int, int]]:
    """Yield the ranges of events to fold at once: moves of one step, and all else by itself."""
    moves = events.kind == Kind.MOVE
    step = events.t_ms // STEP_MS
    parts = ~(moves[1:] & moves[:-1] & (step[1:] == step[:-1]))
    starts = [0, *(np.flatnonzero(parts) + 1).tolist()]
    yield from zip(starts, [*starts[1:], len(moves)], strict=True)


def _values(
    tables: SignalTables, slot: NDArray[np.int64], at: NDArray[np.int64]
) -> NDArray[np.float64]:
    known = evidence(tables, slot, at)
    values = np.where(known.present, known.value, 0)[0].astype(np.float64)
    hesitation = Signal.HESITATION.column
    if not known.present[0, hesitation]:
        values[hesitation] = np.nan
    return values


def _slice(events: Events, begin: int, end: int) -> Events:
    columns: dict[str, Any] = {
        item.name: getattr(events, item.name)[begin:end] for item in fields(events)
    }
    return Events(**columns)


def _counted(
    events: Events, risen: NDArray[np.float64], place: int, clicked: int
) -> Iterator[Firing]:
    for signal in COUNTED:
        if risen[signal.column] > 0:
            yield _firing(events, signal, place, clicked, float(risen[signal.column]))


def _firing(events: Events, signal: Signal, place: int, clicked: int, value: float) -> Firing:
    where = clicked if signal in _OF_CLICKS else place
    return Firing(
        signal=signal,
        t_ms=int(events.t_ms[place]),
        x=int(events.x[where]),
        y=int(events.y[where]),
        value=value,
    )
