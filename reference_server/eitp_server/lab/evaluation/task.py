"""What is to be told apart, and by what: declared before any data are seen.

The features of a well-known task follow from what is known about it, named beside each. None was
chosen on the data that judge it, and nothing here may be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eitp_server.lab.evaluation.error import EvaluationError
from eitp_server.lab.evaluation.feature import members
from eitp_server.lab.evaluation.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A question about recordings."""

    name: str
    label: str
    """Column of the labels file."""
    positive: Rule
    features: tuple[str, ...]
    """What a fitted model is given."""
    server: str
    """The feature that the server's own opinion is, `-` before it where less means positive; empty
    when the server has no opinion on the question."""
    included: tuple[str, ...] = ()
    """Features and groups that were asked for beside the declared ones."""
    left_out: tuple[str, ...] = ()
    """Features and groups that were asked to be left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTask:
    """The defaults of a task that is known by name."""

    label: str
    positive: str
    features: tuple[str, ...]
    server: str
    about: str


TASKS: Mapping[str, KnownTask] = {
    "hesitation": KnownTask(
        label="condition",
        positive="=Atypical",
        # Decision conflict takes time: the decision itself, the time on the target before the
        # click, and the whole choice, each against the person's own (Dale et al. 2007; Kieslich
        # and Henninger 2017).
        features=("deciding", "hovering", "duration_relative"),
        server="hesitation",
        about="a hard choice; the labels of choice-conflict",
    ),
    "low-rating": KnownTask(
        label="satisfaction",
        positive="<=2",
        # An unmet expectation of an answer, and the clicking that follows from it.
        features=(
            "latency_latest",
            "wait_per_answer",
            "latency_relative",
            "slow_click",
            "dead_click",
            "cadence_relative",
        ),
        server="-state_valence",
        about="1 or 2 of 5 points; the labels of web-latency-clicks",
    ),
    "stress": KnownTask(
        label="condition",
        positive="=HS",
        # As claimed: arousal shows in speed, detours and reversals (Hibbeln et al. 2017).
        features=(
            "mean_speed",
            "path_efficiency",
            "direction_flips",
            "pause_share",
            "click_rate",
            "thrash",
        ),
        server="state_arousal",
        about="high stress; the labels of stress-pointclick",
    ),
}

ANY = (
    "deciding",
    "hovering",
    "duration_relative",
    "latency_latest",
    "wait_per_answer",
    "latency_relative",
    "rage_click",
    "dead_click",
    "slow_click",
    "cadence_relative",
    "mean_speed_reading",
    "direction_flips_reading",
    "path_efficiency",
    "pause_share",
    "thrash",
    "scroll_reversals",
    "script_error",
    "quick_back",
    "back_mash",
    "departures",
    "selections",
)
"""For a task that is not known: what does not depend on the person's device, each kind once."""


def declare(
    name: str,
    *,
    label: str | None = None,
    positive: str | None = None,
    included: Sequence[str] = (),
    left_out: Sequence[str] = (),
) -> Task:
    """Return a task; its name supplies what is None when it is a known one.

    Raises EvaluationError when something is missing or names nothing.
    """
    known = TASKS.get(name)
    column = label or (known.label if known else None)
    # A known rule is about the known label only.
    usual = known.positive if known and column == known.label else None
    rule = positive or usual
    if column is None or rule is None:
        lacking = "--label" if column is None else "--positive"
        raise EvaluationError(
            f"task {name!r} needs {lacking}; only {', '.join(TASKS)} come with label and rule"
        )
    return Task(
        name=name,
        label=column,
        positive=Rule.parse(rule),
        features=_features(known.features if known else ANY, included, left_out),
        server=_opinion(known, included),
        included=tuple(included),
        left_out=tuple(left_out),
    )


def _features(
    declared: Sequence[str], included: Sequence[str], left_out: Sequence[str]
) -> tuple[str, ...]:
    added = [name for word in included for name in _added(word.removeprefix("-"))]
    removed = {name for word in left_out for name in members(word)}
    chosen = tuple(name for name in dict.fromkeys((*declared, *added)) if name not in removed)
    if not chosen:
        raise EvaluationError("no feature is left; leave out less, or add some with --with")
    return chosen


def _added(word: str) -> tuple[str, ...]:
    """Return what `--with` adds: of a name that is a feature and a group, the feature."""
    found = members(word)
    return (word,) if word in found else found


def _opinion(known: KnownTask | None, included: Sequence[str]) -> str:
    """Return what the server is scored by: the one feature asked for, else the known one."""
    if len(included) == 1 and len(_added(included[0].removeprefix("-"))) == 1:
        return included[0]
    return known.server if known else ""
