import datetime

from buf.validate import validate_pb2 as _validate_pb2
from eitp.v1 import audience_pb2 as _audience_pb2
from eitp.v1 import intervention_pb2 as _intervention_pb2
from eitp.v1 import lift_pb2 as _lift_pb2
from eitp.v1 import scope_pb2 as _scope_pb2
from eitp.v1 import time_window_pb2 as _time_window_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PatternStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PATTERN_STATUS_UNSPECIFIED: _ClassVar[PatternStatus]
    PATTERN_STATUS_PROMOTED: _ClassVar[PatternStatus]
    PATTERN_STATUS_CONFIRMED: _ClassVar[PatternStatus]
    PATTERN_STATUS_DEMOTED: _ClassVar[PatternStatus]
    PATTERN_STATUS_EXPIRED: _ClassVar[PatternStatus]

class DemotionReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEMOTION_REASON_UNSPECIFIED: _ClassVar[DemotionReason]
    DEMOTION_REASON_REFUTED: _ClassVar[DemotionReason]
    DEMOTION_REASON_UNCONFIRMED: _ClassVar[DemotionReason]
    DEMOTION_REASON_GUARDRAIL: _ClassVar[DemotionReason]
    DEMOTION_REASON_DEFINITION_CHANGED: _ClassVar[DemotionReason]
    DEMOTION_REASON_EXPERIMENT_INVALID: _ClassVar[DemotionReason]
    DEMOTION_REASON_POOL_TOO_SMALL: _ClassVar[DemotionReason]
PATTERN_STATUS_UNSPECIFIED: PatternStatus
PATTERN_STATUS_PROMOTED: PatternStatus
PATTERN_STATUS_CONFIRMED: PatternStatus
PATTERN_STATUS_DEMOTED: PatternStatus
PATTERN_STATUS_EXPIRED: PatternStatus
DEMOTION_REASON_UNSPECIFIED: DemotionReason
DEMOTION_REASON_REFUTED: DemotionReason
DEMOTION_REASON_UNCONFIRMED: DemotionReason
DEMOTION_REASON_GUARDRAIL: DemotionReason
DEMOTION_REASON_DEFINITION_CHANGED: DemotionReason
DEMOTION_REASON_EXPERIMENT_INVALID: DemotionReason
DEMOTION_REASON_POOL_TOO_SMALL: DemotionReason

class ProvenPattern(_message.Message):
    __slots__ = ("pattern_id", "version", "status", "audience", "scope", "definition_id", "definition_revision", "kind", "promotion", "promotion_window", "fresh", "margin", "tenants", "promoted_at", "confirmed_at", "demoted_at", "demotion_reason", "expires_at", "injection", "statement")
    PATTERN_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_REVISION_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PROMOTION_FIELD_NUMBER: _ClassVar[int]
    PROMOTION_WINDOW_FIELD_NUMBER: _ClassVar[int]
    FRESH_FIELD_NUMBER: _ClassVar[int]
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    TENANTS_FIELD_NUMBER: _ClassVar[int]
    PROMOTED_AT_FIELD_NUMBER: _ClassVar[int]
    CONFIRMED_AT_FIELD_NUMBER: _ClassVar[int]
    DEMOTED_AT_FIELD_NUMBER: _ClassVar[int]
    DEMOTION_REASON_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    INJECTION_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    pattern_id: str
    version: int
    status: PatternStatus
    audience: _audience_pb2.Audience
    scope: _scope_pb2.Scope
    definition_id: str
    definition_revision: int
    kind: _intervention_pb2.InterventionKind
    promotion: _lift_pb2.Lift
    promotion_window: _time_window_pb2.TimeWindow
    fresh: _lift_pb2.Lift
    margin: float
    tenants: int
    promoted_at: _timestamp_pb2.Timestamp
    confirmed_at: _timestamp_pb2.Timestamp
    demoted_at: _timestamp_pb2.Timestamp
    demotion_reason: DemotionReason
    expires_at: _timestamp_pb2.Timestamp
    injection: InjectionEffect
    statement: str
    def __init__(self, pattern_id: _Optional[str] = ..., version: _Optional[int] = ..., status: _Optional[_Union[PatternStatus, str]] = ..., audience: _Optional[_Union[_audience_pb2.Audience, str]] = ..., scope: _Optional[_Union[_scope_pb2.Scope, _Mapping]] = ..., definition_id: _Optional[str] = ..., definition_revision: _Optional[int] = ..., kind: _Optional[_Union[_intervention_pb2.InterventionKind, str]] = ..., promotion: _Optional[_Union[_lift_pb2.Lift, _Mapping]] = ..., promotion_window: _Optional[_Union[_time_window_pb2.TimeWindow, _Mapping]] = ..., fresh: _Optional[_Union[_lift_pb2.Lift, _Mapping]] = ..., margin: _Optional[float] = ..., tenants: _Optional[int] = ..., promoted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., confirmed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., demoted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., demotion_reason: _Optional[_Union[DemotionReason, str]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., injection: _Optional[_Union[InjectionEffect, _Mapping]] = ..., statement: _Optional[str] = ...) -> None: ...

class InjectionEffect(_message.Message):
    __slots__ = ("withheld_share", "lift")
    WITHHELD_SHARE_FIELD_NUMBER: _ClassVar[int]
    LIFT_FIELD_NUMBER: _ClassVar[int]
    withheld_share: float
    lift: _lift_pb2.Lift
    def __init__(self, withheld_share: _Optional[float] = ..., lift: _Optional[_Union[_lift_pb2.Lift, _Mapping]] = ...) -> None: ...
