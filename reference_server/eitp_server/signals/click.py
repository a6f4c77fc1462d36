"""Clicks that met no answer: rage, dead and slow clicks.

- rage_click/1: three or more clicks on one target (or one place, when no target is reported),
  each at most 1000 ms and 30 px after the one before, where either four fell within 1000 ms or
  the page had not answered the first within 1000 ms. Counted once per chain. Text fields,
  steppers, pagers and canvases are pressed repeatedly on purpose and never count; a selection or
  a scroll between two clicks explains them. The second branch needs a client that reports answers.
- dead_click/1: the client watched a click for 2500 ms and saw nothing, or the answer took longer.
- slow_click/1: the answer took 1000 ms or more, but came.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eitp_server.signals.action import WINDOW_MS, Action, Tally
from eitp_server.signals.chain import ClickTable, carry_chains, chains_of, sequence_of
from eitp_server.signals.event import Kind, Role
from eitp_server.signals.segment import latest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.signals.chain import Chains, Sequence
    from eitp_server.signals.event import Events

RAGE_CLICKS = 3
FAST_CLICKS = 4
FAST_MS = 1000
PROMPT_MS = 1000
SLOW_MS = 1000
DEAD_MS = 2500

_SILENT = np.isin(np.arange(256), [Role.TEXT_FIELD, Role.TEXT, Role.CANVAS, Role.VIDEO])
"""What gives no answer that a client could see, or owes none."""

_ANSWER = np.isin(np.arange(256), [Kind.RESPONSE, Kind.NO_RESPONSE])
_RELEVANT = _ANSWER | np.isin(np.arange(256), [Kind.CLICK, Kind.SELECT, Kind.SCROLL])


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The first answer to each click that got one, or the lack of it."""

    slot: NDArray[np.int32]
    t_ms: NDArray[np.int32]
    """When the client reported it."""
    latency_ms: NDArray[np.int32]
    """DEAD_MS when the client gave up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watch:
    """What the client has said about the page's answers, up to each row; all arrays are (q,)."""

    owed: NDArray[np.bool_]
    """An answer row that is the first to its click."""
    latency_ms: NDArray[np.int64]
    awaiting: NDArray[np.bool_]
    """The latest click has no answer yet."""
    answered: NDArray[np.bool_]
    """The chain's first click has been answered in time."""
    reports: NDArray[np.bool_]
    """The client has reported an answer or its absence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rage:
    """Where the rage rule is fulfilled; all arrays are (q,)."""

    begins: NDArray[np.bool_]
    """The row is the first at which its chain fulfils the rule."""
    left: NDArray[np.bool_]
    """The click leaves a chain behind that came to fulfil the rule in the meantime."""
    counted: NDArray[np.bool_]
    """The chain has fulfilled the rule by now."""


def fold_clicks(
    table: ClickTable, events: Events, row: NDArray[np.intp]
) -> tuple[list[Tally], Answers]:
    """Add the clicks and answers among the events `row` (ascending) to `table`."""
    row = row[_RELEVANT[events.kind[row]]]
    if not len(row):
        return [], Answers(slot=events.slot[:0], t_ms=table.x[:0], latency_ms=table.x[:0])
    sequence = sequence_of(table, events, row)
    chains = chains_of(table, sequence)
    watch = _watch(table, sequence, chains)
    rage = _rage(table, sequence, chains, watch)
    carry_chains(table, sequence, chains)
    _carry(table, sequence, watch, rage)
    return _tallies(sequence, chains, watch, rage), _answers(sequence, watch)


def pending_rage(
    table: ClickTable, slots: NDArray[np.integer[Any]], at_ms: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Return whether time alone has completed the rage rule since the last event, (m,)."""
    waited = at_ms - table.first_ms[slots]
    return (
        (table.length[slots] >= RAGE_CLICKS)
        & (waited > PROMPT_MS)
        & (waited <= WINDOW_MS)
        & table.reports[slots]
        & ~table.answered[slots]
        & ~table.raged[slots]
    )


