"""The effect of one arm although a policy kept shifting its share: weighted pseudo-outcomes."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from eitp_server.bandit.e_process import PRIOR_CONVERSIONS, PRIOR_UNITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from eitp_server.bandit.confidence_sequence import Values, Vector


class Side(IntEnum):
    """What happened to a unit, as seen from one arm."""

    OTHER = 0
    """Another arm was chosen, 'no intervention' included."""
    ARM = 1
    HOLDOUT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One matured unit for which the arm was eligible, whatever was chosen."""

    side: Side
    outcome: float
    """1 for a conversion and 0 for none, or the harm that a guardrail watches."""
    arm_propensity: float
    """Total probability that the arm had, (0, 1]: (1 - holdout share) x its share."""
    holdout_share: float
    """Probability that the holdout had, (0, 1)."""


def pseudo_outcome(
    outcome: Values,
    *,
    in_arm: NDArray[np.bool_] | bool,
    in_holdout: NDArray[np.bool_] | bool,
    arm_propensity: Values,
    holdout_share: Values,
    arm_regressor: Values = 0.0,
    holdout_regressor: Values = 0.0,
) -> Vector:
    """Return phi, whose mean given the past is the effect of the arm, for units of any shape.

    The augmented inverse-propensity score of Robins, Rotnitzky & Zhao 1994, with propensities as
    they were logged. The regressors are guesses of the mean outcome on either side, made from
    earlier units alone: they may be wrong, which widens the bounds and shifts nothing.
    """
    treated = _corrected(outcome, in_arm, arm_propensity, arm_regressor)
    return treated - _corrected(outcome, in_holdout, holdout_share, holdout_regressor)


@dataclass(frozen=True, slots=True, kw_only=True)
class SideSums:
    """What one side adds up to."""

    units: int = 0
    total: float = 0.0
    """Sum of the outcomes: for an outcome of 0 or 1 the conversions."""
    weight: float = 0.0
    """Sum of the inverse propensities."""
    squared_weight: float = 0.0

    @property
    def regressor(self) -> float:
        """The mean outcome that the next unit is expected to have."""
        return (PRIOR_CONVERSIONS + self.total) / (PRIOR_UNITS + self.units)

    @property
    def effective_sample_size(self) -> float:
        """Kish's (sum w)^2 / sum w^2; 0 without units."""
        # Rounded, so that a hundred equal weights are a hundred units and not one bit less.
        return round(self.weight**2 / self.squared_weight, 9) if self.units else 0.0

    def fold(self, outcome: float, propensity: float) -> SideSums:
        """Return the sums with one more unit."""
        weight = 1.0 / propensity
        return SideSums(
            units=self.units + 1,
            total=self.total + outcome,
            weight=self.weight + weight,
            squared_weight=self.squared_weight + weight * weight,
        )

    def __add__(self, other: SideSums) -> SideSums:
        return SideSums(
            units=self.units + other.units,
            total=self.total + other.total,
            weight=self.weight + other.weight,
            squared_weight=self.squared_weight + other.squared_weight,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectSums:
    """All that the effect of one arm is computed from, whatever the number of units.

    Units are folded in the order in which they were decided, once their outcome window has passed:
    a conversion that is folded as soon as it happens would outrun the failures of its time.
    """

    units: int = 0
    phi: float = 0.0
    squared_phi: float = 0.0
    baseline: float = 0.0
    """Sum of the holdout's part of phi: its mean estimates the rate without treatment."""
    arm: SideSums = SideSums()
    holdout: SideSums = SideSums()

    @property
    def mean(self) -> float:
        """The estimated effect; 0 without units."""
        return self.phi / max(self.units, 1)

    @property
    def variance(self) -> float:
        """The variance of one phi, 0 or more."""
        return max(self.squared_phi / max(self.units, 1) - self.mean**2, 0.0)

    @property
    def holdout_mean(self) -> float:
        """The estimated mean outcome without treatment; 0 without units."""
        return self.baseline / max(self.units, 1)

    @property
    def effective_sample_size(self) -> float:
        """Of the side that has less."""
        return min(self.arm.effective_sample_size, self.holdout.effective_sample_size)

    def fold(self, unit: Unit) -> EffectSums:
        """Return the sums with one more unit.

        Raises ValueError for propensities outside their range: a unit for which the arm was not
        eligible says nothing about it, and without a holdout there is no effect to estimate.
        """
        _check(unit)
        arm_mean, holdout_mean = self.arm.regressor, self.holdout.regressor
        treated, baseline = arm_mean, holdout_mean
        arm, holdout = self.arm, self.holdout
        if unit.side is Side.ARM:
            treated += (unit.outcome - arm_mean) / unit.arm_propensity
            arm = arm.fold(unit.outcome, unit.arm_propensity)
        elif unit.side is Side.HOLDOUT:
            baseline += (unit.outcome - holdout_mean) / unit.holdout_share
            holdout = holdout.fold(unit.outcome, unit.holdout_share)
        phi = treated - baseline
        return EffectSums(
            units=self.units + 1,
            phi=self.phi + phi,
            squared_phi=self.squared_phi + phi * phi,
            baseline=self.baseline + baseline,
            arm=arm,
            holdout=holdout,
        )

    def __add__(self, other: EffectSums) -> EffectSums:
        """Return the sums over the units of both, each with the regressors of its own past."""
        return EffectSums(
            units=self.units + other.units,
            phi=self.phi + other.phi,
            squared_phi=self.squared_phi + other.squared_phi,
            baseline=self.baseline + other.baseline,
            arm=self.arm + other.arm,
            holdout=self.holdout + other.holdout,
        )

    def dump(self) -> list[Any]:
        """Return the sums as JSON values; equal sums give equal values."""
        own = [self.units, self.phi, self.squared_phi, self.baseline]
        return [*own, list(astuple(self.arm)), list(astuple(self.holdout))]

    @classmethod
    def load(cls, state: Sequence[Any]) -> EffectSums:
        """Return the sums from `dump`."""
        units, phi, squared_phi, baseline, arm, holdout = state
        return cls(
            units=units,
            phi=phi,
            squared_phi=squared_phi,
            baseline=baseline,
            arm=_side(arm),
            holdout=_side(holdout),
        )


def _corrected(
    outcome: Values, on_side: NDArray[np.bool_] | bool, propensity: Values, regressor: Values
) -> Vector:
    surprise = np.asarray((outcome - regressor) / propensity, dtype=np.float64)
    return np.where(on_side, surprise, 0.0) + np.asarray(regressor, dtype=np.float64)


def _check(unit: Unit) -> None:
    if not 0 < unit.arm_propensity <= 1:
        raise ValueError(
            f"arm_propensity is {unit.arm_propensity}, not in (0, 1]: leave units out for which "
            "the arm was not eligible"
        )
    if not 0 < unit.holdout_share < 1:
        raise ValueError(
            f"holdout_share is {unit.holdout_share}, not in (0, 1): without a holdout no effect "
            "can be estimated"
        )


def _side(state: Sequence[Any]) -> SideSums:
    units, total, weight, squared_weight = state
    return SideSums(units=units, total=total, weight=weight, squared_weight=squared_weight)
