"""Invented studies whose truth is known: who made which recordings, and what decides the labels."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from eitp.recording import Event, Kind, Recording, Role, write, write_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    Trial = tuple[Recording, dict[str, str]]
    """A recording and its labels."""

WAIT_MS = 3000
"""Between a click and setting off anew, whatever the page does: only the answers tell how slow it
was."""


def visit(
    name: str,
    person: str = "ann",
    *,
    latency_ms: float = 150,
    pace_ms: float = 900,
    clicks: int = 4,
    gap_ms: float = 50,
) -> Recording:
    """Return some clicks on a button, each after a path of `pace_ms` and with an answer after it.

    `gap_ms` is the time between moves.
    """
    events = [Event(t_ms=0, kind=Kind.NAVIGATE, x=100, y=100)]
    begun = 1.0
    for number in range(clicks):
        events += _reach(begun, pace_ms, gap_ms, number)
        clicked = begun + pace_ms + 1
        events += _click(clicked, latency_ms)
        begun = clicked + WAIT_MS
    return Recording(name=name, person=person, events=tuple(events))


def _reach(begun: float, pace_ms: float, gap_ms: float, number: int) -> list[Event]:
    steps = max(int(pace_ms // gap_ms), 1)
    return [
        Event(
            t_ms=begun + pace_ms * step / steps,
            kind=Kind.MOVE,
            x=100 + 500 * step / steps,
            y=100 + 200 * step / steps + number,
        )
        for step in range(1, steps + 1)
    ]


def _click(clicked: float, latency_ms: float) -> list[Event]:
    click = Event(t_ms=clicked, kind=Kind.CLICK, x=600, y=300, target="buy", role=Role.BUTTON)
    answer = Event(
        t_ms=clicked + latency_ms, kind=Kind.RESPONSE, x=600, y=300, response_ms=latency_ms
    )
    return [click, answer]


def slow_pages(seed: int = 1, people: int = 12, each: int = 10) -> list[Trial]:
    """Return recordings that are rated bad when the page was slow, one in twenty by mistake."""
    rng = Random(seed)

    def trial(name: str, person: str, _place: int) -> Trial:
        latency = rng.choice((120, 200, 300, 1200, 1800, 2300)) * rng.uniform(0.8, 1.2)
        bad = (latency > 600) != (rng.random() < 0.05)
        recording = visit(name, person, latency_ms=latency, pace_ms=rng.uniform(600, 1200))
        return recording, {"rating": "1" if bad else "5", "place": name[-2:]}

    return _trials(people, each, trial)


def coin_flips(seed: int = 1, people: int = 12, each: int = 10) -> list[Trial]:
    """Return recordings whose labels have nothing to do with them."""
    rng = Random(seed)

    def trial(name: str, person: str, _place: int) -> Trial:
        recording = visit(
            name, person, latency_ms=rng.uniform(100, 2000), pace_ms=rng.uniform(500, 1500)
        )
        return recording, {"rating": rng.choice("15")}

    return _trials(people, each, trial)


def fading(seed: int = 1, people: int = 12, each: int = 10) -> list[Trial]:
    """Return recordings that are rated bad when they came late; nothing else tells."""
    rng = Random(seed)

    def trial(name: str, person: str, place: int) -> Trial:
        recording = visit(name, person, pace_ms=rng.uniform(500, 1500))
        return recording, {"rating": "1" if place >= each // 2 else "5"}

    return _trials(people, each, trial)


def written(folder: Path, trials: Sequence[Trial], name: str = "study.csv") -> Path:
    """Write recordings and labels, and return the recordings' file."""
    path = folder / name
    write(path, [recording for recording, _ in trials])
    write_labels(path, {recording.name: labels for recording, labels in trials})
    return path


def _trials(people: int, each: int, trial: Callable[[str, str, int], Trial]) -> list[Trial]:
    return [
        trial(f"p{person:02}-{place:02}", f"p{person:02}", place)
        for person in range(people)
        for place in range(each)
    ]
