"""How much more often an outcome happens with a treatment than without it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from eitp_server.bandit.confidence_sequence import (
    ALPHA,
    TIGHTEST_AT,
    difference_variance,
    interval,
    lower_bound,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp_server.bandit.e_process import EProcess
    from eitp_server.bandit.pseudo_outcome import EffectSums

LEAST_EFFECTIVE_SAMPLE_SIZE = 100.0
"""Below it an estimate and its bounds are withheld."""
CONSTANT_SHARE_TOLERANCE = 1e-9


class LiftMethod(IntEnum):
    """How a difference is estimated; the numbers are the protocol's."""

    DIFFERENCE = 1
    """Plain difference of two proportions: the shares of both sides never change."""
    AIPW = 2
    """Augmented inverse-propensity weighting: a policy shifts the shares of the arms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """A lift as it is reported; fields, units and absences are those of the protocol's message."""

    estimate: float | None = None
    """Treated rate minus holdout rate, cut to -1..1."""
    lower_bound: float | None = None
    """One-sided; what decisions rest on."""
    interval_low: float | None = None
    interval_high: float | None = None
    relative: float | None = None
    e_value: float | None = None
    p_value: float | None = None
    alpha: float
    treated_units: int
    treated_conversions: int
    holdout_units: int
    holdout_conversions: int
    effective_sample_size: float
    method: LiftMethod

    def dump(self) -> list[Any]:
        """Return the lift as JSON values; equal lifts give equal values."""
        return [getattr(self, name) for name in self.__slots__]

    @classmethod
    def load(cls, state: Sequence[Any]) -> Lift:
        """Return the lift from `dump`."""
        fields = dict(zip(cls.__slots__, state, strict=True))
        return cls(**{**fields, "method": LiftMethod(fields["method"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """Conversions that would not have happened without the treatment, bounds as those of a lift."""

    estimate: float
    lower_bound: float
    interval_low: float
    interval_high: float


def difference(
    sums: EffectSums,
    evidence: EProcess,
    *,
    alpha: float = ALPHA,
    tightest_at: float = TIGHTEST_AT,
) -> Lift:
    """Return the lift of all treated units together, whose share never changed.

    `sums` and `evidence` saw the same units, outcomes 0 or 1.
    """
    treated, holdout = sums.arm, sums.holdout
    lift = _withheld(sums, evidence, alpha=alpha, method=LiftMethod.DIFFERENCE)
    if lift.effective_sample_size < LEAST_EFFECTIVE_SAMPLE_SIZE:
        return lift
    rate, base = treated.total / treated.units, holdout.total / holdout.units
    square = difference_variance(treated.total, treated.units, holdout.total, holdout.units)
    units = treated.units + holdout.units
    found = _Estimate(value=rate - base, base=base, variance=float(square) * units, units=units)
    return _reported(lift, found, tightest_at)


def weighted(
    sums: EffectSums,
    evidence: EProcess,
    *,
    alpha: float = ALPHA,
    tightest_at: float = TIGHTEST_AT,
) -> Lift:
    """Return the lift of one arm whose share a policy kept shifting.

    `sums` and `evidence` saw the same units, outcomes 0 or 1.
    """
    lift = _withheld(sums, evidence, alpha=alpha, method=LiftMethod.AIPW)
    if lift.effective_sample_size < LEAST_EFFECTIVE_SAMPLE_SIZE:
        return lift
    found = _Estimate(
        value=sums.mean, base=sums.holdout_mean, variance=sums.variance, units=sums.units
    )
    return _reported(lift, found, tightest_at)


def overall(
    sums: EffectSums,
    evidence: EProcess,
    *,
    alpha: float = ALPHA,
    tightest_at: float = TIGHTEST_AT,
) -> Lift:
    """Return the lift of the system: the plain difference unless the holdout's share was changed.

    The arm is then "treated, whatever was chosen". Mixing times of different shares in a plain
    difference would compare customers of one season with those of another.
    """
    method = difference if _is_constant(sums) else weighted
    return method(sums, evidence, alpha=alpha, tightest_at=tightest_at)


def gain(lift: Lift) -> Gain | None:
    """Return how many conversions the treatment added to those it was given to.

    The lift times the treated units, so that its bounds hold at all times as well. Absent while the
    lift is withheld.
    """
    if (
        lift.estimate is None
        or lift.lower_bound is None
        or lift.interval_low is None
        or lift.interval_high is None
    ):
        return None
    return Gain(
        estimate=lift.estimate * lift.treated_units,
        lower_bound=lift.lower_bound * lift.treated_units,
        interval_low=lift.interval_low * lift.treated_units,
        interval_high=lift.interval_high * lift.treated_units,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Estimate:
    value: float
    base: float
    """The rate without treatment."""
    variance: float
    """Of one unit's part."""
    units: int


def _reported(lift: Lift, found: _Estimate, tightest_at: float) -> Lift:
    value, variance, units = found.value, found.variance, found.units
    both = interval(value, variance, units, alpha=lift.alpha, tightest_at=tightest_at)
    low = lower_bound(value, variance, units, alpha=lift.alpha, tightest_at=tightest_at)
    is_known = lift.holdout_conversions > 0 and found.base > 0
    return replace(
        lift,
        estimate=min(max(value, -1.0), 1.0),
        lower_bound=float(low),
        interval_low=float(both.low),
        interval_high=float(both.high),
        relative=max(value / found.base, -1.0) if is_known else None,
    )


def _withheld(sums: EffectSums, evidence: EProcess, *, alpha: float, method: LiftMethod) -> Lift:
    """Return the lift without its estimate: what is known in any case."""
    is_bet = bool(evidence.bets > 0)
    return Lift(
        e_value=float(evidence.e_value) if is_bet else None,
        p_value=float(evidence.p_value) if is_bet else None,
        alpha=alpha,
        treated_units=sums.arm.units,
        treated_conversions=round(sums.arm.total),
        holdout_units=sums.holdout.units,
        holdout_conversions=round(sums.holdout.total),
        effective_sample_size=sums.effective_sample_size,
        method=method,
    )


def _is_constant(sums: EffectSums) -> bool:
    """Return whether every unit had the same probability of the holdout."""
    spread = sums.holdout.units - sums.holdout.effective_sample_size
    return spread <= CONSTANT_SHARE_TOLERANCE * sums.holdout.units
