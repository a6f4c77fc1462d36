from buf.validate import validate_pb2 as _validate_pb2
from eitp.v1 import common_pb2 as _common_pb2
from eitp.v1 import error_pb2 as _error_pb2
from eitp.v1 import page_pb2 as _page_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EventKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVENT_KIND_UNSPECIFIED: _ClassVar[EventKind]
    EVENT_KIND_MOVE: _ClassVar[EventKind]
    EVENT_KIND_DOWN: _ClassVar[EventKind]
    EVENT_KIND_UP: _ClassVar[EventKind]
    EVENT_KIND_CLICK: _ClassVar[EventKind]
    EVENT_KIND_SCROLL: _ClassVar[EventKind]
    EVENT_KIND_KEY: _ClassVar[EventKind]
    EVENT_KIND_FOCUS: _ClassVar[EventKind]
    EVENT_KIND_BLUR: _ClassVar[EventKind]
    EVENT_KIND_HIDDEN: _ClassVar[EventKind]
    EVENT_KIND_VISIBLE: _ClassVar[EventKind]
    EVENT_KIND_BACK: _ClassVar[EventKind]
    EVENT_KIND_FORWARD: _ClassVar[EventKind]
    EVENT_KIND_NAVIGATE: _ClassVar[EventKind]
    EVENT_KIND_RESPONSE: _ClassVar[EventKind]
    EVENT_KIND_NO_RESPONSE: _ClassVar[EventKind]
    EVENT_KIND_SCRIPT_ERROR: _ClassVar[EventKind]
    EVENT_KIND_SELECT: _ClassVar[EventKind]
    EVENT_KIND_COPY: _ClassVar[EventKind]
EVENT_KIND_UNSPECIFIED: EventKind
EVENT_KIND_MOVE: EventKind
EVENT_KIND_DOWN: EventKind
EVENT_KIND_UP: EventKind
EVENT_KIND_CLICK: EventKind
EVENT_KIND_SCROLL: EventKind
EVENT_KIND_KEY: EventKind
EVENT_KIND_FOCUS: EventKind
EVENT_KIND_BLUR: EventKind
EVENT_KIND_HIDDEN: EventKind
EVENT_KIND_VISIBLE: EventKind
EVENT_KIND_BACK: EventKind
EVENT_KIND_FORWARD: EventKind
EVENT_KIND_NAVIGATE: EventKind
EVENT_KIND_RESPONSE: EventKind
EVENT_KIND_NO_RESPONSE: EventKind
EVENT_KIND_SCRIPT_ERROR: EventKind
EVENT_KIND_SELECT: EventKind
EVENT_KIND_COPY: EventKind

class SparseColumn(_message.Message):
    __slots__ = ("event", "value")
    EVENT_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    event: _containers.RepeatedScalarFieldContainer[int]
    value: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, event: _Optional[_Iterable[int]] = ..., value: _Optional[_Iterable[int]] = ...) -> None: ...

class EventDetails(_message.Message):
    __slots__ = ("button", "scroll_x", "scroll_y", "target", "response_ms", "untrusted")
    BUTTON_FIELD_NUMBER: _ClassVar[int]
    SCROLL_X_FIELD_NUMBER: _ClassVar[int]
    SCROLL_Y_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_MS_FIELD_NUMBER: _ClassVar[int]
    UNTRUSTED_FIELD_NUMBER: _ClassVar[int]
    button: SparseColumn
    scroll_x: SparseColumn
    scroll_y: SparseColumn
    target: SparseColumn
    response_ms: SparseColumn
    untrusted: SparseColumn
    def __init__(self, button: _Optional[_Union[SparseColumn, _Mapping]] = ..., scroll_x: _Optional[_Union[SparseColumn, _Mapping]] = ..., scroll_y: _Optional[_Union[SparseColumn, _Mapping]] = ..., target: _Optional[_Union[SparseColumn, _Mapping]] = ..., response_ms: _Optional[_Union[SparseColumn, _Mapping]] = ..., untrusted: _Optional[_Union[SparseColumn, _Mapping]] = ...) -> None: ...

class TelemetryBatch(_message.Message):
    __slots__ = ("session_id", "sequence", "clock_ms", "origin_x", "origin_y", "dt_ms", "dx", "dy", "kind", "details", "targets", "page", "dropped", "pointer_type")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    CLOCK_MS_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_X_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_Y_FIELD_NUMBER: _ClassVar[int]
    DT_MS_FIELD_NUMBER: _ClassVar[int]
    DX_FIELD_NUMBER: _ClassVar[int]
    DY_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    POINTER_TYPE_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    sequence: int
    clock_ms: int
    origin_x: int
    origin_y: int
    dt_ms: _containers.RepeatedScalarFieldContainer[int]
    dx: _containers.RepeatedScalarFieldContainer[int]
    dy: _containers.RepeatedScalarFieldContainer[int]
    kind: _containers.RepeatedScalarFieldContainer[EventKind]
    details: EventDetails
    targets: _containers.RepeatedCompositeFieldContainer[_page_pb2.Target]
    page: _page_pb2.PageContext
    dropped: int
    pointer_type: _common_pb2.PointerType
    def __init__(self, session_id: _Optional[str] = ..., sequence: _Optional[int] = ..., clock_ms: _Optional[int] = ..., origin_x: _Optional[int] = ..., origin_y: _Optional[int] = ..., dt_ms: _Optional[_Iterable[int]] = ..., dx: _Optional[_Iterable[int]] = ..., dy: _Optional[_Iterable[int]] = ..., kind: _Optional[_Iterable[_Union[EventKind, str]]] = ..., details: _Optional[_Union[EventDetails, _Mapping]] = ..., targets: _Optional[_Iterable[_Union[_page_pb2.Target, _Mapping]]] = ..., page: _Optional[_Union[_page_pb2.PageContext, _Mapping]] = ..., dropped: _Optional[int] = ..., pointer_type: _Optional[_Union[_common_pb2.PointerType, str]] = ...) -> None: ...

class BatchRejection(_message.Message):
    __slots__ = ("batch_index", "session_id", "sequence", "reason", "message", "field", "retryable", "retry_after_ms")
    BATCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    RETRYABLE_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    batch_index: int
    session_id: str
    sequence: int
    reason: _error_pb2.ErrorReason
    message: str
    field: str
    retryable: bool
    retry_after_ms: int
    def __init__(self, batch_index: _Optional[int] = ..., session_id: _Optional[str] = ..., sequence: _Optional[int] = ..., reason: _Optional[_Union[_error_pb2.ErrorReason, str]] = ..., message: _Optional[str] = ..., field: _Optional[str] = ..., retryable: _Optional[bool] = ..., retry_after_ms: _Optional[int] = ...) -> None: ...

class SessionProgress(_message.Message):
    __slots__ = ("session_id", "acknowledged_sequence", "waiting", "lost")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGED_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    acknowledged_sequence: int
    waiting: int
    lost: int
    def __init__(self, session_id: _Optional[str] = ..., acknowledged_sequence: _Optional[int] = ..., waiting: _Optional[int] = ..., lost: _Optional[int] = ...) -> None: ...
