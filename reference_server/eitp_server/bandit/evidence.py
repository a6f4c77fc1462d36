"""All that is remembered of one arm in one scope to say whether it helps, unit by unit."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from eitp_server.bandit.promotion import DAY_US
from eitp_server.bandit.pseudo_outcome import EffectSums, Side, Unit
from eitp_server.bandit.strata import StratifiedEProcess

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eitp_server.bandit.decision import Cell, Decision
    from eitp_server.bandit.e_process import EProcess
    from eitp_server.bandit.node import Node

FORMAT = 2
_UNKNOWN: Final = "0"
"""The label or section of a stratum when there is none."""


class Evidence:
    """The sums, the bets and the dates of one arm, or of the system as a whole.

    A unit is one visitor, at the first moment at which the arm was eligible: further decisions of a
    visitor share the holdout and what the visitor is like, and would pass for independent evidence.
    In a simulation with ten decisions per visitor that end alike, two of three useless arms passed
    the bound.

    The holdout is for life, so whoever is in it misses all that comes later as well: against it a
    useless arm looks good where a good one often follows. So what was chosen is compared with
    "nothing was chosen" too, among those who are not held out: both sides meet what comes later.

    Bets are placed within strata, the cells of a tenant: a policy that likes an arm where visitors
    buy more anyway would make it look good in all cells together.

    The size of the state does not grow with the units. A change of what the shopper sees, and a
    promotion, start a new one; a change of probabilities does not. For the whole system the arm is
    "treated, whatever was chosen", its propensity 1 - holdout share.
    """

    def __init__(self) -> None:
        self.sums = EffectSums()
        self.over_nothing = EffectSums()
        """The same for "nothing was chosen" in place of the holdout; without the held-out."""
        self.first_decided_at_us: int | None = None
        self.last_decided_at_us: int | None = None
        self._bets = StratifiedEProcess()

    @property
    def e_process(self) -> EProcess:
        """After all batches that are complete: 400 units of the scope each, of whatever side."""
        return self._bets.value

    @property
    def days(self) -> float:
        """Days between the first and the last decision that was folded; 0 before."""
        if self.first_decided_at_us is None or self.last_decided_at_us is None:
            return 0.0
        return (self.last_decided_at_us - self.first_decided_at_us) / DAY_US

    def concentration(self, place: Node) -> float:
        """Return the share that the label or section below `place` with the most units has, 0..1.

        Of the units on either side, all of which were seen in `place`, in strata that `stratum_of`
        names. 0 in a section, below which there is nothing, and without units. An unknown section
        is no narrower place: where none is known, the label is the narrowest that can be named.
        """
        if place.page_section is not None:
            return 0.0
        below: dict[str, int] = defaultdict(int)
        for stratum, units in self._bets.units.items():
            below[stratum.rsplit("/", 3)[place.depth + 1]] += units
        most = max((units for part, units in below.items() if part != _UNKNOWN), default=0)
        return most / max(sum(below.values()), 1)

    def fold(
        self,
        unit: Unit,
        decided_at_us: int,
        *,
        stratum: str = "",
        over_nothing: Unit | None = None,
    ) -> None:
        """Count a unit that has matured, in the order of decision.

        `stratum` names those that it may be compared with; `over_nothing` is the same visitor as
        `seen_over_nothing` has it. Raises ValueError for an outcome that is neither 0 nor 1, and
        for propensities outside their range.
        """
        if unit.outcome not in (0, 1):
            raise ValueError(f"outcome is {unit.outcome}: it is 1 for a conversion and 0 for none")
        sums = self.sums.fold(unit)
        if over_nothing is not None:
            self.over_nothing = self.over_nothing.fold(over_nothing)
        self.sums = sums
        first, last = self.first_decided_at_us, self.last_decided_at_us
        self.first_decided_at_us = decided_at_us if first is None else min(first, decided_at_us)
        self.last_decided_at_us = decided_at_us if last is None else max(last, decided_at_us)
        self._bets.fold(stratum, unit)

    def dump(self) -> dict[str, Any]:
        """Return the state as JSON values; equal states give equal values."""
        return {
            "format": FORMAT,
            "sums": self.sums.dump(),
            "over_nothing": self.over_nothing.dump(),
            "bets": self._bets.dump(),
            "decided_at_us": [self.first_decided_at_us, self.last_decided_at_us],
        }

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> Evidence:
        """Return the evidence from `dump`. Raises ValueError for another format."""
        if state["format"] != FORMAT:
            raise ValueError(f"evidence has format {state['format']}, not {FORMAT}")
        loaded = cls()
        loaded.sums = EffectSums.load(state["sums"])
        loaded.over_nothing = EffectSums.load(state["over_nothing"])
        loaded._bets = StratifiedEProcess.load(state["bets"])
        loaded.first_decided_at_us, loaded.last_decided_at_us = state["decided_at_us"]
        return loaded


def stratum_of(cell: Cell) -> str:
    """Return the name of the stratum that decisions of `cell` are: one tenant's section.

    Tenant, vertical, label and section, with a slash between them.
    """
    return "/".join(map(str, cell.as_row()))


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


def seen_over_nothing(decision: Decision, arm: str, outcome: float) -> Unit | None:
    """Return the unit that a matured `decision` is for `arm` against "nothing was chosen".

    The probability of nothing plays the part of the holdout's share, and both are those given that
    the visitor is not held out. None for whoever is, and where one of the two had no probability.
    """
    shares = dict(zip(decision.arms, decision.probabilities, strict=True))
    share, nothing = shares.get(arm, 0.0), shares.get("", 0.0)
    if decision.holdout or not arm or not share > 0 or not 0 < nothing < 1:
        return None
    taken = Side.ARM if decision.chosen == arm else Side.OTHER
    return Unit(
        side=taken if decision.chosen else Side.HOLDOUT,
        outcome=outcome,
        arm_propensity=share,
        holdout_share=nothing,
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
