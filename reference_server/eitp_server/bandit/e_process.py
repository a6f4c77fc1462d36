"""Evidence against "the treatment converts no better", which may be looked at at any time.

A bet is placed on each batch with the rates of the batches before it. Under any truth p_t <= p_c
the capital E grows on average by no more than a factor of 1: with q_0 the pooled rate of the bet,
a batch multiplies it on average by

    prod (1 + (p_i - q_0) (q_i - q_0) / (q_0 (1 - q_0))) <= exp(D (p_t - p_c) / (q_0 (1 - q_0)))

where i runs over the units of both sides and D = n_t (q_t - q_0) = n_c (q_0 - q_c) >= 0, because
1 + x <= exp(x). Only the mean rates p_t and p_c of a batch's two sides matter: a base rate that
drifts from batch to batch, or policies that shift between batches, do no harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import xlog1py, xlogy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eitp_server.bandit.confidence_sequence import Values, Vector

BATCH_UNITS = 400
"""Units of a scope, of whatever side, after which a server closes a batch."""
PRIOR_CONVERSIONS = 1.0
PRIOR_UNITS = 20.0
"""Before the first batch both sides look as if 20 units had converted at 5 %."""
LARGEST_LOG = 700.0
"""Natural logarithms above it are cut off when an e-value is shown: it stays finite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one batch saw; numbers, or arrays of one shape for as many replications."""

    treated_conversions: Values
    treated_units: Values
    holdout_conversions: Values
    holdout_units: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class EProcess:
    """The capital after all batches so far; each field is an array of the shape of `start`."""

    log_e: Vector
    """Natural logarithm of the e-value now."""
    highest_log_e: Vector
    """The largest value of log_e so far, 0 or more."""
    bets: Vector
    """Batches that a bet was placed on."""
    treated_conversions: Vector
    treated_units: Vector
    holdout_conversions: Vector
    holdout_units: Vector

    @classmethod
    def start(cls, shape: tuple[int, ...] = ()) -> EProcess:
        """Return the capital of 1 before the first batch, once or for each place of `shape`."""
        none = np.zeros(shape)
        return cls(
            log_e=none,
            highest_log_e=none,
            bets=none,
            treated_conversions=none,
            treated_units=none,
            holdout_conversions=none,
            holdout_units=none,
        )

    def step(self, batch: Batch) -> EProcess:
        """Return the capital after `batch`."""
        treated_rate = plug_in_rate(self.treated_conversions, self.treated_units)
        holdout_rate = plug_in_rate(self.holdout_conversions, self.holdout_units)
        log_e = self.log_e + log_growth(batch, treated_rate=treated_rate, holdout_rate=holdout_rate)
        placed = is_bet(batch, treated_rate=treated_rate, holdout_rate=holdout_rate)
        return EProcess(
            log_e=np.asarray(log_e),
            highest_log_e=np.maximum(self.highest_log_e, log_e),
            bets=np.asarray(self.bets + placed),
            treated_conversions=np.asarray(self.treated_conversions + batch.treated_conversions),
            treated_units=np.asarray(self.treated_units + batch.treated_units),
            holdout_conversions=np.asarray(self.holdout_conversions + batch.holdout_conversions),
            holdout_units=np.asarray(self.holdout_units + batch.holdout_units),
        )

    @property
    def e_value(self) -> Vector:
        """The capital now, above 0: its mean is at most 1 if the treatment is no better."""
        return np.exp(np.minimum(self.log_e, LARGEST_LOG))

    @property
    def p_value(self) -> Vector:
        """The anytime-valid p-value, by Ville's inequality 1 / the highest capital; never rises."""
        return np.exp(-self.highest_log_e)

    def dump(self) -> dict[str, Any]:
        """Return the state as JSON values; equal states give equal values."""
        return {name: getattr(self, name).tolist() for name in self.__slots__}

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> EProcess:
        """Return the state from `dump`."""
        fields = {name: np.asarray(state[name], dtype=np.float64) for name in cls.__slots__}
        return cls(**fields)


def plug_in_rate(conversions: Values, units: Values) -> Vector:
    """Return the rate that a bet assumes after `units` units of one side, in (0, 1)."""
    return np.asarray((PRIOR_CONVERSIONS + conversions) / (PRIOR_UNITS + units))


def is_bet(batch: Batch, *, treated_rate: Vector, holdout_rate: Vector) -> Vector:
    """Return 1 where both sides have units and a higher rate is expected of the treated, else 0."""
    both = np.minimum(batch.treated_units, batch.holdout_units) > 0
    return np.where(both & (treated_rate > holdout_rate), 1.0, 0.0)


def log_growth(batch: Batch, *, treated_rate: Vector, holdout_rate: Vector) -> Vector:
    """Return the natural logarithm of the factor by which `batch` changes the capital.

    Turner, Ly & Grünwald, "Generic E-variables for exact sequential k-sample tests that allow for
    optional stopping", with the rates, in (0, 1), plugged in that earlier batches suggest.
    """
    units = np.maximum(np.asarray(batch.treated_units + batch.holdout_units), 1.0)
    treated_share = np.asarray(batch.treated_units / units)
    pooled = holdout_rate + treated_share * (treated_rate - holdout_rate)
    growth = sum(
        xlogy(conversions, rate / pooled)
        + xlog1py(np.asarray(size) - conversions, (pooled - rate) / (1 - pooled))
        for conversions, size, rate in (
            (batch.treated_conversions, batch.treated_units, treated_rate),
            (batch.holdout_conversions, batch.holdout_units, holdout_rate),
        )
    )
    placed = is_bet(batch, treated_rate=treated_rate, holdout_rate=holdout_rate) > 0
    return np.where(placed, growth, 0.0)
