"""One synthetic visit as it happens: a hand, a page, a clock, and the events they make."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING

from . import motor
from .event import Event, Recording
from .shop import VIEWPORT
from .vocabulary import POINTER_KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from random import Random

    from .motor import Point
    from .shop import Element, Page

WATCH_MS = 2_500
"""How long a client watches the page for an answer to the latest click."""
_WHEEL_MS = 100
_WHEEL_PX = 120
_EDGE_PX = 60


class Visit:
    """What one visitor does, in order; every verb moves the clock on."""

    def __init__(self, rng: Random, page: Page) -> None:
        self._rng = rng
        self._traits = motor.draw_traits(rng)
        self._events: list[Event] = []
        self._t_ms = 0.0
        self._place: Point = (rng.uniform(300, 900), rng.uniform(200, 600))
        self._page = page
        self._scrolled = 0.0
        self._clicked_ms = 0.0
        self._awaited = False
        self.open(page)

    def open(self, page: Page, by: Kind | None = None) -> None:
        """A page begins, after a step in the history when `by` is BACK or FORWARD."""
        if by is not None:
            self._note(by)
        self._page, self._scrolled, self._awaited = page, 0.0, False
        self._note(Kind.NAVIGATE, enters=True)
        self.wait(self._rng.uniform(0.3, 0.6))

    def wait(self, seconds: float) -> None:
        """Nothing moves."""
        self._t_ms += 1000 * seconds

    def read(self, words: int) -> None:
        """Reads; every few seconds the pointer drifts along."""
        left_ms = motor.reading_ms(self._rng, words, self._traits)
        while left_ms > 0:
            pause_ms = min(left_ms, self._rng.uniform(1200, 2800))
            self._t_ms += pause_ms
            left_ms -= pause_ms
            if left_ms > 0:
                self._drift()

    def point(self, name: str) -> None:
        """Moves onto an element, which is scrolled into view first."""
        element = self._page.element(name)
        self._reveal(element)
        self._reach(self._seen(element), element.size)

    def click(self, name: str, *, answer_ms: float | None = None) -> None:
        """Points and clicks; the page answers after `answer_ms`, soon when None."""
        self.point(name)
        self.wait(self._rng.uniform(0.08, 0.2))
        self._press()
        waited_ms = answer_ms or motor.page_answer_ms(self._rng, self._traits)
        self._note(Kind.RESPONSE, later_ms=waited_ms, response_ms=round(waited_ms))
        self._awaited = False
        self.wait(min(waited_ms, WATCH_MS) / 1000 + self._rng.uniform(0.1, 0.3))

    def click_dead(self, name: str, times: int = 1) -> None:
        """Points and clicks, faster and faster, on something that never answers."""
        self.point(name)
        self.wait(self._rng.uniform(0.1, 0.2))
        for number in range(times):
            self._press()
            self.wait(self._rng.uniform(0.18, 0.3) + 0.5 / (number + 1))

    def click_fast(self, name: str, times: int) -> None:
        """Clicks often and on purpose on something that answers at once."""
        self.point(name)
        for _ in range(times):
            self._press()
            waited_ms = motor.page_answer_ms(self._rng, self._traits) / 3
            self._note(Kind.RESPONSE, later_ms=waited_ms, response_ms=round(waited_ms))
            self._awaited = False
            self.wait(self._rng.uniform(0.25, 0.4))

    def scroll(self, pixels: float) -> None:
        """Turns the wheel, down when positive, as far as the page goes."""
        wanted = min(max(self._scrolled + pixels, 0), self._page.height - VIEWPORT[1])
        while abs(wanted - self._scrolled) >= 1:
            left = wanted - self._scrolled
            step = max(-_WHEEL_PX, min(_WHEEL_PX, left))
            self._scrolled += step
            self.wait((_WHEEL_MS + self._rng.uniform(-20, 30)) / 1000)
            self._note(Kind.SCROLL, scroll_y=round(step))

    def flail(self, sweeps: int) -> None:
        """Sweeps the pointer to and fro."""
        for number in range(sweeps):
            side = 1 if number % 2 else -1
            x = self._place[0] + side * self._rng.uniform(180, 420)
            y = self._place[1] + self._rng.uniform(-80, 80)
            self._reach((min(max(x, 40), 1240), min(max(y, 40), 760)), (160, 160))

    def type(self, name: str, keys: int) -> None:
        """Clicks into a field and types."""
        self.click(name)
        self._note(Kind.FOCUS)
        for _ in range(keys):
            self.wait(max(self._rng.gauss(0.19, 0.06), 0.06))
            self._note(Kind.KEY)
        self._note(Kind.BLUR)

    def copy(self, name: str) -> None:
        """Selects and copies what an element says."""
        self.point(name)
        self._note(Kind.SELECT)
        self.wait(self._rng.uniform(0.4, 0.8))
        self._note(Kind.COPY)

    def look_elsewhere(self, seconds: float) -> None:
        """Another tab is in front for a while."""
        self._note(Kind.HIDDEN)
        self.wait(seconds)
        self._note(Kind.VISIBLE)
        self.wait(0.5)

    def fail(self) -> None:
        """A script of the page fails."""
        self._note(Kind.SCRIPT_ERROR)

    def leave(self) -> None:
        """The tab is closed."""
        self._reach((1200, 10), (80, 20))
        self._note(Kind.HIDDEN)

    def recording(self, name: str, person: str) -> Recording:
        """Return what happened, in time order and without what would have come after the end."""
        self._settle()
        end_ms = round(self._t_ms)
        events = sorted(self._events, key=attrgetter("t_ms"))
        seen = [event for event in events if event.t_ms <= end_ms]
        return Recording(name=name, person=person, events=tuple(_resting(seen)))

    def _press(self) -> None:
        self._settle()
        self._note(Kind.DOWN)
        self._t_ms += motor.hold_ms(self._rng, self._traits)
        self._note(Kind.UP)
        self._note(Kind.CLICK)
        self._clicked_ms, self._awaited = self._t_ms, True

    def _settle(self) -> None:
        """Note that the page left the latest click unanswered, when its time was up by now."""
        late_ms = self._clicked_ms + WATCH_MS
        if self._awaited and late_ms <= self._t_ms:
            self._note(Kind.NO_RESPONSE, later_ms=late_ms - self._t_ms)
        self._awaited = False

    def _drift(self) -> None:
        x = self._place[0] + self._rng.uniform(-60, 90)
        y = self._place[1] + self._rng.uniform(-15, 30)
        self._reach((min(max(x, 40), 1240), min(max(y, 40), 760)), (60, 60))

    def _reveal(self, element: Element) -> None:
        y = self._seen(element)[1]
        if not (element.fixed or _EDGE_PX <= y <= VIEWPORT[1] - _EDGE_PX):
            self.scroll(y - VIEWPORT[1] / 2)

    def _reach(self, target: Point, size: Point) -> None:
        began_ms = self._t_ms
        samples = motor.reach(
            self._rng, start=self._place, target=target, size=size, traits=self._traits
        )
        for sample in samples:
            self._t_ms, self._place = began_ms + sample.after_ms, sample.place
            self._note(Kind.MOVE)

    def _seen(self, element: Element) -> Point:
        x, y = element.centre
        return (x, y) if element.fixed else (x, y - self._scrolled)

    def _under(self) -> Element | None:
        place = (round(self._place[0]), round(self._place[1]))
        for element in self._page.elements:
            if motor.inside(place, self._seen(element), element.size):
                return element
        return None

    def _note(
        self,
        kind: Kind,
        *,
        later_ms: float = 0,
        enters: bool = False,
        scroll_y: float = 0,
        response_ms: float | None = None,
    ) -> None:
        over = self._under() if kind in POINTER_KINDS else None
        self._events.append(
            Event(
                t_ms=round(self._t_ms + later_ms),
                kind=kind,
                x=round(self._place[0]),
                y=round(self._place[1]),
                target=over.name if over else "",
                role=over.role if over else None,
                section=over.section if over else None,
                page_type=self._page.type if enters else None,
                scroll_y=scroll_y,
                response_ms=response_ms,
            )
        )


def _resting(events: Iterable[Event]) -> Iterator[Event]:
    """Yield events in time order, those that the pointer did not make where it was by then."""
    last: Event | None = None
    for event in events:
        if event.kind in POINTER_KINDS or last is None:
            last = event
            yield event
        else:
            yield replace(event, x=last.x, y=last.y)
