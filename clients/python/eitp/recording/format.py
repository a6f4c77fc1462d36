"""The neutral recording format on disk: read it, write it, and the labels that go with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from .error import RecordingError
from .event import Event, Recording, check_name
from .row import cells_of, event_of, has_position, row_reader
from .table import CsvTable, open_table, write_csv, write_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from os import PathLike

    from .row import Cell
    from .table import Table

    Labels = Mapping[str, Mapping[str, str]]
    """By recording's name: label → value as written."""

_LABELS = ".labels.csv"


def read(path: str | PathLike[str]) -> Iterator[Recording]:
    """Yield the recordings of a .csv or .parquet file, or of all of them in a directory.

    A recording is yielded when its last row was read, so rows of one recording may lie anywhere in
    the file, and memory holds only the recordings whose rows are under way: one, when rows of one
    recording are contiguous. The file is read twice: first only for where each recording ends.

    Raises RecordingError with file, line and column at the first row that breaks the format.
    """
    origin: dict[str, Path] = {}
    for file in recording_files(path):
        for recording in _read_file(file):
            if recording.name in origin:
                raise RecordingError(
                    f"recording {recording.name!r} is in {origin[recording.name]} too; "
                    "keep a recording in one file",
                    column="recording",
                    file=file,
                )
            origin[recording.name] = file
            yield recording


def write(path: str | PathLike[str], recordings: Iterable[Recording]) -> int:
    """Write recordings to a .csv or .parquet file and return the number of events.

    The file appears, or changes, only when all recordings are written.
    """
    written = 0

    def rows() -> Iterator[tuple[Cell | None, ...]]:
        nonlocal written
        names: set[str] = set()
        for recording in recordings:
            if recording.name in names:
                raise RecordingError(f"two recordings are named {recording.name!r}; rename one")
            names.add(recording.name)
            for event in recording.events:
                yield cells_of(recording, event)
            written += len(recording.events)

    write_table(Path(path), rows())
    return written


def labels(path: str | PathLike[str]) -> dict[str, dict[str, str]]:
    """Return what is known about whole recordings, by name: label → value as written.

    `path` is the recordings' file or directory, as for `read`; the labels of `visits.csv` are in
    `visits.labels.csv`. Empty values are left out, and a file without labels has none.
    """
    known: dict[str, dict[str, str]] = {}
    for file in recording_files(path):
        beside = labels_file(file)
        if beside.exists():
            known.update(_read_labels(beside))
    return known


def write_labels(path: str | PathLike[str], labels: Labels) -> Path:
    """Write the labels of the recordings file `path` and return the file they are in."""
    names = list(dict.fromkeys(name for values in labels.values() for name in values))
    rows = [[key, *(values.get(name) for name in names)] for key, values in labels.items()]
    file = labels_file(Path(path))
    write_csv(file, rows, ["recording", *names])
    return file


def labels_file(file: Path) -> Path:
    """Return where the labels of a recordings file are."""
    return file.with_name(file.stem + _LABELS)


def recording_files(path: str | PathLike[str]) -> list[Path]:
    """Return the recordings files that a path stands for, sorted by name."""
    place = Path(path)
    if not place.is_dir():
        return [place]
    found = sorted(
        file
        for file in place.iterdir()
        if file.suffix in {".csv", ".parquet"} and not file.name.endswith(_LABELS)
    )
    if not found:
        raise RecordingError("has no recordings; put .csv or .parquet files there", file=place)
    return found


@dataclass(slots=True)
class _Underway:
    """A recording of which more rows are to come."""

    name: str
    person: str
    line: int = 0
    placed: bool = False
    """Whether a row has said where the pointer is."""
    events: list[Event] = field(default_factory=list[Event])

    def add(self, line: int, cells: tuple[Cell, ...]) -> None:
        if str(cells[1]) != self.person:
            raise RecordingError(
                f"{cells[1]!r} is not the {self.person!r} of the rows before in recording "
                f"{self.name!r}; a recording has one person",
                column="person",
            )
        if not self.placed and has_position(cells):
            self._place(event_of(cells, resting=(0, 0)))
        last = self.events[-1] if self.events else None
        event = event_of(cells, resting=(last.x, last.y) if last else (0, 0))
        if last and event.t_ms < last.t_ms:
            raise RecordingError(
                f"{event.t_ms:g} is before the {last.t_ms:g} on line {self.line} of the same "
                "recording; sort its rows by time",
                column="t_ms",
            )
        self.events.append(event)
        self.line = line

    def _place(self, first: Event) -> None:
        self.placed = True
        self.events = [replace(event, x=first.x, y=first.y) for event in self.events]


def _read_file(file: Path) -> Iterator[Recording]:
    if not file.exists():
        raise RecordingError("does not exist; name a recordings file or a directory", file=file)
    table = open_table(file)
    try:
        ordered = row_reader(table.header)
    except RecordingError as error:
        raise error.located(file, 1) from None
    ends = _ends(table)
    underway: dict[str, _Underway] = {}
    for number, (line, cells) in enumerate(table.rows()):
        try:
            row = ordered(cells)
            name, person = str(row[0]), str(row[1])
            if name not in underway:
                underway[name] = _begin(name, person)
            underway[name].add(line, row)
        except RecordingError as error:
            raise error.located(file, line) from None
        if ends[name] == number:
            done = underway.pop(name)
            yield Recording(name=name, person=person, events=tuple(done.events))
    if not ends:
        raise RecordingError("has a header and no events; add a row for each", file=file)


def _begin(name: str, person: str) -> _Underway:
    check_name(name, column="recording")
    check_name(person, column="person")
    return _Underway(name, person)


def _ends(table: Table) -> dict[str, int]:
    return {str(name): number for number, name in enumerate(table.column("recording"))}


def _read_labels(file: Path) -> dict[str, dict[str, str]]:
    table = CsvTable(file)
    if "recording" not in table.header:
        raise RecordingError(
            f"the header {','.join(table.header)!r} lacks recording; name the column that says "
            "which recording a row is about",
            file=file,
            line=1,
        )
    known: dict[str, dict[str, str]] = {}
    for line, cells in table.rows():
        if len(cells) != len(table.header):
            problem = f"has {len(cells)} fields where the header has {len(table.header)}"
            raise RecordingError(f"{problem}; give every column a field", file=file, line=line)
        values = {
            label: str(cell) for label, cell in zip(table.header, cells, strict=True) if cell != ""
        }
        name = values.pop("recording", "")
        if not name or name in known:
            problem = f"{name!r} is there twice" if name else "is empty"
            raise RecordingError(
                f"{problem}; give each recording one row", column="recording", line=line, file=file
            )
        known[name] = values
    return known
