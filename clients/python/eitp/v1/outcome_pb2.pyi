import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OutcomeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_KIND_UNSPECIFIED: _ClassVar[OutcomeKind]
    OUTCOME_KIND_CONVERSION: _ClassVar[OutcomeKind]
    OUTCOME_KIND_ADD_TO_CART: _ClassVar[OutcomeKind]
    OUTCOME_KIND_LEAD: _ClassVar[OutcomeKind]
    OUTCOME_KIND_ABANDONMENT: _ClassVar[OutcomeKind]
    OUTCOME_KIND_BOUNCE: _ClassVar[OutcomeKind]
    OUTCOME_KIND_DISMISSAL: _ClassVar[OutcomeKind]
    OUTCOME_KIND_COMPLAINT: _ClassVar[OutcomeKind]
    OUTCOME_KIND_CUSTOM: _ClassVar[OutcomeKind]
OUTCOME_KIND_UNSPECIFIED: OutcomeKind
OUTCOME_KIND_CONVERSION: OutcomeKind
OUTCOME_KIND_ADD_TO_CART: OutcomeKind
OUTCOME_KIND_LEAD: OutcomeKind
OUTCOME_KIND_ABANDONMENT: OutcomeKind
OUTCOME_KIND_BOUNCE: OutcomeKind
OUTCOME_KIND_DISMISSAL: OutcomeKind
OUTCOME_KIND_COMPLAINT: OutcomeKind
OUTCOME_KIND_CUSTOM: OutcomeKind

class Outcome(_message.Message):
    __slots__ = ("outcome_id", "decision_id", "session_id", "kind", "name", "value_micros", "currency", "occurred_at")
    OUTCOME_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_MICROS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    outcome_id: str
    decision_id: str
    session_id: str
    kind: OutcomeKind
    name: str
    value_micros: int
    currency: str
    occurred_at: _timestamp_pb2.Timestamp
    def __init__(self, outcome_id: _Optional[str] = ..., decision_id: _Optional[str] = ..., session_id: _Optional[str] = ..., kind: _Optional[_Union[OutcomeKind, str]] = ..., name: _Optional[str] = ..., value_micros: _Optional[int] = ..., currency: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
