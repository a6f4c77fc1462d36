"""Decisions and counts of which it is known what carries over to other verticals."""

from __future__ import annotations

from typing import Any

import numpy as np
from eitp_server.bandit.decision import Cell, Decision
from eitp_server.bandit.study import Trial
from eitp_server.interventions.transfer_counts import TenantCounts

DISCOUNT, HELP_CHAT, CUSTOM = 1, 5, 9
NOW_US = 1_772_409_600_000_000
KINDS = {"discount": DISCOUNT, "chat": HELP_CHAT, "own": CUSTOM}
HELPS = [0.32, 0.30, 0.34, 0.28, 0.31, 0.30, 0.33, 0.29]


def trial(
    number: int,
    *,
    chosen: str = "chat",
    holdout: bool = False,
    converted: bool = False,
    visitor: str = "",
    **changes: Any,
) -> Trial:
    """Return a matured decision for a visitor of its own."""
    cell = Cell(
        tenant_id=changes.pop("tenant_id", "shop"),
        vertical=changes.pop("vertical", "retail"),
        label=changes.pop("label", 4),
        page_section=changes.pop("page_section", 2),
    )
    decision = Decision(
        decision_id=f"d-{number}",
        session_id=f"s-{number}",
        visitor_hash=visitor or f"v-{number}",
        cell=cell,
        packet_id="",
        decided_at_us=NOW_US + number,
        arms=("", "chat", "discount", "own"),
        probabilities=(0.1, 0.3, 0.3, 0.3),
        chosen=chosen,
        propensity=0.27,
        draw=0.5,
        holdout=holdout,
        holdout_share=changes.pop("holdout_share", 0.2),
        snapshot_id="",
        policy_version="",
    )
    return Trial(decision=decision, converted=converted, **changes)


def kind_of(decision: Decision) -> int:
    return KINDS.get(decision.chosen, 0)


def counts(lift: float, units: int = 20_000, rate: float = 0.05, holdout: int = 5_000) -> Any:
    """Return counts whose log odds ratio is `lift`, to rounding."""
    odds = rate / (1 - rate) * np.exp(lift)
    return TenantCounts(
        treated_units=units,
        treated_conversions=round(units * odds / (1 + odds)),
        holdout_units=holdout,
        holdout_conversions=round(holdout * rate),
    )
