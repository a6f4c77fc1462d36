"""The names of enum values in a request's JSON, of which protobuf's parser drops the unknown ones.

A dropped name is worse than a refusal: a filter is gone, and a column moves up by one. So names are
read before the parser sees them. One that the schema does not know is refused, except where a page
says what it saw: there the sets are open, and a client may be newer than its server.
"""

from __future__ import annotations

import json
import re
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from eitp_server.errors import Violation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

OBSERVATIONS = frozenset(
    (
        "eitp.v1.OpenSessionRequest",
        "eitp.v1.PageContext",
        "eitp.v1.Target",
        "eitp.v1.TelemetryBatch",
    )
)
"""Messages whose enums are read as a number that no value has when their name is a newer one."""
UNKNOWN = 2**31 - 1
"""A number that no enum of the schema gives to a value."""
RULE = "enum.defined_only"
"""Rule that an unknown name breaks, the same as an unknown number."""

# A status says the first few things only, and every one of these takes a search.
_MOST = 10
_MOST_SHOWN = 60
"""Characters of a refused name that the answer repeats."""
_MOST_LISTED = 205
"""Characters that the names of an enum may take in an answer; of more, it has the nearest."""
_NEAREST = 3


class _Field(NamedTuple):
    """A field that holds an enum or leads to one."""

    name: str
    enum: EnumDescriptor | None
    message: Descriptor | None
    known: frozenset[str | int]
    """Names and numbers of the enum's values, so that a column of either is known at a glance."""
    newer: re.Pattern[str] | None
    """What the name of a value of a later schema looks like; None where none is taken."""
    is_list: bool
    key: str
    """How a path writes a key of the map; empty for what is no map."""


def read_names(document: object, descriptor: Descriptor) -> tuple[Violation, ...]:
    """Return the unknown names in the JSON of such a message, the first few, in its order.

    Replaces newer names of observations by `UNKNOWN`, in place. Leaves alone whatever the parser
    itself refuses: values of another type, and lists and objects where there should be none.
    """
    reading = _Reading()
    reading.message(document, descriptor, "")
    return tuple(reading.violations)


class _Reading:
    def __init__(self) -> None:
        self.violations: list[Violation] = []

    def message(self, document: object, descriptor: Descriptor, path: str) -> None:
        """Read the fields of one object; `path` is what stands before their names."""
        fields = _fields(descriptor)
        if not fields or not isinstance(document, dict):
            return
        values = cast("dict[str, Any]", document)
        for name, value in values.items():
            if (field := fields.get(name)) is not None:
                self._field(values, name, value, field, path + field.name)

    def _field(
        self, values: dict[str, Any], name: str, value: Any, field: _Field, path: str
    ) -> None:
        if field.is_list:
            if isinstance(value, list) and not _all_known(field, cast("list[Any]", value)):
                for index in range(len(cast("list[Any]", value))):
                    self._value(value, index, field, f"{path}[{index}]")
        elif field.key:
            for key in cast("dict[str, Any]", value) if isinstance(value, dict) else ():
                # Escaped, as a status cannot hold half a surrogate pair.
                shown = field.key.format(json.dumps(key)[1:-1])
                self._value(value, key, field, f"{path}[{shown}]")
        else:
            self._value(values, name, field, path)

    def _value(self, holder: Any, key: int | str, field: _Field, path: str) -> None:
        value = holder[key]
        if field.message is not None:
            self.message(value, field.message, f"{path}.")
        elif not _is_dropped(value, field.known):
            return
        elif field.newer and isinstance(value, str) and field.newer.fullmatch(value):
            holder[key] = UNKNOWN
        elif len(self.violations) < _MOST:
            enum = cast("EnumDescriptor", field.enum)
            self.violations.append(Violation(path, RULE, _description(value, enum)))


def _all_known(field: _Field, column: list[Any]) -> bool:
    try:
        return field.enum is not None and field.known.issuperset(column)
    except TypeError:  # A list or an object among them.
        return False


def _is_dropped(value: Any, known: frozenset[str | int]) -> bool:
    """Tell whether the parser takes the value for the name of a value, and does not know it."""
    if not isinstance(value, str | float) or value in known:
        return False
    try:
        int(value)
    except ValueError:
        return True
    except OverflowError:
        return False
    return False


def _description(value: str | float, enum: EnumDescriptor) -> str:
    given = value[:_MOST_SHOWN] if isinstance(value, str) else value
    names = [item.name for item in enum.values if item.number]
    right = f"its values are {', '.join(names)}"
    if len(right) > _MOST_LISTED:
        nearest = ", ".join(_nearest(str(given), names, _prefix(enum)))
        right = f"of its {len(names)} values, the nearest are {nearest}"
    return f"{json.dumps(given)} is no {enum.name}; {right}"


def _nearest(given: str, names: list[str], prefix: str) -> list[str]:
    stems = {name.removeprefix(prefix): name for name in names}
    stem = re.sub("[^A-Z0-9]+", "_", given.upper()).removeprefix(prefix)
    return [stems[near] for near in get_close_matches(stem, stems, _NEAREST, cutoff=0.0)]


def _prefix(enum: EnumDescriptor) -> str:
    """Return what every name of the enum begins with, those of later schemas included."""
    return enum.values_by_number[0].name.removesuffix("UNSPECIFIED")


@cache
def _fields(descriptor: Descriptor) -> Mapping[str, _Field]:
    """Return the fields of the message that lead to an enum, by each name that JSON may use."""
    found = [field for field in descriptor.fields if _leads_to_enum(field, frozenset())]
    by_name = {field.name: _described(field) for field in found}
    return by_name | {field.json_name: by_name[field.name] for field in found}


def _leads_to_enum(field: FieldDescriptor, above: frozenset[str]) -> bool:
    message = field.message_type
    if message is None:
        return field.enum_type is not None
    # In JSON, protobuf's own messages are texts, numbers or free of a schema.
    if message.file.package == "google.protobuf" or message.full_name in above:
        return False
    return any(_leads_to_enum(inner, above | {message.full_name}) for inner in message.fields)


def _described(field: FieldDescriptor) -> _Field:
    entry = field.message_type
    if entry is None or not entry.GetOptions().map_entry:
        return _holding(field, field, is_list=field.is_repeated)
    key = '"{}"' if entry.fields_by_name["key"].type == field.TYPE_STRING else "{}"
    return _holding(field, entry.fields_by_name["value"], key=key)


def _holding(
    field: FieldDescriptor, value: FieldDescriptor, *, is_list: bool = False, key: str = ""
) -> _Field:
    enum, known, newer = value.enum_type, frozenset[str | int](), None
    if enum is not None:
        known = frozenset([*enum.values_by_name, *enum.values_by_number])
        owner = field.containing_type
        if owner is not None and owner.full_name in OBSERVATIONS:
            newer = re.compile(f"{_prefix(enum)}[A-Z0-9_]+")
    return _Field(
        name=field.name,
        enum=enum,
        message=value.message_type,
        known=known,
        newer=newer,
        is_list=is_list,
        key=key,
    )
