"""The one error of this package: a recording that is not what the format says."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class RecordingError(ValueError):
    """A recording breaks the format; the message says where, what was wrong and what is right."""

    def __init__(
        self, problem: str, *, column: str = "", line: int | None = None, file: Path | None = None
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        """What was wrong and what would be right."""
        self.column = column
        """Name of the column, empty when the problem is not about one."""
        self.line = line
        """1-based line of a CSV file (the header is line 1) or row of a Parquet file."""
        self.file = file
        """The file, None when the value never came from one."""

    def located(self, file: Path, line: int | None = None) -> RecordingError:
        """Return the same error with its place."""
        return RecordingError(self.problem, column=self.column, line=line, file=file)

    def __str__(self) -> str:
        unit = "row" if self.file is not None and self.file.suffix == ".parquet" else "line"
        place = [
            str(self.file) if self.file is not None else "",
            f"{unit} {self.line}" if self.line is not None else "",
            f"column {self.column}" if self.column else "",
        ]
        where = ", ".join(part for part in place if part)
        return f"{where}: {self.problem}" if where else self.problem
