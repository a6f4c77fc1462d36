"""Rows of cells in a file: CSV with the standard library, Parquet with pyarrow when installed."""

from __future__ import annotations

import csv
import importlib
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from .error import RecordingError
from .row import COLUMNS, TEXT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence
    from pathlib import Path

    from .row import Cell

_PARQUET_ROWS = 65_536


class Table(Protocol):
    """A file of rows that can be read more than once."""

    @property
    def header(self) -> Sequence[str]:
        """The names of the columns, in order."""
        ...

    def rows(self) -> Iterator[tuple[int, Sequence[Cell]]]:
        """Yield every row with its 1-based line (CSV) or row (Parquet) number."""
        ...

    def column(self, name: str) -> Iterator[Cell]:
        """Yield one column."""
        ...


def open_table(file: Path) -> Table:
    """Open a file by its suffix, .csv or .parquet."""
    if file.suffix == ".parquet":
        return ParquetTable(file)
    if file.suffix == ".csv":
        return CsvTable(file)
    raise _foreign(file)


def write_table(file: Path, rows: Iterable[Sequence[Cell | None]]) -> None:
    """Write rows in the order of COLUMNS; the file appears when all of them are written."""
    if file.suffix not in {".csv", ".parquet"}:
        raise _foreign(file)
    part = file.with_name(f"{file.name}.part")
    try:
        (_write_parquet if file.suffix == ".parquet" else write_csv)(part, rows)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def write_csv(
    file: Path, rows: Iterable[Sequence[Cell | None]], header: Sequence[str] = COLUMNS
) -> None:
    """Write a header and rows as UTF-8 CSV with Unix line ends, nothing where None."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


class CsvTable:
    """A CSV file in UTF-8, with or without a byte-order mark."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with self._reader() as reader:
            header = next(reader, None)
        if header is None:
            raise RecordingError(
                f"is empty; its first line must name at least {','.join(COLUMNS[:6])}", file=file
            )
        self.header = header

    def rows(self) -> Iterator[tuple[int, Sequence[Cell]]]:
        """Yield every row that is not blank with the number of its (last) line."""
        with self._reader() as reader:
            next(reader)
            for cells in reader:
                if cells:
                    yield reader.line_num, cells

    def column(self, name: str) -> Iterator[Cell]:
        """Yield one column, "" where a row is too short to have it."""
        position = self.header.index(name)
        for _, cells in self.rows():
            yield cells[position] if position < len(cells) else ""

    @contextmanager
    def _reader(self) -> Generator[_CsvReader]:
        with self._file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            try:
                yield reader
            except UnicodeDecodeError as error:
                raise RecordingError(
                    f"byte 0x{error.object[error.start]:02x} is not UTF-8; save the file as UTF-8",
                    file=self._file,
                    line=_undecodable_line(self._file),
                ) from None
            except csv.Error as error:
                raise RecordingError(
                    f"is not CSV ({error}); separate fields by commas and double quotes in text",
                    file=self._file,
                    line=reader.line_num,
                ) from None


class ParquetTable:
    """A Parquet file; needs pyarrow."""

    def __init__(self, file: Path) -> None:
        self._file = file
        pyarrow, parquet = _pyarrow()
        try:
            self._parquet: Any = parquet.ParquetFile(file)
        except pyarrow.ArrowInvalid as error:
            raise RecordingError(f"is not a Parquet file: {error}", file=file) from None
        self.header: Sequence[str] = self._parquet.schema_arrow.names

    def rows(self) -> Iterator[tuple[int, Sequence[Cell]]]:
        """Yield every row with its 1-based number."""
        return enumerate(self._cells(list(self.header)), start=1)

    def column(self, name: str) -> Iterator[Cell]:
        """Yield one column; the others are not read."""
        for (cell,) in self._cells([name]):
            yield cell

    def _cells(self, names: list[str]) -> Iterator[tuple[Cell, ...]]:
        for batch in self._parquet.iter_batches(batch_size=_PARQUET_ROWS, columns=names):
            columns = [batch.column(name).to_pylist() for name in names]
            for cells in zip(*columns, strict=True):
                yield tuple("" if cell is None else cell for cell in cells)


class _CsvReader(Protocol):
    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...

    def __next__(self) -> list[str]: ...


def _pyarrow() -> tuple[Any, Any]:
    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise RecordingError(
            "Parquet needs pyarrow; run pip install 'eitp[parquet]' or use a .csv file"
        ) from None


def _write_parquet(file: Path, rows: Iterable[Sequence[Cell | None]]) -> None:
    pyarrow, parquet = _pyarrow()
    schema = pyarrow.schema(
        (name, pyarrow.string() if name in TEXT_COLUMNS else pyarrow.float64()) for name in COLUMNS
    )
    remaining = iter(rows)
    with parquet.ParquetWriter(file, schema) as writer:
        while chunk := list(islice(remaining, _PARQUET_ROWS)):
            columns = zip(*chunk, strict=True)
            arrays = [
                pyarrow.array(column, field.type)
                for column, field in zip(columns, schema, strict=True)
            ]
            writer.write_batch(pyarrow.record_batch(arrays, schema=schema))


def _undecodable_line(file: Path) -> int | None:
    with file.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return None


def _foreign(file: Path) -> RecordingError:
    return RecordingError(
        f"{file.suffix or 'no suffix'!r} is not a recording's; use .csv or .parquet", file=file
    )
