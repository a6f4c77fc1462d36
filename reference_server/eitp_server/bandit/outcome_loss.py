"""Whether outcomes become unknowable more often on one side than on the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp
from typing import TYPE_CHECKING, Any

import numpy as np

from eitp_server.bandit.e_process import BATCH_UNITS, Batch, EProcess
from eitp_server.bandit.sample_ratio import ALARM_BELOW

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeLoss:
    """The check as it stands; fields are those of the protocol's message."""

    treated_share: float | None
    holdout_share: float | None
    sequential_p_value: float
    alarm: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    lost: int = 0
    units: int = 0

    def __add__(self, other: _Side) -> _Side:
        return _Side(lost=self.lost + other.lost, units=self.units + other.units)

    @property
    def share(self) -> float | None:
        return self.lost / self.units if self.units else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LossSequence:
    """The units of both sides whose window has passed, and the evidence that one loses more.

    Two e-processes bet on either side; their mean is an e-process of "both lose alike", because
    its mean under that is the mean of two numbers of at most 1.
    """

    treated: _Side = _Side()
    holdout: _Side = _Side()
    more_treated: EProcess = EProcess.start()
    more_holdout: EProcess = EProcess.start()
    highest_log: float = 0.0
    """Largest logarithm of the mean so far, 0 or more."""
    open_treated: _Side = _Side()
    """Of the batch of 400 units that is not complete yet."""
    open_holdout: _Side = _Side()

    def fold(self, *, in_holdout: bool, lost: bool) -> LossSequence:
        """Return the sequence with one more unit: its outcome can never be known, or it is."""
        one = _Side(lost=int(lost), units=1)
        if in_holdout:
            grown = replace(self, holdout=self.holdout + one, open_holdout=self.open_holdout + one)
        else:
            grown = replace(self, treated=self.treated + one, open_treated=self.open_treated + one)
        is_full = grown.open_treated.units + grown.open_holdout.units >= BATCH_UNITS
        return _closed(grown) if is_full else grown

    def report(self) -> OutcomeLoss:
        """Return the check as it stands."""
        p_value = exp(-self.highest_log)
        return OutcomeLoss(
            treated_share=self.treated.share,
            holdout_share=self.holdout.share,
            sequential_p_value=p_value,
            alarm=p_value < ALARM_BELOW,
        )

    def dump(self) -> dict[str, Any]:
        """Return the sequence as JSON values; equal sequences give equal values."""
        return {
            "sides": [[side.lost, side.units] for side in self._sides()],
            "more_treated": self.more_treated.dump(),
            "more_holdout": self.more_holdout.dump(),
            "highest_log": self.highest_log,
        }

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> LossSequence:
        """Return the sequence from `dump`."""
        treated, holdout, open_treated, open_holdout = (
            _Side(lost=lost, units=units) for lost, units in state["sides"]
        )
        return cls(
            treated=treated,
            holdout=holdout,
            more_treated=EProcess.load(state["more_treated"]),
            more_holdout=EProcess.load(state["more_holdout"]),
            highest_log=state["highest_log"],
            open_treated=open_treated,
            open_holdout=open_holdout,
        )

    def _sides(self) -> tuple[_Side, _Side, _Side, _Side]:
        return self.treated, self.holdout, self.open_treated, self.open_holdout


def _closed(sequence: LossSequence) -> LossSequence:
    treated, holdout = sequence.open_treated, sequence.open_holdout
    more_treated = sequence.more_treated.step(_batch(treated, holdout))
    more_holdout = sequence.more_holdout.step(_batch(holdout, treated))
    mean = float(np.logaddexp(more_treated.log_e, more_holdout.log_e) - np.log(2))
    return replace(
        sequence,
        more_treated=more_treated,
        more_holdout=more_holdout,
        highest_log=max(sequence.highest_log, mean),
        open_treated=_Side(),
        open_holdout=_Side(),
    )


def _batch(more: _Side, less: _Side) -> Batch:
    return Batch(
        treated_conversions=more.lost,
        treated_units=more.units,
        holdout_conversions=less.lost,
        holdout_units=less.units,
    )
