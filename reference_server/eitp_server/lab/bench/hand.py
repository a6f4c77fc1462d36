"""A synthetic hand at 20 Hz that never rests for long: reaches, reads, and now and then clicks.

A few hands click in vain, again and again. Most batches are moves only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from eitp.recording.motor import draw_traits, reach
from eitp.v1.page_pb2 import PAGE_SECTION_PRICE, TARGET_ROLE_BUTTON, Target
from eitp.v1.telemetry_pb2 import EventDetails, EventKind, SparseColumn, TelemetryBatch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from eitp.recording.motor import Point, Traits

SAMPLE_MS: Final = 50
CLICK_SHARE: Final = 0.15
"""Share of reaches that end in a click. Chosen."""
VAIN_SHARE: Final = 0.05
"""Share of hands whose page does not answer, and who click on. Chosen."""
_ELEMENT_PX: Final = (160.0, 60.0)
_MOVE: Final = EventKind.EVENT_KIND_MOVE
_NOWHERE: Final = -1
_START: Final = (640, 400)


def batches(rng: Random, *, count: int, events: int) -> list[TelemetryBatch]:
    """Return so many batches of so many events each, without session, sequence and clock."""
    hand = _Hand(rng, draw_traits(rng), in_vain=rng.random() < VAIN_SHARE)
    while len(hand.events) < count * events:
        hand.visit()
    runs = [hand.events[begin : begin + events] for begin in range(0, count * events, events)]
    places = [_START, *(run[-1].place for run in runs)]
    return [_batch(run, place) for run, place in zip(runs, places, strict=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    place: tuple[int, int]
    kind: EventKind = _MOVE
    dt_ms: int = SAMPLE_MS
    target: int | None = None
    """Index of an element, -1 for none, None when it is the one before."""
    response_ms: int | None = None


@dataclass(slots=True)
class _Hand:
    rng: Random
    traits: Traits
    in_vain: bool
    place: tuple[int, int] = _START
    events: list[_Event] = field(default_factory=list["_Event"])

    def visit(self) -> None:
        """Reach for an element, perhaps click it, read."""
        centre = (self.rng.uniform(80, 1200), self.rng.uniform(60, 740))
        self._reach(centre)
        if self.rng.random() < CLICK_SHARE:
            if self.in_vain:
                self._click_in_vain()
            else:
                self._click()
        self._read(self.rng.randint(20, 120))

    def _reach(self, centre: Point) -> None:
        samples = list(
            reach(self.rng, start=self.place, target=centre, size=_ELEMENT_PX, traits=self.traits)
        )
        for number, sample in enumerate(samples):
            # The pointer leaves what it was over at the start and is over the target at the end.
            left = _NOWHERE if number == 0 else None
            self._note(sample.place, target=0 if number == len(samples) - 1 else left)

    def _click(self) -> None:
        self._press()
        waited_ms = round(self.rng.lognormvariate(5, 0.4))
        self._add(
            _Event(
                place=self.place,
                kind=EventKind.EVENT_KIND_RESPONSE,
                dt_ms=waited_ms,
                response_ms=waited_ms,
            )
        )

    def _click_in_vain(self) -> None:
        for _ in range(self.rng.randint(3, 6)):
            self._press()
            self._read(self.rng.randint(2, 6))
        self._add(_Event(place=self.place, kind=EventKind.EVENT_KIND_NO_RESPONSE))

    def _press(self) -> None:
        self._add(_Event(place=self.place, kind=EventKind.EVENT_KIND_DOWN, target=0))
        self._add(_Event(place=self.place, kind=EventKind.EVENT_KIND_UP, dt_ms=90))
        self._add(_Event(place=self.place, kind=EventKind.EVENT_KIND_CLICK, dt_ms=0))

    def _read(self, samples: int) -> None:
        for _ in range(samples):
            x, y = self.place
            self._note((x + self.rng.randint(-1, 1), y + self.rng.randint(-1, 1)))

    def _note(self, place: Point, target: int | None = None) -> None:
        self.place = (round(place[0]), round(place[1]))
        self._add(_Event(place=self.place, target=target))

    def _add(self, event: _Event) -> None:
        self.events.append(event)


def _batch(run: Sequence[_Event], origin: tuple[int, int]) -> TelemetryBatch:
    places = [origin, *(event.place for event in run)]
    plain = all(event.kind == _MOVE for event in run)
    return TelemetryBatch(
        origin_x=origin[0],
        origin_y=origin[1],
        dt_ms=[event.dt_ms for event in run],
        dx=[after[0] - before[0] for before, after in pairwise(places)],
        dy=[after[1] - before[1] for before, after in pairwise(places)],
        kind=[] if plain else [event.kind for event in run],
        details=_details(run),
        targets=_targets(run),
    )


def _details(run: Sequence[_Event]) -> EventDetails | None:
    target = [(i, event.target) for i, event in enumerate(run) if event.target is not None]
    response = [(i, e.response_ms) for i, e in enumerate(run) if e.response_ms is not None]
    if not target and not response:
        return None
    return EventDetails(target=_column(target), response_ms=_column(response))


def _column(pairs: Sequence[tuple[int, int]]) -> SparseColumn | None:
    if not pairs:
        return None
    return SparseColumn(event=[event for event, _ in pairs], value=[value for _, value in pairs])


def _targets(run: Sequence[_Event]) -> list[Target]:
    if all(event.target in (None, _NOWHERE) for event in run):
        return []
    # One element per place is enough for the signals to tell them apart.
    x, y = next(event.place for event in run if event.target == 0)
    identity = (x // 100) * 100 + y // 100 + 1
    return [Target(identity=identity, role=TARGET_ROLE_BUTTON, section=PAGE_SECTION_PRICE)]
