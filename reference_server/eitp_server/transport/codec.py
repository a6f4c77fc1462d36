"""The two forms in which messages travel: protobuf's binary one and its canonical JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from google.protobuf import json_format
from google.protobuf.message import DecodeError

from eitp_server.errors import Invalid, Reason

if TYPE_CHECKING:
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
        """Return the message; raises `Invalid(MALFORMED_MESSAGE)` for anything else."""
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
            raise _malformed(message, error) from None

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
            raise _malformed(message, error) from None

    def encode(self, message: Message) -> bytes:
        """Return the JSON of the message."""
        return json_format.MessageToJson(message, indent=None).encode()


BINARY = Binary()
JSON = Json()
CODECS: dict[str, Codec] = {BINARY.name: BINARY, JSON.name: JSON}


def _malformed(message: type[Message], error: Exception) -> Invalid:
    name = message.DESCRIPTOR.full_name
    return Invalid(
        Reason.MALFORMED_MESSAGE,
        f"The request is not a {name}: {error}",
        metadata={"type": name},
    )
