"""How much more often an outcome happens with a treatment than without it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


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
