"""What is wrong with a file, where, and what would be right."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class EviInputError(ValueError):
    """A file or an option from which no index can be computed."""

    @classmethod
    def at(
        cls, file: Path, problem: str, *, line: int | None = None, column: str = ""
    ) -> EviInputError:
        """Return the error with its place in a file."""
        place = [str(file)]
        if line is not None:
            place.append(f"line {line}")
        if column:
            place.append(f"column {column}")
        return cls(f"{', '.join(place)}: {problem}")
