"""Recordings as the server gets them: thinned, in whole pixels, as flat columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from eitp.recording import Event, Kind, cut
from eitp.v1.page_pb2 import PageSection, PageType

from eitp_server.signals.event import Events, Role
from eitp_server.signals.event import Kind as EventKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp.recording import Batch, Recording
    from numpy.typing import NDArray

SAMPLE_MS = 50
"""A browser client reports the pointer at 20 Hz."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One recording, n events of it."""

    name: str
    person: str
    events: Events
    """In time order, in slot 0, at ms since the recording's first event."""
    page_types: tuple[int, ...]
    """`eitp.v1.PageType` of every page that a type is known of, in order; the last is open at the
    end."""
    gaps_ms: NDArray[np.int64]
    """Times between moves that follow each other, ms."""

    @property
    def duration_ms(self) -> int:
        """Time from the first event to the last."""
        return int(self.events.t_ms[-1])

    def times(self, kind: EventKind) -> NDArray[np.int64]:
        """Return when events of a kind happened, ms."""
        return self.events.t_ms[self.events.kind == kind]


def stream(recording: Recording, *, withheld: frozenset[Kind] = frozenset()) -> Stream:
    """Return a recording as the server would get it, without the kinds `withheld`.

    It begins with a page, as every visit does, also where nobody noted which.
    """
    kept = [event for event in recording.events if event.kind not in withheld]
    seen = replace(recording, events=_begun(recording.events[0], kept))
    batches = list(cut(seen, sample_ms=SAMPLE_MS))
    events = [event for batch in batches for event in batch.events()]
    columns = _columns(events)
    moved = columns.t_ms[columns.kind == EventKind.MOVE]
    return Stream(
        name=recording.name,
        person=recording.person,
        events=columns,
        page_types=_page_types(batches),
        gaps_ms=np.diff(moved),
    )


def _begun(first: Event, kept: Sequence[Event]) -> tuple[Event, ...]:
    if kept and kept[0].kind is Kind.NAVIGATE:
        return tuple(kept)
    page = Event(
        t_ms=first.t_ms, kind=Kind.NAVIGATE, x=first.x, y=first.y, page_type=first.page_type
    )
    return (page, *kept)


def _columns(events: Sequence[Event]) -> Events:
    zero = np.zeros(len(events), np.int32)
    identities = {"": 0}
    target = [identities.setdefault(event.target, len(identities)) for event in events]
    t_ms = np.array([event.t_ms for event in events], np.int64)
    return Events(
        slot=zero,
        t_ms=t_ms - t_ms[0],
        x=np.array([event.x for event in events], np.int32),
        y=np.array([event.y for event in events], np.int32),
        kind=np.array([EventKind[event.kind.name] for event in events], np.uint8),
        target=np.array(target, np.int64),
        role=np.array([_role(event) for event in events], np.uint8),
        section=np.array([_section(event) for event in events], np.uint8),
        scroll_x=np.array([event.scroll_x for event in events], np.int32),
        scroll_y=np.array([event.scroll_y for event in events], np.int32),
        response_ms=np.array(
            [-1 if event.response_ms is None else event.response_ms for event in events], np.int32
        ),
    )


def _role(event: Event) -> int:
    return Role[event.role.name] if event.role else Role.UNSPECIFIED


def _section(event: Event) -> int:
    return PageSection.Value(f"PAGE_SECTION_{event.section.name}") if event.section else 0


def _page_types(batches: Sequence[Batch]) -> tuple[int, ...]:
    visits = [(None, 0), *((batch.page_type, batch.view) for batch in batches)]
    return tuple(
        PageType.Value(f"PAGE_TYPE_{after[0].name}")
        for before, after in pairwise(visits)
        if after != before and after[0] is not None
    )
