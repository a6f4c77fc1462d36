"""The record of one choice: enough to audit, replay and re-weight it later."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What a posterior is kept for."""

    tenant_id: str
    vertical: str
    label: int
    page_section: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One eligible moment and what was chosen."""

    decision_id: str
    session_id: str
    visitor_hash: str
    cell: Cell
    packet_id: str
    decided_at_us: int
    arms: tuple[str, ...]
    """Definition ids that were eligible; the empty string is 'no intervention'."""
    probabilities: tuple[float, ...]
    """P(choose arm), same order, sums to 1; the holdout is not in it."""
    chosen: str
    """The arm taken; empty for none."""
    propensity: float
    """Total probability of what happened: (1 - holdout share) x p, or the holdout share."""
    draw: float
    """The uniform number that picked the arm, 0..1."""
    holdout: bool
    """True when the visitor is held out: `chosen` says what would have been done."""
    holdout_share: float
    snapshot_id: str
    """Digest of the posterior that gave the probabilities."""
    policy_version: str
