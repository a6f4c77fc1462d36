"""Clicks that met no answer, or an error: rage, dead, slow and error clicks.

- rage_click/2: clicks on one target (or one place, when no target is reported), each at most
  1000 ms and 30 px after the one before, none of them explained, while the page has not answered
  the first in time, where either the client reports answers, three were made and 1000 ms have
  passed since the first; or the target or its role is known and four were made. Counted once per
  chain. Text fields, steppers, pagers and canvases are pressed repeatedly on purpose and never
  count; a selection or a scroll between two clicks explains them. Where nobody knows what was
  clicked nor whether it answered, nothing tells impatience from work, and nothing counts.
- dead_click/1: the client watched a click for 2500 ms and saw nothing, or the answer took longer.
- slow_click/1: the answer took 1000 ms or more, but came.
- error_click/1: a script failed within 1000 ms after a click; once per click.

A tenant may set thresholds of its own (`rule.Thresholds`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eitp_server.signals.action import WINDOW_MS, Action, Tally
from eitp_server.signals.chain import ClickTable, carry_chains, chains_of, sequence_of
from eitp_server.signals.clock import NEVER
from eitp_server.signals.event import Kind, Role
from eitp_server.signals.rule import DEFAULTS
from eitp_server.signals.segment import latest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.signals.chain import Chains, Sequence
    from eitp_server.signals.event import Events
    from eitp_server.signals.rule import RuleTable

PROMPT_MS = 1000
ERROR_MS = 1000
DEAD_MS = DEFAULTS.dead_click_ms
"""How long a client watches a page for its answer to a click."""

_SILENT = np.isin(np.arange(256), [Role.TEXT_FIELD, Role.TEXT, Role.CANVAS, Role.VIDEO])
"""What gives no answer that a client could see, or owes none."""

_ANSWER = np.isin(np.arange(256), [Kind.RESPONSE, Kind.NO_RESPONSE])
_RELEVANT = _ANSWER | np.isin(
    np.arange(256), [Kind.CLICK, Kind.SELECT, Kind.SCROLL, Kind.SCRIPT_ERROR]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The first answer to each click that got one, or the lack of it."""

    slot: NDArray[np.int32]
    t_ms: NDArray[np.int32]
    """When the client reported it."""
    latency_ms: NDArray[np.int32]
    """DEAD_MS when the client gave up, whatever counts as dead: it watched no longer."""


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
    """The client has reported an answer or its absence, or said that it will."""
    erred: NDArray[np.bool_]
    """The first error of a script soon after a click."""
    failed: NDArray[np.bool_]
    """A script has failed since the latest click."""


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
    table: ClickTable, rules: RuleTable, events: Events, row: NDArray[np.intp]
) -> tuple[list[Tally], Answers]:
    """Add the clicks and answers among the events `row` (ascending) to `table`."""
    row = row[_RELEVANT[events.kind[row]]]
    if not len(row):
        return [], Answers(slot=events.slot[:0], t_ms=table.x[:0], latency_ms=table.x[:0])
    sequence = sequence_of(table, events, row)
    chains = chains_of(table, rules, sequence)
    watch = _watch(table, sequence, chains)
    rage = _rage(table, rules, sequence, chains, watch)
    carry_chains(table, sequence, chains)
    _carry(table, sequence, watch, rage)
    return _tallies(rules, sequence, chains, watch, rage), _answers(sequence, watch)


def pending_rage(
    table: ClickTable,
    rules: RuleTable,
    slots: NDArray[np.integer[Any]],
    at_ms: NDArray[np.int32],
) -> NDArray[np.bool_]:
    """Return whether time alone has completed the rage rule since the last event, (m,)."""
    due_ms = unanswered_ms(table, rules, slots)
    return (due_ms <= at_ms) & (at_ms - due_ms <= WINDOW_MS)


