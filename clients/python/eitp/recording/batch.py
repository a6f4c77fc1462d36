"""Cuts a recording into the telemetry batches that a browser client would have sent."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from .event import Event
from .vocabulary import POINTER_KINDS, Kind, PageType, Role, Section

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .event import Recording

SAMPLE_MS = 50
"""A browser client samples the pointer at 20 Hz."""
SPAN_MS = 500
"""A browser client sends twice a second."""
MOST_EVENTS = 50
"""Or sooner, when so many events wait."""

_NEW_PAGE = frozenset({Kind.NAVIGATE, Kind.BACK, Kind.FORWARD})
_NOWHERE = -1

Sparse = tuple[tuple[int, int], ...]
"""(event index, value) pairs, indices ascending: what only few events of a batch have."""


@dataclass(frozen=True, slots=True)
class Target:
    """An element of the page that events of a batch refer to."""

    name: str
    """As in the recording; empty when only its role or section is known."""
    role: Role | None
    section: Section | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A run of events of one page in columns, as `eitp.v1.TelemetryBatch` has them.

    Event i happened at `clock_ms + sum(dt_ms[: i + 1])`, at the position
    `(origin_x + sum(dx[: i + 1]), origin_y + sum(dy[: i + 1]))`. All values are whole.
    """

    sequence: int
    """1, 2, 3, … within the recording."""
    clock_ms: int
    """Time of the first event since the recording's start, so that `dt_ms[0]` is 0."""
    origin_x: int
    """Position of the first event, so that `dx[0]` and `dy[0]` are 0."""
    origin_y: int
    dt_ms: tuple[int, ...]
    dx: tuple[int, ...]
    dy: tuple[int, ...]
    kind: tuple[Kind, ...]
    page_type: PageType | None
    """The page that all events are on, None when not known."""
    view: int
    """Which visit of a page this is: the recording's NAVIGATE events so far."""
    targets: tuple[Target, ...]
    """The elements that `target` refers to, each once."""
    target: Sparse
    """Index into `targets` where the pointer comes over another element, on the batch's first event
    and wherever a button is used; -1 where it comes over none that is known."""
    scroll_x: Sparse
    """CSS px, where not 0."""
    scroll_y: Sparse
    response_ms: Sparse

    def events(self) -> Iterator[Event]:
        """Yield the events again: whole numbers, and on each the element under the pointer."""
        over = dict(self.target)
        right, down, response = dict(self.scroll_x), dict(self.scroll_y), dict(self.response_ms)
        index = _NOWHERE
        for number, (kind, t_ms, x, y) in enumerate(
            zip(
                self.kind,
                _positions(self.clock_ms, self.dt_ms),
                _positions(self.origin_x, self.dx),
                _positions(self.origin_y, self.dy),
                strict=True,
            )
        ):
            index = over.get(number, index)
            under = self.targets[index] if index != _NOWHERE else Target("", None, None)
            yield Event(
                t_ms=t_ms,
                kind=kind,
                x=x,
                y=y,
                target=under.name,
                role=under.role,
                section=under.section,
                page_type=self.page_type,
                scroll_x=right.get(number, 0),
                scroll_y=down.get(number, 0),
                response_ms=response.get(number),
            )


def thin(events: Iterable[Event], *, sample_ms: float = SAMPLE_MS) -> Iterator[Event]:
    """Yield the events that a sampling client reports: all but the moves it does not see.

    Of the moves in one sampling interval the last is kept, with its own time, so a pointer that
    comes to rest is kept where and when it did; so is the last move before any other event. A
    move that neither moves by a whole pixel nor comes over another element is none to a browser,
    and one that is back within its interval where the pointer was reported last is not seen.
    """
    waiting: Event | None = None
    before: tuple[object, ...] = ()
    reported: tuple[object, ...] = ()
    for event in events:
        here = _place(event)
        is_move = event.kind is Kind.MOVE
        over = not is_move or (here != before and _interval(waiting, event, sample_ms))
        if waiting and over:
            if _place(waiting) != reported:
                yield waiting
                reported = _place(waiting)
            waiting = None
        if not is_move:
            yield event
            reported = here
        elif here != before:
            waiting = event
        before = here
    if waiting and _place(waiting) != reported:
        yield waiting


