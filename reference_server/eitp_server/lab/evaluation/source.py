"""Recordings and labels of a task: who made which, in which order, and what is known of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from eitp.recording import labels, labels_file, read, recording_files

from eitp_server.lab.evaluation.error import EvaluationError
from eitp_server.lab.evaluation.feature import withheld_kinds
from eitp_server.lab.evaluation.stream import stream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from eitp_server.lab.evaluation.stream import Stream
    from eitp_server.lab.evaluation.task import Task

    Labels = Mapping[str, Mapping[str, str]]

ORDER = "order"
"""The label that says which of a person's recordings came first, where the file does not."""
SLOW_HZ = 10.0
"""Half of the rate that the signals are made for."""
_NAMED = 3
"""Names that a warning lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What there is to judge."""

    histories: tuple[tuple[Stream, ...], ...]
    """Every person's recordings in their order, labelled or not."""
    positive: Mapping[str, bool]
    """By recording, of those that are labelled."""
    order: Mapping[str, float]
    """The label `order` by recording; empty unless all recordings have one."""
    unlabelled: tuple[str, ...]
    unknown: tuple[str, ...]
    """Names in the labels file that no recording has."""
    sampling_hz: float | None
    """One by the median time between moves after thinning; None without moves."""
    warnings: tuple[str, ...]


def load(path: Path, task: Task, *, progress: Callable[[int, int], None]) -> Source:
    """Read everything; `progress` hears how many recordings are read, and of about how many.

    Raises EvaluationError, or RecordingError when a file breaks the format.
    """
    if not path.exists():
        raise EvaluationError(f"{path} does not exist; name a recordings file or a directory")
    written = labels(path)
    positive = _judged(path, task, written)
    withheld = withheld_kinds(task.left_out)
    streams: list[Stream] = []
    for number, recording in enumerate(read(path), start=1):
        streams.append(stream(recording, withheld=withheld))
        progress(number, max(len(written), number))
    names = {own.name for own in streams}
    given = _order(path, written, names)
    order = given if len(given) == len(names) else {}
    unlabelled = tuple(own.name for own in streams if own.name not in positive)
    unknown = tuple(name for name in written if name not in names)
    hz = _sampling_hz(streams)
    return Source(
        histories=_histories(streams, order),
        positive={name: value for name, value in positive.items() if name in names},
        order=order,
        unlabelled=unlabelled,
        unknown=unknown,
        sampling_hz=hz,
        warnings=(
            *_order_warnings(len(given), len(names)),
            *_warnings(path, task, unlabelled, unknown, hz),
        ),
    )


def _judged(path: Path, task: Task, written: Labels) -> dict[str, bool]:
    columns = dict.fromkeys(column for values in written.values() for column in values)
    if task.label not in columns:
        there = f"there are {', '.join(columns)}" if columns else "there are none"
        file = labels_file(recording_files(path)[0])
        raise EvaluationError(f"{file}: no recording has a label {task.label!r}; {there}")
    return {
        name: _positive(path, task, name, values[task.label])
        for name, values in written.items()
        if task.label in values
    }


def _positive(path: Path, task: Task, name: str, value: str) -> bool:
    try:
        return task.positive.holds(value)
    except EvaluationError as error:
        raise EvaluationError(
            f"labels of {path}, column {task.label}, recording {name!r}: {error}"
        ) from None


def _order(path: Path, written: Labels, names: set[str]) -> dict[str, float]:
    given = {name: written[name][ORDER] for name in names if ORDER in written.get(name, {})}
    try:
        order = {name: float(value) for name, value in given.items()}
    except ValueError:
        order = {"": float("nan")}
    if not np.isfinite(list(order.values())).all():
        raise EvaluationError(f"labels of {path}, column {ORDER}: holds what is not a number")
    return order


def _histories(
    streams: Sequence[Stream], order: Mapping[str, float]
) -> tuple[tuple[Stream, ...], ...]:
    by_person: defaultdict[str, list[Stream]] = defaultdict(list)
    for own in streams:
        by_person[own.person].append(own)
    return tuple(
        tuple(sorted(own, key=lambda stream: order.get(stream.name, 0.0)))
        for own in by_person.values()
    )


def _sampling_hz(streams: Sequence[Stream]) -> float | None:
    gaps = np.concatenate([own.gaps_ms for own in streams])
    gaps = gaps[gaps > 0]
    return float(1000 / np.median(gaps)) if len(gaps) else None


def _order_warnings(given: int, recordings: int) -> list[str]:
    if given in {0, recordings}:
        return []
    return [
        f"only {given} of {recordings} recordings have a label {ORDER}; the file's order counts"
    ]


def _warnings(
    path: Path,
    task: Task,
    unlabelled: Sequence[str],
    unknown: Sequence[str],
    sampling_hz: float | None,
) -> list[str]:
    found: list[str] = []
    if unknown:
        found.append(f"{_counted(unknown, 'label')} of no recording in {path}: {_some(unknown)}")
    if unlabelled:
        found.append(
            f"{_counted(unlabelled, 'recording')} without {task.label}, played but not judged: "
            f"{_some(unlabelled)}"
        )
    if sampling_hz is None:
        found.append("no pointer movement was recorded; the signals of movement are absent")
    elif sampling_hz < SLOW_HZ:
        found.append(
            f"moves arrive at {sampling_hz:.1f} Hz where 20 Hz are sampled; the signals of "
            "movement are poor or absent"
        )
    return found


def _counted(names: Sequence[str], what: str) -> str:
    return f"{len(names)} {what}{'' if len(names) == 1 else 's'}"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