def _watch(table: ClickTable, sequence: Sequence, chains: Chains) -> _Watch:
    segments, newest = sequence.segments, sequence.newest
    is_click, is_answer = sequence.kind == Kind.CLICK, _ANSWER[sequence.kind]
    unanswered = is_click.copy()
    unanswered[newest] = table.awaiting[segments.slot]
    asked = latest(is_click | is_answer)
    clicked_ms = sequence.t[chains.click]
    latency = np.where(sequence.response_ms >= 0, sequence.response_ms, sequence.t - clicked_ms)
    prompt = clicked_ms + latency <= chains.first_ms + PROMPT_MS
    prompt &= sequence.kind == Kind.RESPONSE
    prompt[newest] = table.answered[segments.slot]
    reports = latest(is_answer) >= segments.start[segments.ordinal]
    return _Watch(
        owed=is_answer & unanswered[np.append(0, asked[:-1])],
        latency_ms=np.where(sequence.kind == Kind.NO_RESPONSE, DEAD_MS, latency),
        awaiting=unanswered[asked],
        answered=latest(prompt) >= chains.start,
        reports=reports | table.reports[segments.slot][segments.ordinal],
    )


def _rage(table: ClickTable, sequence: Sequence, chains: Chains, watch: _Watch) -> _Rage:
    is_click, is_answer = sequence.kind == Kind.CLICK, _ANSWER[sequence.kind]
    fast = is_click & (chains.length >= FAST_CLICKS) & (_span_ms(sequence, chains) <= FAST_MS)
    unmet = watch.reports & ~watch.answered & (chains.length >= RAGE_CLICKS)
    overdue = is_answer | (sequence.t > chains.first_ms + PROMPT_MS)
    fulfilled = (fast | (unmet & overdue)) & ~sequence.carried
    fulfilled[sequence.newest] = table.raged[sequence.segments.slot]
    counted = latest(fulfilled) >= chains.start
    goes_on = chains.start != np.arange(len(is_click))
    waited = sequence.t > np.append(0, chains.first_ms[:-1]) + PROMPT_MS
    return _Rage(
        begins=fulfilled & ~(goes_on & np.append(False, counted[:-1])) & ~sequence.carried,
        left=np.append(False, (unmet & ~counted)[:-1]) & waited & ~goes_on & ~sequence.carried,
        counted=counted,
    )


def _span_ms(sequence: Sequence, chains: Chains) -> NDArray[np.int64]:
    """Return how long ago the third click before this one was."""
    oldest = chains.click
    for _ in range(FAST_CLICKS - 1):
        oldest = chains.previous[oldest]
    return sequence.t - sequence.t[oldest]


def _tallies(sequence: Sequence, chains: Chains, watch: _Watch, rage: _Rage) -> list[Tally]:
    answerable = watch.owed & ~_SILENT[sequence.role[chains.click]]
    dead = watch.latency_ms >= DEAD_MS
    slow = (watch.latency_ms >= SLOW_MS) & ~dead
    return [
        _tally(sequence, rage.begins, Action.RAGE_CLICKS),
        _tally(sequence, rage.left, Action.RAGE_CLICKS),
        _tally(sequence, answerable & dead, Action.DEAD_CLICKS),
        _tally(sequence, answerable & slow, Action.SLOW_CLICKS),
        _tally(sequence, watch.owed, Action.ANSWERS),
    ]


def _tally(sequence: Sequence, chosen: NDArray[np.bool_], action: Action) -> Tally:
    row = np.flatnonzero(chosen)
    slot = sequence.segments.slot[sequence.segments.ordinal[row]]
    return Tally(slot, sequence.t[row].astype(np.int32), np.full(len(row), action))


def _answers(sequence: Sequence, watch: _Watch) -> Answers:
    row = np.flatnonzero(watch.owed)
    return Answers(
        slot=sequence.segments.slot[sequence.segments.ordinal[row]],
        t_ms=sequence.t[row].astype(np.int32),
        latency_ms=watch.latency_ms[row].astype(np.int32),
    )


def _carry(table: ClickTable, sequence: Sequence, watch: _Watch, rage: _Rage) -> None:
    slots, last = sequence.segments.slot, sequence.segments.last
    table.answered[slots] = watch.answered[last]
    table.awaiting[slots] = watch.awaiting[last]
    table.reports[slots] = watch.reports[last]
    table.raged[slots] = rage.counted[last]
