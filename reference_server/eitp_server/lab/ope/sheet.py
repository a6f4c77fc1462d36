"""A few columns of a CSV file of any size, read in one pass."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.lab.ope.error import OffPolicyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

CHUNK: Final = 1 << 15
"""Rows that are turned into columns at a time."""
LISTED: Final = 20
"""Names that a message lists before it only counts."""


@dataclass(frozen=True, slots=True)
class Names:
    """A column of names: the distinct ones in the order of their first row, and each row's."""

    values: tuple[str, ...]
    code: NDArray[np.intp]
    """(n,): indices into `values`."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A CSV file whose header is known."""

    path: Path
    header: tuple[str, ...]

    @classmethod
    def open(cls, path: Path) -> Sheet:
        """Read the header; raises OffPolicyError where there is none."""
        header = next(_rows(path), None)
        if header is None:
            raise OffPolicyError(f"{path} is empty; its first line must name its columns")
        return cls(path, tuple(name.strip() for name in header))

    def column(self, named: str | None, usual: Sequence[str], flag: str) -> str:
        """Return the column to use: the one that was named, else the first usual one there is.

        Raises OffPolicyError with the columns there are and the flag that names another.
        """
        found = self.optional(named, usual, flag)
        if found is None:
            raise OffPolicyError(
                f"{self._lacks(' or '.join(dict.fromkeys(usual)))}; name yours by {flag}"
            )
        return found

    def optional(self, named: str | None, usual: Sequence[str], flag: str) -> str | None:
        """Return the same, or None where nothing was named and no usual one is there."""
        if named is not None:
            if named not in self.header:
                raise OffPolicyError(f"{self._lacks(named)}; correct {flag}")
            usual = (named,)
        for name in usual:
            if self.header.count(name) > 1:
                raise OffPolicyError(f"{self.path} has two columns {name}; rename one")
            if name in self.header:
                return name
        return None

    def read(
        self, names: Sequence[str], numbers: Sequence[str], progress: Callable[[int], None]
    ) -> tuple[dict[str, Names], dict[str, NDArray[np.float64]]]:
        """Return columns of names and of numbers; `progress` is told how many rows are read.

        Raises OffPolicyError where there is no row, a row is too short or a number is none.
        """
        wanted = [self.header.index(name) for name in (*names, *numbers)]
        # A single index would give the field itself, not a tuple of it.
        pick = itemgetter(*wanted, wanted[0])
        codes = [_Codes() for _ in names]
        figures: list[list[NDArray[np.float64]]] = [[] for _ in numbers]
        rows, done = islice(_rows(self.path), 1, None), 0
        while chunk := list(islice(rows, CHUNK)):
            try:
                columns = list(zip(*map(pick, chunk), strict=True))
            except IndexError:
                raise self._ragged(chunk, done, max(wanted)) from None
            for own, column in zip(codes, columns, strict=False):
                own.add(column)
            for own, name, column in zip(figures, numbers, columns[len(names) :], strict=False):
                own.append(self._numbers(name, column, done))
            done += len(chunk)
            progress(done)
        if not done:
            raise OffPolicyError(f"{self.path} has a header and no rows; there must be some")
        return (
            {name: own.names() for name, own in zip(names, codes, strict=True)},
            {name: np.concatenate(own) for name, own in zip(numbers, figures, strict=True)},
        )

    def wrong(self, row: int, column: str, what: str) -> OffPolicyError:
        """Return the error about one field; `row` counts from 0, the header left out."""
        return OffPolicyError(
            f"{self.path}, row {row + 1} below the header, column {column}: {what}"
        )

    def _numbers(self, name: str, column: Sequence[str], before: int) -> NDArray[np.float64]:
        try:
            return np.fromiter(map(float, column), np.float64, len(column))
        except ValueError:
            row = next(n for n, text in enumerate(column) if not _is_number(text))
            what = f"{column[row]!r} is no number" if column[row].strip() else "there is no number"
            raise self.wrong(before + row, name, f"{what}; write one, such as 0.25") from None

    def _ragged(self, chunk: Sequence[Sequence[str]], before: int, last: int) -> OffPolicyError:
        row = next(n for n, fields in enumerate(chunk) if len(fields) <= last)
        return self.wrong(
            before + row,
            self.header[last],
            f"the row ends after {len(chunk[row])} fields, the header has {len(self.header)}; "
            "repair the row",
        )

    def _lacks(self, name: str) -> str:
        apart = "; separate columns by commas" if len(self.header) == 1 else ""
        return f"{self.path} has no column {name}; it has {listed(self.header)}{apart}"


class _Codes:
    """Numbers names in the order in which they come."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._codes: list[NDArray[np.intp]] = []

    def add(self, column: Sequence[str]) -> None:
        known = self._known
        self._codes.append(
            np.fromiter(
                (known.setdefault(name.strip(), len(known)) for name in column),
                np.intp,
                len(column),
            )
        )

    def names(self) -> Names:
        return Names(tuple(self._known), np.concatenate(self._codes))


def listed(names: Sequence[str]) -> str:
    """Return names for a message, the first of them where there are many."""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(name or "''" for name in names[:LISTED]) + more


def _rows(path: Path) -> Iterator[list[str]]:
    """Yield the rows that are not blank, the header first."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from filter(None, csv.reader(file))
    except OSError as error:
        raise OffPolicyError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise OffPolicyError(f"{path} is no UTF-8 text; save it as a plain CSV file") from error
    except csv.Error as error:
        raise OffPolicyError(f"{path} is no CSV file: {error}") from error


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
