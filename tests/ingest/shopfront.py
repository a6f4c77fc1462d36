"""Packets and outcomes for the tests of the ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from eitp_server.classification.packet import AbstainReason, Context, Label, Packet, Source
from eitp_server.storage.log import OutcomeRow

if TYPE_CHECKING:
    from eitp_server.ingest.ledger import Ledger

START_US = 1_790_000_000_000_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
CONVERSION, ADD_TO_CART, LEAD, ABANDONMENT, BOUNCE = 1, 2, 3, 4, 5
_PACKET = Packet(
    tenant_id="shop",
    session_id="s",
    packet_id="p",
    number=1,
    sequence=1,
    emitted_at_us=START_US,
    window_start_ms=0,
    window_end_ms=120_000,
    mean=(0.0, 0.3, 0.3, 0.2, 0.4, 0.5, 0.4),
    uncertainty=(0.1,) * 7,
    label=Label.NEUTRAL,
    confidence=0.8,
    abstain_reason=AbstainReason.UNSPECIFIED,
    evidence=(),
    context=Context(page_type=4, cart_bucket=1),
    source=Source.LOCAL,
    model="",
    estimator_version="local/test",
    degraded_reason="",
    suppressed=0,
    valid_until_us=START_US,
    abandonment_risk=0.9,
)


def packet(
    session_id: str = "s",
    *,
    tenant_id: str = "shop",
    at_us: int = START_US,
    label: Label = Label.NEUTRAL,
    confidence: float | None = 0.8,
) -> Packet:
    """Return a shipped packet with a known state."""
    return replace(
        _PACKET,
        tenant_id=tenant_id,
        session_id=session_id,
        packet_id=f"p-{session_id}-{at_us}",
        emitted_at_us=at_us,
        label=label,
        confidence=confidence,
    )


def outcome(kind: int, at_us: int, session_id: str = "s", *, tenant_id: str = "shop") -> OutcomeRow:
    """Return an outcome that happened at `at_us`."""
    return OutcomeRow(
        outcome_id=f"o-{kind}",
        tenant_id=tenant_id,
        session_id=session_id,
        decision_id="",
        kind=kind,
        value_micros=0,
        currency="",
        occurred_at_us=at_us,
        received_at_us=at_us,
    )


def foretell(ledger: Ledger, made: Packet, *, holdout: bool = False) -> None:
    """Keep a first forecast with the label that its packet claims."""
    ledger.foretell(made, risk=made.abandonment_risk or 0.0, holdout=holdout)
    ledger.claim(made)


def lived(
    ledger: Ledger,
    session_id: str,
    *,
    bought: bool,
    label: Label = Label.NEUTRAL,
    confidence: float = 0.8,
    tenant_id: str = "shop",
) -> None:
    """Let a session be foretold, end and be resolved."""
    foretell(
        ledger,
        packet(session_id, tenant_id=tenant_id, label=label, confidence=confidence),
    )
    kind = CONVERSION if bought else ABANDONMENT
    ledger.report(outcome(kind, START_US + 1, session_id, tenant_id=tenant_id), START_US + 1)
    ledger.resolve(START_US + 10 * MINUTE)
