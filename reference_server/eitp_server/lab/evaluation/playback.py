"""Plays people's recordings through the server's own signals and asks it at the end of each.

A person has one slot of the tables, as one session would: what is usual for them is learned from
their earlier recordings, and nothing that comes later is known. A minute passes between two
recordings, the length of the longest window, so that the windows at the end of one hold nothing of
another. The n-th recordings of all people are folded together; the tables keep them apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eitp_server.classification.estimator import estimate
from eitp_server.classification.scene import Scene
from eitp_server.classification.state import ContextColumns, StateTable
from eitp_server.lab.evaluation.error import EvaluationError
from eitp_server.signals.baseline import standing
from eitp_server.signals.clock import LATEST
from eitp_server.signals.event import Events
from eitp_server.signals.fold import evidence, fold
from eitp_server.signals.signal import Signal
from eitp_server.signals.tables import SignalTables

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import NDArray

    from eitp_server.classification.state import States
    from eitp_server.lab.evaluation.stream import Stream
    from eitp_server.signals.baseline import BaselineTable
    from eitp_server.signals.evidence import EvidenceColumns

BETWEEN_MS = 60_000
_COLUMNS = ("t_ms", "x", "y", "kind", "target", "role", "section", "scroll_x", "scroll_y")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What the server knows of one person at the end of one recording."""

    value: NDArray[np.float32]
    """(signals,) in the signals' units, NaN where not present."""
    baseline: NDArray[np.float32]
    """(signals,) the person's own usual value, NaN where there is none."""
    reading: NDArray[np.float32]
    """(signals,) what the server makes of the value, NaN where not present."""
    deciding: float
    """Spreads above the person's own time to decide, of this recording's last click; else NaN."""
    hovering: float
    """The same of the time from arriving on the target to the click."""
    mean: NDArray[np.float32]
    """(dimensions,) the state, NaN where unknown."""
    label: int
    """A `Label`, UNSPECIFIED when the server abstains."""
    confidence: float
    """NaN when the server abstains."""
    abstain_reason: int


@dataclass(slots=True)
class _Stage:
    """The tables and clocks of all people."""

    signals: SignalTables
    states: StateTable
    clock_ms: NDArray[np.int64]
    """(people,) end of the latest recording, in the person's own time."""
    page_type: NDArray[np.int64]
    pages: NDArray[np.int64]

    @classmethod
    def of(cls, people: int) -> _Stage:
        return cls(
            signals=SignalTables.allocate(people),
            states=StateTable.allocate(people),
            clock_ms=np.full(people, -BETWEEN_MS, np.int64),
            page_type=np.zeros(people, np.int64),
            pages=np.zeros(people, np.int64),
        )


def play(
    histories: Sequence[Sequence[Stream]],
    *,
    withheld: Collection[Signal] = (),
    progress: Callable[[int], None] = lambda _: None,
) -> list[list[Moment]]:
    """Return the moment after each recording of each person; `progress` hears how many.

    The signals `withheld` count as not present, for the server's state and label too.
    Raises EvaluationError when a person's recordings are longer than a session's clock.
    """
    stage = _Stage.of(len(histories))
    moments: list[list[Moment]] = [[] for _ in histories]
    for number in range(max(map(len, histories), default=0)):
        slots = [slot for slot, own in enumerate(histories) if len(own) > number]
        found = _play_one_each(stage, slots, [histories[slot][number] for slot in slots], withheld)
        for slot, moment in zip(slots, found, strict=True):
            moments[slot].append(moment)
        progress(len(slots))
    return moments


def _play_one_each(
    stage: _Stage, slots: Sequence[int], streams: Sequence[Stream], withheld: Collection[Signal]
) -> list[Moment]:
    at = np.array(slots)
    begun = stage.clock_ms[at] + BETWEEN_MS
    ended = begun + np.array([own.duration_ms for own in streams])
    if ended.max() > LATEST:
        person = streams[int(ended.argmax())].person
        raise EvaluationError(
            f"the recordings of {person!r} last {ended.max() / 86_400_000:.0f} days together, and "
            f"a session's clock holds {LATEST / 86_400_000:.0f}; leave some out"
        )
    fold(stage.signals, _together(streams, slots, begun))
    stage.clock_ms[at] = ended
    for slot, own in zip(slots, streams, strict=True):
        stage.pages[slot] += len(own.page_types)
        stage.page_type[slot] = own.page_types[-1] if own.page_types else stage.page_type[slot]
    known = _without(evidence(stage.signals, at, ended), withheld)
    context = _context(stage, at, ended, streams)
    states = estimate(known, context, stage.states, at, ended)
    return _moments(stage, at, begun, known, context, states, withheld)


def _together(streams: Sequence[Stream], slots: Sequence[int], begun: NDArray[np.int64]) -> Events:
    lengths = [len(own.events.t_ms) for own in streams]
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(own.events, name) for own in streams])
        for name in (*_COLUMNS, "response_ms")
    }
    columns["t_ms"] = columns["t_ms"] + np.repeat(begun, lengths)
    return Events(slot=np.repeat(np.array(slots, np.int32), lengths), **columns)


def _without(known: EvidenceColumns, withheld: Collection[Signal]) -> EvidenceColumns:
    if not withheld:
        return known
    columns = [signal.column for signal in withheld]
    value, baseline = known.value.copy(), known.baseline.copy()
    present, dwell_s = known.present.copy(), known.dwell_s
    value[:, columns] = baseline[:, columns] = np.nan
    present[:, columns] = False
    if Signal.SECTION_DWELL in withheld:
        dwell_s = np.zeros_like(dwell_s)
    return replace(known, value=value, baseline=baseline, present=present, dwell_s=dwell_s)


def _context(
    stage: _Stage, at: NDArray[np.int64], ended: NDArray[np.int64], streams: Sequence[Stream]
) -> ContextColumns:
    return ContextColumns(
        page_type=stage.page_type[at],
        page_section=np.array([own.events.section[-1] for own in streams], np.int64),
        cart_bucket=np.zeros(len(at), np.int64),
        seconds=(ended / 1000).astype(np.float32),
        pages=stage.pages[at],
        # Recordings do not say what moved the pointer; all that are known were made with a mouse.
        pointer=np.ones(len(at), np.int64),
    )


def _moments(
    stage: _Stage,
    at: NDArray[np.int64],
    begun: NDArray[np.int64],
    known: EvidenceColumns,
    context: ContextColumns,
    states: States,
    withheld: Collection[Signal],
) -> list[Moment]:
    reading = np.where(known.present, Scene.of(known, context).signal_readings, np.nan)
    unasked = Signal.HESITATION in withheld
    deciding, hovering = (
        np.full(len(at), np.nan) if unasked else _score_since(table, at, begun)
        for table in (stage.signals.deciding, stage.signals.hovering)
    )
    return [
        Moment(
            value=known.value[row],
            baseline=known.baseline[row],
            reading=reading[row].astype(np.float32),
            deciding=float(deciding[row]),
            hovering=float(hovering[row]),
            mean=states.mean[row],
            label=int(states.label[row]),
            confidence=float(states.confidence[row]),
            abstain_reason=int(states.abstain_reason[row]),
        )
        for row in range(len(at))
    ]


def _score_since(
    table: BaselineTable, at: NDArray[np.int64], begun: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return scores (m,) of the latest durations, NaN where they are of an earlier recording."""
    latest = standing(table, at)
    return np.where(latest.at_ms >= begun, latest.score, np.nan)
