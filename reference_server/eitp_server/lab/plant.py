"""Makes visits of invented people and plants acts of frustration in them, at known moments.

A visit is one of `eitp.recording`'s motor model: reading, scrolling, pointing, ordinary clicks
that are answered. What is planted goes into a pause of it, so that the same visit without the act
differs in nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate
from operator import attrgetter
from random import Random
from typing import TYPE_CHECKING, Final

from eitp.recording import Event, Kind, Recording
from eitp.recording.shop import COMPARISON, CONFIGURATOR, HOME, LEAD, LISTING, PRODUCT
from eitp.recording.visit import WATCH_MS, Visit
from eitp.recording.vocabulary import POINTER_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eitp.recording.shop import Element, Page

ONSET: Final = 3
"""Clicks on what does not answer after which the act has begun."""
ONSET_BACK: Final = 2
"""Steps back after which it has."""
_ANSWERS: Final = frozenset({Kind.RESPONSE, Kind.NO_RESPONSE})
_PRESSES: Final = frozenset({Kind.DOWN, Kind.UP})
_BACK_SHARE: Final = 0.25
_SIGHTED: Final = ((True, True), (True, False), (False, True))
"""(reports answers, names elements)"""

_BUTTONS: Final[tuple[tuple[Page, str], ...]] = (
    (HOME, "see-trucks"),
    (LISTING, "truck-a"),
    (PRODUCT, "reserve"),
    (PRODUCT, "calculate"),
    (CONFIGURATOR, "request"),
    (COMPARISON, "choose-b"),
    (LEAD, "send"),
)
"""Buttons and links of different sizes, at the top of a page and far below."""
_WAYS: Final[dict[str, tuple[Page, ...]]] = {
    "see-trucks": (HOME,),
    "truck-a": (HOME, LISTING),
    "reserve": (HOME, LISTING, PRODUCT),
    "calculate": (HOME, LISTING, PRODUCT),
    "request": (HOME, CONFIGURATOR),
    "choose-b": (HOME, LISTING, COMPARISON),
    "send": (HOME, LISTING, PRODUCT, LEAD),
}
"""The pages on the way to each."""
_TRAIL: Final[tuple[Page, ...]] = (HOME, LISTING, PRODUCT, LISTING, PRODUCT, COMPARISON, PRODUCT)
"""Pages that a visitor who then goes back has come through; it begins as far back as needed."""
_STRAY_MS: Final = 20
"""Time by which a stray of the pointer precedes the next press."""
_TURN_MS: Final = 40
"""Time from a step back to the page that it shows."""


class Act(StrEnum):
    """What is planted."""

    CLICK_BURST = "click_burst"
    """Clicks on a button that does not answer."""
    BACK_MASH = "back_mash"
    """Steps back in quick succession."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One variation."""

    number: int
    act: Act
    place: str
    """The button that is clicked, or the page that the steps back begin on."""
    times: int
    """Clicks or steps back."""
    gap_ms: int
    """Mean time between them, from button down to button down; single ones differ by a tenth."""
    jitter_px: int
    """How far the pointer strays between clicks, within the button; 0 when it rests."""
    answers: bool
    """The client reports how long the page took to answer a click, and that it did not."""
    named: bool
    """The client says which element is under the pointer, and its role."""
    presses: bool
    """The client reports button down and up beside the click."""
    browsing: int
    """How much the visitor does before it, 1 little to 4 much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One variation played out, with the act and without it."""

    plan: Plan
    recording: Recording
    control: Recording
    """The same visit without the act."""
    first_ms: float
    """When the act's first click or step back happened."""
    onset_ms: float
    """When the visitor did it for the third time (clicks) or the second (steps back)."""

    @property
    def reported_before(self) -> bool:
        """Whether the client reported an answer to a click before the act."""
        before = (event for event in self.recording.events if event.t_ms < self.first_ms)
        return any(event.kind in _ANSWERS for event in before)


def plant(variations: int, seed: int, *, blind: bool = False) -> Iterator[Planted]:
    """Yield planted visits; equal seeds give equal ones, and more leave the first as they are.

    Their clients say what was clicked, whether the page answered, or both; when `blind`, neither.
    """
    for number in range(1, variations + 1):
        plan = _plan(Random(f"{seed}/{number}/plan"), number, blind=blind)  # noqa: S311 - repeatable
        yield _played_out(plan, seed)


def _plan(rng: Random, number: int, *, blind: bool) -> Plan:
    act = Act.BACK_MASH if rng.random() < _BACK_SHARE else Act.CLICK_BURST
    clicks = act is Act.CLICK_BURST
    answers, named = (False, False) if blind else rng.choice(_SIGHTED)
    return Plan(
        number=number,
        act=act,
        place=rng.choice(_BUTTONS)[1] if clicks else PRODUCT.type,
        times=rng.randint(4, 9) if clicks else rng.randint(2, 5),
        gap_ms=rng.randint(150, 900) if clicks else rng.randint(200, 900),
        jitter_px=rng.choice((0, 2, 5, 9)) if clicks else 0,
        answers=answers,
        named=named,
        presses=rng.random() < 0.7,
        browsing=rng.randint(1, 4),
    )


def _played_out(plan: Plan, seed: int) -> Planted:
    acted = _Stage(plan, seed, planted=True)
    control = _Stage(plan, seed, planted=False)
    return Planted(
        plan=plan,
        recording=acted.recording("planted"),
        control=control.recording("control"),
        first_ms=acted.acts_ms[0],
        onset_ms=acted.acts_ms[(ONSET if plan.act is Act.CLICK_BURST else ONSET_BACK) - 1],
    )


