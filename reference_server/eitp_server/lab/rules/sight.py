"""What a rule sees of one recording: its clicks, their answers, and what else happened."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final

from eitp.recording import Kind
from eitp.recording.visit import WATCH_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp.recording import Event, Recording, Role

ASSUMED: Final = (
    "To peers' rules, a click less than 2.5 s before one that was watched in vain, without a "
    "report of its own, counts as unanswered too: so it is with a browser client, which watches "
    "every click until the next, but not where only some clicks were measured."
)
"""What is concluded about clicks that no report names."""
_SIGNS: Final = frozenset({Kind.RESPONSE, Kind.NAVIGATE})
_REPORTS: Final = frozenset({Kind.RESPONSE, Kind.NO_RESPONSE})
_ATTENTION: Final = frozenset({Kind.FOCUS, Kind.BLUR, Kind.HIDDEN, Kind.VISIBLE})
_MATCH_MS: Final = 1.0
"""Times are written in whole ms, so a response's click may seem this much later than it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """One click."""

    t_ms: float
    x: float
    y: float
    target: str
    """Empty when not known."""
    role: Role | None
    answer_ms: float | None
    """How long after it the page first gave a sign of life; infinite when it gave none while it
    was watched, None when nothing is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One recording, taken apart."""

    clicks: tuple[Click, ...]
    scrolls: tuple[float, ...]
    """Times, ms, ascending; so are those below."""
    selections: tuple[float, ...]
    keys: tuple[float, ...]
    attention: tuple[float, ...]
    """When the page or a field gained or lost the focus or the screen."""
    moves: tuple[tuple[float, float, float], ...]
    """(t_ms, x, y) as recorded, not thinned."""

    @classmethod
    def of(cls, recording: Recording) -> Sight:
        """Take a recording apart."""
        events = recording.events
        return cls(
            clicks=_clicks(events),
            scrolls=_times(events, frozenset({Kind.SCROLL})),
            selections=_times(events, frozenset({Kind.SELECT})),
            keys=_times(events, frozenset({Kind.KEY})),
            attention=_times(events, _ATTENTION),
            moves=tuple((e.t_ms, e.x, e.y) for e in events if e.kind is Kind.MOVE),
        )


def within(times: Sequence[float], begin_ms: float, end_ms: float) -> bool:
    """Tell whether one of the ascending times lies in begin..end, both included."""
    place = bisect_left(times, begin_ms)
    return place < len(times) and times[place] <= end_ms


def _times(events: Sequence[Event], kinds: frozenset[Kind]) -> tuple[float, ...]:
    return tuple(event.t_ms for event in events if event.kind in kinds)


def _clicks(events: Sequence[Event]) -> tuple[Click, ...]:
    clicks = [event for event in events if event.kind is Kind.CLICK]
    answers = _answers(events, [click.t_ms for click in clicks])
    return tuple(
        Click(
            t_ms=click.t_ms,
            x=click.x,
            y=click.y,
            target=click.target,
            role=click.role,
            answer_ms=answer_ms,
        )
        for click, answer_ms in zip(clicks, answers, strict=True)
    )


def _answers(events: Sequence[Event], clicked: Sequence[float]) -> list[float | None]:
    """Return when the page answered each click.

    The next sign of life, if it comes while the page is watched; else what a later report says
    about this click; else, when a report says that the page was watched in vain, infinity. Of a
    recording without any report nothing is known: the page may have answered before it was left.
    """
    if not any(event.kind in _REPORTS for event in events):
        return [None] * len(clicked)
    signs = _times(events, _SIGNS)
    named = _named(events, clicked)
    vain = _vain(events, clicked)
    return [_answer(t_ms, signs, named.get(i), i in vain) for i, t_ms in enumerate(clicked)]


def _answer(
    t_ms: float, signs: Sequence[float], named_ms: float | None, in_vain: bool
) -> float | None:
    place = bisect_left(signs, t_ms)
    soon = signs[place] - t_ms if place < len(signs) else inf
    if soon < WATCH_MS:
        return soon
    if named_ms is not None:
        return named_ms
    return inf if in_vain else None


def _named(events: Sequence[Event], clicked: Sequence[float]) -> dict[int, float]:
    """Return the shortest response time that was reported for each click, by its number."""
    named: dict[int, float] = {}
    for event in events:
        if event.response_ms is not None:
            number = bisect_right(clicked, event.t_ms - event.response_ms + _MATCH_MS) - 1
            if number >= 0:
                named[number] = min(event.response_ms, named.get(number, inf))
    return named


def _vain(events: Sequence[Event], clicked: Sequence[float]) -> set[int]:
    """Return the clicks that the page was watched after in vain.

    Only the latest click is reported on. One before it went unanswered too when no report on it
    came before the next: the client was still watching then.
    """
    vain: set[int] = set()
    for event in events:
        if event.kind is Kind.NO_RESPONSE:
            number = bisect_right(clicked, event.t_ms) - 1
            while number >= 0 and number not in vain:
                vain.add(number)
                if number and clicked[number] - clicked[number - 1] < WATCH_MS:
                    number -= 1
                else:
                    break
    return vain
