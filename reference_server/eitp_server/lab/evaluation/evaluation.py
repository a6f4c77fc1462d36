"""One evaluation: recordings in, scores of unmet people and of every baseline out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Literal

import numpy as np

from eitp_server.lab.evaluation.baseline import ONE_COLUMN, order_column, person_mean
from eitp_server.lab.evaluation.error import EvaluationError
from eitp_server.lab.evaluation.feature import matrix, tabulate, withheld_signals
from eitp_server.lab.evaluation.judged import judge
from eitp_server.lab.evaluation.opinion import Opinion, out_of_fold
from eitp_server.lab.evaluation.permutation import chance
from eitp_server.lab.evaluation.playback import play
from eitp_server.lab.evaluation.score import Interval, Resampling, auc, interval
from eitp_server.lab.evaluation.source import load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from eitp_server.lab.evaluation.judged import Judged
    from eitp_server.lab.evaluation.source import Source
    from eitp_server.lab.evaluation.task import Task

    Progress = Callable[[str, int, int], None]
    """Hears what is being done, how far it is and how far it goes."""

ModelKind = Literal["fitted", "server"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A baseline and how far the model is from it."""

    auc: Interval
    score: NDArray[np.float64]
    margin: Interval
    """AUC of the model minus that of the baseline, drawn in pairs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """All that was found."""

    task: Task
    model: ModelKind
    seed: int
    source: Source
    judged: Judged
    opinion: Opinion
    auc: Interval
    chance: float | None
    """Share of deals of the labels within people that do as well; None when none were made."""
    permutations: int
    rivals: Mapping[str, Rival]

    @property
    def people(self) -> int:
        """How many people the judged recordings are of."""
        return int(self.judged.person.max()) + 1

    @property
    def folds(self) -> int:
        """How many folds they were dealt into."""
        return int(self.judged.fold.max()) + 1


def evaluate(
    path: Path,
    task: Task,
    *,
    model: ModelKind = "fitted",
    seed: int = 1,
    permutations: int = 0,
    progress: Progress = lambda _what, _done, _total: None,
) -> Evaluation:
    """Judge a task on the recordings of a file or directory.

    `permutations` deals of the labels within people say how often chance does as well.
    Raises EvaluationError when they cannot be judged, RecordingError when they cannot be read.
    """
    if model == "server" and not task.server:
        raise EvaluationError(
            f"the server has no opinion on {task.name!r}; name one feature of it with --with, as "
            "--with state_arousal, or --with=-state_valence where less means positive"
        )
    source = load(path, task, progress=lambda done, of: progress("reading", done, of))
    total, played = sum(map(len, source.histories)), 0

    def heard(recordings: int) -> None:
        nonlocal played
        played += recordings
        progress("playing", played, total)

    withheld = withheld_signals(task.left_out)
    moments = play(source.histories, withheld=withheld, progress=heard)
    table = tabulate(source.histories, moments)
    asked = {
        own.name: moment
        for own, moment in zip(chain(*source.histories), chain(*moments), strict=True)
    }
    judged = judge(source, task, asked, seed=seed)
    values = matrix(table, judged.recording, _features(model, task))
    if model == "server":
        values = _ranked(values, task.server)
    opinion = _opinion(model, task, judged, values, lambda done, of: progress("fitting", done, of))
    baselines = _baseline_scores(judged, source, table)
    if model == "fitted":
        baselines |= _missing_score(judged, values)
    found = _compare(task, model, seed, source, judged, opinion, baselines)
    as_good = chance(
        judged,
        found.auc.value,
        lambda dealt: out_of_fold(dealt, values).score if model == "fitted" else opinion.score,
        times=permutations,
        seed=seed,
        progress=lambda done: progress("dealing", done, permutations),
    )
    return replace(found, chance=as_good, permutations=permutations)


def _features(model: ModelKind, task: Task) -> tuple[str, ...]:
    return task.features if model == "fitted" else (task.server.removeprefix("-"),)


def _opinion(
    model: ModelKind,
    task: Task,
    judged: Judged,
    values: NDArray[np.float64],
    progress: Callable[[int, int], None],
) -> Opinion:
    if model == "fitted":
        return out_of_fold(judged, values, task.features, progress)
    # Only the probabilities are fitted, which the server does not give.
    calibrated = out_of_fold(judged, values, (), progress)
    return Opinion(score=values[:, 0], probability=calibrated.probability, weights={})


def _ranked(said: NDArray[np.float64], server: str) -> NDArray[np.float64]:
    """Put those of whom the server says nothing in the middle of the others; (n, 1)."""
    signed = -said if server.startswith("-") else said
    silent = np.isnan(signed)
    middle = 0.0 if silent.all() else float(np.median(signed[~silent]))
    return np.where(silent, middle, signed)


def _baseline_scores(
    judged: Judged, source: Source, table: dict[str, dict[str, float]]
) -> dict[str, NDArray[np.float64]]:
    duration = matrix(table, judged.recording, ("duration", "duration_relative"))
    order = order_column(judged.recording, judged.place, dict(source.order))
    columns = dict(zip(ONE_COLUMN, (duration[:, 0], duration[:, 1], order), strict=True))
    fitted = {name: out_of_fold(judged, column[:, None]).score for name, column in columns.items()}
    guess = person_mean(judged.person, judged.place, judged.fold, judged.positive)
    return {"person_mean": guess, **fitted}


def _missing_score(judged: Judged, values: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    missing = np.isnan(values)
    differs = missing.any(axis=0) & ~missing.all(axis=0)
    if not differs.any():
        return {}
    return {"missing_only": out_of_fold(judged, missing[:, differs].astype(np.float64)).score}


def _compare(
    task: Task,
    model: ModelKind,
    seed: int,
    source: Source,
    judged: Judged,
    opinion: Opinion,
    baselines: Mapping[str, NDArray[np.float64]],
) -> Evaluation:
    resampling = Resampling(judged.positive, judged.person, seed=seed)
    own, drawn = auc(opinion.score, judged.positive), resampling.auc(opinion.score)
    rivals: dict[str, Rival] = {}
    for name, score in baselines.items():
        value, draws = auc(score, judged.positive), resampling.auc(score)
        rivals[name] = Rival(
            auc=interval(value, draws), score=score, margin=interval(own - value, drawn - draws)
        )
    return Evaluation(
        task=task,
        model=model,
        seed=seed,
        source=source,
        judged=judged,
        opinion=opinion,
        auc=interval(own, drawn),
        chance=None,
        permutations=0,
        rivals=rivals,
    )
