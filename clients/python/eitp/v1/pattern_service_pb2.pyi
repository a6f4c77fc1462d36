from buf.validate import validate_pb2 as _validate_pb2
from eitp.v1 import audience_pb2 as _audience_pb2
from eitp.v1 import intervention_pb2 as _intervention_pb2
from eitp.v1 import page_pb2 as _page_pb2
from eitp.v1 import pattern_pb2 as _pattern_pb2
from eitp.v1 import state_pb2 as _state_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListPatternsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "status", "include_past", "audience", "vertical", "label", "page_section", "definition_id", "kind")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_PAST_FIELD_NUMBER: _ClassVar[int]
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    VERTICAL_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    PAGE_SECTION_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    status: _pattern_pb2.PatternStatus
    include_past: bool
    audience: _audience_pb2.Audience
    vertical: str
    label: _state_pb2.EmotionLabel
    page_section: _page_pb2.PageSection
    definition_id: str
    kind: _intervention_pb2.InterventionKind
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., status: _Optional[_Union[_pattern_pb2.PatternStatus, str]] = ..., include_past: _Optional[bool] = ..., audience: _Optional[_Union[_audience_pb2.Audience, str]] = ..., vertical: _Optional[str] = ..., label: _Optional[_Union[_state_pb2.EmotionLabel, str]] = ..., page_section: _Optional[_Union[_page_pb2.PageSection, str]] = ..., definition_id: _Optional[str] = ..., kind: _Optional[_Union[_intervention_pb2.InterventionKind, str]] = ...) -> None: ...

class ListPatternsResponse(_message.Message):
    __slots__ = ("patterns", "next_page_token", "patterns_version")
    PATTERNS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PATTERNS_VERSION_FIELD_NUMBER: _ClassVar[int]
    patterns: _containers.RepeatedCompositeFieldContainer[_pattern_pb2.ProvenPattern]
    next_page_token: str
    patterns_version: str
    def __init__(self, patterns: _Optional[_Iterable[_Union[_pattern_pb2.ProvenPattern, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., patterns_version: _Optional[str] = ...) -> None: ...

class GetPatternRequest(_message.Message):
    __slots__ = ("pattern_id",)
    PATTERN_ID_FIELD_NUMBER: _ClassVar[int]
    pattern_id: str
    def __init__(self, pattern_id: _Optional[str] = ...) -> None: ...

class GetPatternResponse(_message.Message):
    __slots__ = ("pattern",)
    PATTERN_FIELD_NUMBER: _ClassVar[int]
    pattern: _pattern_pb2.ProvenPattern
    def __init__(self, pattern: _Optional[_Union[_pattern_pb2.ProvenPattern, _Mapping]] = ...) -> None: ...
