"""How much the state of each session moves: decayed sums of squared changes, for all at once.

A state makes an increment when it comes `min_gap_s` to `max_gap_s` after the reference. What comes
sooner waits, so that how often states come does not set how volatile a session looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eitp_server.signals.slot_table import SlotTable, column
from eitp_server.volatility.methodology import DIMENSIONS, DRAFT, INTENT, SECOND_US

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.volatility.methodology import Methodology

NEVER_US: Final = -(1 << 62)
AHEAD_US: Final = 5 * SECOND_US
"""How far a state's time may lie ahead of the receiver's clock."""


class Step(IntEnum):
    """What became of a state."""

    UNKNOWN = 0
    """No dimension that counts is a number within -1..1; nothing was changed."""
    LATE = 1
    """Not after the session's latest; nothing was changed."""
    AHEAD = 2
    """More than AHEAD_US after the receiver's clock; nothing was changed."""
    FIRST = 3
    """It is the session's first reference."""
    WAITED = 4
    """Too soon after the reference: kept for its intent and its time only."""
    RESTARTED = 5
    """Too long after the reference, or no dimension known in both: it is the new reference."""
    ADDED = 6
    """It made an increment, and is the new reference."""


@dataclass(slots=True)
class MovementTable(SlotTable):
    """How much every session has moved; times are µs on any clock, UTC for the index."""

    last_us: NDArray[np.int64] = column("i8", fill=NEVER_US)
    """(capacity,) the latest state."""
    reference_us: NDArray[np.int64] = column("i8", fill=NEVER_US)
    """(capacity,) the state from which the next increment is taken."""
    updated_us: NDArray[np.int64] = column("i8", fill=NEVER_US)
    """(capacity,) the latest increment: the moment that the sums are decayed to."""
    intent: NDArray[np.float64] = column("f8")
    """(capacity,) intent strength of the latest state, 0 where unknown."""
    reference: NDArray[np.float64] = column("f8", shape=(len(DIMENSIONS),))
    """(capacity, dimensions) NaN where unknown."""
    pace: NDArray[np.float64] = column("f8", shape=(len(DIMENSIONS),))
    """(capacity, dimensions) absolute scaled change per root second of the latest increment."""
    squares: NDArray[np.float64] = column("f8")
    """(capacity,) Q: squared changes."""
    seconds: NDArray[np.float64] = column("f8")
    """(capacity,) X: the time that they took, s."""
    squared_seconds: NDArray[np.float64] = column("f8")
    """(capacity,) X2: the squares of these times, s²."""
    products: NDArray[np.float64] = column("f8")
    """(capacity,) BP: products of neighbouring absolute changes."""
    product_seconds: NDArray[np.float64] = column("f8")
    """(capacity,) XB: the time that they took, s."""


def update(
    table: MovementTable,
    *,
    slots: NDArray[np.integer[Any]],
    at_us: NDArray[np.int64],
    states: NDArray[np.floating[Any]],
    methodology: Methodology = DRAFT,
    now_us: int | None = None,
) -> NDArray[np.uint8]:
    """Take in one state each of different sessions; return (m,) the `Step` of each.

    `slots` is (m,) without repeats, `at_us` (m,), `states` (m, 7) with anything but numbers within
    -1..1 for unknown. `now_us` is the receiver's clock, None to trust `at_us`.
    """
    known = np.abs(states) <= 1
    step = np.full(len(slots), Step.UNKNOWN, np.uint8)
    heard = (known & (np.array(methodology.dimension_weights) > 0)).any(axis=1)
    late = heard & (at_us <= table.last_us[slots])
    step[late] = Step.LATE
    heard &= ~late
    if now_us is not None:
        ahead = heard & (at_us > now_us + AHEAD_US)
        step[ahead] = Step.AHEAD
        heard &= ~ahead
    rows = np.flatnonzero(heard)
    own, at = slots[rows], at_us[rows]
    table.last_us[own] = at
    table.intent[own] = np.where(known[rows, INTENT], states[rows, INTENT], 0.0)
    step[rows] = Step.WAITED
    due = at - table.reference_us[own] >= round(methodology.min_gap_s * SECOND_US)
    if due.any():
        rows, own, at = rows[due], own[due], at[due]
        values = np.where(known[rows], states[rows], np.nan)
        step[rows] = _move(table, own, at, values, methodology)
    return step


