"""Counts that fade: successes and trials under a half-life, with late events at their true weight.

A success and its trial carry the time of the decision, whenever they are heard of. Priors do not
fade, so a cell of which nothing is heard returns to its prior and not to zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Amount = TypeVar("Amount", float, "NDArray[np.float64]")


@dataclass(frozen=True, slots=True, kw_only=True)
class FadingCounts(Generic[Amount]):
    """Discounted sums of one cell and arm, or arrays of them, any shape common to all three.

    The sum of the weights serves as the number of trials. It is about half of the effective sample
    size of Kish, so that it errs toward exploring.
    """

    successes: Amount
    trials: Amount
    at: Amount
    """The time that the sums were weighed at, that of the youngest event; any unit, not below 0."""

    def add(
        self, *, successes: Amount, trials: Amount, at: Amount, half_life: float
    ) -> FadingCounts[Amount]:
        """Return the sums with events of time `at`, before or after what is known.

        A late event enters with what would be left of it by now. Up to rounding the order does
        not matter.
        """
        youngest = _later(self.at, at)
        old = remaining(youngest - self.at, half_life)
        new = remaining(youngest - at, half_life)
        return FadingCounts(
            successes=self.successes * old + successes * new,
            trials=self.trials * old + trials * new,
            at=youngest,
        )

    def read(self, *, now: float, half_life: float) -> tuple[Amount, Amount]:
        """Return successes and trials as they weigh at `now`; sums never grow by looking back."""
        left = remaining(_later(now - self.at, 0.0 * self.at), half_life)
        return self.successes * left, self.trials * left


def remaining(elapsed: Amount, half_life: float) -> Amount:
    """Return 2^-(elapsed / half_life): what is left of a weight. Both in the same unit."""
    left: Any = 2.0 ** (-elapsed / half_life)
    return left


def _later(one: Amount, other: Amount) -> Amount:
    return np.maximum(one, other) if isinstance(one, np.ndarray) else max(one, other)
