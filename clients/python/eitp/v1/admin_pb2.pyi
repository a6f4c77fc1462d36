import datetime

from buf.validate import validate_pb2 as _validate_pb2
from eitp.v1 import error_pb2 as _error_pb2
from eitp.v1 import experiment_pb2 as _experiment_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TenantState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TENANT_STATE_UNSPECIFIED: _ClassVar[TenantState]
    TENANT_STATE_ACTIVE: _ClassVar[TenantState]
    TENANT_STATE_SUSPENDED: _ClassVar[TenantState]

class SelectionGoal(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SELECTION_GOAL_UNSPECIFIED: _ClassVar[SelectionGoal]
    SELECTION_GOAL_MOST_SUCCESSES: _ClassVar[SelectionGoal]
    SELECTION_GOAL_FIND_BEST: _ClassVar[SelectionGoal]

class ApiKeyKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    API_KEY_KIND_UNSPECIFIED: _ClassVar[ApiKeyKind]
    API_KEY_KIND_PUBLISHABLE: _ClassVar[ApiKeyKind]
    API_KEY_KIND_SECRET: _ClassVar[ApiKeyKind]

class ApiKeyState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    API_KEY_STATE_UNSPECIFIED: _ClassVar[ApiKeyState]
    API_KEY_STATE_ACTIVE: _ClassVar[ApiKeyState]
    API_KEY_STATE_ROTATING: _ClassVar[ApiKeyState]
    API_KEY_STATE_EXPIRED: _ClassVar[ApiKeyState]
    API_KEY_STATE_REVOKED: _ClassVar[ApiKeyState]

class DeadLetterKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEAD_LETTER_KIND_UNSPECIFIED: _ClassVar[DeadLetterKind]
    DEAD_LETTER_KIND_TELEMETRY_BATCH: _ClassVar[DeadLetterKind]
    DEAD_LETTER_KIND_OUTCOME: _ClassVar[DeadLetterKind]
    DEAD_LETTER_KIND_ACKNOWLEDGEMENT: _ClassVar[DeadLetterKind]
    DEAD_LETTER_KIND_MODEL_ANSWER: _ClassVar[DeadLetterKind]
    DEAD_LETTER_KIND_OTHER: _ClassVar[DeadLetterKind]

class DeadLetterState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEAD_LETTER_STATE_UNSPECIFIED: _ClassVar[DeadLetterState]
    DEAD_LETTER_STATE_WAITING: _ClassVar[DeadLetterState]
    DEAD_LETTER_STATE_REPLAYED: _ClassVar[DeadLetterState]
    DEAD_LETTER_STATE_DISCARDED: _ClassVar[DeadLetterState]
    DEAD_LETTER_STATE_EXPIRED: _ClassVar[DeadLetterState]
TENANT_STATE_UNSPECIFIED: TenantState
TENANT_STATE_ACTIVE: TenantState
TENANT_STATE_SUSPENDED: TenantState
SELECTION_GOAL_UNSPECIFIED: SelectionGoal
SELECTION_GOAL_MOST_SUCCESSES: SelectionGoal
SELECTION_GOAL_FIND_BEST: SelectionGoal
API_KEY_KIND_UNSPECIFIED: ApiKeyKind
API_KEY_KIND_PUBLISHABLE: ApiKeyKind
API_KEY_KIND_SECRET: ApiKeyKind
API_KEY_STATE_UNSPECIFIED: ApiKeyState
API_KEY_STATE_ACTIVE: ApiKeyState
API_KEY_STATE_ROTATING: ApiKeyState
API_KEY_STATE_EXPIRED: ApiKeyState
API_KEY_STATE_REVOKED: ApiKeyState
DEAD_LETTER_KIND_UNSPECIFIED: DeadLetterKind
DEAD_LETTER_KIND_TELEMETRY_BATCH: DeadLetterKind
DEAD_LETTER_KIND_OUTCOME: DeadLetterKind
DEAD_LETTER_KIND_ACKNOWLEDGEMENT: DeadLetterKind
DEAD_LETTER_KIND_MODEL_ANSWER: DeadLetterKind
DEAD_LETTER_KIND_OTHER: DeadLetterKind
DEAD_LETTER_STATE_UNSPECIFIED: DeadLetterState
DEAD_LETTER_STATE_WAITING: DeadLetterState
DEAD_LETTER_STATE_REPLAYED: DeadLetterState
DEAD_LETTER_STATE_DISCARDED: DeadLetterState
DEAD_LETTER_STATE_EXPIRED: DeadLetterState

class Tenant(_message.Message):
    __slots__ = ("tenant_id", "display_name", "state", "limits", "revision", "created_at")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    display_name: str
    state: TenantState
    limits: TenantLimits
    revision: int
    created_at: _timestamp_pb2.Timestamp
    def __init__(self, tenant_id: _Optional[str] = ..., display_name: _Optional[str] = ..., state: _Optional[_Union[TenantState, str]] = ..., limits: _Optional[_Union[TenantLimits, _Mapping]] = ..., revision: _Optional[int] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class TenantLimits(_message.Message):
    __slots__ = ("live_sessions", "batches_per_second", "telemetry_bytes_per_day", "streams", "triage_calls_per_minute", "deep_calls_per_minute", "model_tokens_per_day", "model_cost_micros_per_day", "stored_bytes")
    LIVE_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    BATCHES_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    TELEMETRY_BYTES_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    STREAMS_FIELD_NUMBER: _ClassVar[int]
    TRIAGE_CALLS_PER_MINUTE_FIELD_NUMBER: _ClassVar[int]
    DEEP_CALLS_PER_MINUTE_FIELD_NUMBER: _ClassVar[int]
    MODEL_TOKENS_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    MODEL_COST_MICROS_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    STORED_BYTES_FIELD_NUMBER: _ClassVar[int]
    live_sessions: int
    batches_per_second: float
    telemetry_bytes_per_day: int
    streams: int
    triage_calls_per_minute: int
    deep_calls_per_minute: int
    model_tokens_per_day: int
    model_cost_micros_per_day: int
    stored_bytes: int
    def __init__(self, live_sessions: _Optional[int] = ..., batches_per_second: _Optional[float] = ..., telemetry_bytes_per_day: _Optional[int] = ..., streams: _Optional[int] = ..., triage_calls_per_minute: _Optional[int] = ..., deep_calls_per_minute: _Optional[int] = ..., model_tokens_per_day: _Optional[int] = ..., model_cost_micros_per_day: _Optional[int] = ..., stored_bytes: _Optional[int] = ...) -> None: ...

class TenantUsage(_message.Message):
    __slots__ = ("live_sessions", "batches_per_second", "telemetry_bytes_today", "streams", "triage_calls_last_minute", "deep_calls_last_minute", "model_tokens_today", "model_cost_micros_today", "model_cost_currency", "stored_bytes", "suppressed_events_today", "at")
    LIVE_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    BATCHES_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    TELEMETRY_BYTES_TODAY_FIELD_NUMBER: _ClassVar[int]
    STREAMS_FIELD_NUMBER: _ClassVar[int]
    TRIAGE_CALLS_LAST_MINUTE_FIELD_NUMBER: _ClassVar[int]
    DEEP_CALLS_LAST_MINUTE_FIELD_NUMBER: _ClassVar[int]
    MODEL_TOKENS_TODAY_FIELD_NUMBER: _ClassVar[int]
    MODEL_COST_MICROS_TODAY_FIELD_NUMBER: _ClassVar[int]
    MODEL_COST_CURRENCY_FIELD_NUMBER: _ClassVar[int]
    STORED_BYTES_FIELD_NUMBER: _ClassVar[int]
    SUPPRESSED_EVENTS_TODAY_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    live_sessions: int
    batches_per_second: float
    telemetry_bytes_today: int
    streams: int
    triage_calls_last_minute: int
    deep_calls_last_minute: int
    model_tokens_today: int
    model_cost_micros_today: int
    model_cost_currency: str
    stored_bytes: int
    suppressed_events_today: int
    at: _timestamp_pb2.Timestamp
    def __init__(self, live_sessions: _Optional[int] = ..., batches_per_second: _Optional[float] = ..., telemetry_bytes_today: _Optional[int] = ..., streams: _Optional[int] = ..., triage_calls_last_minute: _Optional[int] = ..., deep_calls_last_minute: _Optional[int] = ..., model_tokens_today: _Optional[int] = ..., model_cost_micros_today: _Optional[int] = ..., model_cost_currency: _Optional[str] = ..., stored_bytes: _Optional[int] = ..., suppressed_events_today: _Optional[int] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class TenantPolicy(_message.Message):
    __slots__ = ("revision", "paused", "allowed_origins", "vertical", "region", "pooling", "models", "holdout_share", "exploration_floor", "interventions_per_session", "cool_down", "promotion_margin", "guardrails", "retention", "rules", "selection_goal")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_ORIGINS_FIELD_NUMBER: _ClassVar[int]
    VERTICAL_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    POOLING_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    HOLDOUT_SHARE_FIELD_NUMBER: _ClassVar[int]
    EXPLORATION_FLOOR_FIELD_NUMBER: _ClassVar[int]
    INTERVENTIONS_PER_SESSION_FIELD_NUMBER: _ClassVar[int]
    COOL_DOWN_FIELD_NUMBER: _ClassVar[int]
    PROMOTION_MARGIN_FIELD_NUMBER: _ClassVar[int]
    GUARDRAILS_FIELD_NUMBER: _ClassVar[int]
    RETENTION_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    SELECTION_GOAL_FIELD_NUMBER: _ClassVar[int]
    revision: int
    paused: bool
    allowed_origins: _containers.RepeatedScalarFieldContainer[str]
    vertical: str
    region: str
    pooling: bool
    models: bool
    holdout_share: float
    exploration_floor: float
    interventions_per_session: int
    cool_down: _duration_pb2.Duration
    promotion_margin: float
    guardrails: _containers.RepeatedCompositeFieldContainer[GuardrailMargin]
    retention: _duration_pb2.Duration
    rules: SignalRules
    selection_goal: SelectionGoal
    def __init__(self, revision: _Optional[int] = ..., paused: _Optional[bool] = ..., allowed_origins: _Optional[_Iterable[str]] = ..., vertical: _Optional[str] = ..., region: _Optional[str] = ..., pooling: _Optional[bool] = ..., models: _Optional[bool] = ..., holdout_share: _Optional[float] = ..., exploration_floor: _Optional[float] = ..., interventions_per_session: _Optional[int] = ..., cool_down: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., promotion_margin: _Optional[float] = ..., guardrails: _Optional[_Iterable[_Union[GuardrailMargin, _Mapping]]] = ..., retention: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., rules: _Optional[_Union[SignalRules, _Mapping]] = ..., selection_goal: _Optional[_Union[SelectionGoal, str]] = ...) -> None: ...

class SignalRules(_message.Message):
    __slots__ = ("rage_clicks", "rage_gap_ms", "rage_reach_px", "slow_click_ms", "dead_click_ms", "quick_back_ms", "back_mash_ms")
    RAGE_CLICKS_FIELD_NUMBER: _ClassVar[int]
    RAGE_GAP_MS_FIELD_NUMBER: _ClassVar[int]
    RAGE_REACH_PX_FIELD_NUMBER: _ClassVar[int]
    SLOW_CLICK_MS_FIELD_NUMBER: _ClassVar[int]
    DEAD_CLICK_MS_FIELD_NUMBER: _ClassVar[int]
    QUICK_BACK_MS_FIELD_NUMBER: _ClassVar[int]
    BACK_MASH_MS_FIELD_NUMBER: _ClassVar[int]
    rage_clicks: int
    rage_gap_ms: int
    rage_reach_px: int
    slow_click_ms: int
    dead_click_ms: int
    quick_back_ms: int
    back_mash_ms: int
    def __init__(self, rage_clicks: _Optional[int] = ..., rage_gap_ms: _Optional[int] = ..., rage_reach_px: _Optional[int] = ..., slow_click_ms: _Optional[int] = ..., dead_click_ms: _Optional[int] = ..., quick_back_ms: _Optional[int] = ..., back_mash_ms: _Optional[int] = ...) -> None: ...

class GuardrailMargin(_message.Message):
    __slots__ = ("metric", "margin")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    metric: _experiment_pb2.GuardrailMetric
    margin: float
    def __init__(self, metric: _Optional[_Union[_experiment_pb2.GuardrailMetric, str]] = ..., margin: _Optional[float] = ...) -> None: ...

class ApiKey(_message.Message):
    __slots__ = ("key_id", "kind", "display_name", "scopes", "hint", "state", "created_at", "expires_at", "last_used_at", "replaced_by_key_id")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    HINT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    LAST_USED_AT_FIELD_NUMBER: _ClassVar[int]
    REPLACED_BY_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    kind: ApiKeyKind
    display_name: str
    scopes: _containers.RepeatedScalarFieldContainer[str]
    hint: str
    state: ApiKeyState
    created_at: _timestamp_pb2.Timestamp
    expires_at: _timestamp_pb2.Timestamp
    last_used_at: _timestamp_pb2.Timestamp
    replaced_by_key_id: str
    def __init__(self, key_id: _Optional[str] = ..., kind: _Optional[_Union[ApiKeyKind, str]] = ..., display_name: _Optional[str] = ..., scopes: _Optional[_Iterable[str]] = ..., hint: _Optional[str] = ..., state: _Optional[_Union[ApiKeyState, str]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_used_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., replaced_by_key_id: _Optional[str] = ...) -> None: ...

class DeadLetter(_message.Message):
    __slots__ = ("dead_letter_id", "kind", "state", "reason", "message", "incident", "session_id", "sequence", "attempts", "first_failed_at", "last_failed_at", "expires_at", "payload_bytes")
    DEAD_LETTER_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    INCIDENT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    FIRST_FAILED_AT_FIELD_NUMBER: _ClassVar[int]
    LAST_FAILED_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_BYTES_FIELD_NUMBER: _ClassVar[int]
    dead_letter_id: str
    kind: DeadLetterKind
    state: DeadLetterState
    reason: _error_pb2.ErrorReason
    message: str
    incident: str
    session_id: str
    sequence: int
    attempts: int
    first_failed_at: _timestamp_pb2.Timestamp
    last_failed_at: _timestamp_pb2.Timestamp
    expires_at: _timestamp_pb2.Timestamp
    payload_bytes: int
    def __init__(self, dead_letter_id: _Optional[str] = ..., kind: _Optional[_Union[DeadLetterKind, str]] = ..., state: _Optional[_Union[DeadLetterState, str]] = ..., reason: _Optional[_Union[_error_pb2.ErrorReason, str]] = ..., message: _Optional[str] = ..., incident: _Optional[str] = ..., session_id: _Optional[str] = ..., sequence: _Optional[int] = ..., attempts: _Optional[int] = ..., first_failed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_failed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., payload_bytes: _Optional[int] = ...) -> None: ...

class AuditEntry(_message.Message):
    __slots__ = ("number", "at", "key_id", "action", "resource_id", "outcome", "request_id", "revision", "previous_hash", "hash")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_HASH_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    number: int
    at: _timestamp_pb2.Timestamp
    key_id: str
    action: str
    resource_id: str
    outcome: _error_pb2.ErrorReason
    request_id: str
    revision: int
    previous_hash: bytes
    hash: bytes
    def __init__(self, number: _Optional[int] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., key_id: _Optional[str] = ..., action: _Optional[str] = ..., resource_id: _Optional[str] = ..., outcome: _Optional[_Union[_error_pb2.ErrorReason, str]] = ..., request_id: _Optional[str] = ..., revision: _Optional[int] = ..., previous_hash: _Optional[bytes] = ..., hash: _Optional[bytes] = ...) -> None: ...