class _Stage:
    """One visit being acted out."""

    def __init__(self, plan: Plan, seed: int, *, planted: bool) -> None:
        self._plan = plan
        self._planted = planted
        self._jitter = Random(f"{seed}/{plan.number}/jitter")  # noqa: S311 - repeatable
        self._rng = Random(f"{seed}/{plan.number}/visit")  # noqa: S311 - repeatable
        self._visit = Visit(self._rng, HOME)
        self._added: list[Event] = []
        self.acts_ms: list[float] = []
        if plan.act is Act.CLICK_BURST:
            self._burst()
        else:
            self._mash()
        self._go_on()

    def recording(self, kind: str) -> Recording:
        """Return what a client like the plan's saw of it."""
        name = f"{kind}-{self._plan.number:04}"
        visit = self._visit.recording(name, person=f"person-{self._plan.number:04}")
        events = sorted((*visit.events, *self._added), key=attrgetter("t_ms"))
        seen = (self._as_seen(event) for event in _resting(events) if self._reported(event))
        return replace(visit, events=tuple(seen))

    def _reported(self, event: Event) -> bool:
        if event.kind in _ANSWERS:
            return self._plan.answers
        return self._plan.presses or event.kind not in _PRESSES

    def _as_seen(self, event: Event) -> Event:
        return event if self._plan.named else replace(event, target="", role=None, section=None)

    def _burst(self) -> None:
        way = _WAYS[self._plan.place]
        self._browse()
        for page in way[1:]:
            self._visit.open(page)
            self._browse()
        self._visit.point(self._plan.place)
        began = self._now()
        downs = self._times(began.t_ms + self._rng.uniform(80, 250))
        self.acts_ms = [down_ms + self._hold_ms() for down_ms in downs]
        idle_ms = self._rng.uniform(300, 3_000)
        if self._planted:
            element = way[-1].element(self._plan.place)
            for down_ms, click_ms in zip(downs, self.acts_ms, strict=True):
                self._added += self._click(began, element, down_ms, click_ms)
            self._added.append(_at(began, Kind.NO_RESPONSE, self.acts_ms[-1] + WATCH_MS))
        self._visit.wait((self.acts_ms[-1] + idle_ms - began.t_ms) / 1000)

    def _click(
        self, began: Event, element: Element, down_ms: float, click_ms: float
    ) -> Iterator[Event]:
        right = min(self._plan.jitter_px, int(element.size[0] / 3))
        low = min(self._plan.jitter_px, int(element.size[1] / 3))
        x = began.x + self._jitter.randint(-right, right)
        y = began.y + self._jitter.randint(-low, low)
        at = replace(began, x=x, y=y)
        if self._plan.jitter_px:
            yield replace(at, t_ms=down_ms - _STRAY_MS, kind=Kind.MOVE)
        yield replace(at, t_ms=down_ms, kind=Kind.DOWN)
        yield replace(at, t_ms=click_ms, kind=Kind.UP)
        yield replace(at, t_ms=click_ms, kind=Kind.CLICK)

    def _mash(self) -> None:
        trail = _TRAIL[-(self._plan.times + 1) :]
        for page in trail:
            self._visit.open(page)
            self._browse()
        began = self._now()
        self.acts_ms = self._times(began.t_ms + self._rng.uniform(80, 250))
        if self._planted:
            for back_ms, page in zip(self.acts_ms, reversed(trail[:-1]), strict=True):
                turned = _at(began, Kind.NAVIGATE, back_ms + _TURN_MS)
                self._added.append(_at(began, Kind.BACK, back_ms))
                self._added.append(replace(turned, page_type=page.type))
            self._added.pop()  # on the last page that is turned to, the visit itself goes on
        self._visit.wait((self.acts_ms[-1] + _TURN_MS - began.t_ms) / 1000)
        self._visit.open(trail[0])

    def _browse(self) -> None:
        for _ in range(self._plan.browsing):
            match self._rng.randrange(4):
                case 0:
                    self._visit.scroll(self._rng.uniform(200, 700))
                case 1:
                    self._visit.click("chat")
                case 2:
                    self._visit.point("search")
                case _:
                    self._visit.point("logo")
            self._visit.read(self._rng.randint(5, 15))

    def _go_on(self) -> None:
        self._visit.read(24)
        self._visit.click("chat")
        self._visit.read(16)
        self._visit.leave()

    def _times(self, first_ms: float) -> list[float]:
        gap_ms = self._plan.gap_ms
        gaps = (gap_ms * self._rng.uniform(0.9, 1.1) for _ in range(self._plan.times - 1))
        return [round(t_ms) for t_ms in accumulate(gaps, initial=first_ms)]

    def _hold_ms(self) -> int:
        return round(min(self._rng.uniform(50, 110), self._plan.gap_ms * 0.6))

    def _now(self) -> Event:
        """Return the latest event of the visit, which is where the pointer is and when."""
        return self._visit.recording("now", "nobody").events[-1]


def _at(began: Event, kind: Kind, t_ms: float) -> Event:
    return Event(t_ms=t_ms, kind=kind, x=began.x, y=began.y)


def _resting(events: Sequence[Event]) -> Iterator[Event]:
    """Yield events in time order, those that the pointer did not make where it was by then."""
    x, y = events[0].x, events[0].y
    for event in events:
        if event.kind in POINTER_KINDS:
            x, y = event.x, event.y
            yield event
        else:
            yield replace(event, x=x, y=y)
