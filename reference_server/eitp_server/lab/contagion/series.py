"""Series from a CSV file: one column of times, and one per series."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.lab.contagion.error import ContagionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from eitp_server.intelligence.contagion.gram import Array

MISSING: Final = frozenset({"", "na", "n/a", "nan", "null", "none", "."})
"""Cells, in any case, that hold no value."""
DAY_SECONDS: Final = 86_400
FIRST_ROW: Final = 2
"""The header is row 1."""
ISO: Final = "ISO 8601"
UNITS: Final = (
    (1e8, "minutes", 60.0),
    (1e11, "seconds since 1970", 1.0),
    (1e14, "milliseconds since 1970", 0.001),
)
"""Of numbers below a bound: what they are taken as, and how many seconds one is."""
FEWEST_A_DAY: Final = 8
"""With fewer rows a day three daily waves cannot be told from each row by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Values of several series at the same times."""

    names: tuple[str, ...]
    values: Array
    """(T, N), NaN where a cell is empty."""
    times: tuple[str, ...]
    """(T,) as written."""
    seconds: Array
    """(T,) ascending."""
    unit: str = ISO
    """What the times were taken as: ISO or one of UNITS."""

    @property
    def day(self) -> int:
        """Rows in a day, by the median step between rows; 0 when they are too few for a cycle."""
        rows = round(DAY_SECONDS / float(np.median(np.diff(self.seconds))))
        return rows if rows >= FEWEST_A_DAY else 0

    @property
    def uneven(self) -> int:
        """Steps between rows that are not the usual one."""
        steps = np.diff(self.seconds)
        return int((np.abs(steps - np.median(steps)) > 1e-6 * np.median(steps)).sum())

    def part(self, rows: slice) -> Series:
        """Return some of the rows."""
        return Series(
            names=self.names,
            values=self.values[rows],
            times=self.times[rows],
            seconds=self.seconds[rows],
            unit=self.unit,
        )


def read_series(path: Path, time: str | None = None) -> Series:
    """Read a CSV file with a header; the column named `time`, or the first one, holds the times.

    Times are ISO 8601 (without a zone: UTC) or numbers, ascending: minutes, or from 1e8 on seconds
    since 1970, or from 1e11 on milliseconds; the largest decides for all. Columns are parted by
    commas, semicolons or tabs, whichever comes first in the header. Raises ContagionError and
    OSError.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        try:
            header = file.readline()
            file.seek(0)
            rows = list(csv.reader(file, delimiter=_delimiter(header)))
        except (UnicodeDecodeError, csv.Error) as error:
            raise ContagionError(f"{path} is no CSV file: {error}") from None
    while rows and not any(rows[-1]):
        rows.pop()
    if len(rows) < 3:
        raise ContagionError(f"{path} holds {max(len(rows) - 1, 0)} rows; it takes many")
    at = _time_column(path, rows[0], time)
    names = _names(path, rows[0], at)
    times = [_cell(path, number, row, at, rows[0]) for number, row in _numbered(rows)]
    values = np.array(
        [
            [_value(path, number, row, n, rows[0]) for n in range(len(rows[0])) if n != at]
            for number, row in _numbered(rows)
        ]
    )
    seconds, unit = _seconds(path, times, rows[0][at])
    return Series(names=names, values=values, times=tuple(times), seconds=seconds, unit=unit)


