"""Between a row of cells and an event: the columns, what they are called, what absent means."""

from __future__ import annotations

from enum import StrEnum
from operator import itemgetter
from typing import TYPE_CHECKING, TypeVar

from .error import RecordingError
from .event import Event
from .vocabulary import POINTER_KINDS, Kind, PageType, Role, Section

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .event import Recording

Cell = str | float
"""What a table holds in one place; the empty text means absent."""

REQUIRED = ("recording", "person", "t_ms", "kind", "x", "y")
OPTIONAL = ("target", "role", "section", "page_type", "scroll_x", "scroll_y", "response_ms")
COLUMNS = REQUIRED + OPTIONAL
TEXT_COLUMNS = frozenset({"recording", "person", "kind", "target", "role", "section", "page_type"})
"""Columns that hold text; the others hold numbers."""

_Word = TypeVar("_Word", bound=StrEnum)
_KINDS: Mapping[str, Kind] = {kind.value: kind for kind in Kind}
_ROLES: Mapping[str, Role] = {role.value: role for role in Role}
_SECTIONS: Mapping[str, Section] = {section.value: section for section in Section}
_PAGE_TYPES: Mapping[str, PageType] = {page_type.value: page_type for page_type in PageType}


def row_reader(header: Sequence[str]) -> Callable[[Sequence[Cell]], tuple[Cell, ...]]:
    """Return a function that puts a row's cells into the order of COLUMNS, "" where absent.

    Raises RecordingError when the header lacks a required column, or has one twice or unknown.
    """
    _check_header(header)
    width = len(header)
    pick = itemgetter(*(header.index(name) if name in header else width for name in COLUMNS))

    def ordered(cells: Sequence[Cell]) -> tuple[Cell, ...]:
        if len(cells) != width:
            raise RecordingError(
                f"has {len(cells)} fields where the header has {width}; "
                "give every column a field, empty where absent"
            )
        return pick([*cells, ""])

    return ordered


def event_of(cells: tuple[Cell, ...], *, resting: tuple[float, float]) -> Event:
    """Build the event of a row in the order of COLUMNS, at `resting` when it has no position."""
    _, _, t_ms, kind_name, x, y, target, role, section, page_type, right, down, response = cells
    kind = _KINDS.get(str(kind_name))
    if kind is None:
        raise _unknown(kind_name, _KINDS, "kind")
    if has_position(cells):
        resting = (_number(x, "x"), _number(y, "y"))
    elif kind in POINTER_KINDS:
        column = "x" if x == "" else "y"
        raise RecordingError(f"a {kind} needs a position; write CSS px, as 640", column=column)
    return Event(
        t_ms=_number(t_ms, "t_ms"),
        kind=kind,
        x=resting[0],
        y=resting[1],
        target=str(target),
        role=_word(role, _ROLES, "role") if role else None,
        section=_word(section, _SECTIONS, "section") if section else None,
        page_type=_word(page_type, _PAGE_TYPES, "page_type") if page_type else None,
        scroll_x=0 if right == "" else _number(right, "scroll_x"),
        scroll_y=0 if down == "" else _number(down, "scroll_y"),
        response_ms=None if response == "" else _number(response, "response_ms"),
    )


def has_position(cells: tuple[Cell, ...]) -> bool:
    """Tell whether a row says where the pointer was."""
    x, y = cells[4], cells[5]
    if (x == "") != (y == ""):
        raise RecordingError("x and y come together; fill both or neither", column="x")
    return x != ""


def cells_of(recording: Recording, event: Event) -> tuple[str | float | None, ...]:
    """Return an event as a row in the order of COLUMNS, None where absent."""
    return (
        recording.name,
        recording.person,
        _tidy(event.t_ms),
        event.kind.value,
        _tidy(event.x),
        _tidy(event.y),
        event.target or None,
        event.role,
        event.section,
        event.page_type,
        _tidy(event.scroll_x) or None,
        _tidy(event.scroll_y) or None,
        None if event.response_ms is None else _tidy(event.response_ms),
    )


def _check_header(header: Sequence[str]) -> None:
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise RecordingError(
            f"the header {','.join(header)!r} lacks {', '.join(missing)}; "
            f"it must name at least {','.join(REQUIRED)}, separated by commas"
        )
    for position, name in enumerate(header):
        if name not in COLUMNS:
            raise RecordingError(
                f"is not a column of the format, which has {', '.join(COLUMNS)}; "
                "what describes a whole recording goes into the labels file",
                column=name or f"number {position + 1}",
            )
        if name in header[:position]:
            raise RecordingError("is there twice; name every column once", column=name)


def _number(cell: Cell, column: str) -> float:
    try:
        return float(cell)
    except ValueError:
        found = "is empty" if cell == "" else f"{cell!r} is not a number"
        example = "pixels, as 640" if column in {"x", "y"} else "milliseconds, as 1250"
        if column.startswith("scroll"):
            example = "pixels, as -120"
        raise RecordingError(f"{found}; write {example}", column=column) from None


def _word(cell: Cell, words: Mapping[str, _Word], column: str) -> _Word:
    word = words.get(str(cell))
    if word is None:
        raise _unknown(cell, words, column)
    return word


def _unknown(cell: Cell, words: Mapping[str, _Word], column: str) -> RecordingError:
    return RecordingError(f"{cell!r} is unknown; use one of {', '.join(words)}", column=column)


def _tidy(number: float) -> float:
    return int(number) if number == int(number) else number
