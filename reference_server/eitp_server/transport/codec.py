"""The two forms in which messages travel: protobuf's binary one and its canonical JSON."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol, cast

from google.protobuf import json_format
from google.protobuf.message import DecodeError

from eitp_server.services.validation import malformed
from eitp_server.transport import refusal
from eitp_server.transport.enum_name import read_names

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
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


class Codec(Protocol):
    """Turns messages into bytes and back."""

    @property
    def name(self) -> str:
        """The subtype of `application/` that announces this form."""
        ...

    def decode(self, message: type[Message], data: bytes) -> Message:
        """Return the message; raises `Invalid`, mostly of MALFORMED_MESSAGE, for anything else."""
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
        """Return the message; unknown fields are ignored, as a newer client may send them.

        Unknown names of enum values raise `Invalid(FIELD_INVALID)`: see `enum_name`.
        """
        try:
            document = json.loads(data.decode(), object_pairs_hook=_unique)
            # The parser takes an empty list, or an empty text, for an empty object.
            if not isinstance(document, dict):
                raise json_format.ParseError("it is no JSON object")
            values = cast("dict[str, Any]", document)
            if unknown := read_names(values, cast("Descriptor", message.DESCRIPTOR)):
                raise refusal.invalid(unknown)
            return json_format.ParseDict(values, message(), ignore_unknown_fields=True)
        except _JSON_ERRORS as error:
            raise malformed(message, error) from None

    def binary(self, message: type[Message], data: bytes) -> bytes:
        """Return the message in protobuf's wire format; raises as `decode` does."""
        return self.decode(message, data).SerializeToString()

    def encode(self, message: Message) -> bytes:
        """Return the JSON of the message."""
        return json_format.MessageToJson(message, indent=None).encode()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object; raises `ParseError` when it has a name twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        name, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise json_format.ParseError(f"{name} stands twice in one object")
    return found


BINARY = Binary()
JSON = Json()
CODECS: dict[str, Codec] = {BINARY.name: BINARY, JSON.name: JSON}
