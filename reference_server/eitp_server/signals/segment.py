"""Runs of rows that belong to one session, in arrays sorted by slot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """The sessions of n sorted rows, m of them."""

    start: NDArray[np.intp]
    """(m,) first row of each session."""
    end: NDArray[np.intp]
    """(m,) one past the last row of each session."""
    slot: NDArray[np.int32]
    """(m,) the session's slot."""

    @classmethod
    def of(cls, slot: NDArray[np.int32]) -> Segments:
        """Find the sessions in `slot` (n,), whose equal values are adjacent; n > 0."""
        start = run_starts(slot[1:] != slot[:-1])
        return cls(start=start, end=np.append(start[1:], len(slot)), slot=slot[start])

    @property
    def last(self) -> NDArray[np.intp]:
        """(m,) last row of each session."""
        return self.end - 1

    @property
    def ordinal(self) -> NDArray[np.intp]:
        """(n,) which session a row belongs to, 0..m-1."""
        return np.repeat(np.arange(len(self.start)), self.end - self.start)

    @property
    def rank(self) -> NDArray[np.intp]:
        """(n,) place of a row within its session, from 0."""
        return np.arange(int(self.end[-1])) - self.start[self.ordinal]

    def lagged(self, values: NDArray[Scalar], carried: NDArray[Any]) -> NDArray[Scalar]:
        """Return what the row before held, and `carried` (m,) at each session's first row."""
        before = np.empty_like(values)
        before[1:] = values[:-1]
        before[self.start] = carried
        return before

    def summed(self, values: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return (m, k): the sum over each session's rows of `values` (n, k)."""
        # An overflow on the way cancels out in the difference.
        running = np.cumsum(values, axis=0, dtype=np.int32)[self.last]
        running[1:] -= running[:-1].copy()
        return running


def run_starts(changed: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the first row of each run, given for rows 1..n-1 whether a new run starts there."""
    changes = changed.nonzero()[0]
    starts = np.zeros(len(changes) + 1, np.intp)
    np.add(changes, 1, out=starts[1:])
    return starts


def latest(marked: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return for each row the last marked row up to and including it, -1 before the first."""
    return np.maximum.accumulate(np.where(marked, np.arange(len(marked)), -1))
