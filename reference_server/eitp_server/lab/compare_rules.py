"""Whether rules fire more where a label says so: the share tripped, the AUC and the rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from eitp.recording import labels, labels_file, recording_files

from eitp_server.lab.evaluation import EvaluationError
from eitp_server.lab.evaluation.score import Interval, Resampling, auc, interval
from eitp_server.lab.interval import Rate, Share
from eitp_server.lab.rules import ASSUMED
from eitp_server.lab.survey import ACTIVE_MS, Survey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from eitp_server.lab.evaluation import Rule as LabelRule
    from eitp_server.lab.rules import Rule
    from eitp_server.lab.survey import Surveyed

MOST_VALUES: Final = 10
"""A label with more values than this is not taken apart by value."""
SEED: Final = 1
METHOD: Final = (
    f"A rule trips in a recording that it counts at least once in. AUC is the share of pairs of a "
    "positive and a negative recording in which the rule counts more in the positive one, ties "
    "half; 0.5 tells nothing apart. Its interval comes from drawing people, with all their "
    "recordings, 2,000 times; that of a share is exact binomial and takes recordings as "
    "independent, which those of one person are not. Rates are per active hour, which is the "
    f"union of the {ACTIVE_MS / 1000:g} s after every event. No rule was fitted to these labels. "
    "Where answers to clicks are recorded more often on one side of the label than on the other "
    f"(clicks_watched), rules that need them differ for that reason too. {ASSUMED}"
)


@dataclass(frozen=True, slots=True)
class Compared:
    """One rule against the label."""

    positive: Share
    """Recordings tripped among the positive ones."""
    negative: Share
    auc: Interval
    rate: Rate
    rate_positive: Rate
    rate_negative: Rate
    by_value: Mapping[str, Share]

    def as_json(self) -> dict[str, Any]:
        """Return the figures."""
        return {
            "tripped_positive": _share(self.positive),
            "tripped_negative": _share(self.negative),
            "auc": self.auc.value,
            "auc_low": self.auc.low,
            "auc_high": self.auc.high,
            "count": self.rate.count,
            "per_hour": self.rate.value,
            "per_hour_positive": self.rate_positive.value,
            "per_hour_negative": self.rate_negative.value,
            "tripped_by_value": {value: share.value for value, share in self.by_value.items()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All rules against the label."""

    survey: Survey
    label: str
    condition: LabelRule
    positives: int
    negatives: int
    unlabelled: int
    active_hours: float
    watched_positive: Share
    """Clicks whose answer, or the lack of it, is recorded, in the positive recordings."""
    watched_negative: Share
    rules: Mapping[str, Compared | None]
    """None for a rule that is not applicable."""

    def as_json(self) -> dict[str, Any]:
        """Return the figures; a rule that is not applicable is null, never 0."""
        facts = self.survey.facts
        return {
            "label": self.label,
            "positive": self.condition.text,
            "recordings": facts.recordings,
            "positives": self.positives,
            "negatives": self.negatives,
            "unlabelled": self.unlabelled,
            "people": len(facts.people),
            "active_hours": self.active_hours,
            "sampling_hz": facts.sampling_hz,
            "clicks_watched_positive": self.watched_positive.value,
            "clicks_watched_negative": self.watched_negative.value,
            "rules": {name: own and own.as_json() for name, own in self.rules.items()},
            "not_applicable": self.survey.not_applicable(),
            "approximated": self.survey.approximated(),
            "method": METHOD,
        }


def compare(
    recordings: Path,
    rules: Sequence[Rule],
    *,
    label: str,
    condition: LabelRule,
    progress: Callable[[int], None],
) -> Comparison:
    """Count in all labelled recordings; `progress` is told how many are done.

    Raises EvaluationError when the labels do not fit or lack a class, RecordingError where the
    format is broken.
    """
    values = _values(recordings, label)
    survey = Survey(recordings, rules)
    found: list[Surveyed] = []
    for number, surveyed in enumerate(survey, start=1):
        if surveyed.name in values:
            found.append(surveyed)
        progress(number)
    positive = np.array([condition.holds(values[one.name]) for one in found], np.bool_)
    _check(positive, label, condition)
    people = {person: n for n, person in enumerate(dict.fromkeys(one.person for one in found))}
    person = np.array([people[one.person] for one in found], np.intp)
    draws = Resampling(positive, person, seed=SEED)
    without = survey.not_applicable()
    own_values = [values[one.name] for one in found]
    return Comparison(
        survey=survey,
        label=label,
        condition=condition,
        positives=int(positive.sum()),
        negatives=int((~positive).sum()),
        unlabelled=survey.facts.recordings - len(found),
        active_hours=sum(one.active_hours for one in found),
        watched_positive=_watched(found, positive),
        watched_negative=_watched(found, ~positive),
        rules={
            rule.name: None
            if rule.name in without
            else _compared(rule.name, found, positive, draws, own_values)
            for rule in rules
        },
    )


def _values(recordings: Path, label: str) -> dict[str, str]:
    written = labels(recordings)
    values = {name: row[label] for name, row in written.items() if label in row}
    if values:
        return values
    known = sorted({column for row in written.values() for column in row})
    there = f"there are {', '.join(known)}" if known else "there are no labels beside it"
    file = labels_file(recording_files(recordings)[0])
    raise EvaluationError(f"{file}: no recording has a label {label!r}; {there}")


def _check(positive: NDArray[np.bool_], label: str, condition: LabelRule) -> None:
    if not len(positive):
        raise EvaluationError(f"no recording has the label {label!r}; its rows name others")
    if positive.all() or not positive.any():
        which = "positive" if positive.all() else "negative"
        raise EvaluationError(
            f"all {len(positive)} recordings are {which} by {label} {condition.text}; "
            "choose a rule that splits them"
        )


def _compared(
    name: str,
    found: Sequence[Surveyed],
    positive: NDArray[np.bool_],
    draws: Resampling,
    values: Sequence[str],
) -> Compared:
    counts = np.array([one.counts[name] for one in found], np.float64)
    hours = np.array([one.active_hours for one in found])
    return Compared(
        positive=_tripped(counts[positive]),
        negative=_tripped(counts[~positive]),
        auc=interval(auc(counts, positive), draws.auc(counts)),
        rate=_rate(counts, hours),
        rate_positive=_rate(counts[positive], hours[positive]),
        rate_negative=_rate(counts[~positive], hours[~positive]),
        by_value=_by_value(counts, values),
    )


def _watched(found: Sequence[Surveyed], chosen: NDArray[np.bool_]) -> Share:
    own = [one for one, holds in zip(found, chosen.tolist(), strict=True) if holds]
    return Share(sum(one.watched for one in own), sum(one.clicks for one in own))


def _by_value(counts: NDArray[np.float64], values: Sequence[str]) -> dict[str, Share]:
    kinds = _ordered(values)
    if len(kinds) > MOST_VALUES:
        return {}
    of = np.array(values)
    return {value: _tripped(counts[of == value]) for value in kinds}


def _ordered(values: Iterable[str]) -> list[str]:
    return sorted(set(values), key=lambda value: (len(value), value))


def _tripped(counts: NDArray[np.float64]) -> Share:
    return Share(int((counts > 0).sum()), len(counts))


def _rate(counts: NDArray[np.float64], hours: NDArray[np.float64]) -> Rate:
    return Rate(int(counts.sum()), float(hours.sum()))


def _share(share: Share) -> dict[str, float | None]:
    return {"share": share.value, "low": share.low, "high": share.high}
