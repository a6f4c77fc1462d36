"""Pointing under high and low stress: 53 people, two blocks each, at about 60 Hz.

Source: Freihaut and Goeritz 2021, International Journal of Human-Computer Studies 145, 102520. One
recording per block.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from ..event import Event, Recording
from ..vocabulary import Kind, Role
from .source import SourceRow, source_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FILES = ("events.csv", "labels.csv")

_COLUMNS = ("participant", "condition", "t_ms", "kind", "x", "y", "target")
_LABELS = (
    "condition",
    "order",
    "duration_ms",
    "n_events",
    "stress",
    "sam_arousal",
    "sam_valence",
    "mdbf_tense",
    "mdbf_nervous",
    "mdbf_calm",
    "mean_hr_bpm",
)


def recordings(source: Path) -> Iterator[Recording]:
    """Yield a recording per block of moves and clicks."""
    for name, rows in groupby(source_rows(source / FILES[0], _COLUMNS), key=_name):
        yield Recording(name=name, person=name.partition("-")[0], events=tuple(_events(rows)))


def labels(source: Path) -> dict[str, dict[str, str]]:
    """Return condition, order, self-reports and heart rate of every block, as published."""
    rows = source_rows(source / FILES[1], ("participant", *_LABELS))
    return {_name(row): row.labels(**{label: label for label in _LABELS}) for row in rows}


def _name(row: SourceRow) -> str:
    return f"{row.text('participant')}-{row.text('condition')}"


def _events(rows: Iterable[SourceRow]) -> Iterator[Event]:
    """Yield the events; a click that raises the source's counter of circles hit one."""
    hits = ""
    for row in rows:
        hit = row.text("kind") == "c" and row.text("target") != hits
        hits = row.text("target")
        yield Event(
            t_ms=row.number("t_ms"),
            kind=Kind.CLICK if row.text("kind") == "c" else Kind.MOVE,
            x=row.number("x"),
            y=row.number("y"),
            target=f"circle-{hits}" if hit else "",
            role=Role.BUTTON if hit else None,
        )
