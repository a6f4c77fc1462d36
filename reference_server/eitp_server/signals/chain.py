"""Chains of clicks that repeat each other on one thing, in the order of the events around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eitp_server.signals.clock import NEVER, whole_ms
from eitp_server.signals.event import Kind, Role
from eitp_server.signals.segment import Segments, latest
from eitp_server.signals.slot_table import SlotTable, column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.signals.event import Events
    from eitp_server.signals.rule import RuleTable

CARRIED = 3
"""Clicks that are kept of every session."""

_REPEATABLE = np.isin(np.arange(256), [Role.TEXT_FIELD, Role.STEPPER, Role.PAGER, Role.CANVAS])
_EXPLANATION = np.isin(np.arange(256), [Kind.SELECT, Kind.SCROLL])


@dataclass(slots=True)
class ClickTable(SlotTable):
    """The latest clicks of every session and the chain that they form."""

    t_ms: NDArray[np.int32] = column("i4", shape=(CARRIED,), fill=NEVER)
    """(capacity, 3) times of the latest clicks, newest last."""
    x: NDArray[np.int32] = column("i4")
    y: NDArray[np.int32] = column("i4")
    target: NDArray[np.int64] = column("i8")
    role: NDArray[np.uint8] = column("u1")
    first_ms: NDArray[np.int32] = column("i4", fill=NEVER)
    """(capacity,) time of the first click of the latest chain."""
    length: NDArray[np.int32] = column("i4")
    """(capacity,) clicks in the latest chain."""
    answered: NDArray[np.bool_] = column("?")
    """(capacity,) whether the chain's first click was answered in time."""
    raged: NDArray[np.bool_] = column("?")
    """(capacity,) whether the chain has been counted."""
    explained: NDArray[np.bool_] = column("?")
    """(capacity,) whether a selection or scroll followed the latest click."""
    awaiting: NDArray[np.bool_] = column("?")
    """(capacity,) whether the latest click has no answer yet."""
    reports: NDArray[np.bool_] = column("?")
    """(capacity,) whether the client has reported an answer or its absence, or said it will."""
    failed: NDArray[np.bool_] = column("?")
    """(capacity,) whether a script failed since the latest click."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """Clicks, answers and explanations in order, each session led by its carried clicks.

    All arrays are (q,). Times and places are 64 bits wide so that no difference overflows.
    """

    segments: Segments
    kind: NDArray[np.uint8]
    t: NDArray[np.int64]
    x: NDArray[np.int64]
    y: NDArray[np.int64]
    target: NDArray[np.int64]
    role: NDArray[np.uint8]
    response_ms: NDArray[np.int64]
    carried: NDArray[np.bool_]
    newest: NDArray[np.intp]
    """(m,) the newest carried click of each session."""

    @property
    def slot(self) -> NDArray[np.int32]:
        """(q,) the session of each row."""
        return self.segments.slot[self.segments.ordinal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chains:
    """Each row's latest click and the chain that it belongs to."""

    click: NDArray[np.intp]
    """(q,) the latest click up to here."""
    previous: NDArray[np.intp]
    """(q,) the latest click before this row."""
    start: NDArray[np.intp]
    """(q,) first click of the chain."""
    first_ms: NDArray[np.int64]
    """(q,) its time."""
    length: NDArray[np.intp]
    """(q,) clicks in the chain up to here."""
    explained: NDArray[np.bool_]
    """(q,) whether a selection or scroll followed the latest click."""


def sequence_of(table: ClickTable, events: Events, row: NDArray[np.intp]) -> Sequence:
    """Put the carried clicks of each session before its events `row` (ascending)."""
    segments = Segments.of(events.slot[row])
    slots, ordinal = segments.slot, segments.ordinal
    lead = np.arange(len(slots)) * CARRIED
    place = np.arange(len(row)) + (ordinal + 1) * CARRIED
    head = segments.start + lead
    newest = head + CARRIED - 1
    carried = np.ones(len(row) + CARRIED * len(slots), np.bool_)
    carried[place] = False

    def laid_out(own: NDArray[Any], of_newest: NDArray[Any], fill: int = 0) -> NDArray[Any]:
        out = np.full(len(carried), fill, own.dtype)
        out[place] = own[row]
        out[newest] = of_newest
        return out

    t = np.empty(len(carried), np.int64)
    t[carried] = table.t_ms[slots].reshape(-1)
    t[place] = whole_ms(events.t_ms[row])
    return Sequence(
        segments=Segments(start=head, end=segments.end + lead + CARRIED, slot=slots),
        kind=laid_out(events.kind, np.full(len(slots), Kind.CLICK), Kind.CLICK),
        t=t,
        x=laid_out(events.x, table.x[slots]).astype(np.int64),
        y=laid_out(events.y, table.y[slots]).astype(np.int64),
        target=laid_out(events.target, table.target[slots]),
        role=laid_out(events.role, table.role[slots]),
        response_ms=laid_out(events.response_ms, np.full(len(slots), -1)).astype(np.int64),
        carried=carried,
        newest=newest,
    )


def chains_of(table: ClickTable, rules: RuleTable, sequence: Sequence) -> Chains:
    """Find which clicks repeat the one before."""
    slots, newest = sequence.segments.slot, sequence.newest
    is_click = sequence.kind == Kind.CLICK
    click = latest(is_click)
    previous = np.append(0, click[:-1])
    explains = _EXPLANATION[sequence.kind]
    explains[newest] = table.explained[slots]
    explained = latest(explains)
    joins = _joins(rules, sequence, previous) & (np.append(-1, explained[:-1]) < previous)
    start = latest(is_click & ~joins)
    first_ms = sequence.t.copy()
    first_ms[newest] = table.first_ms[slots]
    ordinal = np.cumsum(is_click)
    before_start = np.ones(len(click), np.intp)
    before_start[newest] = table.length[slots]
    return Chains(
        click=click,
        previous=previous,
        start=start,
        first_ms=first_ms[start],
        length=ordinal - ordinal[start] + before_start[start],
        explained=explained >= click,
    )


def _joins(rules: RuleTable, sequence: Sequence, previous: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return whether a click repeats the one before, explanations aside."""
    slot = sequence.slot
    reach = rules.rage_reach_px[slot].astype(np.int64)
    target, before = sequence.target, sequence.target[previous]
    dx = np.abs(sequence.x - sequence.x[previous])
    dy = np.abs(sequence.y - sequence.y[previous])
    near = (np.maximum(dx, dy) <= reach) & (dx * dx + dy * dy <= reach * reach)
    return (
        ~sequence.carried
        & (sequence.t - sequence.t[previous] <= rules.rage_gap_ms[slot])
        & near
        & ((target == before) | (target == 0) | (before == 0))
        & ~_REPEATABLE[sequence.role]
        & ~_REPEATABLE[sequence.role[previous]]
    )


def carry_chains(table: ClickTable, sequence: Sequence, chains: Chains) -> None:
    """Keep the latest clicks of each session and the chain they are in."""
    slots, last = sequence.segments.slot, sequence.segments.last
    click = chains.click[last]
    before = chains.previous[click]
    table.t_ms[slots] = sequence.t[np.stack((chains.previous[before], before, click), axis=1)]
    table.x[slots] = sequence.x[click]
    table.y[slots] = sequence.y[click]
    table.target[slots] = sequence.target[click]
    table.role[slots] = sequence.role[click]
    table.first_ms[slots] = chains.first_ms[last]
    table.length[slots] = chains.length[last]
    table.explained[slots] = chains.explained[last]
