"""The catalogue that a tenant starts with: eight texts that are true for any shop."""

from __future__ import annotations

from dataclasses import replace

from eitp_server.classification.packet import Label
from eitp_server.interventions.definition import Definition, InterventionKind


def default_definitions(tenant_id: str) -> tuple[Definition, ...]:
    """Return the default eight for a tenant, each at revision 1.

    Two of them claim something about stock or other customers and stay ineligible until the tenant
    supplies the fact and its source.
    """
    return tuple(replace(item, tenant_id=tenant_id, revision=1, epoch=1) for item in _DEFAULTS)


_DEFAULTS = (
    Definition(
        definition_id="help-chat",
        tenant_id="",
        kind=InterventionKind.HELP_CHAT,
        title="Can we help?",
        body="If something here is unclear or does not work, ask us. We answer in this window.",
        labels=frozenset({Label.CONFUSION, Label.FRUSTRATION}),
        min_confidence=0.5,
        priority=90,
        time_to_live_seconds=5.0,
    ),
    Definition(
        definition_id="trust-badges",
        tenant_id="",
        kind=InterventionKind.TRUST_BADGE,
        title="Before you decide",
        body="Read how payment, returns and warranty work in this shop.",
        labels=frozenset({Label.TRUST_CONCERN}),
        min_confidence=0.5,
        priority=70,
    ),
    Definition(
        definition_id="comparison",
        tenant_id="",
        kind=InterventionKind.COMPARISON,
        title="See them side by side",
        body="Put the products you looked at next to each other.",
        labels=frozenset({Label.COMPARISON}),
        min_confidence=0.5,
        priority=60,
    ),
    Definition(
        definition_id="value-highlight",
        tenant_id="",
        kind=InterventionKind.VALUE_HIGHLIGHT,
        title="What is included",
        body="See everything that comes with it at this price.",
        labels=frozenset({Label.PRICE_CONCERN, Label.HESITATION}),
        min_confidence=0.5,
        priority=60,
    ),
    Definition(
        definition_id="discount",
        tenant_id="",
        kind=InterventionKind.DISCOUNT,
        title="Is the price the question?",
        body="Check whether one of our current offers applies to your selection.",
        labels=frozenset({Label.PRICE_CONCERN, Label.HESITATION}),
        min_confidence=0.6,
        priority=50,
        session_cap=1,
    ),
    Definition(
        definition_id="exit-offer",
        tenant_id="",
        kind=InterventionKind.EXIT_OFFER,
        title="Leaving already?",
        body="Keep your selection and come back to it whenever you like.",
        labels=frozenset({Label.EXIT_RISK, Label.DISENGAGEMENT}),
        min_confidence=0.6,
        priority=50,
        session_cap=1,
        time_to_live_seconds=10.0,
    ),
    Definition(
        definition_id="social-proof",
        tenant_id="",
        kind=InterventionKind.SOCIAL_PROOF,
        title="From other customers",
        labels=frozenset({Label.INTEREST, Label.HESITATION, Label.TRUST_CONCERN}),
        min_confidence=0.5,
        priority=40,
    ),
    Definition(
        definition_id="urgency-banner",
        tenant_id="",
        kind=InterventionKind.URGENCY_BANNER,
        title="Good to know",
        labels=frozenset({Label.HESITATION, Label.URGENCY}),
        min_confidence=0.6,
        priority=30,
        session_cap=1,
    ),
)
