"""What a tick writes: its envelope and everything that the envelope caused."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Text
from sqlmodel import Field

from eitp_server.storage.tables.record import Record


class Envelope(Record, table=True):
    """The inputs of one tick, as the reducer replays them."""

    __tablename__ = "envelopes"

    tick: int = Field(
        # SQLite makes only an INTEGER key the row's own position; any other costs a second tree.
        sa_column=Column(
            BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False
        )
    )
    crc: int = Field(sa_type=BigInteger)
    """CRC-32 over the tick (8 bytes, big endian) and the payload."""
    payload: bytes


class EmotionalEvent(Record, table=True):
    """One emitted packet."""

    __tablename__ = "emotional_events"
    __table_args__ = (
        Index(None, "tenant_id", "number"),
        Index(None, "tenant_id", "session_id", "number"),
    )

    tenant_id: str = Field(primary_key=True)
    packet_id: str = Field(primary_key=True)
    session_id: str
    number: int = Field(sa_type=BigInteger, unique=True)
    sequence: int = Field(sa_type=BigInteger)
    emitted_at_us: int = Field(sa_type=BigInteger)
    window_start_ms: int = Field(sa_type=BigInteger)
    window_end_ms: int = Field(sa_type=BigInteger)
    valence: float | None
    arousal: float | None
    urgency: float | None
    confusion: float | None
    interest: float | None
    intent_strength: float | None
    session_phase: float | None
    valence_uncertainty: float | None
    arousal_uncertainty: float | None
    urgency_uncertainty: float | None
    confusion_uncertainty: float | None
    interest_uncertainty: float | None
    intent_strength_uncertainty: float | None
    session_phase_uncertainty: float | None
    label: int
    confidence: float | None
    abstain_reason: int
    evidence: str = Field(sa_type=Text)
    """JSON array of objects with the fields of `Evidence`, the signal by its number."""
    vertical: str
    page_type: int
    page_section: int
    region: str
    cart_bucket: int
    source: int
    model: str
    estimator_version: str
    degraded_reason: str
    suppressed: int = Field(sa_type=BigInteger)
    valid_until_us: int = Field(sa_type=BigInteger)
    abandonment_risk: float | None
    calibration_version: str | None
    """NULL in packets that were stored before there was any."""


class RecordedDecision(Record, table=True):
    """One eligible moment and what the policy chose."""

    __tablename__ = "decisions"
    __table_args__ = (
        Index(None, "tenant_id", "decided_at_us", "decision_id"),
        Index(None, "tenant_id", "session_id", "decided_at_us"),
    )

    tenant_id: str = Field(primary_key=True)
    decision_id: str = Field(primary_key=True)
    session_id: str
    visitor_hash: str
    vertical: str
    label: int
    page_section: int
    packet_id: str
    decided_at_us: int = Field(sa_type=BigInteger)
    arms: str = Field(sa_type=Text)
    """JSON array of definition ids; the empty string is 'no intervention'."""
    probabilities: str = Field(sa_type=Text)
    """JSON array, in the order of `arms`."""
    chosen: str
    propensity: float
    draw: float
    holdout: bool
    holdout_share: float
    snapshot_id: str
    policy_version: str
    epochs: str | None = Field(sa_type=Text)
    """JSON array in the order of `arms`: the revision at which what the shopper sees of each was
    last changed, 0 for 'no intervention'. NULL in decisions stored before there was any."""


class CensoredDecision(Record, table=True):
    """A decision whose outcome can never be known."""

    __tablename__ = "censored_decisions"

    tenant_id: str = Field(primary_key=True)
    decision_id: str = Field(primary_key=True)
    at_us: int = Field(sa_type=BigInteger)


class StoppedIntervention(Record, table=True):
    """An intervention that a guardrail stopped."""

    __tablename__ = "stopped_interventions"

    tenant_id: str = Field(primary_key=True)
    definition_id: str = Field(primary_key=True)
    epoch: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    """The revision at which what the shopper sees was last changed; a later one may run again."""
    metric: int
    """A `eitp.v1.GuardrailMetric`."""
    at_us: int = Field(sa_type=BigInteger)


class Intervention(Record, table=True):
    """One intervention that was triggered for one session."""

    __tablename__ = "interventions"
    __table_args__ = (
        Index(None, "tenant_id", "number"),
        Index(None, "tenant_id", "session_id", "number"),
        Index(None, "tenant_id", "created_at_us", "intervention_id"),
        Index(None, "tenant_id", "decision_id"),
    )

    tenant_id: str = Field(primary_key=True)
    intervention_id: str = Field(primary_key=True)
    decision_id: str
    session_id: str
    definition_id: str
    definition_revision: int = Field(sa_type=BigInteger)
    number: int = Field(sa_type=BigInteger, unique=True)
    created_at_us: int = Field(sa_type=BigInteger)
    expires_at_us: int = Field(sa_type=BigInteger)


class Acknowledgement(Record, table=True):
    """The first time that a page reported a disposition of an intervention."""

    __tablename__ = "acknowledgements"

    tenant_id: str = Field(primary_key=True)
    intervention_id: str = Field(primary_key=True)
    disposition: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at_us: int = Field(sa_type=BigInteger)


class Outcome(Record, table=True):
    """One reported outcome and the decision it was credited to."""

    __tablename__ = "outcomes"
    __table_args__ = (
        Index(None, "tenant_id", "received_at_us", "outcome_id"),
        Index(None, "tenant_id", "decision_id"),
    )

    tenant_id: str = Field(primary_key=True)
    outcome_id: str = Field(primary_key=True)
    session_id: str
    decision_id: str
    kind: int
    value_micros: int = Field(sa_type=BigInteger)
    currency: str
    occurred_at_us: int = Field(sa_type=BigInteger)
    received_at_us: int = Field(sa_type=BigInteger)


class Forecast(Record, table=True):
    """The first forecast of one session and how the session ended."""

    __tablename__ = "forecasts"
    __table_args__ = (
        Index(None, "tenant_id", "resolved_at_us"),
        Index(None, "tenant_id", "session_id"),
    )

    tenant_id: str = Field(primary_key=True)
    packet_id: str = Field(primary_key=True)
    session_id: str
    forecast_at_us: int = Field(sa_type=BigInteger)
    label: int
    risk_logit: float
    page_only_logit: float
    duration_only_logit: float
    risk: float
    risk_model: str
    estimator_version: str
    holdout: bool
    treated: bool
    abandoned: bool | None
    """NULL when the forecast does not count."""
    resolution: int
    """A `Resolution`."""
    resolved_at_us: int = Field(sa_type=BigInteger)


class DeadLetter(Record, table=True):
    """One input that the reducer could not apply."""

    __tablename__ = "dead_letters"

    tenant_id: str = Field(primary_key=True)
    tick: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    ordinal: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    """Position among the dead letters of the tick."""
    error: str = Field(sa_type=Text)
    payload: bytes
