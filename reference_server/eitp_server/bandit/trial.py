"""A decision whose window has closed, with what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eitp_server.bandit.decision import Decision
    from eitp_server.bandit.guardrail import GuardrailMetric


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A decision and all that will ever be known of what came after it."""

    decision: Decision
    converted: bool
    """The visitor succeeded within the window, and it was heard of within the window."""
    censored: bool = False
    """The outcome can never be known."""
    delivered: bool = False
    """The page says that the intervention was shown, or that it reached it."""
    harms: frozenset[GuardrailMetric] = frozenset()
    """What else was heard of the visitor within the window."""

    @property
    def visitor(self) -> str:
        """Whoever the decision is about."""
        return self.decision.visitor_hash or self.decision.session_id
