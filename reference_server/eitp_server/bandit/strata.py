"""Evidence against "it converts no better in any stratum", where strata differ in everything else.

A shop whose customers convert often and whose policy likes an arm makes the arm look good beside
shops where neither is so: the treated of all shops convert more often than the holdout of all
shops although the arm does nothing. So a bet is placed within each stratum, on a ratio of rates
that all strata together suggest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eitp_server.bandit.e_process import (
    BATCH_UNITS,
    PRIOR_CONVERSIONS,
    PRIOR_UNITS,
    Batch,
    EProcess,
    is_bet,
    log_growth,
    plug_in_rate,
)
from eitp_server.bandit.pseudo_outcome import Side

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from eitp_server.bandit.pseudo_outcome import Unit

    Counts = NDArray[np.float64]
    """(strata, 4): conversions and units of the treated, then of the holdout."""

_LEAST_RATE: Final = 0.001
"""Bets assume no rate nearer to 0 or 1: one surprise would cost nearly all."""


class StratifiedEProcess:
    """The product of the strata's own bets, closed every 400 units of all together.

    Given the rates of a bet, which are known before its batch, each stratum's factor is 1 or less
    on average when its treated convert no better than its holdout, and strata are independent: so
    is the product.
    """

    def __init__(self) -> None:
        self.value = EProcess.start()
        """After all batches that are complete."""
        self._rows: dict[str, int] = {}
        self._before = np.zeros((0, 4))
        self._batch = np.zeros((0, 4))
        self._folded = 0

    @property
    def units(self) -> dict[str, int]:
        """The units of both sides by stratum, those of the batch that is not closed included."""
        both = (self._before + self._batch)[:, 1::2].sum(axis=1)
        return {stratum: int(both[row]) for stratum, row in self._rows.items()}

    def fold(self, stratum: str, unit: Unit) -> None:
        """Count a unit whose outcome is 0 or 1."""
        row = self._rows.setdefault(stratum, len(self._rows))
        if row == len(self._batch):
            self._before, self._batch = _longer(self._before), _longer(self._batch)
        if unit.side is not Side.OTHER:
            first = 0 if unit.side is Side.ARM else 2
            self._batch[row, first : first + 2] += (unit.outcome, 1.0)
        self._folded += 1
        if self._folded == BATCH_UNITS:
            self.value = _closed(self.value, self._before, self._batch)
            self._before, self._batch = self._before + self._batch, np.zeros_like(self._batch)
            self._folded = 0

    def dump(self) -> dict[str, Any]:
        """Return the state as JSON values; equal states give equal values."""
        return {
            "value": self.value.dump(),
            "strata": list(self._rows),
            "before": self._before.tolist(),
            "batch": self._batch.tolist(),
            "folded": self._folded,
        }

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> StratifiedEProcess:
        """Return the state from `dump`."""
        loaded = cls()
        loaded.value = EProcess.load(state["value"])
        loaded._rows = {stratum: row for row, stratum in enumerate(state["strata"])}
        loaded._before, loaded._batch = (
            np.array(state[name], dtype=np.float64).reshape(-1, 4) for name in ("before", "batch")
        )
        loaded._folded = state["folded"]
        return loaded


def _closed(value: EProcess, before: Counts, counts: Counts) -> EProcess:
    treated_rate, holdout_rate = _rates(before)
    columns, sums = counts.T, counts.sum(axis=0)
    batch = Batch(
        treated_conversions=columns[0],
        treated_units=columns[1],
        holdout_conversions=columns[2],
        holdout_units=columns[3],
    )
    growth = log_growth(batch, treated_rate=treated_rate, holdout_rate=holdout_rate)
    placed = is_bet(batch, treated_rate=treated_rate, holdout_rate=holdout_rate)
    log_e = value.log_e + growth.sum()
    return EProcess(
        log_e=np.asarray(log_e),
        highest_log_e=np.maximum(value.highest_log_e, log_e),
        bets=np.asarray(value.bets + placed.max(initial=0.0)),
        treated_conversions=np.asarray(value.treated_conversions + sums[0]),
        treated_units=np.asarray(value.treated_units + sums[1]),
        holdout_conversions=np.asarray(value.holdout_conversions + sums[2]),
        holdout_units=np.asarray(value.holdout_units + sums[3]),
    )


def _rates(before: Counts) -> tuple[Counts, Counts]:
    """Return the rate that a bet assumes of either side of each stratum, each (strata,).

    A stratum's own rate of both sides, drawn towards that of all strata, and apart by the ratio
    that all strata together show: that of Mantel and Haenszel, drawn towards 1 while little is
    known. A difference instead of a ratio would put the holdout of a stratum with a low rate near
    0, and its first conversion would cost nearly all.
    """
    won, treated, lost, holdout = before.T
    units = treated + holdout
    overall = plug_in_rate((won + lost).sum(), units.sum())
    rate = (PRIOR_UNITS * overall + won + lost) / (PRIOR_UNITS + units)
    share = np.divide(treated, units, out=np.full_like(units, 0.5), where=units > 0)
    gained, missed = (won * (1 - share)).sum(), (lost * share).sum()
    ratio = (PRIOR_CONVERSIONS + gained) / (PRIOR_CONVERSIONS + missed)
    base = rate / (1 - share + share * ratio)
    treated_rate, holdout_rate = (
        np.clip(side, _LEAST_RATE, 1 - _LEAST_RATE) for side in (ratio * base, base)
    )
    return treated_rate, holdout_rate


def _longer(counts: Counts) -> Counts:
    return np.concatenate([counts, np.zeros((1, 4))])
