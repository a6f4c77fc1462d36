"""An entry of a tenant's catalogue: what may be shown, and when it fits."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from eitp_server.classification.packet import Label

if TYPE_CHECKING:
    from collections.abc import Mapping


class InterventionKind(IntEnum):
    """What an intervention is; numbers are those of `eitp.v1.InterventionKind`."""

    DISCOUNT = 1
    TRUST_BADGE = 2
    URGENCY_BANNER = 3
    SOCIAL_PROOF = 4
    HELP_CHAT = 5
    VALUE_HIGHLIGHT = 6
    COMPARISON = 7
    EXIT_OFFER = 8
    CUSTOM = 9


STATING_A_FACT = frozenset({InterventionKind.URGENCY_BANNER, InterventionKind.SOCIAL_PROOF})
"""Kinds that press the shopper with a claim, which must be true and checkable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One intervention as its tenant defined it."""

    definition_id: str
    tenant_id: str
    revision: int = 0
    """Counts the changes from 1; the catalogue sets it."""
    epoch: int = 0
    """The revision at which what the shopper sees was last changed; the catalogue sets it."""
    kind: InterventionKind
    title: str
    body: str = ""
    action_url: str = ""
    offer_id: str = ""
    labels: frozenset[Label]
    """The triggers."""
    min_confidence: float = 0.6
    """Lowest confidence of the label, 0..1."""
    page_types: frozenset[int] = frozenset()
    """`eitp.v1.PageType` numbers; empty means any."""
    page_sections: frozenset[int] = frozenset()
    """`eitp.v1.PageSection` numbers; empty means any."""
    priority: int = 50
    """0..100; when there are more arms than a decision takes, the highest compete."""
    cool_down_seconds: float = 900.0
    """Least time between two showings in one session."""
    session_cap: int = 2
    """Most showings in one session."""
    time_to_live_seconds: float = 30.0
    """How long after the decision it may still be shown."""
    fact: str = ""
    fact_source: str = ""
    """Where the fact can be checked."""
    enabled: bool = True

    @property
    def needs_fact(self) -> bool:
        """Whether the text claims something about stock, time or other customers."""
        return self.kind in STATING_A_FACT

    @property
    def appearance(self) -> tuple[object, ...]:
        """What the shopper sees, but for the figure in a fact: it may change by the minute."""
        return (
            self.kind,
            self.title,
            self.body,
            self.action_url,
            self.offer_id,
            bool(self.fact),
            self.fact_source,
        )


def to_json(definition: Definition) -> dict[str, Any]:
    """Return the definition as JSON values, sets in ascending order."""
    return {
        **{item.name: getattr(definition, item.name) for item in fields(Definition)},
        "kind": int(definition.kind),
        "labels": sorted(map(int, definition.labels)),
        "page_types": sorted(definition.page_types),
        "page_sections": sorted(definition.page_sections),
    }


def from_json(state: Mapping[str, Any]) -> Definition:
    """Return the definition that `to_json` was given."""
    typed: dict[str, Any] = {
        "kind": InterventionKind(state["kind"]),
        "labels": frozenset(map(Label, state["labels"])),
        "page_types": frozenset(state["page_types"]),
        "page_sections": frozenset(state["page_sections"]),
    }
    return Definition(**{**state, **typed})
