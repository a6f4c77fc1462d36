from buf.validate import validate_pb2 as _validate_pb2
from eitp.v1 import seer_pb2 as _seer_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ChatRequest(_message.Message):
    __slots__ = ("session_id", "turns", "max_packets", "max_output_tokens", "language")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    TURNS_FIELD_NUMBER: _ClassVar[int]
    MAX_PACKETS_FIELD_NUMBER: _ClassVar[int]
    MAX_OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    turns: _containers.RepeatedCompositeFieldContainer[_seer_pb2.ChatTurn]
    max_packets: int
    max_output_tokens: int
    language: str
    def __init__(self, session_id: _Optional[str] = ..., turns: _Optional[_Iterable[_Union[_seer_pb2.ChatTurn, _Mapping]]] = ..., max_packets: _Optional[int] = ..., max_output_tokens: _Optional[int] = ..., language: _Optional[str] = ...) -> None: ...

class ChatResponse(_message.Message):
    __slots__ = ("start", "delta", "suggestion", "finish")
    START_FIELD_NUMBER: _ClassVar[int]
    DELTA_FIELD_NUMBER: _ClassVar[int]
    SUGGESTION_FIELD_NUMBER: _ClassVar[int]
    FINISH_FIELD_NUMBER: _ClassVar[int]
    start: _seer_pb2.ChatStart
    delta: _seer_pb2.ChatDelta
    suggestion: _seer_pb2.ChatSuggestion
    finish: _seer_pb2.ChatFinish
    def __init__(self, start: _Optional[_Union[_seer_pb2.ChatStart, _Mapping]] = ..., delta: _Optional[_Union[_seer_pb2.ChatDelta, _Mapping]] = ..., suggestion: _Optional[_Union[_seer_pb2.ChatSuggestion, _Mapping]] = ..., finish: _Optional[_Union[_seer_pb2.ChatFinish, _Mapping]] = ...) -> None: ...
