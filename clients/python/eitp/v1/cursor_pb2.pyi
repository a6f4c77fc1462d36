import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DeliveryMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DELIVERY_MODE_UNSPECIFIED: _ClassVar[DeliveryMode]
    DELIVERY_MODE_LOSSLESS: _ClassVar[DeliveryMode]
    DELIVERY_MODE_LATEST: _ClassVar[DeliveryMode]

class StartPosition(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    START_POSITION_UNSPECIFIED: _ClassVar[StartPosition]
    START_POSITION_NOW: _ClassVar[StartPosition]
    START_POSITION_OLDEST: _ClassVar[StartPosition]
DELIVERY_MODE_UNSPECIFIED: DeliveryMode
DELIVERY_MODE_LOSSLESS: DeliveryMode
DELIVERY_MODE_LATEST: DeliveryMode
START_POSITION_UNSPECIFIED: StartPosition
START_POSITION_NOW: StartPosition
START_POSITION_OLDEST: StartPosition

class Heartbeat(_message.Message):
    __slots__ = ("cursor", "at")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    cursor: bytes
    at: _timestamp_pb2.Timestamp
    def __init__(self, cursor: _Optional[bytes] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Lagged(_message.Message):
    __slots__ = ("from_cursor", "to_cursor", "dropped")
    FROM_CURSOR_FIELD_NUMBER: _ClassVar[int]
    TO_CURSOR_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    from_cursor: bytes
    to_cursor: bytes
    dropped: int
    def __init__(self, from_cursor: _Optional[bytes] = ..., to_cursor: _Optional[bytes] = ..., dropped: _Optional[int] = ...) -> None: ...