def unanswered_ms(
    table: ClickTable, rules: RuleTable, slots: NDArray[np.integer[Any]]
) -> NDArray[np.int64]:
    """Return (m,) the session time after which time alone completes the rage rule, else NEVER."""
    waits = (
        (table.length[slots] >= rules.rage_clicks[slots])
        & table.reports[slots]
        & ~table.answered[slots]
        & ~table.raged[slots]
    )
    return np.where(waits, table.first_ms[slots].astype(np.int64) + PROMPT_MS + 1, NEVER)


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
    erred, failed = _errors(table, sequence, chains)
    return _Watch(
        owed=is_answer & unanswered[np.append(0, asked[:-1])],
        latency_ms=np.where(sequence.kind == Kind.NO_RESPONSE, DEAD_MS, latency),
        awaiting=unanswered[asked],
        answered=latest(prompt) >= chains.start,
        reports=reports | table.reports[segments.slot][segments.ordinal],
        erred=erred,
        failed=failed,
    )


def _errors(
    table: ClickTable, sequence: Sequence, chains: Chains
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return where a click's first error is, and whether one has come since the latest click."""
    is_error = sequence.kind == Kind.SCRIPT_ERROR
    marked = is_error.copy()
    marked[sequence.newest] = table.failed[sequence.segments.slot]
    known = latest(marked)
    before = np.append(-1, known[:-1]) >= chains.click
    soon = sequence.t - sequence.t[chains.click] <= ERROR_MS
    return is_error & soon & ~before, known >= chains.click


def _rage(
    table: ClickTable, rules: RuleTable, sequence: Sequence, chains: Chains, watch: _Watch
) -> _Rage:
    is_click, is_answer = sequence.kind == Kind.CLICK, _ANSWER[sequence.kind]
    asked = rules.rage_clicks[sequence.slot]
    known = (sequence.target[chains.click] != 0) | (sequence.role[chains.click] != 0)
    impatient = is_click & known & (chains.length > asked) & ~watch.answered
    unmet = watch.reports & ~watch.answered & (chains.length >= asked)
    overdue = is_answer | (sequence.t > chains.first_ms + PROMPT_MS)
    fulfilled = (impatient | (unmet & overdue)) & ~sequence.carried
    fulfilled[sequence.newest] = table.raged[sequence.segments.slot]
    counted = latest(fulfilled) >= chains.start
    goes_on = chains.start != np.arange(len(is_click))
    waited = sequence.t > np.append(0, chains.first_ms[:-1]) + PROMPT_MS
    return _Rage(
        begins=fulfilled & ~(goes_on & np.append(False, counted[:-1])) & ~sequence.carried,
        left=np.append(False, (unmet & ~counted)[:-1]) & waited & ~goes_on & ~sequence.carried,
        counted=counted,
    )


def _tallies(
    rules: RuleTable, sequence: Sequence, chains: Chains, watch: _Watch, rage: _Rage
) -> list[Tally]:
    answerable = watch.owed & ~_SILENT[sequence.role[chains.click]]
    slot = sequence.slot
    dead = sequence.kind == Kind.NO_RESPONSE
    dead |= watch.latency_ms >= rules.dead_click_ms[slot]
    slow = (watch.latency_ms >= rules.slow_click_ms[slot]) & ~dead
    return [
        _tally(sequence, rage.begins, Action.RAGE_CLICKS),
        _tally(sequence, rage.left, Action.RAGE_CLICKS),
        _tally(sequence, answerable & dead, Action.DEAD_CLICKS),
        _tally(sequence, answerable & slow, Action.SLOW_CLICKS),
        _tally(sequence, watch.owed, Action.ANSWERS),
        _tally(sequence, watch.erred, Action.ERROR_CLICKS),
    ]


def _tally(sequence: Sequence, chosen: NDArray[np.bool_], action: Action) -> Tally:
    row = np.flatnonzero(chosen)
    slot = sequence.slot[row]
    return Tally(slot, sequence.t[row].astype(np.int32), np.full(len(row), action))


def _answers(sequence: Sequence, watch: _Watch) -> Answers:
    row = np.flatnonzero(watch.owed)
    return Answers(
        slot=sequence.slot[row],
        t_ms=sequence.t[row].astype(np.int32),
        latency_ms=watch.latency_ms[row].astype(np.int32),
    )


def _carry(table: ClickTable, sequence: Sequence, watch: _Watch, rage: _Rage) -> None:
    slots, last = sequence.segments.slot, sequence.segments.last
    table.answered[slots] = watch.answered[last]
    table.awaiting[slots] = watch.awaiting[last]
    table.reports[slots] = watch.reports[last]
    table.raged[slots] = rage.counted[last]
    table.failed[slots] = watch.failed[last]
