"""A recording as a value: who moved the hand, and what it did when."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from .error import RecordingError
from .vocabulary import Kind

if TYPE_CHECKING:
    from .vocabulary import PageType, Role, Section

LONGEST_MS = 86_400_000
"""A recording lasts a day at most, so that a date in the time column is caught."""
FARTHEST_PX = 50_000
"""Positions lie this close to the viewport's corner, so that any step fits a batch."""
FARTHEST_SCROLL_PX = 10_000_000
"""The tallest document that the protocol describes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened; raises RecordingError when a value is impossible."""

    t_ms: float
    """Milliseconds since the recording's start, 0 or more."""
    kind: Kind
    x: float
    """CSS pixels from the left edge of the viewport."""
    y: float
    """CSS pixels from its top edge, downward."""
    target: str = ""
    """Any stable name of the element under the pointer, empty when none is known."""
    role: Role | None = None
    section: Section | None = None
    page_type: PageType | None = None
    """The page of this event; None when it is still the page named last."""
    scroll_x: float = 0
    """CSS pixels scrolled to the right; on SCROLL."""
    scroll_y: float = 0
    """CSS pixels scrolled down; on SCROLL."""
    response_ms: float | None = None
    """Milliseconds from the click to the page's answer; on RESPONSE, which always has it."""

    def __post_init__(self) -> None:
        # Written as `not (a <= b)` so that NaN, which compares false with everything, fails too.
        if not 0 <= self.t_ms <= LONGEST_MS:
            raise RecordingError(_time_problem(self.t_ms), column="t_ms")
        if not -FARTHEST_PX <= self.x <= FARTHEST_PX:
            raise RecordingError(_range_problem(self.x, FARTHEST_PX), column="x")
        if not -FARTHEST_PX <= self.y <= FARTHEST_PX:
            raise RecordingError(_range_problem(self.y, FARTHEST_PX), column="y")
        if self.target and not self.target.isprintable():
            raise RecordingError(_text_problem(self.target), column="target")
        if self.scroll_x or self.scroll_y:
            self._check_scroll()
        if self.response_ms is not None or self.kind is Kind.RESPONSE:
            self._check_response()

    def _check_scroll(self) -> None:
        for column, value in (("scroll_x", self.scroll_x), ("scroll_y", self.scroll_y)):
            if not -FARTHEST_SCROLL_PX <= value <= FARTHEST_SCROLL_PX:
                raise RecordingError(_range_problem(value, FARTHEST_SCROLL_PX), column=column)
            if value and self.kind is not Kind.SCROLL:
                raise RecordingError(
                    f"a {self.kind} does not scroll; leave it empty on all but scroll",
                    column=column,
                )

    def _check_response(self) -> None:
        if self.kind is not Kind.RESPONSE:
            problem = f"a {self.kind} has no response time; leave it empty on all but response"
        elif self.response_ms is None:
            problem = "a response must say how many ms the page took to answer the click"
        elif not 0 <= self.response_ms <= LONGEST_MS:
            problem = f"{self.response_ms:g} is not a waiting time; write ms, 0 or more"
        else:
            return
        raise RecordingError(problem, column="response_ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One uninterrupted visit of one person; raises RecordingError when it cannot be one."""

    name: str
    """Unique within a file or a directory of files."""
    person: str
    """Who it was, shared by the recordings of one person: a test must not split them."""
    events: tuple[Event, ...]
    """At least one, in time order; equal times are legal."""

    @property
    def reports_answers(self) -> bool:
        """Whether whoever recorded it watched the page for answers to clicks."""
        return any(event.kind in (Kind.RESPONSE, Kind.NO_RESPONSE) for event in self.events)

    def __post_init__(self) -> None:
        check_name(self.name, column="recording")
        check_name(self.person, column="person")
        if not self.events:
            raise RecordingError(f"recording {self.name!r} has no events; it needs at least one")
        for before, after in pairwise(self.events):
            if after.t_ms < before.t_ms:
                raise RecordingError(
                    f"{after.t_ms:g} comes after {before.t_ms:g} in recording {self.name!r}; "
                    "sort its events by time",
                    column="t_ms",
                )


def check_name(name: str, *, column: str) -> None:
    """Raise RecordingError unless the name is something to read and to file under."""
    if not name:
        raise RecordingError("is empty; every event names its recording and person", column=column)
    if not name.isprintable() or name != name.strip():
        raise RecordingError(_text_problem(name), column=column)


def _time_problem(t_ms: float) -> str:
    if t_ms < 0:
        return f"{t_ms:g} is before the recording's start; the start is 0"
    if LONGEST_MS < t_ms < float("inf"):
        return (
            f"{t_ms:.0f} is more than a day; count ms from the recording's start: "
            "subtract the time of its first event"
        )
    return f"{t_ms:g} is not a time; write ms since the recording's start, as 1250"


def _range_problem(value: float, limit: int) -> str:
    return f"{value:g} is not a number of pixels from {-limit} to {limit}; write CSS px, as 640"


def _text_problem(text: str) -> str:
    return f"{text!r} has control characters or blanks around it; write one line of printable text"