def write_series(series: Series, path: Path) -> None:
    """Write a file that `read_series` reads; raises OSError."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["time", *series.names])
        for time, row in zip(series.times, series.values.tolist(), strict=True):
            writer.writerow([time, *("" if np.isnan(value) else f"{value:.9g}" for value in row)])


def _numbered(rows: Sequence[list[str]]) -> list[tuple[int, list[str]]]:
    """Return rows with their number in the file."""
    return [(number, row) for number, row in enumerate(rows[1:], start=FIRST_ROW)]


def _delimiter(header: str) -> str:
    found = [(header.index(mark), mark) for mark in ",;\t" if mark in header]
    return min(found)[1] if found else ","


def _time_column(path: Path, header: list[str], time: str | None) -> int:
    if time is None:
        return 0
    if time not in header:
        there = ", ".join(header[:6]) + (" ..." if len(header) > 6 else "")
        raise ContagionError(f"{path} has no column {time!r} for --time; there are {there}")
    return header.index(time)


def _names(path: Path, header: list[str], at: int) -> tuple[str, ...]:
    names = tuple(name.strip() for n, name in enumerate(header) if n != at)
    if not names:
        raise ContagionError(f"{path} has a column of times and no series beside it")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or "" in names:
        what = f"two columns named {twice[0]!r}" if twice and twice[0] else "a column without name"
        raise ContagionError(f"{path} has {what}; give every series its own name in the header")
    return names


def _cell(path: Path, number: int, row: list[str], at: int, header: list[str]) -> str:
    if len(row) != len(header):
        raise ContagionError(
            f"{path}, row {number}: {len(row)} cells, the header has {len(header)}; "
            "leave a cell empty where there is no value"
        )
    return row[at].strip()


def _value(path: Path, number: int, row: list[str], at: int, header: list[str]) -> float:
    cell = row[at].strip()
    if cell.lower() in MISSING:
        return np.nan
    try:
        value = float(cell)
    except ValueError:
        value = np.inf
    if np.isfinite(value):
        return value
    remedy = "leave the cell empty where there is no value"
    if number == FIRST_ROW and value == np.inf:
        remedy += ", or, if this is the column of times, name it with --time"
    raise ContagionError(
        f"{path}, row {number}, column {header[at]!r}: {cell!r} is no finite number; {remedy}"
    )


def _seconds(path: Path, times: Sequence[str], column: str) -> tuple[Array, str]:
    """Return the times in seconds, ascending, and what they were taken as."""
    unit, factor = ISO, 1.0
    if _number(times[0]) is not None:
        numbers = [_finite(path, n, time, column) for n, time in _placed(times)]
        unit, factor = _unit(path, max(map(abs, numbers)), column)
        found = factor * np.array(numbers)
    else:
        found = np.array([_moment(path, n, time, column) for n, time in _placed(times)])
    falling = np.flatnonzero(np.diff(found) <= 0)
    if len(falling):
        before = int(falling[0])
        raise ContagionError(
            f"{path}, row {before + FIRST_ROW + 1}, column {column!r}: {times[before + 1]!r} does "
            f"not come after {times[before]!r}; sort the rows by time, one row each"
        )
    return found, unit


def _placed(times: Sequence[str]) -> Iterable[tuple[int, str]]:
    return enumerate(times, start=FIRST_ROW)


def _number(time: str) -> float | None:
    try:
        return float(time)
    except ValueError:
        return None


def _finite(path: Path, number: int, time: str, column: str) -> float:
    value = _number(time)
    if value is not None and np.isfinite(value):
        return value
    raise ContagionError(
        f"{path}, row {number}, column {column!r}: {time!r} is no finite number; write every time "
        "of a column that begins with a number as one"
    )


def _unit(path: Path, largest: float, column: str) -> tuple[str, float]:
    # A hundred million minutes are two centuries; as seconds they end in 1973.
    for bound, name, factor in UNITS:
        if largest < bound:
            return name, factor
    raise ContagionError(
        f"{path}, column {column!r}: {largest:g} is too large for milliseconds since 1970; write "
        "minutes, seconds or milliseconds since 1970, or times as 2026-03-01T00:00:00Z"
    )


def _moment(path: Path, number: int, time: str, column: str) -> float:
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        raise ContagionError(
            f"{path}, row {number}, column {column!r}: {time!r} is neither a number nor a time as "
            "2026-03-01T00:00:00Z; name the column of times with --time"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
