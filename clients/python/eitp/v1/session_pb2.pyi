import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Consent(_message.Message):
    __slots__ = ("telemetry", "interventions", "global_privacy_control", "reference")
    TELEMETRY_FIELD_NUMBER: _ClassVar[int]
    INTERVENTIONS_FIELD_NUMBER: _ClassVar[int]
    GLOBAL_PRIVACY_CONTROL_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    telemetry: bool
    interventions: bool
    global_privacy_control: bool
    reference: str
    def __init__(self, telemetry: _Optional[bool] = ..., interventions: _Optional[bool] = ..., global_privacy_control: _Optional[bool] = ..., reference: _Optional[str] = ...) -> None: ...

class Session(_message.Message):
    __slots__ = ("session_id", "opened_at", "consent", "idle_deadline")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    OPENED_AT_FIELD_NUMBER: _ClassVar[int]
    CONSENT_FIELD_NUMBER: _ClassVar[int]
    IDLE_DEADLINE_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    opened_at: _timestamp_pb2.Timestamp
    consent: Consent
    idle_deadline: _timestamp_pb2.Timestamp
    def __init__(self, session_id: _Optional[str] = ..., opened_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., consent: _Optional[_Union[Consent, _Mapping]] = ..., idle_deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
