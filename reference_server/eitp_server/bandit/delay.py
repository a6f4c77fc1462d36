"""Outcomes that come late: counts that allow for what cannot have been seen yet.

A decision whose outcome may still come is not a failure yet. It counts as the share tau of a trial
by which it would have converted already, were it to convert at all: then the successes seen so far
are theta times the trials on average. The share is read from matured decisions alone, since among
young ones only the quick conversions are known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

LEAST_CONVERSIONS: Final = 50
"""With fewer matured conversions the curve is not trusted and only matured decisions count."""
MEMORY_DAYS: Final = 28
STEPS_PER_OCTAVE: Final = 8
FIRST_EDGE_S: Final = 1.0
EDGES: Final = FIRST_EDGE_S * 2.0 ** (np.arange(0, 22 * STEPS_PER_OCTAVE + 1) / STEPS_PER_OCTAVE)
"""Bounds of the bins of delay, seconds: from 1 s to 48 days, each 9 % above the one before."""
DAY_S: Final = 86_400
FORMAT: Final = 1


class DelayCurve(Protocol):
    """The distribution of the delays of conversions."""

    def share(self, age: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the share of conversions that come within each `age`."""
        ...


class DelayHistogram:
    """The delays of the last 28 days in bounded memory: a row of 177 counts per day.

    Within a bin the share is interpolated on a straight line. So it is off by at most the share of
    the conversions that fell into the bin of the asked age, whose bounds are 9 % apart, and it is
    exact at the bounds. The day is that on which the decision matured, by the caller's clock.
    """

    def __init__(self) -> None:
        self._days: dict[int, NDArray[np.int64]] = {}

    def record(self, *, delay_s: float, matured_s: float) -> None:
        """Count the conversion of a decision whose window closed at `matured_s`.

        Conversions of decisions that are still open must not be recorded: they are the quick ones.
        """
        day = int(matured_s // DAY_S)
        counts = self._days.setdefault(day, np.zeros(len(EDGES) + 1, np.int64))
        counts[int(np.searchsorted(EDGES, delay_s, side="left"))] += 1
        self._forget(max(self._days))

    def conversions(self, *, now_s: float) -> int:
        """Return how many conversions of the last 28 days are known."""
        return int(self._counts(now_s).sum())

    def curve(self, *, now_s: float) -> HistogramDelay | None:
        """Return the curve of the last 28 days, None when less than 50 conversions tell of it."""
        counts = self._counts(now_s)
        if counts.sum() < LEAST_CONVERSIONS:
            return None
        return HistogramDelay(np.cumsum(counts[:-1]) / counts.sum())

    def dump(self) -> dict[str, Any]:
        """Return the state as JSON values; equal states give equal values, order included."""
        days = [[day, *_sparse(counts)] for day, counts in sorted(self._days.items())]
        return {"format": FORMAT, "days": days}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take the state from `dump`. Raises ValueError for another format."""
        if state["format"] != FORMAT:
            raise ValueError(f"delays have format {state['format']}, not {FORMAT}")
        self._days = {}
        for day, bins, counts in state["days"]:
            self._days[day] = np.zeros(len(EDGES) + 1, np.int64)
            self._days[day][bins] = counts

    def _counts(self, now_s: float) -> NDArray[np.int64]:
        today = int(now_s // DAY_S)
        recent = [own for day, own in self._days.items() if today - MEMORY_DAYS < day <= today]
        return np.sum([np.zeros(len(EDGES) + 1, np.int64), *recent], axis=0)

    def _forget(self, today: int) -> None:
        for day in [day for day in self._days if day <= today - MEMORY_DAYS]:
            del self._days[day]


@dataclass(frozen=True, slots=True)
class HistogramDelay:
    """The curve of a histogram at one moment."""

    cumulative: NDArray[np.float64] = field(repr=False)
    """Share of the conversions up to each of `EDGES`."""

    def share(self, age: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the share of conversions that come within each `age`, seconds; any shape."""
        edges = np.concatenate([[0.0], EDGES])
        return np.interp(age, edges, np.concatenate([[0.0], self.cumulative]))


def seen_share(curve: DelayCurve, age: NDArray[np.float64], window: float) -> NDArray[np.float64]:
    """Return tau = F(min(age, window)) / F(window) of each decision; 1 once it has matured.

    When no conversion of the curve lies within the window, open decisions count as unseen.
    """
    whole = float(curve.share(np.asarray(window, dtype=np.float64)))
    part = curve.share(np.minimum(age, window)) / whole if whole > 0.0 else np.zeros(age.shape)
    return np.where(age > window, 1.0, part)


def _sparse(counts: NDArray[np.int64]) -> tuple[list[int], list[int]]:
    bins = np.flatnonzero(counts)
    return bins.tolist(), counts[bins].tolist()
