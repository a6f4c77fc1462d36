"""Rows of a source's CSV file, with errors that name file, line and column."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from ..error import RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_LONGEST_FIELD = 1 << 24


class SourceRow:
    """One row of a source's file, by column."""

    def __init__(self, file: Path, line: int, cells: dict[str, str]) -> None:
        self._file = file
        self._line = line
        self._cells = cells

    def text(self, column: str) -> str:
        """Return a cell as it is."""
        return self._cells[column]

    def number(self, column: str) -> float:
        """Return a cell that holds one number."""
        return self._parse(column, self._cells[column])

    def numbers(self, column: str) -> list[float]:
        """Return a cell that holds numbers separated by blanks."""
        return [self._parse(column, word) for word in self._cells[column].split()]

    def labels(self, **columns: str) -> dict[str, str]:
        """Return cells under the names they shall have as labels, without the empty ones."""
        named = {name: self._cells[column] for name, column in columns.items()}
        return {name: cell for name, cell in named.items() if cell}

    def error(self, problem: str, column: str = "") -> RecordingError:
        """Return an error about this row."""
        return RecordingError(problem, column=column, line=self._line, file=self._file)

    def _parse(self, column: str, word: str) -> float:
        try:
            return float(word)
        except ValueError:
            problem = f"{word!r} is not a number; take the file as it was published"
            raise self.error(problem, column) from None


def source_rows(file: Path, columns: Sequence[str]) -> Iterator[SourceRow]:
    """Yield the rows of a source's file; raises RecordingError when a column is missing."""
    # The trials of the choice data hold a whole path in one cell, more than csv allows by default.
    csv.field_size_limit(_LONGEST_FIELD)
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, restval="")
        missing = [name for name in columns if name not in (reader.fieldnames or ())]
        if missing:
            problem = f"the header lacks {', '.join(missing)}; take the file as it was published"
            raise RecordingError(problem, file=file, line=1)
        for cells in reader:
            yield SourceRow(file, reader.line_num, cells)
