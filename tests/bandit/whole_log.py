"""What the server keeps in a few numbers, from the whole log: late outcomes and faded counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from eitp_server.bandit.delay import seen_share
from eitp_server.bandit.discount import remaining

if TYPE_CHECKING:
    from eitp_server.bandit.delay import DelayCurve
    from numpy.typing import ArrayLike, NDArray


class EmpiricalDelay:
    """The delays of matured decisions, all kept."""

    def __init__(self, delays: ArrayLike) -> None:
        self._delays = np.sort(np.asarray(delays, dtype=np.float64))

    def share(self, age: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the share of the delays that are not above each `age`; any shape."""
        counts = np.searchsorted(self._delays, age, side="right")
        return counts / max(len(self._delays), 1)


@dataclass(frozen=True, slots=True)
class Counts:
    """What a posterior may take as seen of one arm in one cell."""

    successes: float
    trials: float
    """Fewer than the successes when these came early: failures are never below zero."""

    def posterior(self, alpha: float, beta: float) -> tuple[float, float]:
        """Return the Beta posterior of the prior Beta(alpha, beta)."""
        return alpha + self.successes, beta + max(self.trials - self.successes, 0.0)


def corrected_counts(
    age: NDArray[np.float64],
    converted: NDArray[np.bool_],
    *,
    window: float,
    curve: DelayCurve | None,
) -> Counts:
    """Return the counts of decisions, (n,), by their age now and whether they have converted.

    Without a curve only decisions older than the window count. `converted` is what is known by
    now, of conversions within the window; age and window in the unit of the curve.
    """
    if curve is None:
        mature = age > window
        return Counts(float(converted[mature].sum()), float(mature.sum()))
    return Counts(float(converted.sum()), float(seen_share(curve, age, window).sum()))


def faded_sums(
    successes: NDArray[np.float64], times: NDArray[np.float64], *, now: float, half_life: float
) -> tuple[float, float]:
    """Return successes and trials at `now` from the log itself: one trial per entry, (events,).

    What `FadingCounts` keeps in three numbers.
    """
    weights = remaining(now - times, half_life)
    return float(weights @ successes), float(weights.sum())