def fold(
    table: MovementTable,
    *,
    slots: NDArray[np.integer[Any]],
    at_us: NDArray[np.int64],
    states: NDArray[np.floating[Any]],
    methodology: Methodology = DRAFT,
    now_us: int | None = None,
) -> NDArray[np.uint8]:
    """Take in states in the order of their arrival, several of a session as well; as `update`."""
    step = np.zeros(len(slots), np.uint8)
    for rows in _rounds(slots):
        step[rows] = update(
            table,
            slots=slots[rows],
            at_us=at_us[rows],
            states=states[rows],
            methodology=methodology,
            now_us=now_us,
        )
    return step


def mean_over_known(
    values: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the weighted sums (k,) of `values` (k, d), NaN for unknown, which share their weight.

    A row of which nothing with weight is known gives NaN.
    """
    known = ~np.isnan(values)
    weighted = np.where(known, values, 0.0) * weights
    present = (known * weights).sum(axis=1)
    return np.divide(
        weighted.sum(axis=1) * weights.sum(),
        present,
        out=np.full(len(values), np.nan),
        where=present > 0,
    )


def _move(
    table: MovementTable,
    slots: NDArray[np.integer[Any]],
    at: NDArray[np.int64],
    values: NDArray[np.float64],
    methodology: Methodology,
) -> NDArray[np.uint8]:
    """Make `values` the references of `slots`, with an increment where the gap allows one."""
    gap_us = at - table.reference_us[slots]
    first = table.reference_us[slots] == NEVER_US
    scale = np.array(methodology.dimension_scales)
    change = np.abs(values - table.reference[slots]) / scale
    square = mean_over_known(change * change, np.array(methodology.dimension_weights))
    added = (gap_us <= round(methodology.max_gap_s * SECOND_US)) & ~np.isnan(square)
    if added.any():
        gap = gap_us[added] / SECOND_US
        _add(table, slots[added], at[added], gap, change[added], square[added], methodology)
    table.reference_us[slots] = at
    table.reference[slots] = values
    return np.where(added, Step.ADDED, np.where(first, Step.FIRST, Step.RESTARTED)).astype(np.uint8)


def _add(
    table: MovementTable,
    slots: NDArray[np.integer[Any]],
    at: NDArray[np.int64],
    gap: NDArray[np.float64],
    change: NDArray[np.float64],
    square: NDArray[np.float64],
    methodology: Methodology,
) -> None:
    pace = change / np.sqrt(gap)[:, None]
    # |d| |d'| sqrt(D/D') is the product of the two paces times D.
    product = mean_over_known(pace * table.pace[slots], np.array(methodology.dimension_weights))
    # An increment ends where a reference was set; one set by a restart has none that ends there.
    follows = (table.updated_us[slots] == table.reference_us[slots]) & ~np.isnan(product)
    product = np.where(follows, np.pi / 2 * product * gap, 0.0)
    half_lives = (at - table.updated_us[slots]) / (methodology.volatility_half_life_s * SECOND_US)
    fade = np.exp2(-half_lives)
    table.squares[slots] = fade * table.squares[slots] + square
    table.seconds[slots] = fade * table.seconds[slots] + gap
    table.squared_seconds[slots] = fade * fade * table.squared_seconds[slots] + gap * gap
    table.products[slots] = fade * table.products[slots] + product
    table.product_seconds[slots] = fade * table.product_seconds[slots] + np.where(follows, gap, 0.0)
    table.updated_us[slots] = at
    table.pace[slots] = pace


def _rounds(slots: NDArray[np.integer[Any]]) -> list[NDArray[np.intp]]:
    """Return rows such that no round names a slot twice and each slot's rows keep their order."""
    if not len(slots):
        return []
    order = np.argsort(slots, kind="stable")
    ordered = slots[order]
    new = np.append(True, ordered[1:] != ordered[:-1])
    place = np.arange(len(slots))
    rank = place - np.maximum.accumulate(np.where(new, place, 0))
    by_rank = np.argsort(rank, kind="stable")
    rounds = np.split(order[by_rank], np.cumsum(np.bincount(rank))[:-1])
    return [np.sort(rows) for rows in rounds]
