"""What the policy is told, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eitp_server.interventions.eligibility import Limits

if TYPE_CHECKING:
    from eitp_server.bandit.choice import Experiment
    from eitp_server.bandit.decision import Decision
    from eitp_server.storage.log import InterventionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator chooses about the policy."""

    experiment: Experiment
    limits: Limits = field(default_factory=Limits)
    attribution_seconds: int = 86_400
    """How long after a decision an outcome is credited to it."""
    half_life_seconds: int = 14 * 86_400
    """Age at which what was learnt counts half: shops and shoppers change."""
    retention_seconds: int = 172_800
    """How long a session is remembered, so that late and repeated reports find it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shopper:
    """Whose moment it is."""

    session_id: str
    tenant_id: str
    visitor_hash: str
    """Pseudonym of the visitor over sessions; empty when there is none."""
    consent_interventions: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the policy made of a moment."""

    decision: Decision
    intervention: InterventionRow | None
    """What to deliver; None when nothing was chosen or the visitor is held out."""
