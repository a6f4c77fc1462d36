import datetime

from buf.validate import validate_pb2 as _validate_pb2
from eitp.v1 import common_pb2 as _common_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Profile(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROFILE_UNSPECIFIED: _ClassVar[Profile]
    PROFILE_CORE: _ClassVar[Profile]
    PROFILE_INGEST: _ClassVar[Profile]
    PROFILE_STATE: _ClassVar[Profile]
    PROFILE_INTERVENTION: _ClassVar[Profile]
    PROFILE_EXPERIMENT: _ClassVar[Profile]
    PROFILE_VOLATILITY: _ClassVar[Profile]
    PROFILE_INTELLIGENCE: _ClassVar[Profile]
    PROFILE_SEER: _ClassVar[Profile]
    PROFILE_ADMIN: _ClassVar[Profile]
    PROFILE_SUBJECT_RIGHTS: _ClassVar[Profile]

class Stability(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STABILITY_UNSPECIFIED: _ClassVar[Stability]
    STABILITY_EXPERIMENTAL: _ClassVar[Stability]
    STABILITY_STABLE: _ClassVar[Stability]
PROFILE_UNSPECIFIED: Profile
PROFILE_CORE: Profile
PROFILE_INGEST: Profile
PROFILE_STATE: Profile
PROFILE_INTERVENTION: Profile
PROFILE_EXPERIMENT: Profile
PROFILE_VOLATILITY: Profile
PROFILE_INTELLIGENCE: Profile
PROFILE_SEER: Profile
PROFILE_ADMIN: Profile
PROFILE_SUBJECT_RIGHTS: Profile
STABILITY_UNSPECIFIED: Stability
STABILITY_EXPERIMENTAL: Stability
STABILITY_STABLE: Stability

class Feature(_message.Message):
    __slots__ = ("feature_id", "stability")
    FEATURE_ID_FIELD_NUMBER: _ClassVar[int]
    STABILITY_FIELD_NUMBER: _ClassVar[int]
    feature_id: str
    stability: Stability
    def __init__(self, feature_id: _Optional[str] = ..., stability: _Optional[_Union[Stability, str]] = ...) -> None: ...

class MethodologyVersion(_message.Message):
    __slots__ = ("subject", "methodology_id")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    METHODOLOGY_ID_FIELD_NUMBER: _ClassVar[int]
    subject: str
    methodology_id: str
    def __init__(self, subject: _Optional[str] = ..., methodology_id: _Optional[str] = ...) -> None: ...

class ServerInfo(_message.Message):
    __slots__ = ("name", "version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ...) -> None: ...

class ProtocolLimits(_message.Message):
    __slots__ = ("max_message_bytes", "max_batches_per_message", "max_events_per_batch", "max_targets_per_batch", "batches_per_second", "batch_burst", "reorder_window", "reorder_window_batches", "duplicate_content_window", "emotional_events_per_hour", "session_idle_timeout", "session_token_lifetime", "keepalive_interval", "heartbeat_interval", "cursor_retention", "request_id_lifetime", "attribution_window", "max_deadline", "max_streams_per_connection")
    MAX_MESSAGE_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_BATCHES_PER_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    MAX_EVENTS_PER_BATCH_FIELD_NUMBER: _ClassVar[int]
    MAX_TARGETS_PER_BATCH_FIELD_NUMBER: _ClassVar[int]
    BATCHES_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    BATCH_BURST_FIELD_NUMBER: _ClassVar[int]
    REORDER_WINDOW_FIELD_NUMBER: _ClassVar[int]
    REORDER_WINDOW_BATCHES_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_CONTENT_WINDOW_FIELD_NUMBER: _ClassVar[int]
    EMOTIONAL_EVENTS_PER_HOUR_FIELD_NUMBER: _ClassVar[int]
    SESSION_IDLE_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    SESSION_TOKEN_LIFETIME_FIELD_NUMBER: _ClassVar[int]
    KEEPALIVE_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    CURSOR_RETENTION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_LIFETIME_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTION_WINDOW_FIELD_NUMBER: _ClassVar[int]
    MAX_DEADLINE_FIELD_NUMBER: _ClassVar[int]
    MAX_STREAMS_PER_CONNECTION_FIELD_NUMBER: _ClassVar[int]
    max_message_bytes: int
    max_batches_per_message: int
    max_events_per_batch: int
    max_targets_per_batch: int
    batches_per_second: float
    batch_burst: int
    reorder_window: _duration_pb2.Duration
    reorder_window_batches: int
    duplicate_content_window: int
    emotional_events_per_hour: int
    session_idle_timeout: _duration_pb2.Duration
    session_token_lifetime: _duration_pb2.Duration
    keepalive_interval: _duration_pb2.Duration
    heartbeat_interval: _duration_pb2.Duration
    cursor_retention: _duration_pb2.Duration
    request_id_lifetime: _duration_pb2.Duration
    attribution_window: _duration_pb2.Duration
    max_deadline: _duration_pb2.Duration
    max_streams_per_connection: int
    def __init__(self, max_message_bytes: _Optional[int] = ..., max_batches_per_message: _Optional[int] = ..., max_events_per_batch: _Optional[int] = ..., max_targets_per_batch: _Optional[int] = ..., batches_per_second: _Optional[float] = ..., batch_burst: _Optional[int] = ..., reorder_window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., reorder_window_batches: _Optional[int] = ..., duplicate_content_window: _Optional[int] = ..., emotional_events_per_hour: _Optional[int] = ..., session_idle_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., session_token_lifetime: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., keepalive_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., heartbeat_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., cursor_retention: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., request_id_lifetime: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., attribution_window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_deadline: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_streams_per_connection: _Optional[int] = ...) -> None: ...

class Capabilities(_message.Message):
    __slots__ = ("server", "protocol_revision", "profiles", "features", "services", "durability", "limits", "methodologies")
    SERVER_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_REVISION_FIELD_NUMBER: _ClassVar[int]
    PROFILES_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    SERVICES_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    METHODOLOGIES_FIELD_NUMBER: _ClassVar[int]
    server: ServerInfo
    protocol_revision: str
    profiles: _containers.RepeatedScalarFieldContainer[Profile]
    features: _containers.RepeatedCompositeFieldContainer[Feature]
    services: _containers.RepeatedScalarFieldContainer[str]
    durability: _common_pb2.Durability
    limits: ProtocolLimits
    methodologies: _containers.RepeatedCompositeFieldContainer[MethodologyVersion]
    def __init__(self, server: _Optional[_Union[ServerInfo, _Mapping]] = ..., protocol_revision: _Optional[str] = ..., profiles: _Optional[_Iterable[_Union[Profile, str]]] = ..., features: _Optional[_Iterable[_Union[Feature, _Mapping]]] = ..., services: _Optional[_Iterable[str]] = ..., durability: _Optional[_Union[_common_pb2.Durability, str]] = ..., limits: _Optional[_Union[ProtocolLimits, _Mapping]] = ..., methodologies: _Optional[_Iterable[_Union[MethodologyVersion, _Mapping]]] = ...) -> None: ...
