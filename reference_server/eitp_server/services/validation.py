"""The rules that stand in the schema, applied to a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protovalidate import Validator

from eitp_server.errors import Invalid, Reason, Violation

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from protovalidate import FieldPathElementPb, ViolationPb

_validator = Validator()


def violations(message: Message) -> tuple[Violation, ...]:
    """Return every broken rule of the message, in the order of its schema; empty when valid."""
    found = _validator.collect_violations(message)
    return tuple(_violation(item.proto) for item in found) if found else ()


def malformed(message: type[Message], error: Exception) -> Invalid:
    """Return the error for bytes that are no such message."""
    name = message.DESCRIPTOR.full_name
    return Invalid(
        Reason.MALFORMED_MESSAGE,
        f"The request is not a {name}: {error}",
        metadata={"type": name},
    )


def _violation(broken: ViolationPb) -> Violation:
    elements = broken.field.elements if broken.field else ()
    return Violation(
        field=".".join(map(_step, elements)),
        rule=broken.rule_id,
        description=broken.message or f"must satisfy {broken.rule_id}",
    )


def _step(element: FieldPathElementPb) -> str:
    """Write one element of a path, as `batches[3]` or `labels["color"]`."""
    key = element.subscript
    if key is None:
        return element.field_name
    return f"{element.field_name}[{_subscript(key.field, key.value)}]"


def _subscript(kind: str, value: object) -> str:
    return f'"{value}"' if kind == "string_key" else str(value).lower()
