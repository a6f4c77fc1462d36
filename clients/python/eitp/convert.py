"""Turns public research data into recordings with labels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from .recording import RecordingError, write, write_labels
from .recording.dataset import choice_conflict, stress_pointclick, web_latency_clicks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from os import PathLike

    from .recording import Recording

    Progress = Callable[[int, int], None]
    """Called after every recording with the number done and the number in all."""


class Dataset(StrEnum):
    """The sources that can be converted, by the name of their published folder."""

    CHOICE_CONFLICT = "choice-conflict"
    STRESS_POINTCLICK = "stress-pointclick"
    WEB_LATENCY_CLICKS = "web-latency-clicks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What a conversion has written."""

    kind: Dataset
    recordings: int
    events: int
    people: int
    out_path: Path
    labels_path: Path


class _Reader(Protocol):
    @property
    def FILES(self) -> Sequence[str]: ...  # noqa: N802 - a module's constant

    def recordings(self, source: Path) -> Iterator[Recording]: ...

    def labels(self, source: Path) -> dict[str, dict[str, str]]: ...


_READERS: Mapping[Dataset, _Reader] = {
    Dataset.CHOICE_CONFLICT: choice_conflict,
    Dataset.STRESS_POINTCLICK: stress_pointclick,
    Dataset.WEB_LATENCY_CLICKS: web_latency_clicks,
}


def detect(source_dir: str | PathLike[str]) -> Dataset:
    """Return which source a directory holds, by its files; raises RecordingError when none."""
    place = Path(source_dir)
    for kind, reader in _READERS.items():
        if all((place / file).is_file() for file in reader.FILES):
            return kind
    known = "; ".join(f"{kind} ({', '.join(reader.FILES)})" for kind, reader in _READERS.items())
    raise RecordingError(f"holds none of the known sources; they are {known}", file=place)


def convert(
    kind: str | None,
    source_dir: str | PathLike[str],
    out_path: str | PathLike[str],
    *,
    progress: Progress | None = None,
) -> Conversion:
    """Write a source as recordings and, beside them, its labels.

    `kind` is a `Dataset` or its name, None to detect it; `out_path` ends in .csv or .parquet.
    Raises RecordingError when the source is not what it should be.
    """
    place = Path(source_dir)
    dataset = detect(place) if kind is None else _dataset(kind)
    reader = _READERS[dataset]
    known = reader.labels(place)
    people: set[str] = set()

    def counted() -> Iterator[Recording]:
        for done, recording in enumerate(reader.recordings(place), start=1):
            people.add(recording.person)
            yield recording
            if progress:
                progress(done, len(known))

    out = Path(out_path)
    if out.resolve() in {(place / file).resolve() for file in reader.FILES}:
        raise RecordingError("is the source itself; write elsewhere", file=out)
    events = write(out, counted())
    return Conversion(
        kind=dataset,
        recordings=len(known),
        events=events,
        people=len(people),
        out_path=out,
        labels_path=write_labels(out, known),
    )


def _dataset(kind: str) -> Dataset:
    try:
        return Dataset(kind)
    except ValueError:
        raise RecordingError(f"{kind!r} is unknown; use one of {', '.join(Dataset)}") from None
