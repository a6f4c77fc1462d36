"""A table of effects, or of counts that make effects: a row per vertical, or per tenant of one."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NoReturn

import numpy as np

from eitp_server.intelligence.transfer import Counts, Exclusion, exclusions
from eitp_server.lab.transfer.column import assigned, check
from eitp_server.lab.transfer.error import TransferError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_DELIMITERS: Final = ",;\t"
_LARGEST_EFFECT: Final = 1e6
_VARIANCES: Final = (1e-18, 1e12)
_LARGEST_COUNT: Final = 1e15


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row."""

    number: int
    """From 1, the header not counted."""
    vertical: str
    tenant: str
    """Empty when the table has no tenants."""
    pattern: str
    """Empty when the table has no patterns."""
    effect: float | None
    """None when an arm has nobody, which the row is excluded for."""
    variance: float | None
    exclusion: Exclusion | None
    """Why the row's counts leave it out."""

    @property
    def name(self) -> str:
        """The vertical, with its tenant."""
        return f"{self.vertical} / {self.tenant}" if self.tenant else self.vertical


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """All rows, and what a reader should know of how they were read."""

    rows: Sequence[Row]
    kind: str
    """'counts' or 'effects'."""
    has_patterns: bool
    notes: Sequence[str]


def read(path: Path, *, columns: Sequence[str] = (), wanted: str | None = None) -> Table:
    """Read a table of comma-, semicolon- or tab-separated values with a header.

    `columns` are assignments as `effect=d`, `wanted` is 'counts' or 'effects'. Raises TransferError
    naming row and column where something cannot be, OSError when there is no such file.
    """
    header, lines = _lines(path)
    chosen = assigned(header, columns)
    kind = check(chosen, header, wanted)
    cells = [
        _Cells(number, {meaning: line[header.index(name)] for meaning, name in chosen.items()})
        for number, line in enumerate(lines, start=1)
    ]
    rows = (_of_counts if kind == "counts" else _of_effects)(cells)
    _check_unique(rows)
    return Table(
        rows=rows, kind=kind, has_patterns="pattern" in chosen, notes=_notes(chosen, header, kind)
    )


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cells of a row by their meaning."""

    number: int
    text: Mapping[str, str]

    def row(self) -> Row:
        for name in ("vertical", "pattern", "tenant"):
            if name in self.text and not self.text[name].strip():
                self.refuse(name, "is empty; name it, or drop the column")
        return Row(
            number=self.number,
            vertical=self.text.get("vertical", f"row {self.number}").strip(),
            tenant=self.text.get("tenant", "").strip(),
            pattern=self.text.get("pattern", "").strip(),
            effect=None,
            variance=None,
            exclusion=None,
        )

    def value(self, name: str) -> float:
        text = self.text[name].strip()
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            self.refuse(name, f"is {text!r}; it must be a number. Fill it in or drop the row")
        return value

    def count(self, name: str) -> float:
        value = self.value(name)
        if value < 0 or value != int(value) or value > _LARGEST_COUNT:
            self.refuse(name, f"is {self.text[name]}; it must be a whole number, 0 or more")
        return value

    def arm(self, arm: str) -> tuple[float, float]:
        """Return conversions and units of an arm."""
        hits = self.count(f"{arm}_conversions")
        if f"{arm}_n" not in self.text:
            return hits, hits + self.count(f"{arm}_failures")
        units = self.count(f"{arm}_n")
        if hits > units:
            self.refuse(
                f"{arm}_conversions",
                f"is {hits:.0f}, of {arm}_n {units:.0f}; no more can convert than there are",
            )
        return hits, units

    def refuse(self, name: str, problem: str) -> NoReturn:
        vertical = self.text.get("vertical", "").strip()
        where = f"row {self.number} ({vertical})" if vertical else f"row {self.number}"
        raise TransferError(f"{where}: {name} {problem}")


def _lines(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise TransferError(f"{path} is no text in UTF-8; save the table as CSV") from None
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        lines = list(csv.reader(text.splitlines(), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise TransferError(f"{path} is no table: {error}") from None
    filled = [line for line in lines if any(cell.strip() for cell in line)]
    if len(filled) < 2:
        raise TransferError(f"{path} has no rows; it takes a header and a row per vertical")
    header = [name.strip() for name in filled[0]]
    doubled = {name for name in header if name and header.count(name) > 1}
    if doubled:
        raise TransferError(f"{path} has two columns {min(doubled)!r}; rename one")
    for number, line in enumerate(filled[1:], start=1):
        if len(line) != len(header):
            raise TransferError(
                f"{path} row {number} has {len(line)} cells under {len(header)} column names"
            )
    return header, filled[1:]


def _of_effects(cells: Sequence[_Cells]) -> list[Row]:
    rows: list[Row] = []
    for own in cells:
        effect = own.value("effect")
        name = "variance" if "variance" in own.text else "se"
        variance = own.value(name)
        if variance <= 0:
            own.refuse(name, f"is {own.text[name].strip()}; it must be above 0")
        variance = variance**2 if name == "se" else variance
        if not _VARIANCES[0] <= variance <= _VARIANCES[1]:
            own.refuse(name, f"gives a variance of {variance:g}, out of {_VARIANCES}; rescale")
        if abs(effect) > _LARGEST_EFFECT:
            own.refuse("effect", f"is {effect:g}, beyond {_LARGEST_EFFECT:g}; rescale")
        rows.append(replace(own.row(), effect=effect, variance=variance))
    return rows


def _of_counts(cells: Sequence[_Cells]) -> list[Row]:
    arms = [(*own.arm("treated"), *own.arm("holdout")) for own in cells]
    rows = [
        replace(own.row(), exclusion=None if min(arm[1], arm[3]) else Exclusion.TOO_FEW_CONVERSIONS)
        for own, arm in zip(cells, arms, strict=True)
    ]
    sound = [place for place, row in enumerate(rows) if row.exclusion is None]
    if not sound:
        return rows
    a, treated, c, holdout = np.array([arms[place] for place in sound], np.float64).T
    counts = Counts(
        treated_conversions=a,
        treated_units=treated,
        holdout_conversions=c,
        holdout_units=holdout,
    )
    effects = counts.log_odds_ratios()
    values = zip(effects.value.tolist(), effects.variance.tolist(), strict=True)
    for place, (effect, variance), exclusion in zip(sound, values, exclusions(counts), strict=True):
        rows[place] = replace(rows[place], effect=effect, variance=variance, exclusion=exclusion)
    return rows


def _check_unique(rows: Sequence[Row]) -> None:
    seen: dict[tuple[str, str, str], int] = {}
    for row in rows:
        before = seen.setdefault((row.pattern, row.vertical, row.tenant), row.number)
        if before != row.number:
            what = f"tenant {row.tenant!r}" if row.tenant else f"vertical {row.vertical!r}"
            remedy = (
                "add them up"
                if row.tenant
                else "add a column 'tenant' that tells them apart, or one 'pattern', or add them up"
            )
            raise TransferError(
                f"row {row.number}: {what} is there already in row {before}; {remedy}"
            )


def _notes(chosen: Mapping[str, str], header: Sequence[str], kind: str) -> list[str]:
    notes: list[str] = []
    if kind == "effects":
        notes.append(
            "Effects were given, not counts: the rules on conversions and holdouts could not be "
            "applied, so see to it that each effect is from a randomised holdout and near normal."
        )
        if "treated_conversions" in chosen:
            notes.append("The table has counts too, which were not read; --from counts reads them.")
        if {"variance", "se"} <= chosen.keys():
            notes.append("Variances were read, and the standard errors beside them not.")
    elif "effect" in chosen:
        notes.append("The table has effects too, which were not read; --from effects reads them.")
    if "vertical" not in chosen:
        notes.append("There is no column of verticals: each row counts as one.")
    renamed = [f"{meaning} from {name!r}" for meaning, name in chosen.items() if meaning != name]
    if renamed:
        notes.append(f"Read: {', '.join(renamed)}.")
    unread = [name for name in header if name and name not in chosen.values()]
    if unread:
        notes.append(f"Not read: {', '.join(unread)}.")
    return notes
