from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class Audience(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AUDIENCE_UNSPECIFIED: _ClassVar[Audience]
    AUDIENCE_TENANT: _ClassVar[Audience]
    AUDIENCE_SHARED: _ClassVar[Audience]
AUDIENCE_UNSPECIFIED: Audience
AUDIENCE_TENANT: Audience
AUDIENCE_SHARED: Audience
