"""The two forms in which messages travel: protobuf's binary one and its canonical JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol, cast

from google.protobuf import json_format
from google.protobuf.message import DecodeError

from eitp_server.services.validation import malformed

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.message import Message

_JSON_ERRORS = (
    json_format.ParseError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What the parser raises on hostile input, its own error being the least of it."""


_UNKNOWN = 2**31 - 1
"""A number that no enum of the schema gives to a value."""


class Codec(Protocol):
    """Turns messages into bytes and back."""

    @property
    def name(self) -> str:
        """The subtype of `application/` that announces this form."""
        ...

    def decode(self, message: type[Message], data: bytes) -> Message:
        """Return the message; raises `Invalid(MALFORMED_MESSAGE)` for anything else."""
        ...

    def binary(self, message: type[Message], data: bytes) -> bytes:
        """Return the message in the binary form, undecoded when it has that form already."""
        ...

    def encode(self, message: Message) -> bytes:
        """Return the bytes of the message."""
        ...


class Binary:
    """Protobuf's wire format."""

    name = "proto"

    def decode(self, message: type[Message], data: bytes) -> Message:
        """Return the message; unknown fields are kept."""
        try:
            return message.FromString(data)
        except DecodeError as error:
            raise malformed(message, error) from None

    def binary(self, message: type[Message], data: bytes) -> bytes:
        """Return the bytes as they are."""
        return data

    def encode(self, message: Message) -> bytes:
        """Return the bytes of the message."""
        return message.SerializeToString()


class Json:
    """Protobuf's canonical JSON, so that a person can make a call with curl."""

    name = "json"

    def decode(self, message: type[Message], data: bytes) -> Message:
        """Return the message; unknown fields are ignored, as a newer client may send them."""
        try:
            # The parser takes an empty list, or an empty text, for an empty object.
            if data.lstrip()[:1] != b"{":
                raise json_format.ParseError("it is no JSON object")
            return json_format.Parse(data, message(), ignore_unknown_fields=True)
        except _JSON_ERRORS as error:
            raise malformed(message, error) from None

    def binary(self, message: type[Message], data: bytes) -> bytes:
        """Return the message in protobuf's wire format; raises as `decode` does.

        Names of unknown enum values become a number that no value has: the parser would leave
        them out, and shift the rest of their column.
        """
        known = self.decode(message, data)
        document = json.loads(data)
        if _number_unknown(document, cast("Descriptor", message.DESCRIPTOR)):
            return self.decode(message, json.dumps(document).encode()).SerializeToString()
        return known.SerializeToString()

    def encode(self, message: Message) -> bytes:
        """Return the JSON of the message."""
        return json_format.MessageToJson(message, indent=None).encode()


def _number_unknown(document: Any, descriptor: Descriptor) -> bool:
    """Replace the names of unknown enum values in place; return whether there were any."""
    if not isinstance(document, dict):
        return False
    values = cast("dict[str, Any]", document)
    found = [
        _number_field(values, name, field)
        for field in descriptor.fields
        for name in {field.json_name, field.name} & values.keys()
    ]
    return any(found)


def _number_field(values: dict[str, Any], name: str, field: FieldDescriptor) -> bool:
    value = values[name]
    items = cast("list[Any]", value if isinstance(value, list) else [value])
    if field.message_type is not None:
        found = [_number_unknown(item, field.message_type) for item in items]
        return any(found)
    if field.enum_type is None:
        return False
    names = field.enum_type.values_by_name
    numbered = [_UNKNOWN if isinstance(i, str) and i not in names else i for i in items]
    values[name] = numbered if isinstance(value, list) else numbered[0]
    return numbered != items


BINARY = Binary()
JSON = Json()
CODECS: dict[str, Codec] = {BINARY.name: BINARY, JSON.name: JSON}
