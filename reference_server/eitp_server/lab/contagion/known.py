"""Edges that are known to be there, and how many of them were found."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eitp_server.intelligence.contagion.decomposition import responses
from eitp_server.lab.contagion.error import ContagionError
from eitp_server.lab.contagion.series import Series, write_series

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path
    from typing import TypeAlias

    from eitp_server.lab.contagion.stream import KnownStream

    Pair: TypeAlias = tuple[str, str]
    """Source and target."""

BEGIN: Final = datetime(2026, 3, 2, tzinfo=UTC)
"""The first minute of a drawn stream, a Monday."""
HORIZON: Final = 10


@dataclass(frozen=True, slots=True)
class Score:
    """Edges that were found against those that are known."""

    found: frozenset[Pair]
    known: frozenset[Pair]

    @property
    def false_discovery_rate(self) -> float:
        """Share of false ones among those found; 0 when none was found."""
        return len(self.found - self.known) / max(len(self.found), 1)

    @property
    def recall(self) -> float | None:
        """Share found of those known; None when there are none."""
        return len(self.found & self.known) / len(self.known) if self.known else None

    def as_json(self) -> dict[str, Any]:
        """Return the figures and the edges that are wrong."""
        return {
            "known": len(self.known),
            "found": len(self.found),
            "true": len(self.found & self.known),
            "false": len(self.found - self.known),
            "fdr": self.false_discovery_rate,
            "recall": self.recall,
            "false_edges": [list(pair) for pair in sorted(self.found - self.known)],
            "missed_edges": [list(pair) for pair in sorted(self.known - self.found)],
        }


def score(found: Iterable[Pair], known: Iterable[Pair]) -> Score:
    """Compare pairs of source and target."""
    return Score(frozenset(found), frozenset(known))


def read_edges(path: Path, names: Collection[str]) -> frozenset[Pair]:
    """Read a CSV file with the columns `source` and `target`; raises ContagionError, OSError."""
    try:
        return _read_edges(path, names)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ContagionError(f"{path} is no CSV file in UTF-8: {error}") from None


def _read_edges(path: Path, names: Collection[str]) -> frozenset[Pair]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        lacking = {"source", "target"} - set(reader.fieldnames or ())
        if lacking:
            raise ContagionError(f"{path} has no column {min(lacking)!r} in its header")
        pairs: set[Pair] = set()
        for number, row in enumerate(reader, start=2):
            pair = row["source"] or "", row["target"] or ""
            for column, name in zip(("source", "target"), pair, strict=True):
                if name not in names:
                    raise ContagionError(
                        f"{path}, row {number}, column {column!r}: no series is named {name!r}"
                    )
            pairs.add(pair)
    return frozenset(pairs)


def write_stream(stream: KnownStream, folder: Path) -> tuple[Path, Path]:
    """Write series.csv and edges.csv into a folder, which is made; raises OSError.

    The strength of an edge is its true share of the target's forecast error over 10 minutes;
    `answers_after` is the minute in which the target answers most.
    """
    folder.mkdir(parents=True, exist_ok=True)
    minutes = len(stream.values)
    times = [BEGIN + timedelta(minutes=minute) for minute in range(minutes)]
    series = Series(
        names=stream.names,
        values=stream.values,
        times=tuple(time.isoformat().replace("+00:00", "Z") for time in times),
        seconds=np.linspace(0.0, 60.0 * (minutes - 1), minutes),
    )
    write_series(series, folder / "series.csv")
    _write_edges(stream, folder / "edges.csv")
    return folder / "series.csv", folder / "edges.csv"


def _write_edges(stream: KnownStream, path: Path) -> None:
    shares = stream.spread(HORIZON).shares
    answers = np.abs(responses(stream.model.coefficients, HORIZON)[1:])
    place = {name: number for number, name in enumerate(stream.names)}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["source", "target", "lag", "coefficient", "answers_after", "strength"])
        for edge in stream.edges:
            at = place[edge.target], place[edge.source]
            after = 1 + int(answers[:, at[0], at[1]].argmax())
            strength = f"{shares[at]:.6f}"
            writer.writerow([edge.source, edge.target, edge.lag, edge.coefficient, after, strength])
