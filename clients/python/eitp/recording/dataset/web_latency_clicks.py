"""Clicks in a web map that was slowed on purpose: 28 people, 479 rated sessions.

Source: the raw data of the project hzjahromi/iweb (MIT). One recording per session. There is no
path between clicks. Many releases have no press, because the map's zoom buttons swallow it, so
every release counts as a click.

With a press the source notes how long the map took to load, where it did. Where it did not, the
click was not answered: it becomes a `no_response` when the shopper waited for one as long as a
client watches. Releases without a press were not measured, and nothing is said of their answers.
"""

from __future__ import annotations

from itertools import groupby, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING

from ..event import Event, Recording
from ..visit import WATCH_MS
from ..vocabulary import Kind
from .source import SourceRow, source_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

FILES = ("events.csv", "sessions.csv")

_COLUMNS = ("session", "t_ms", "kind", "x", "y", "load_ms")
_SESSION_COLUMNS = ("session", "subject", "map_type", "added_delay_ms", "acr_quality")


def recordings(source: Path) -> Iterator[Recording]:
    """Yield a recording per session of presses, releases, clicks and the page's answers."""
    sessions = source_rows(source / FILES[1], _SESSION_COLUMNS)
    person = {row.text("session"): row.text("subject") for row in sessions}
    for name, rows in groupby(source_rows(source / FILES[0], _COLUMNS), key=_session):
        yield Recording(name=name, person=person.get(name, ""), events=_events(list(rows)))


def labels(source: Path) -> dict[str, dict[str, str]]:
    """Return satisfaction (1 worst to 5 best), added_delay_ms and map_type of every session."""
    return {
        row.text("session"): row.labels(
            satisfaction="acr_quality", added_delay_ms="added_delay_ms", map_type="map_type"
        )
        for row in source_rows(source / FILES[1], _SESSION_COLUMNS)
    }


def _session(row: SourceRow) -> str:
    return row.text("session")


def _events(rows: Sequence[SourceRow]) -> tuple[Event, ...]:
    hands = (event for row in rows for event in _hand(row))
    return tuple(sorted((*hands, *_answers(rows)), key=attrgetter("t_ms")))


def _hand(row: SourceRow) -> Iterator[Event]:
    kinds = (Kind.DOWN,) if row.text("kind") == "down" else (Kind.UP, Kind.CLICK)
    for kind in kinds:
        yield _event(row, kind, row.number("t_ms"))


def _answers(rows: Sequence[SourceRow]) -> Iterator[Event]:
    """Yield what became of every press.

    The page began to load at the click, so the time counts from the release after the press; from
    the press itself where the release is missing.
    """
    ups = [row.number("t_ms") for row in rows if row.text("kind") == "up"]
    end_ms = rows[-1].number("t_ms")
    for press, after in pairwise((*rows, rows[-1])):
        if press.text("kind") != "down" and not press.text("load_ms"):
            continue
        click = after if after.text("kind") == "up" else press
        clicked_ms = click.number("t_ms")
        if press.text("load_ms"):
            load_ms = press.number("load_ms")
            yield _event(click, Kind.RESPONSE, clicked_ms + load_ms, load_ms)
            continue
        given_up_ms = clicked_ms + WATCH_MS
        if given_up_ms <= end_ms and not any(clicked_ms < up <= given_up_ms for up in ups):
            yield _event(click, Kind.NO_RESPONSE, given_up_ms)


def _event(row: SourceRow, kind: Kind, t_ms: float, response_ms: float | None = None) -> Event:
    return Event(
        t_ms=t_ms, kind=kind, x=row.number("x"), y=row.number("y"), response_ms=response_ms
    )
