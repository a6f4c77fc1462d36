"""The packet as a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eitp.v1.evidence_pb2 import Evidence as EvidenceMessage
from eitp.v1.packet_pb2 import Packet as PacketMessage
from eitp.v1.packet_pb2 import PacketContext, Provenance
from eitp.v1.state_pb2 import EmotionalState, Estimate

from eitp_server.classification.packet import DIMENSIONS
from eitp_server.services.moment import timestamp

if TYPE_CHECKING:
    from eitp_server.classification.packet import Evidence, Packet


def packet_message(packet: Packet) -> PacketMessage:
    """Return the wire form of a packet."""
    return PacketMessage(
        packet_id=packet.packet_id,
        session_id=packet.session_id,
        sequence=packet.sequence,
        emitted_at=timestamp(packet.emitted_at_us),
        window_start_ms=packet.window_start_ms,
        window_end_ms=packet.window_end_ms,
        state=_state(packet),
        label=packet.label.value,  # pyright: ignore[reportArgumentType]  # same numbers, by test
        confidence=packet.confidence,
        abstain_reason=packet.abstain_reason.value,  # pyright: ignore[reportArgumentType]
        evidence=[_evidence(item) for item in packet.evidence],
        context=_context(packet),
        provenance=Provenance(
            source=packet.source.value,  # pyright: ignore[reportArgumentType]
            model=packet.model,
            estimator_version=packet.estimator_version,
            degraded_reason=f"DEGRADED_REASON_{packet.degraded_reason or 'UNSPECIFIED'}",
            calibration_version=packet.calibration_version,
        ),
        valid_until=timestamp(packet.valid_until_us),
        suppressed=packet.suppressed,
        abandonment_risk=packet.abandonment_risk,
    )


def _state(packet: Packet) -> EmotionalState:
    known = {
        name: Estimate(value=mean, uncertainty=uncertainty)
        for name, mean, uncertainty in zip(DIMENSIONS, packet.mean, packet.uncertainty, strict=True)
        if mean is not None and uncertainty is not None
    }
    return EmotionalState(**known)


def _evidence(item: Evidence) -> EvidenceMessage:
    return EvidenceMessage(
        signal=item.signal.value,  # pyright: ignore[reportArgumentType]
        value=item.value,
        baseline=item.baseline,
        weight=item.weight,
        rule_version=item.rule_version,
    )


def _context(packet: Packet) -> PacketContext:
    context = packet.context
    return PacketContext(
        vertical=context.vertical,
        page_type=context.page_type,  # pyright: ignore[reportArgumentType]
        page_section=context.page_section,  # pyright: ignore[reportArgumentType]
        region=context.region,
        cart=context.cart_bucket,  # pyright: ignore[reportArgumentType]
    )
