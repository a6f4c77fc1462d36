"""Counts EITP's rules in recordings: by the signals that the server runs, and by nothing else."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import chain
from math import gcd
from typing import TYPE_CHECKING, Final

import numpy as np
from eitp.recording import Section

from eitp_server.signals import action, motion
from eitp_server.signals.action import Action
from eitp_server.signals.event import Events, Kind, Role
from eitp_server.signals.fold import evidence, fold
from eitp_server.signals.signal import Signal
from eitp_server.signals.tables import SignalTables
from eitp_server.signals.window import window_ending

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from eitp_server.lab.playback import Cut

THRASH: Final = "THRASH"
"""The one count that is no action: thrashed seconds, which movement keeps in windows."""
_MOTION_MS: Final = motion.BUCKET_MS * motion.BUCKETS
_STRIDE_MS: Final = gcd(action.BUCKET_MS, _MOTION_MS)
_NEVER: Final = 1 << 60
_KIND: Final = {kind.name: int(kind) for kind in Kind}
_ROLE: Final = {role.name: int(role) for role in Role}
_SECTION: Final = {section: number for number, section in enumerate(Section, start=1)}
"""The numbers of `eitp.v1.PageSection`."""
_COLUMNS: Final = {
    "slot": "i4", "t_ms": "i8", "x": "i4", "y": "i4", "kind": "u1", "target": "i8", "role": "u1",
    "section": "u1", "scroll_x": "i4", "scroll_y": "i4", "response_ms": "i4",
}  # fmt: skip
"""The columns of `Events`."""


def count_own(group: Sequence[Cut]) -> list[Mapping[str, int]]:
    """Return for each recording how often every `Action` and THRASH occurred.

    Recordings are played side by side in strides; whenever a window of event time is complete, it
    is read. What time alone completes, a rage click whose answer is overdue at the recording's
    end, counts too. Counters are by name, since the server may have more of them by now.
    """
    tables = SignalTables.allocate(max(len(group), 1))
    counts = np.zeros((len(group), len(Action)), np.int64)
    thrashed = np.zeros(len(group), np.int64)
    slots = np.arange(len(group))
    for stride in _strides(_events(group)):
        fold(tables, stride.events)
        if stride.ends(action.BUCKET_MS):
            counts += _finished(tables, stride.begin_ms // action.BUCKET_MS)
        if stride.ends(_MOTION_MS):
            end_ms = stride.begin_ms // _MOTION_MS * _MOTION_MS + _MOTION_MS - 1
            thrashed += _value(tables, slots, np.full(len(group), end_ms), Signal.THRASH)
    counts[:, Action.RAGE_CLICKS] += _overdue(tables, slots, _last_ms(group))
    return [
        {action.name: int(row[action]) for action in Action} | {THRASH: int(own)}
        for row, own in zip(counts, thrashed, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Stride:
    """Events of all recordings in one stretch of time."""

    events: Events
    begin_ms: int
    following_ms: int
    """Where the next stretch that has events begins; beyond every window after the last."""

    def ends(self, window_ms: int) -> bool:
        """Tell whether a window of this length, of those that divide time, is complete by now."""
        return self.following_ms // window_ms > self.begin_ms // window_ms


def _finished(tables: SignalTables, epoch: int) -> NDArray[np.int64]:
    """Return (m, actions) of the bucket of an epoch."""
    table = tables.action
    place = epoch % action.BUCKETS
    live = table.epochs[:, place] == epoch
    return np.where(live[:, None], table.sums[:, place], 0).astype(np.int64)


def _overdue(
    tables: SignalTables, slots: NDArray[np.int64], at_ms: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return (m,) what the evidence on rage clicks counts beyond what is in the buckets."""
    table = tables.action
    window = window_ending(
        (at_ms // action.BUCKET_MS).astype(np.int32),
        sums=table.sums,
        epochs=table.epochs,
        slots=slots,
    )
    known = _value(tables, slots, at_ms, Signal.RAGE_CLICK)
    return np.maximum(known - window.total()[:, Action.RAGE_CLICKS], 0)


def _value(
    tables: SignalTables, slots: NDArray[np.int64], at_ms: NDArray[np.int64], signal: Signal
) -> NDArray[np.int64]:
    value = evidence(tables, slots, at_ms).value[:, signal.column]
    return np.nan_to_num(value).astype(np.int64)


def _strides(events: Events) -> Iterator[_Stride]:
    stride = events.t_ms // _STRIDE_MS
    order = np.argsort(stride, kind="stable")
    numbers, starts = np.unique(stride[order], return_index=True)
    begins = (numbers * _STRIDE_MS).tolist()
    ends = [*starts[1:].tolist(), len(order)]
    following = [*begins[1:], _NEVER]
    for begin_ms, next_ms, start, end in zip(begins, following, starts.tolist(), ends, strict=True):
        yield _Stride(_taken(events, order[start:end]), begin_ms, next_ms)


def _taken(events: Events, row: NDArray[np.intp]) -> Events:
    columns = {name.name: getattr(events, name.name)[row] for name in fields(events)}
    return Events(**columns)


def _last_ms(group: Sequence[Cut]) -> NDArray[np.int64]:
    """Return (m,) the session time of each recording's last event."""
    last = (cut.batches[-1].clock_ms + sum(cut.batches[-1].dt_ms) for cut in group)
    first = (cut.batches[0].clock_ms for cut in group)
    return np.array([end - begin for begin, end in zip(first, last, strict=True)], np.int64)


def _events(group: Sequence[Cut]) -> Events:
    """Return the events of all recordings, by recording and in time order, on session clocks."""
    rows = [row for slot, cut in enumerate(group) for row in _rows(slot, cut)]
    columns = dict(zip(_COLUMNS, zip(*rows, strict=True), strict=True))
    return Events(**{name: np.array(columns[name], dtype) for name, dtype in _COLUMNS.items()})


def _rows(slot: int, cut: Cut) -> Iterator[tuple[int, ...]]:
    names: dict[str, int] = {"": 0}
    began_ms = cut.batches[0].clock_ms
    for event in chain.from_iterable(batch.events() for batch in cut.batches):
        yield (
            slot,
            round(event.t_ms) - began_ms,
            round(event.x),
            round(event.y),
            _KIND[event.kind.name],
            names.setdefault(event.target, len(names)),
            _ROLE[event.role.name] if event.role else 0,
            _SECTION[event.section] if event.section else 0,
            round(event.scroll_x),
            round(event.scroll_y),
            -1 if event.response_ms is None else round(event.response_ms),
        )
