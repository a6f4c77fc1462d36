"""What is known at the end of a recording, in columns: the features a model can be given."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from eitp.recording import Kind

from eitp_server.classification.packet import DIMENSIONS, Label
from eitp_server.classification.weights import SIGNAL_READINGS, Transform
from eitp_server.lab.evaluation.error import EvaluationError
from eitp_server.lab.evaluation.past import Past
from eitp_server.signals.event import Kind as EventKind
from eitp_server.signals.signal import Signal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from numpy.typing import NDArray

    from eitp_server.lab.evaluation.playback import Moment
    from eitp_server.lab.evaluation.stream import Stream


@dataclass(frozen=True, slots=True)
class Feature:
    """One column."""

    name: str
    group: str
    """What it is about; leaving a group out leaves out all that is about it."""
    meaning: str


def _signal_features() -> Iterator[Feature]:
    for signal in Signal:
        name = signal.name.lower()
        yield Feature(name, name, "the signal's value, in its unit")
        yield Feature(
            f"{name}_reading",
            name,
            "what the server makes of it, by the own baseline if it has one",
        )


_OWN = (
    Feature("deciding", "hesitation", "time before the last click, in spreads above the own"),
    Feature("hovering", "hesitation", "time on its target, in spreads above the own"),
    Feature("latency_latest", "response_latency", "log2 ms to the page's latest answer"),
    Feature("latency_mean", "response_latency", "mean log2 ms to the page's answers"),
    Feature("latency_relative", "response_latency", "mean latency against earlier recordings"),
    # The mean of exponential lifetimes of which some are cut off: time waited per answer (Lawless
    # 2003, section 4.1). In no declared set: it was thought of with the public data in sight.
    Feature("wait_per_answer", "response_latency", "log2 ms waited in all, per answer that came"),
    Feature("duration", "duration", "log2 ms from the first event to the last"),
    Feature("duration_relative", "duration", "duration against earlier recordings"),
    Feature("cadence", "cadence", "log2 ms between clicks, median"),
    Feature("cadence_relative", "cadence", "time between clicks against earlier recordings"),
)

FEATURES: dict[str, Feature] = {
    feature.name: feature
    for feature in chain(
        _signal_features(),
        _OWN,
        (Feature(f"state_{name}", "state", "the server's dimension") for name in DIMENSIONS),
        (
            Feature(f"label_{label.name.lower()}", "label", "the label's confidence, 0 if another")
            for label in Label
            if label
        ),
    )
}
"""All features by name."""

WATCHED_MS = 2500
"""How long a page is watched for an answer. One that never came counts as this much, and so does a
later one, which must not look worse than none."""

GROUPS: frozenset[str] = frozenset(feature.group for feature in FEATURES.values())

_CHANGES = [
    column
    for column, reading in enumerate(SIGNAL_READINGS)
    if reading.transform is Transform.CHANGE
]
"""Signals whose reading says nothing without a baseline."""


def members(word: str) -> tuple[str, ...]:
    """Return the features that a feature's or a group's name stands for.

    Raises EvaluationError when it names none. A name that is both stands for the group.
    """
    if word in GROUPS:
        return tuple(name for name, feature in FEATURES.items() if feature.group == word)
    if word in FEATURES:
        return (word,)
    close = sorted(name for name in GROUPS | set(FEATURES) if word[:4] in name)
    known = ", ".join(close or sorted(GROUPS))
    raise EvaluationError(f"there is no feature {word!r}; there are {known}")


def withheld_signals(words: Collection[str]) -> frozenset[Signal]:
    """Return the signals that the server must not know when features are left out."""
    return frozenset(signal for signal in Signal if signal.name.lower() in words)


def withheld_kinds(words: Collection[str]) -> frozenset[Kind]:
    """Return the kinds of events that are not even played when features are left out.

    Without the response latency the page's answers are unknown, and all that is made of them: slow
    and dead clicks, rage at what does not answer, the state.
    """
    answers = frozenset({Kind.RESPONSE, Kind.NO_RESPONSE})
    return answers if "response_latency" in words else frozenset()


def tabulate(
    histories: Sequence[Sequence[Stream]], moments: Sequence[Sequence[Moment]]
) -> dict[str, dict[str, float]]:
    """Return feature -> value for every recording by name, NaN where there is none."""
    return {
        stream.name: row
        for own, known in zip(histories, moments, strict=True)
        for stream, row in zip(own, _rows(own, known), strict=True)
    }


def matrix(
    table: dict[str, dict[str, float]], recordings: Sequence[str], features: Sequence[str]
) -> NDArray[np.float64]:
    """Return (n, f) values of `features` for `recordings`."""
    rows = [[table[recording][name] for name in features] for recording in recordings]
    return np.array(rows, np.float64).reshape(len(recordings), len(features))


def _rows(streams: Sequence[Stream], moments: Sequence[Moment]) -> Iterator[dict[str, float]]:
    """Yield one person's features, each recording's before the next is looked at."""
    durations, latencies, cadences = Past(), Past(), Past()
    for stream, moment in zip(streams, moments, strict=True):
        answers, cadence = _latencies_ms(stream), _cadence_ms(stream)
        mean = float(np.mean(np.log2(answers))) if len(answers) else math.nan
        yield {
            **_from_server(moment),
            "latency_latest": math.log2(answers[-1]) if len(answers) else math.nan,
            "latency_mean": mean,
            "latency_relative": latencies.next(2**mean),
            "wait_per_answer": _wait_per_answer(stream),
            "duration": _log2(stream.duration_ms),
            "duration_relative": durations.next(stream.duration_ms),
            "cadence": _log2(cadence),
            "cadence_relative": cadences.next(cadence),
        }


def _from_server(moment: Moment) -> dict[str, float]:
    readings = moment.reading.copy()
    blind = [column for column in _CHANGES if math.isnan(moment.baseline[column])]
    readings[blind] = math.nan
    signals = [signal.name.lower() for signal in Signal]
    state = (f"state_{name}" for name in DIMENSIONS)
    spoken = {
        f"label_{label.name.lower()}": moment.confidence if label == moment.label else 0.0
        for label in Label
        if label
    }
    return {
        **dict(zip(signals, moment.value.tolist(), strict=True)),
        **dict(zip((f"{name}_reading" for name in signals), readings.tolist(), strict=True)),
        "deciding": moment.deciding,
        "hovering": moment.hovering,
        **dict(zip(state, moment.mean.tolist(), strict=True)),
        **(spoken if moment.label else dict.fromkeys(spoken, math.nan)),
    }


def _latencies_ms(stream: Stream) -> NDArray[np.float64]:
    """Return the ms that every answer took, from 1 to WATCHED_MS, which is also that of none."""
    return np.minimum(_waits_ms(stream), WATCHED_MS)


def _waits_ms(stream: Stream) -> NDArray[np.float64]:
    """Return the ms, at least 1, to every answer, WATCHED_MS where the client gave up on it."""
    kind = stream.events.kind
    given_up = kind == EventKind.NO_RESPONSE
    wait = np.where(given_up, WATCHED_MS, stream.events.response_ms)
    return np.maximum(wait[given_up | (kind == EventKind.RESPONSE)], 1).astype(np.float64)


def _wait_per_answer(stream: Stream) -> float:
    """Return log2 of the mean wait for an answer when some waits were cut off.

    All that was waited over the answers that came is the likeliest mean of exponential waits under
    right censoring (Epstein and Sobel 1953, J. Am. Stat. Assoc. 48, 486-502).
    """
    # Half an answer where none came, as is usual for counts of zero.
    answers = max(len(stream.times(EventKind.RESPONSE)), 0.5)
    return _log2(float(_waits_ms(stream).sum()) / answers)


def _cadence_ms(stream: Stream) -> float:
    gaps = np.diff(stream.times(EventKind.CLICK))
    return float(np.median(gaps)) if len(gaps) else math.nan


def _log2(value: float) -> float:
    return math.log2(value) if value > 0 else math.nan
