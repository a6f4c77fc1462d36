import datetime

from buf.validate import validate_pb2 as _validate_pb2
from eitp.v1 import page_pb2 as _page_pb2
from eitp.v1 import state_pb2 as _state_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class InterventionKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INTERVENTION_KIND_UNSPECIFIED: _ClassVar[InterventionKind]
    INTERVENTION_KIND_DISCOUNT: _ClassVar[InterventionKind]
    INTERVENTION_KIND_TRUST_BADGE: _ClassVar[InterventionKind]
    INTERVENTION_KIND_URGENCY_BANNER: _ClassVar[InterventionKind]
    INTERVENTION_KIND_SOCIAL_PROOF: _ClassVar[InterventionKind]
    INTERVENTION_KIND_HELP_CHAT: _ClassVar[InterventionKind]
    INTERVENTION_KIND_VALUE_HIGHLIGHT: _ClassVar[InterventionKind]
    INTERVENTION_KIND_COMPARISON: _ClassVar[InterventionKind]
    INTERVENTION_KIND_EXIT_OFFER: _ClassVar[InterventionKind]
    INTERVENTION_KIND_CUSTOM: _ClassVar[InterventionKind]

class InterventionDisposition(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INTERVENTION_DISPOSITION_UNSPECIFIED: _ClassVar[InterventionDisposition]
    INTERVENTION_DISPOSITION_DELIVERED: _ClassVar[InterventionDisposition]
    INTERVENTION_DISPOSITION_SHOWN: _ClassVar[InterventionDisposition]
    INTERVENTION_DISPOSITION_CLICKED: _ClassVar[InterventionDisposition]
    INTERVENTION_DISPOSITION_DISMISSED: _ClassVar[InterventionDisposition]
    INTERVENTION_DISPOSITION_SUPPRESSED: _ClassVar[InterventionDisposition]
    INTERVENTION_DISPOSITION_EXPIRED: _ClassVar[InterventionDisposition]
INTERVENTION_KIND_UNSPECIFIED: InterventionKind
INTERVENTION_KIND_DISCOUNT: InterventionKind
INTERVENTION_KIND_TRUST_BADGE: InterventionKind
INTERVENTION_KIND_URGENCY_BANNER: InterventionKind
INTERVENTION_KIND_SOCIAL_PROOF: InterventionKind
INTERVENTION_KIND_HELP_CHAT: InterventionKind
INTERVENTION_KIND_VALUE_HIGHLIGHT: InterventionKind
INTERVENTION_KIND_COMPARISON: InterventionKind
INTERVENTION_KIND_EXIT_OFFER: InterventionKind
INTERVENTION_KIND_CUSTOM: InterventionKind
INTERVENTION_DISPOSITION_UNSPECIFIED: InterventionDisposition
INTERVENTION_DISPOSITION_DELIVERED: InterventionDisposition
INTERVENTION_DISPOSITION_SHOWN: InterventionDisposition
INTERVENTION_DISPOSITION_CLICKED: InterventionDisposition
INTERVENTION_DISPOSITION_DISMISSED: InterventionDisposition
INTERVENTION_DISPOSITION_SUPPRESSED: InterventionDisposition
INTERVENTION_DISPOSITION_EXPIRED: InterventionDisposition

class InterventionDefinition(_message.Message):
    __slots__ = ("definition_id", "revision", "kind", "title", "body", "action_url", "offer_id", "labels", "min_confidence", "page_types", "page_sections", "priority", "cool_down", "session_cap", "time_to_live", "fact", "fact_source", "enabled")
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    ACTION_URL_FIELD_NUMBER: _ClassVar[int]
    OFFER_ID_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    MIN_CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TYPES_FIELD_NUMBER: _ClassVar[int]
    PAGE_SECTIONS_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    COOL_DOWN_FIELD_NUMBER: _ClassVar[int]
    SESSION_CAP_FIELD_NUMBER: _ClassVar[int]
    TIME_TO_LIVE_FIELD_NUMBER: _ClassVar[int]
    FACT_FIELD_NUMBER: _ClassVar[int]
    FACT_SOURCE_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    definition_id: str
    revision: int
    kind: InterventionKind
    title: str
    body: str
    action_url: str
    offer_id: str
    labels: _containers.RepeatedScalarFieldContainer[_state_pb2.EmotionLabel]
    min_confidence: float
    page_types: _containers.RepeatedScalarFieldContainer[_page_pb2.PageType]
    page_sections: _containers.RepeatedScalarFieldContainer[_page_pb2.PageSection]
    priority: int
    cool_down: _duration_pb2.Duration
    session_cap: int
    time_to_live: _duration_pb2.Duration
    fact: str
    fact_source: str
    enabled: bool
    def __init__(self, definition_id: _Optional[str] = ..., revision: _Optional[int] = ..., kind: _Optional[_Union[InterventionKind, str]] = ..., title: _Optional[str] = ..., body: _Optional[str] = ..., action_url: _Optional[str] = ..., offer_id: _Optional[str] = ..., labels: _Optional[_Iterable[_Union[_state_pb2.EmotionLabel, str]]] = ..., min_confidence: _Optional[float] = ..., page_types: _Optional[_Iterable[_Union[_page_pb2.PageType, str]]] = ..., page_sections: _Optional[_Iterable[_Union[_page_pb2.PageSection, str]]] = ..., priority: _Optional[int] = ..., cool_down: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., session_cap: _Optional[int] = ..., time_to_live: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., fact: _Optional[str] = ..., fact_source: _Optional[str] = ..., enabled: _Optional[bool] = ...) -> None: ...

class Intervention(_message.Message):
    __slots__ = ("intervention_id", "decision_id", "session_id", "definition", "created_at", "expires_at")
    INTERVENTION_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    intervention_id: str
    decision_id: str
    session_id: str
    definition: InterventionDefinition
    created_at: _timestamp_pb2.Timestamp
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, intervention_id: _Optional[str] = ..., decision_id: _Optional[str] = ..., session_id: _Optional[str] = ..., definition: _Optional[_Union[InterventionDefinition, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