def _place(event: Event) -> tuple[object, ...]:
    return (round(event.x), round(event.y), event.target, event.role, event.section)


def _interval(waiting: Event | None, event: Event, sample_ms: float) -> bool:
    """Return whether `event` begins another sampling interval than that of the waiting move."""
    return waiting is not None and waiting.t_ms // sample_ms != event.t_ms // sample_ms


def cut(
    recording: Recording,
    *,
    sample_ms: float = SAMPLE_MS,
    span_ms: float = SPAN_MS,
    most_events: int = MOST_EVENTS,
) -> Iterator[Batch]:
    """Yield a recording's batches: thinned, shorter than `span_ms`, each on one page."""
    cutter = _Cutter()
    run: list[Event] = []
    for event in thin(recording.events, sample_ms=sample_ms):
        full = len(run) == most_events or (bool(run) and event.t_ms - run[0].t_ms >= span_ms)
        if run and (full or cutter.leaves(event)):
            yield cutter.batch(run)
            run = []
        cutter.enter(event)
        run.append(event)
    if run:
        yield cutter.batch(run)


class _Cutter:
    """What one batch hands on to the next: the page, the element under the pointer."""

    def __init__(self) -> None:
        self._sequence = 0
        self._page_type: PageType | None = None
        self._view = 0
        self._over: Target | None = None

    def leaves(self, event: Event) -> bool:
        """Tell whether an event is on another page than the one before."""
        return event.kind is Kind.NAVIGATE or event.page_type not in (None, self._page_type)

    def enter(self, event: Event) -> None:
        """Take over the event's page."""
        if event.kind is Kind.NAVIGATE:
            self._view += 1
            self._page_type = event.page_type
        elif event.page_type is not None:
            self._page_type = event.page_type

    def batch(self, run: Sequence[Event]) -> Batch:
        """Put a run of events into columns."""
        times = [round(event.t_ms) for event in run]
        xs = [round(event.x) for event in run]
        ys = [round(event.y) for event in run]
        targets, target = self._targets(run)
        self._sequence += 1
        return Batch(
            sequence=self._sequence,
            clock_ms=times[0],
            origin_x=xs[0],
            origin_y=ys[0],
            dt_ms=_steps(times),
            dx=_steps(xs),
            dy=_steps(ys),
            kind=tuple(event.kind for event in run),
            page_type=self._page_type,
            view=self._view,
            targets=targets,
            target=target,
            scroll_x=_sparse(event.scroll_x or None for event in run),
            scroll_y=_sparse(event.scroll_y or None for event in run),
            response_ms=_sparse(event.response_ms for event in run),
        )

    def _targets(self, run: Sequence[Event]) -> tuple[tuple[Target, ...], Sparse]:
        index: dict[Target, int] = {}
        column: list[tuple[int, int]] = []
        for number, event in enumerate(run):
            over = _under(event, self._over)
            pressed = event.kind in POINTER_KINDS and event.kind is not Kind.MOVE
            if over != self._over or (over and (pressed or number == 0)):
                value = index.setdefault(over, len(index)) if over else _NOWHERE
                column.append((number, value))
            self._over = over
        return tuple(index), tuple(column)


def _under(event: Event, before: Target | None) -> Target | None:
    """Return the element under the pointer, which only the pointer or a new page can change."""
    if event.target or event.role or event.section:
        return Target(event.target, event.role, event.section)
    return None if event.kind in POINTER_KINDS | _NEW_PAGE else before


def _positions(origin: int, steps: Sequence[int]) -> Iterator[int]:
    return (origin + gone for gone in accumulate(steps))


def _steps(values: list[int]) -> tuple[int, ...]:
    return tuple(after - before for before, after in zip(values[:1] + values, values, strict=False))


def _sparse(values: Iterable[float | None]) -> Sparse:
    return tuple((number, round(value)) for number, value in enumerate(values) if value is not None)
