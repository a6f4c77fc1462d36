import datetime

from buf.validate import validate_pb2 as _validate_pb2
from eitp.v1 import common_pb2 as _common_pb2
from eitp.v1 import page_pb2 as _page_pb2
from eitp.v1 import session_pb2 as _session_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OpenSessionRequest(_message.Message):
    __slots__ = ("visitor_id", "consent", "page", "pointer_type", "region", "request_id", "resume_token", "reports_answers")
    VISITOR_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    POINTER_TYPE_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    REPORTS_ANSWERS_FIELD_NUMBER: _ClassVar[int]
    visitor_id: str
    consent: _session_pb2.Consent
    page: _page_pb2.PageContext
    pointer_type: _common_pb2.PointerType
    region: str
    request_id: str
    resume_token: str
    reports_answers: bool
    def __init__(self, visitor_id: _Optional[str] = ..., consent: _Optional[_Union[_session_pb2.Consent, _Mapping]] = ..., page: _Optional[_Union[_page_pb2.PageContext, _Mapping]] = ..., pointer_type: _Optional[_Union[_common_pb2.PointerType, str]] = ..., region: _Optional[str] = ..., request_id: _Optional[str] = ..., resume_token: _Optional[str] = ..., reports_answers: _Optional[bool] = ...) -> None: ...

class OpenSessionResponse(_message.Message):
    __slots__ = ("session", "session_token", "token_expires_at", "target_salt", "sample_interval", "batch_interval", "next_sequence")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    SESSION_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOKEN_EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    TARGET_SALT_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    BATCH_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    NEXT_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    session: _session_pb2.Session
    session_token: str
    token_expires_at: _timestamp_pb2.Timestamp
    target_salt: bytes
    sample_interval: _duration_pb2.Duration
    batch_interval: _duration_pb2.Duration
    next_sequence: int
    def __init__(self, session: _Optional[_Union[_session_pb2.Session, _Mapping]] = ..., session_token: _Optional[str] = ..., token_expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., target_salt: _Optional[bytes] = ..., sample_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., batch_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., next_sequence: _Optional[int] = ...) -> None: ...

class CloseSessionRequest(_message.Message):
    __slots__ = ("session_id",)
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    def __init__(self, session_id: _Optional[str] = ...) -> None: ...

class CloseSessionResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class EraseSubjectRequest(_message.Message):
    __slots__ = ("visitor_id", "request_id")
    VISITOR_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    visitor_id: str
    request_id: str
    def __init__(self, visitor_id: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class EraseSubjectResponse(_message.Message):
    __slots__ = ("sessions", "packets", "decisions")
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    PACKETS_FIELD_NUMBER: _ClassVar[int]
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    sessions: int
    packets: int
    decisions: int
    def __init__(self, sessions: _Optional[int] = ..., packets: _Optional[int] = ..., decisions: _Optional[int] = ...) -> None: ...

class ExportSubjectRequest(_message.Message):
    __slots__ = ("visitor_id",)
    VISITOR_ID_FIELD_NUMBER: _ClassVar[int]
    visitor_id: str
    def __init__(self, visitor_id: _Optional[str] = ...) -> None: ...

class ExportSubjectResponse(_message.Message):
    __slots__ = ("kind", "json")
    KIND_FIELD_NUMBER: _ClassVar[int]
    JSON_FIELD_NUMBER: _ClassVar[int]
    kind: str
    json: str
    def __init__(self, kind: _Optional[str] = ..., json: _Optional[str] = ...) -> None: ...
