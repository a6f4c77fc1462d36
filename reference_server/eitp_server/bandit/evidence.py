"""All that is remembered of one arm in one scope to say whether it helps, unit by unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eitp_server.bandit.e_process import BATCH_UNITS, Batch, EProcess
from eitp_server.bandit.promotion import DAY_US
from eitp_server.bandit.pseudo_outcome import EffectSums, Side, Unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eitp_server.bandit.decision import Decision

FORMAT = 1


class Evidence:
    """The sums, the e-process and the dates of one arm, or of the system as a whole.

    A unit is one visitor, at the first moment at which the arm was eligible: further decisions of a
    visitor share the holdout and what the visitor is like, and would pass for independent evidence.
    In a simulation with ten decisions per visitor that end alike, two of three useless arms passed
    the bound.

    The size of the state does not grow with the units. A change of what the shopper sees, and a
    promotion, start a new one; a change of probabilities does not. For the whole system the arm is
    "treated, whatever was chosen", its propensity 1 - holdout share.
    """

    def __init__(self) -> None:
        self.sums = EffectSums()
        self.e_process = EProcess.start()
        """After all batches that are complete: 400 units of the scope each, of whatever side."""
        self.first_decided_at_us: int | None = None
        self.last_decided_at_us: int | None = None
        self._treated = [0, 0]
        self._holdout = [0, 0]
        """Conversions and units of the batch that is not complete yet."""
        self._folded = 0

    @property
    def days(self) -> float:
        """Days between the first and the last decision that was folded; 0 before."""
        if self.first_decided_at_us is None or self.last_decided_at_us is None:
            return 0.0
        return (self.last_decided_at_us - self.first_decided_at_us) / DAY_US

    def fold(self, unit: Unit, decided_at_us: int) -> None:
        """Count a unit that has matured, in the order of decision.

        Raises ValueError for an outcome that is neither 0 nor 1, and for propensities outside
        their range.
        """
        if unit.outcome not in (0, 1):
            raise ValueError(f"outcome is {unit.outcome}: it is 1 for a conversion and 0 for none")
        self.sums = self.sums.fold(unit)
        first, last = self.first_decided_at_us, self.last_decided_at_us
        self.first_decided_at_us = decided_at_us if first is None else min(first, decided_at_us)
        self.last_decided_at_us = decided_at_us if last is None else max(last, decided_at_us)
        self._bet(unit)

    def dump(self) -> dict[str, Any]:
        """Return the state as JSON values; equal states give equal values."""
        return {
            "format": FORMAT,
            "sums": self.sums.dump(),
            "e_process": self.e_process.dump(),
            "batch": [*self._treated, *self._holdout, self._folded],
            "decided_at_us": [self.first_decided_at_us, self.last_decided_at_us],
        }

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> Evidence:
        """Return the evidence from `dump`. Raises ValueError for another format."""
        if state["format"] != FORMAT:
            raise ValueError(f"evidence has format {state['format']}, not {FORMAT}")
        loaded = cls()
        loaded.sums = EffectSums.load(state["sums"])
        loaded.e_process = EProcess.load(state["e_process"])
        *counts, loaded._folded = state["batch"]
        loaded._treated, loaded._holdout = counts[:2], counts[2:]
        loaded.first_decided_at_us, loaded.last_decided_at_us = state["decided_at_us"]
        return loaded

    def _bet(self, unit: Unit) -> None:
        if unit.side is not Side.OTHER:
            counts = self._treated if unit.side is Side.ARM else self._holdout
            counts[0] += int(unit.outcome)
            counts[1] += 1
        self._folded += 1
        if self._folded == BATCH_UNITS:
            self.e_process = self.e_process.step(
                Batch(
                    treated_conversions=self._treated[0],
                    treated_units=self._treated[1],
                    holdout_conversions=self._holdout[0],
                    holdout_units=self._holdout[1],
                )
            )
            self._treated, self._holdout, self._folded = [0, 0], [0, 0], 0


def seen_from(decision: Decision, arm: str, outcome: float) -> Unit | None:
    """Return the unit that a matured `decision` is for `arm`, None where it was not eligible.

    The chosen arm counts whether or not it reached the page: the effect is that of the intent to
    treat. None as well where the arm had no probability, or nobody is held out.
    """
    if arm not in decision.arms or not 0 < decision.holdout_share < 1:
        return None
    share = decision.probabilities[decision.arms.index(arm)]
    if share == 0:
        return None
    taken = Side.ARM if decision.chosen == arm else Side.OTHER
    return Unit(
        side=Side.HOLDOUT if decision.holdout else taken,
        outcome=outcome,
        arm_propensity=(1.0 - decision.holdout_share) * share,
        holdout_share=decision.holdout_share,
    )


def seen_as_treated(decision: Decision, outcome: float) -> Unit | None:
    """Return the unit that a matured `decision` is for the system as a whole.

    None where nobody is held out. To be folded for the first eligible moment of each visitor only.
    """
    if not 0 < decision.holdout_share < 1:
        return None
    return Unit(
        side=Side.HOLDOUT if decision.holdout else Side.ARM,
        outcome=outcome,
        arm_propensity=1.0 - decision.holdout_share,
        holdout_share=decision.holdout_share,
    )
