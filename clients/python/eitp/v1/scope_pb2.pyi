from buf.validate import validate_pb2 as _validate_pb2
from eitp.v1 import page_pb2 as _page_pb2
from eitp.v1 import state_pb2 as _state_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Scope(_message.Message):
    __slots__ = ("vertical", "label", "page_section")
    VERTICAL_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    PAGE_SECTION_FIELD_NUMBER: _ClassVar[int]
    vertical: str
    label: _state_pb2.EmotionLabel
    page_section: _page_pb2.PageSection
    def __init__(self, vertical: _Optional[str] = ..., label: _Optional[_Union[_state_pb2.EmotionLabel, str]] = ..., page_section: _Optional[_Union[_page_pb2.PageSection, str]] = ...) -> None: ...
