from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class Durability(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DURABILITY_UNSPECIFIED: _ClassVar[Durability]
    DURABILITY_PROCESS: _ClassVar[Durability]
    DURABILITY_DISK: _ClassVar[Durability]
    DURABILITY_QUORUM: _ClassVar[Durability]

class PointerType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POINTER_TYPE_UNSPECIFIED: _ClassVar[PointerType]
    POINTER_TYPE_MOUSE: _ClassVar[PointerType]
    POINTER_TYPE_TOUCH: _ClassVar[PointerType]
    POINTER_TYPE_PEN: _ClassVar[PointerType]
DURABILITY_UNSPECIFIED: Durability
DURABILITY_PROCESS: Durability
DURABILITY_DISK: Durability
DURABILITY_QUORUM: Durability
POINTER_TYPE_UNSPECIFIED: PointerType
POINTER_TYPE_MOUSE: PointerType
POINTER_TYPE_TOUCH: PointerType
POINTER_TYPE_PEN: PointerType
