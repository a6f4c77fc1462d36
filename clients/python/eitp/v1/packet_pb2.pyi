import datetime

from buf.validate import validate_pb2 as _validate_pb2
from eitp.v1 import evidence_pb2 as _evidence_pb2
from eitp.v1 import page_pb2 as _page_pb2
from eitp.v1 import state_pb2 as _state_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ProvenanceSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROVENANCE_SOURCE_UNSPECIFIED: _ClassVar[ProvenanceSource]
    PROVENANCE_SOURCE_LOCAL: _ClassVar[ProvenanceSource]
    PROVENANCE_SOURCE_TRIAGE: _ClassVar[ProvenanceSource]
    PROVENANCE_SOURCE_DEEP: _ClassVar[ProvenanceSource]

class DegradedReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEGRADED_REASON_UNSPECIFIED: _ClassVar[DegradedReason]
    DEGRADED_REASON_NO_PROVIDER: _ClassVar[DegradedReason]
    DEGRADED_REASON_BUDGET: _ClassVar[DegradedReason]
    DEGRADED_REASON_RATE_LIMITED: _ClassVar[DegradedReason]
    DEGRADED_REASON_UPSTREAM: _ClassVar[DegradedReason]
    DEGRADED_REASON_REFUSED: _ClassVar[DegradedReason]
    DEGRADED_REASON_PROTOCOL: _ClassVar[DegradedReason]
    DEGRADED_REASON_STALE: _ClassVar[DegradedReason]
PROVENANCE_SOURCE_UNSPECIFIED: ProvenanceSource
PROVENANCE_SOURCE_LOCAL: ProvenanceSource
PROVENANCE_SOURCE_TRIAGE: ProvenanceSource
PROVENANCE_SOURCE_DEEP: ProvenanceSource
DEGRADED_REASON_UNSPECIFIED: DegradedReason
DEGRADED_REASON_NO_PROVIDER: DegradedReason
DEGRADED_REASON_BUDGET: DegradedReason
DEGRADED_REASON_RATE_LIMITED: DegradedReason
DEGRADED_REASON_UPSTREAM: DegradedReason
DEGRADED_REASON_REFUSED: DegradedReason
DEGRADED_REASON_PROTOCOL: DegradedReason
DEGRADED_REASON_STALE: DegradedReason

class Provenance(_message.Message):
    __slots__ = ("source", "model", "estimator_version", "degraded_reason", "prompt_version", "patterns_version", "calibration_version")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ESTIMATOR_VERSION_FIELD_NUMBER: _ClassVar[int]
    DEGRADED_REASON_FIELD_NUMBER: _ClassVar[int]
    PROMPT_VERSION_FIELD_NUMBER: _ClassVar[int]
    PATTERNS_VERSION_FIELD_NUMBER: _ClassVar[int]
    CALIBRATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    source: ProvenanceSource
    model: str
    estimator_version: str
    degraded_reason: DegradedReason
    prompt_version: str
    patterns_version: str
    calibration_version: str
    def __init__(self, source: _Optional[_Union[ProvenanceSource, str]] = ..., model: _Optional[str] = ..., estimator_version: _Optional[str] = ..., degraded_reason: _Optional[_Union[DegradedReason, str]] = ..., prompt_version: _Optional[str] = ..., patterns_version: _Optional[str] = ..., calibration_version: _Optional[str] = ...) -> None: ...

class PacketContext(_message.Message):
    __slots__ = ("vertical", "page_type", "page_section", "region", "cart")
    VERTICAL_FIELD_NUMBER: _ClassVar[int]
    PAGE_TYPE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SECTION_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    CART_FIELD_NUMBER: _ClassVar[int]
    vertical: str
    page_type: _page_pb2.PageType
    page_section: _page_pb2.PageSection
    region: str
    cart: _page_pb2.CartBucket
    def __init__(self, vertical: _Optional[str] = ..., page_type: _Optional[_Union[_page_pb2.PageType, str]] = ..., page_section: _Optional[_Union[_page_pb2.PageSection, str]] = ..., region: _Optional[str] = ..., cart: _Optional[_Union[_page_pb2.CartBucket, str]] = ...) -> None: ...

class PatternReference(_message.Message):
    __slots__ = ("pattern_id", "scope", "definition_id", "lift_lower_bound")
    PATTERN_ID_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    LIFT_LOWER_BOUND_FIELD_NUMBER: _ClassVar[int]
    pattern_id: str
    scope: str
    definition_id: str
    lift_lower_bound: float
    def __init__(self, pattern_id: _Optional[str] = ..., scope: _Optional[str] = ..., definition_id: _Optional[str] = ..., lift_lower_bound: _Optional[float] = ...) -> None: ...

class Packet(_message.Message):
    __slots__ = ("packet_id", "session_id", "sequence", "emitted_at", "window_start_ms", "window_end_ms", "state", "label", "confidence", "abstain_reason", "evidence", "context", "proven_pattern", "provenance", "valid_until", "suppressed", "abandonment_risk")
    PACKET_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    EMITTED_AT_FIELD_NUMBER: _ClassVar[int]
    WINDOW_START_MS_FIELD_NUMBER: _ClassVar[int]
    WINDOW_END_MS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    ABSTAIN_REASON_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    PROVEN_PATTERN_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    SUPPRESSED_FIELD_NUMBER: _ClassVar[int]
    ABANDONMENT_RISK_FIELD_NUMBER: _ClassVar[int]
    packet_id: str
    session_id: str
    sequence: int
    emitted_at: _timestamp_pb2.Timestamp
    window_start_ms: int
    window_end_ms: int
    state: _state_pb2.EmotionalState
    label: _state_pb2.EmotionLabel
    confidence: float
    abstain_reason: _state_pb2.AbstainReason
    evidence: _containers.RepeatedCompositeFieldContainer[_evidence_pb2.Evidence]
    context: PacketContext
    proven_pattern: PatternReference
    provenance: Provenance
    valid_until: _timestamp_pb2.Timestamp
    suppressed: int
    abandonment_risk: float
    def __init__(self, packet_id: _Optional[str] = ..., session_id: _Optional[str] = ..., sequence: _Optional[int] = ..., emitted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., window_start_ms: _Optional[int] = ..., window_end_ms: _Optional[int] = ..., state: _Optional[_Union[_state_pb2.EmotionalState, _Mapping]] = ..., label: _Optional[_Union[_state_pb2.EmotionLabel, str]] = ..., confidence: _Optional[float] = ..., abstain_reason: _Optional[_Union[_state_pb2.AbstainReason, str]] = ..., evidence: _Optional[_Iterable[_Union[_evidence_pb2.Evidence, _Mapping]]] = ..., context: _Optional[_Union[PacketContext, _Mapping]] = ..., proven_pattern: _Optional[_Union[PatternReference, _Mapping]] = ..., provenance: _Optional[_Union[Provenance, _Mapping]] = ..., valid_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., suppressed: _Optional[int] = ..., abandonment_risk: _Optional[float] = ...) -> None: ...
