"""Decisions whose propensities are tested together: those of one position and one context."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.lab.ope.decision_log import DecisionLog

    Counts = NDArray[np.intp]
    Vector = NDArray[np.float64]

ROWS_PER_ITEM: Final = 20
"""Below this many rows for each item of a group that was seen, others may be unseen by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """The g groups that the n decisions of a log fall into."""

    columns: tuple[str, ...]
    """What tells groups apart; none where the whole file is one."""
    names: tuple[str, ...]
    code: Counts
    """(n,): the group of each decision."""
    rows: Counts
    """(g,)"""
    seen: Counts
    """(g,): the distinct items that were chosen."""

    @classmethod
    def of(cls, log: DecisionLog) -> Groups:
        """Group a log; the contexts of a position that are too small are taken together."""
        code = log.context.code
        names = [log.context.named(values) for values in log.context.values]
        rows, seen = _sizes(code, log, len(names))
        small = rows < ROWS_PER_ITEM * seen
        if len(log.context.columns) > len(log.position.columns) and small.any():
            code, names = _together(code, names, small, log)
            rows, seen = _sizes(code, log, len(names))
        return cls(columns=log.context.columns, names=tuple(names), code=code, rows=rows, seen=seen)

    @property
    def large(self) -> NDArray[np.bool_]:
        """(g,): whether there are rows enough to test a group."""
        return self.rows >= ROWS_PER_ITEM * self.seen


def _sizes(code: Counts, log: DecisionLog, groups: int) -> tuple[Counts, Counts]:
    items = len(log.item.values)
    pairs = np.unique(code * items + log.item.code)
    return np.bincount(code, minlength=groups), np.bincount(pairs // items, minlength=groups)


def _together(
    code: Counts, names: list[str], small: NDArray[np.bool_], log: DecisionLog
) -> tuple[Counts, list[str]]:
    """Put the small groups of each position into one."""
    place = np.zeros(len(names), np.intp)
    place[code] = log.position.code
    kept = len(names)
    there, new = np.unique(np.where(small, kept + place, np.arange(kept)), return_inverse=True)
    merged = np.bincount(place[small], minlength=len(log.position.values))
    numbers: list[int] = there.tolist()
    called = [
        names[n] if n < kept else _rest(int(merged[n - kept]), log, n - kept) for n in numbers
    ]
    return new[code], called


def _rest(merged: int, log: DecisionLog, position: int) -> str:
    where = log.position.named(log.position.values[position]) if log.position.columns else ""
    small = f"{merged} contexts with few rows, taken together" if merged > 1 else "a small context"
    return f"{where}, {small}" if where else small


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """The p pairs of group and item that were chosen, group by group."""

    group: Counts
    """(p,), ascending."""
    item: Counts
    """(p,)"""
    chosen: Counts
    """(p,): how often."""
    propensity: Vector
    """(p,): the largest."""
    inverse: Vector
    """(p,): the mean of 1 / propensity over the rows that chose it."""
    squares: Vector
    """(p,): the sum of 1 / propensity^2 over those rows, over the rows of the group."""
    constant: NDArray[np.bool_]
    """(p,): whether it was the same in all of them."""

    @classmethod
    def of(cls, log: DecisionLog, groups: Groups) -> Pairs:
        """Count what was chosen in each group."""
        items = len(log.item.values)
        there, back, chosen = np.unique(
            groups.code * items + log.item.code, return_inverse=True, return_counts=True
        )
        low, high = np.full(len(there), np.inf), np.zeros(len(there))
        np.minimum.at(low, back, log.propensity)
        np.maximum.at(high, back, log.propensity)
        group = there // items
        return cls(
            group=group,
            item=there % items,
            chosen=chosen,
            propensity=high,
            inverse=np.bincount(back, 1.0 / log.propensity) / chosen,
            squares=np.bincount(back, log.propensity**-2.0) / groups.rows[group],
            constant=high - low <= 1e-6 * high,
        )
