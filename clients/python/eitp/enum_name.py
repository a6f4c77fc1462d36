"""Names of enum values for people, also of those that a newer server sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper


def name_of(enum: EnumTypeWrapper, number: int, prefix: str) -> str:
    """Return the name of a value without its prefix, as `RAGE_CLICK`; of an unknown one, `18`."""
    known = enum.DESCRIPTOR.values_by_number.get(number)
    return known.name.removeprefix(prefix) if known else str(number)


def words_of(enum: EnumTypeWrapper, number: int, prefix: str) -> str:
    """Return the name of a value in words, as `rage click`."""
    return name_of(enum, number, prefix).lower().replace("_", " ")
