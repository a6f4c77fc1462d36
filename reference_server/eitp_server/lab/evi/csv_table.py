"""Rows of a CSV file by the names of its columns, with the place of whatever is wrong."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from math import isfinite
from typing import TYPE_CHECKING, Final

from eitp_server.lab.evi.error import EviInputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

SECOND_US: Final = 1_000_000
EARLIEST_S: Final = -62_135_510_400.0
"""0001-01-02: before the first day no calendar goes."""
LATEST_S: Final = 1e11
"""No time in seconds is larger; one in milliseconds is."""
_TOO_EARLY: Final = "lies before 0001-01-02, the first day there is; give seconds since 1970"


def rows(
    file: Path, names: Sequence[str], *, optional: Sequence[str] = (), as_named: Mapping[str, str]
) -> Iterator[tuple[int, list[str]]]:
    """Yield each row's line and its cells under `names` and then `optional`, "" where missing.

    `as_named` says what columns are called in the file when not as here. Raises EviInputError.
    """
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, strict=True)
        try:
            header = next(reader, None)
            places = _places(file, header or [], names, optional, as_named)
            for cells in reader:
                if cells:
                    _require_whole(file, reader.line_num, cells, header or [])
                    yield reader.line_num, [cells[p].strip() if p >= 0 else "" for p in places]
        except UnicodeDecodeError:
            raise EviInputError.at(file, "is not UTF-8; save the file as UTF-8") from None
        except csv.Error as error:
            problem = f"is not CSV ({error}); separate cells by commas, quote text by double quotes"
            raise EviInputError.at(file, problem, line=reader.line_num) from None


def time_us(text: str, file: Path, line: int | None = None, column: str = "") -> int:
    """Return a moment in µs since 1970 from seconds or ISO 8601; one without a zone is UTC."""
    try:
        seconds = float(text)
    except ValueError:
        return _iso_us(text, file, line, column)
    if not isfinite(seconds):
        raise EviInputError.at(file, f"{text} is no moment; give seconds", line=line, column=column)
    if abs(seconds) >= LATEST_S:
        problem = f"{text} is no moment in seconds; divide milliseconds by 1,000"
        raise EviInputError.at(file, problem, line=line, column=column)
    if seconds < EARLIEST_S:
        raise EviInputError.at(file, f"{text} {_TOO_EARLY}", line=line, column=column)
    return round(seconds * SECOND_US)


def iso(at_us: int) -> str:
    """Return a moment as ISO 8601 in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(at_us / SECOND_US, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _iso_us(text: str, file: Path, line: int | None, column: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        problem = f"{text!r} is no moment; write seconds or ISO 8601 as 2026-01-05T09:00:00Z"
        raise EviInputError.at(file, problem, line=line, column=column) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    whole = since.days * 86_400 + since.seconds
    if whole < EARLIEST_S:
        raise EviInputError.at(file, f"{text} {_TOO_EARLY}", line=line, column=column)
    if whole >= LATEST_S:
        problem = f"{text} is too late; the year 5138 is the last one"
        raise EviInputError.at(file, problem, line=line, column=column)
    return whole * SECOND_US + since.microseconds


def _require_whole(file: Path, line: int, cells: Sequence[str], header: Sequence[str]) -> None:
    if len(cells) != len(header):
        problem = (
            f"{len(cells)} cells, the header has {len(header)}; leave a cell empty where there is "
            "nothing, and quote text with commas in it"
        )
        raise EviInputError.at(file, problem, line=line)


def _places(
    file: Path,
    header: Sequence[str],
    names: Sequence[str],
    optional: Sequence[str],
    as_named: Mapping[str, str],
) -> list[int]:
    found = [name.strip() for name in header]
    there = {name: place for place, name in enumerate(found)}
    wanted = {name: as_named.get(name, name) for name in (*names, *optional)}
    required = {*names, *as_named} & wanted.keys()
    twice = [column for column in wanted.values() if found.count(column) > 1]
    if twice:
        raise EviInputError.at(
            file, f"has two columns {twice[0]}; give each its own name in the header"
        )
    missing = [wanted[name] for name in wanted if name in required and wanted[name] not in there]
    if missing:
        raise EviInputError.at(
            file,
            f"has no column {', '.join(missing)}; its header names "
            f"{', '.join(there) or 'nothing'}. Say what a column is called by --column NAME=COLUMN",
        )
    return [there.get(column, -1) for column in wanted.values()]
