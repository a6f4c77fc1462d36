"""The recordings that are judged: whose they are, what they are, and where the server abstains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eitp_server.classification.packet import AbstainReason
from eitp_server.lab.evaluation.error import EvaluationError
from eitp_server.lab.evaluation.split import folds_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from eitp_server.lab.evaluation.playback import Moment
    from eitp_server.lab.evaluation.source import Source
    from eitp_server.lab.evaluation.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The labelled recordings, n of them; all arrays are (n,)."""

    recording: tuple[str, ...]
    person: NDArray[np.intp]
    """Counted from 0."""
    place: NDArray[np.intp]
    """Which of the person's recordings it is, from 0."""
    fold: NDArray[np.intp]
    positive: NDArray[np.bool_]
    abstained: NDArray[np.uint8]
    """An `AbstainReason`, UNSPECIFIED where the server gave a label."""
    stateless: NDArray[np.bool_]
    """Whether the server gave no state either."""


def judge(source: Source, task: Task, moments: Mapping[str, Moment], *, seed: int) -> Judged:
    """Return the labelled recordings; `moments` are those of all, by name.

    Raises EvaluationError when they are too few, or all of one kind.
    """
    rows = [
        (own.name, number, place)
        for number, history in enumerate(
            kept for kept in source.histories if any(own.name in source.positive for own in kept)
        )
        for place, own in enumerate(history)
        if own.name in source.positive
    ]
    if not rows:
        raise EvaluationError(f"no recording has a label {task.label!r}; see the labels file")
    names = tuple(name for name, _, _ in rows)
    positive = np.array([source.positive[name] for name in names])
    if positive.all() or not positive.any():
        kind = "positive" if positive.all() else "negative"
        raise EvaluationError(
            f"all {len(names)} labelled recordings are {kind} by {task.label} "
            f"{task.positive.text!r}; both kinds are needed to tell them apart"
        )
    person = np.array([number for _, number, _ in rows], np.intp)
    return Judged(
        recording=names,
        person=person,
        place=np.array([place for _, _, place in rows], np.intp),
        fold=folds_of(person, seed=seed),
        positive=positive,
        abstained=np.array([moments[name].abstain_reason for name in names], np.uint8),
        stateless=np.array([bool(np.isnan(moments[name].mean).all()) for name in names]),
    )


def reasons(judged: Judged) -> dict[str, int]:
    """Return how often the server gave no label, by reason."""
    return {
        reason.name.lower(): int((judged.abstained == reason).sum())
        for reason in AbstainReason
        if reason and (judged.abstained == reason).any()
    }
