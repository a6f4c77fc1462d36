"""Lines of JSON: how a snapshot holds what there are many of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_AT_ONCE: Final = 100


class Written:
    """What a dataclass inherits that remembers the line it was last written as.

    The line is no field: it says nothing that the fields do not say, and takes no part in equality.
    """

    __slots__ = ("line",)

    line: str | None
    """None before the first snapshot, and since a change."""

    def __post_init__(self) -> None:
        """Begin without a line."""
        self.line = None


def read(lines: Sequence[str]) -> Iterator[Any]:
    """Yield what each line says.

    A server that starts is waited for, and one call per line is slow; one call for all takes the
    memory of all.
    """
    for start in range(0, len(lines), _AT_ONCE):
        yield from json.loads(f"[{','.join(lines[start : start + _AT_ONCE])}]")
