from buf.validate import validate_pb2 as _validate_pb2
from eitp.v1 import cursor_pb2 as _cursor_pb2
from eitp.v1 import hypothesis_pb2 as _hypothesis_pb2
from eitp.v1 import packet_pb2 as _packet_pb2
from eitp.v1 import page_pb2 as _page_pb2
from eitp.v1 import telemetry_pb2 as _telemetry_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetStateRequest(_message.Message):
    __slots__ = ("session_id",)
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    def __init__(self, session_id: _Optional[str] = ...) -> None: ...

class GetStateResponse(_message.Message):
    __slots__ = ("packet",)
    PACKET_FIELD_NUMBER: _ClassVar[int]
    packet: _packet_pb2.Packet
    def __init__(self, packet: _Optional[_Union[_packet_pb2.Packet, _Mapping]] = ...) -> None: ...

class WatchPacketsRequest(_message.Message):
    __slots__ = ("cursor", "start", "session_id", "mode")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    cursor: bytes
    start: _cursor_pb2.StartPosition
    session_id: str
    mode: _cursor_pb2.DeliveryMode
    def __init__(self, cursor: _Optional[bytes] = ..., start: _Optional[_Union[_cursor_pb2.StartPosition, str]] = ..., session_id: _Optional[str] = ..., mode: _Optional[_Union[_cursor_pb2.DeliveryMode, str]] = ...) -> None: ...

class WatchPacketsResponse(_message.Message):
    __slots__ = ("cursor", "packet", "heartbeat", "lagged")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    PACKET_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    LAGGED_FIELD_NUMBER: _ClassVar[int]
    cursor: bytes
    packet: _packet_pb2.Packet
    heartbeat: _cursor_pb2.Heartbeat
    lagged: _cursor_pb2.Lagged
    def __init__(self, cursor: _Optional[bytes] = ..., packet: _Optional[_Union[_packet_pb2.Packet, _Mapping]] = ..., heartbeat: _Optional[_Union[_cursor_pb2.Heartbeat, _Mapping]] = ..., lagged: _Optional[_Union[_cursor_pb2.Lagged, _Mapping]] = ...) -> None: ...

class ClassifyTelemetryRequest(_message.Message):
    __slots__ = ("batches", "page")
    BATCHES_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    batches: _containers.RepeatedCompositeFieldContainer[_telemetry_pb2.TelemetryBatch]
    page: _page_pb2.PageContext
    def __init__(self, batches: _Optional[_Iterable[_Union[_telemetry_pb2.TelemetryBatch, _Mapping]]] = ..., page: _Optional[_Union[_page_pb2.PageContext, _Mapping]] = ...) -> None: ...

class ClassifyTelemetryResponse(_message.Message):
    __slots__ = ("packet",)
    PACKET_FIELD_NUMBER: _ClassVar[int]
    packet: _packet_pb2.Packet
    def __init__(self, packet: _Optional[_Union[_packet_pb2.Packet, _Mapping]] = ...) -> None: ...

class GetHypothesisRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetHypothesisResponse(_message.Message):
    __slots__ = ("hypothesis",)
    HYPOTHESIS_FIELD_NUMBER: _ClassVar[int]
    hypothesis: _hypothesis_pb2.Hypothesis
    def __init__(self, hypothesis: _Optional[_Union[_hypothesis_pb2.Hypothesis, _Mapping]] = ...) -> None: ...
