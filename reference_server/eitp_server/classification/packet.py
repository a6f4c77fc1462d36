"""The packet as a value: what the server believes about one session, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from eitp_server.signals.signal import Signal

__all__ = [
    "DIMENSIONS",
    "SHIPPED",
    "AbstainReason",
    "Context",
    "Evidence",
    "Label",
    "Packet",
    "Signal",
    "Source",
]

DIMENSIONS = (
    "valence",
    "arousal",
    "urgency",
    "confusion",
    "interest",
    "intent_strength",
    "session_phase",
)
"""The order of every seven-element state; valence lies in -1..1, the others in 0..1."""

SHIPPED = "shipped/1"
"""The calibration of probabilities that no outcome has corrected."""


class Label(IntEnum):
    """The closed set of behavioural labels; numbers are those of `eitp.v1.EmotionLabel`."""

    UNSPECIFIED = 0
    NEUTRAL = 1
    INTEREST = 2
    COMPARISON = 3
    HESITATION = 4
    PRICE_CONCERN = 5
    TRUST_CONCERN = 6
    CONFUSION = 7
    FRUSTRATION = 8
    URGENCY = 9
    EXIT_RISK = 10
    DISENGAGEMENT = 11


class AbstainReason(IntEnum):
    """Why there is no label; numbers are those of `eitp.v1.AbstainReason`."""

    UNSPECIFIED = 0
    INSUFFICIENT_EVIDENCE = 1
    CONFLICTING_EVIDENCE = 2
    LOW_CONFIDENCE = 3
    STALE = 4
    RATE_TOO_LOW = 5
    CONSENT_WITHHELD = 6


class Source(IntEnum):
    """Which stage of the cascade spoke; numbers are those of `eitp.v1.ProvenanceSource`."""

    LOCAL = 1
    TRIAGE = 2
    DEEP = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One signal that moved the state."""

    signal: Signal
    value: float
    """In the unit that `eitp.v1.SignalId` gives for the signal."""
    baseline: float | None
    """The session's own usual value, None while it has none."""
    weight: float
    """Signed pull on the packet's label, in logits."""
    rule_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where in the shop the session stood."""

    vertical: str = ""
    page_type: int = 0
    page_section: int = 0
    region: str = ""
    cart_bucket: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One emotional event of one session."""

    tenant_id: str
    session_id: str
    packet_id: str
    """Hash of session, sequence and ordinal: a replay gives the same."""
    number: int
    """Position in the server's feed, ascending by one over all tenants; 0 when not emitted."""
    sequence: int
    """Last telemetry batch that the packet accounts for."""
    emitted_at_us: int
    """Server time, microseconds since the epoch, UTC."""
    window_start_ms: int
    """Session clock."""
    window_end_ms: int
    mean: tuple[float | None, ...]
    """Seven values in the order of DIMENSIONS, None where unknown."""
    uncertainty: tuple[float | None, ...]
    """Standard deviation of each, None where unknown."""
    label: Label
    confidence: float | None
    abstain_reason: AbstainReason
    evidence: tuple[Evidence, ...]
    context: Context
    source: Source
    model: str
    estimator_version: str
    degraded_reason: str
    suppressed: int
    """Emotional events of this session held back by the hourly limit since the last one sent."""
    valid_until_us: int
    abandonment_risk: float | None = None
    """Probability that the session ends without conversion or lead; None while nothing is known."""
    calibration_version: str = SHIPPED
    """Whose outcomes `confidence` and `abandonment_risk` are calibrated on."""
