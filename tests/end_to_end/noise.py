"""Messages of any kind with values at the edges of what their fields can hold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message_factory import GetMessageClass

if TYPE_CHECKING:
    from random import Random

    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

_INT32 = (0, 1, -1, 2, 7, 50, 2**31 - 1, -(2**31))
_INT64 = (*_INT32, 2**53, 2**63 - 1, -(2**63))
_UINT32 = (0, 1, 2, 3, 50, 511, 60_000, 2**31, 2**32 - 1)
_UINT64 = (*_UINT32, 2**53 - 1, 2**53, 2**63, 2**64 - 1)
_DOUBLES = (0.0, -0.0, 0.5, 1.0, -1.0, 5e-324, 1.7e308, math.inf, -math.inf, math.nan)
_TEXTS = (
    "",
    "x",
    "DE",
    "EUR",
    "\0",
    "ü" * 30,
    "a" * 300,
    "1:2 x",
    "../..",
    "' OR 1=1 --",
    "\U0010ffff",
)
_VALUES: dict[int, tuple[Any, ...]] = {
    FieldDescriptor.TYPE_BOOL: (False, True),
    FieldDescriptor.TYPE_BYTES: (b"", b"\0", bytes(26), b"\xff" * 300),
    FieldDescriptor.TYPE_DOUBLE: _DOUBLES,
    FieldDescriptor.TYPE_ENUM: (*range(20), 99, -1, 2**31 - 1, -(2**31)),
    FieldDescriptor.TYPE_FIXED64: _UINT64,
    FieldDescriptor.TYPE_INT32: _INT32,
    FieldDescriptor.TYPE_INT64: _INT64,
    FieldDescriptor.TYPE_SINT32: _INT32,
    FieldDescriptor.TYPE_STRING: _TEXTS,
    FieldDescriptor.TYPE_UINT32: _UINT32,
    FieldDescriptor.TYPE_UINT64: _UINT64,
}
_LENGTHS = (0, 1, 1, 3, 3, 3, 20)


def noise(kind: Descriptor, random: Random, *, json: bool = False) -> Message:
    """Return a message of a kind with some of its fields set to whatever they can hold.

    With `json`, without the few messages that canonical JSON has no words for.
    """
    message = GetMessageClass(kind)()
    for field in kind.fields:
        unspeakable = json and field.message_type is not None and field.message_type.file.package
        if random.random() < 0.6 and unspeakable != "google.protobuf":
            _set(message, field, random, json=json)
    return message


def _set(message: Message, field: FieldDescriptor, random: Random, *, json: bool) -> None:
    count = random.choice(_LENGTHS) if field.is_repeated else 1
    for _ in range(count):
        if field.message_type is not None:
            value = noise(field.message_type, random, json=json)
            place = getattr(message, field.name)
            (place.add() if field.is_repeated else place).CopyFrom(value)
        elif field.is_repeated:
            getattr(message, field.name).append(random.choice(_VALUES[field.type]))
        else:
            setattr(message, field.name, random.choice(_VALUES[field.type]))
