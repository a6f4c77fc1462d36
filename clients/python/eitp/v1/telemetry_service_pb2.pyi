from buf.validate import validate_pb2 as _validate_pb2
from eitp.v1 import packet_pb2 as _packet_pb2
from eitp.v1 import telemetry_pb2 as _telemetry_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class IngestRequest(_message.Message):
    __slots__ = ("batches", "include_packets")
    BATCHES_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_PACKETS_FIELD_NUMBER: _ClassVar[int]
    batches: _containers.RepeatedCompositeFieldContainer[_telemetry_pb2.TelemetryBatch]
    include_packets: bool
    def __init__(self, batches: _Optional[_Iterable[_Union[_telemetry_pb2.TelemetryBatch, _Mapping]]] = ..., include_packets: _Optional[bool] = ...) -> None: ...

class IngestResponse(_message.Message):
    __slots__ = ("rejections", "applied", "duplicates", "progress", "packets", "session_token")
    REJECTIONS_FIELD_NUMBER: _ClassVar[int]
    APPLIED_FIELD_NUMBER: _ClassVar[int]
    DUPLICATES_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    PACKETS_FIELD_NUMBER: _ClassVar[int]
    SESSION_TOKEN_FIELD_NUMBER: _ClassVar[int]
    rejections: _containers.RepeatedCompositeFieldContainer[_telemetry_pb2.BatchRejection]
    applied: int
    duplicates: int
    progress: _containers.RepeatedCompositeFieldContainer[_telemetry_pb2.SessionProgress]
    packets: _containers.RepeatedCompositeFieldContainer[_packet_pb2.Packet]
    session_token: str
    def __init__(self, rejections: _Optional[_Iterable[_Union[_telemetry_pb2.BatchRejection, _Mapping]]] = ..., applied: _Optional[int] = ..., duplicates: _Optional[int] = ..., progress: _Optional[_Iterable[_Union[_telemetry_pb2.SessionProgress, _Mapping]]] = ..., packets: _Optional[_Iterable[_Union[_packet_pb2.Packet, _Mapping]]] = ..., session_token: _Optional[str] = ...) -> None: ...

class IngestStreamRequest(_message.Message):
    __slots__ = ("batches",)
    BATCHES_FIELD_NUMBER: _ClassVar[int]
    batches: _containers.RepeatedCompositeFieldContainer[_telemetry_pb2.TelemetryBatch]
    def __init__(self, batches: _Optional[_Iterable[_Union[_telemetry_pb2.TelemetryBatch, _Mapping]]] = ...) -> None: ...

class IngestStreamResponse(_message.Message):
    __slots__ = ("acknowledged_messages", "applied", "duplicates", "rejections", "session_token")
    ACKNOWLEDGED_MESSAGES_FIELD_NUMBER: _ClassVar[int]
    APPLIED_FIELD_NUMBER: _ClassVar[int]
    DUPLICATES_FIELD_NUMBER: _ClassVar[int]
    REJECTIONS_FIELD_NUMBER: _ClassVar[int]
    SESSION_TOKEN_FIELD_NUMBER: _ClassVar[int]
    acknowledged_messages: int
    applied: int
    duplicates: int
    rejections: _containers.RepeatedCompositeFieldContainer[StreamRejection]
    session_token: str
    def __init__(self, acknowledged_messages: _Optional[int] = ..., applied: _Optional[int] = ..., duplicates: _Optional[int] = ..., rejections: _Optional[_Iterable[_Union[StreamRejection, _Mapping]]] = ..., session_token: _Optional[str] = ...) -> None: ...

class StreamRejection(_message.Message):
    __slots__ = ("message", "rejection")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REJECTION_FIELD_NUMBER: _ClassVar[int]
    message: int
    rejection: _telemetry_pb2.BatchRejection
    def __init__(self, message: _Optional[int] = ..., rejection: _Optional[_Union[_telemetry_pb2.BatchRejection, _Mapping]] = ...) -> None: ...
