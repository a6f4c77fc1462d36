import datetime

from buf.validate import validate_pb2 as _validate_pb2
from eitp.v1 import packet_pb2 as _packet_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ChatRole(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHAT_ROLE_UNSPECIFIED: _ClassVar[ChatRole]
    CHAT_ROLE_SHOPPER: _ClassVar[ChatRole]
    CHAT_ROLE_SEER: _ClassVar[ChatRole]

class ChatDegradation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHAT_DEGRADATION_UNSPECIFIED: _ClassVar[ChatDegradation]
    CHAT_DEGRADATION_NO_SESSION: _ClassVar[ChatDegradation]
    CHAT_DEGRADATION_NO_PACKET: _ClassVar[ChatDegradation]
    CHAT_DEGRADATION_STALE_PACKET: _ClassVar[ChatDegradation]
    CHAT_DEGRADATION_CONSENT_WITHHELD: _ClassVar[ChatDegradation]
    CHAT_DEGRADATION_NO_LABEL: _ClassVar[ChatDegradation]
    CHAT_DEGRADATION_NO_PROVIDER: _ClassVar[ChatDegradation]
    CHAT_DEGRADATION_FALLBACK_MODEL: _ClassVar[ChatDegradation]
    CHAT_DEGRADATION_TURNS_DROPPED: _ClassVar[ChatDegradation]

class ChatFinishReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHAT_FINISH_REASON_UNSPECIFIED: _ClassVar[ChatFinishReason]
    CHAT_FINISH_REASON_COMPLETE: _ClassVar[ChatFinishReason]
    CHAT_FINISH_REASON_LENGTH: _ClassVar[ChatFinishReason]
    CHAT_FINISH_REASON_REFUSED: _ClassVar[ChatFinishReason]
    CHAT_FINISH_REASON_INTERRUPTED: _ClassVar[ChatFinishReason]
    CHAT_FINISH_REASON_DEADLINE: _ClassVar[ChatFinishReason]
CHAT_ROLE_UNSPECIFIED: ChatRole
CHAT_ROLE_SHOPPER: ChatRole
CHAT_ROLE_SEER: ChatRole
CHAT_DEGRADATION_UNSPECIFIED: ChatDegradation
CHAT_DEGRADATION_NO_SESSION: ChatDegradation
CHAT_DEGRADATION_NO_PACKET: ChatDegradation
CHAT_DEGRADATION_STALE_PACKET: ChatDegradation
CHAT_DEGRADATION_CONSENT_WITHHELD: ChatDegradation
CHAT_DEGRADATION_NO_LABEL: ChatDegradation
CHAT_DEGRADATION_NO_PROVIDER: ChatDegradation
CHAT_DEGRADATION_FALLBACK_MODEL: ChatDegradation
CHAT_DEGRADATION_TURNS_DROPPED: ChatDegradation
CHAT_FINISH_REASON_UNSPECIFIED: ChatFinishReason
CHAT_FINISH_REASON_COMPLETE: ChatFinishReason
CHAT_FINISH_REASON_LENGTH: ChatFinishReason
CHAT_FINISH_REASON_REFUSED: ChatFinishReason
CHAT_FINISH_REASON_INTERRUPTED: ChatFinishReason
CHAT_FINISH_REASON_DEADLINE: ChatFinishReason

class ChatTurn(_message.Message):
    __slots__ = ("role", "text")
    ROLE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    role: ChatRole
    text: str
    def __init__(self, role: _Optional[_Union[ChatRole, str]] = ..., text: _Optional[str] = ...) -> None: ...

class ChatStart(_message.Message):
    __slots__ = ("chat_id", "packets", "packets_text", "pattern_ids", "withheld_pattern_ids", "model", "prompt_version", "degraded")
    CHAT_ID_FIELD_NUMBER: _ClassVar[int]
    PACKETS_FIELD_NUMBER: _ClassVar[int]
    PACKETS_TEXT_FIELD_NUMBER: _ClassVar[int]
    PATTERN_IDS_FIELD_NUMBER: _ClassVar[int]
    WITHHELD_PATTERN_IDS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PROMPT_VERSION_FIELD_NUMBER: _ClassVar[int]
    DEGRADED_FIELD_NUMBER: _ClassVar[int]
    chat_id: str
    packets: _containers.RepeatedCompositeFieldContainer[_packet_pb2.Packet]
    packets_text: str
    pattern_ids: _containers.RepeatedScalarFieldContainer[str]
    withheld_pattern_ids: _containers.RepeatedScalarFieldContainer[str]
    model: str
    prompt_version: str
    degraded: _containers.RepeatedScalarFieldContainer[ChatDegradation]
    def __init__(self, chat_id: _Optional[str] = ..., packets: _Optional[_Iterable[_Union[_packet_pb2.Packet, _Mapping]]] = ..., packets_text: _Optional[str] = ..., pattern_ids: _Optional[_Iterable[str]] = ..., withheld_pattern_ids: _Optional[_Iterable[str]] = ..., model: _Optional[str] = ..., prompt_version: _Optional[str] = ..., degraded: _Optional[_Iterable[_Union[ChatDegradation, str]]] = ...) -> None: ...

class ChatDelta(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...

class ChatSuggestion(_message.Message):
    __slots__ = ("definition_id", "definition_revision", "pattern_id")
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_REVISION_FIELD_NUMBER: _ClassVar[int]
    PATTERN_ID_FIELD_NUMBER: _ClassVar[int]
    definition_id: str
    definition_revision: int
    pattern_id: str
    def __init__(self, definition_id: _Optional[str] = ..., definition_revision: _Optional[int] = ..., pattern_id: _Optional[str] = ...) -> None: ...

class ChatFinish(_message.Message):
    __slots__ = ("reason", "usage", "finished_at")
    REASON_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    reason: ChatFinishReason
    usage: ChatUsage
    finished_at: _timestamp_pb2.Timestamp
    def __init__(self, reason: _Optional[_Union[ChatFinishReason, str]] = ..., usage: _Optional[_Union[ChatUsage, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ChatUsage(_message.Message):
    __slots__ = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "thinking_tokens", "packet_tokens", "cost_micros", "currency", "price_table_version", "estimated")
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHE_READ_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHE_WRITE_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    THINKING_TOKENS_FIELD_NUMBER: _ClassVar[int]
    PACKET_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    PRICE_TABLE_VERSION_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_FIELD_NUMBER: _ClassVar[int]
    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    output_tokens: int
    thinking_tokens: int
    packet_tokens: int
    cost_micros: int
    currency: str
    price_table_version: str
    estimated: bool
    def __init__(self, input_tokens: _Optional[int] = ..., cache_read_tokens: _Optional[int] = ..., cache_write_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., thinking_tokens: _Optional[int] = ..., packet_tokens: _Optional[int] = ..., cost_micros: _Optional[int] = ..., currency: _Optional[str] = ..., price_table_version: _Optional[str] = ..., estimated: _Optional[bool] = ...) -> None: ...
