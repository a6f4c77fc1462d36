"""Lifts for tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from eitp_server.bandit.lift import Lift, LiftMethod

PROVEN = Lift(
    estimate=0.01,
    lower_bound=0.004,
    interval_low=0.003,
    interval_high=0.017,
    relative=0.3,
    e_value=90.0,
    p_value=0.01,
    alpha=0.05,
    treated_units=9_000,
    treated_conversions=400,
    holdout_units=1_000,
    holdout_conversions=33,
    effective_sample_size=1_000.0,
    method=LiftMethod.AIPW,
)


def lift(**changed: Any) -> Lift:
    """Return a lift that meets every condition but for what is `changed`."""
    return replace(PROVEN, **changed)
