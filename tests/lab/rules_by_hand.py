"""Recordings written by hand: a click here, an answer there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eitp.recording import Event, Kind, Recording

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def at(t_ms: float, kind: Kind = Kind.CLICK, x: float = 100, y: float = 100, **rest: Any) -> Event:
    """Return an event, a click in one place unless said otherwise."""
    return Event(t_ms=t_ms, kind=kind, x=x, y=y, **rest)


def clicks(*times: float, **rest: Any) -> list[Event]:
    """Return clicks in one place."""
    return [at(t_ms, **rest) for t_ms in times]


def recording(events: Iterable[Event], name: str = "one", person: str = "ann") -> Recording:
    """Return the events, in time order, as a recording."""
    ordered: Sequence[Event] = sorted(events, key=lambda event: event.t_ms)
    return Recording(name=name, person=person, events=tuple(ordered))
