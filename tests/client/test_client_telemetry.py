"""Batches on the wire say what the hand did, however its events are handed over."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import pytest
from eitp.recording import Event, Kind, PageType, Recording, RecordingError, Role, Section, cut
from eitp.telemetry import Batcher, Encoder
from eitp.v1 import page_pb2, telemetry_pb2
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eitp.recording import Batch

BUY = ("buy", Role.BUTTON, Section.PRICE)
NOTHING = ("", None, None)


def event(
    t_ms: float,
    kind: Kind = Kind.MOVE,
    *,
    x: float = 0,
    under: tuple[str, Role | None, Section | None] = NOTHING,
    page_type: PageType | None = None,
) -> Event:
    """Make an event at y 0."""
    target, role, section = under
    return Event(
        t_ms=t_ms,
        kind=kind,
        x=x,
        y=0,
        target=target,
        role=role,
        section=section,
        page_type=page_type,
    )


def batches(*events: Event) -> list[Batch]:
    """Cut events as one recording."""
    return list(cut(Recording(name="a", person="ann", events=events)))


def live(events: Iterable[Event]) -> list[Batch]:
    """Cut events that come one by one."""
    batcher = Batcher(sample_ms=50, span_ms=500, most_events=50)
    return [batch for each in events for batch in batcher.add([each])] + batcher.flush()


@st.composite
def visits(draw: st.DrawFn) -> list[Event]:
    """Draw the events of a visit: a hand that moves over things, clicks and turns pages."""
    steps = draw(st.lists(st.integers(0, 700), min_size=1, max_size=40))
    kinds = st.sampled_from([Kind.MOVE, Kind.MOVE, Kind.CLICK, Kind.SCROLL, Kind.NAVIGATE])
    pages = st.sampled_from([None, PageType.PRODUCT, PageType.CART])
    return [
        event(
            t_ms,
            kind := draw(kinds),
            x=draw(st.integers(0, 900)),
            under=draw(st.sampled_from([NOTHING, BUY])),
            page_type=draw(pages) if kind is Kind.NAVIGATE else None,
        )
        for t_ms in accumulate(steps)
    ]


def seen(parts: Sequence[Batch]) -> list[tuple[object, ...]]:
    """Return what a reader of the batches learns about each click."""
    return [
        (each.t_ms, each.x, each.target, each.page_type, part.view)
        for part in parts
        for each in part.events()
        if each.kind is Kind.CLICK
    ]


@given(visits())
def test_events_that_come_one_by_one_tell_the_same_as_a_recording(events: list[Event]) -> None:
    assert seen(live(events)) == seen(batches(*events))


def test_a_batch_is_due_after_its_span() -> None:
    parts = live(event(t_ms, x=t_ms) for t_ms in range(0, 2000, 100))
    assert [part.clock_ms for part in parts] == [0, 500, 1000, 1500]


def test_leaving_a_target_between_two_batches_is_told() -> None:
    parts = live([event(0, under=BUY), event(600, x=9)])
    assert [part.target for part in parts] == [((0, 0),), ((0, -1),)]


def test_an_event_before_the_one_before_is_refused() -> None:
    batcher = Batcher(sample_ms=50, span_ms=500, most_events=50)
    with pytest.raises(RecordingError, match="send events in time order"):
        batcher.add([event(100), event(50)])


def test_columns_are_delta_coded_and_numbered_from_the_next_sequence() -> None:
    encoder = Encoder("session-1", next_sequence=7)
    parts = batches(event(1000, x=5), event(1050, x=8), event(1700, x=4))
    first, second = (encoder.encode(part) for part in parts)
    assert (first.session_id, first.sequence, second.sequence) == ("session-1", 7, 8)
    assert (first.clock_ms, first.origin_x) == (1000, 5)
    assert (list(first.dt_ms), list(first.dx), list(first.dy)) == ([0, 50], [0, 3], [0, 0])


def test_a_batch_of_moves_has_no_kind_column() -> None:
    (moves,) = batches(event(0), event(60, x=3))
    assert not Encoder("s").encode(moves).kind
    (click,) = batches(event(0), event(60, Kind.CLICK))
    kinds = [telemetry_pb2.EVENT_KIND_MOVE, telemetry_pb2.EVENT_KIND_CLICK]
    assert Encoder("s").encode(click).kind == kinds


def test_a_target_travels_as_a_salted_hash() -> None:
    (batch,) = batches(event(0, Kind.CLICK, under=BUY))
    (one,), (other,) = (
        Encoder("s", target_salt=salt).encode(batch).targets for salt in (b"a", b"b")
    )
    assert one.identity not in {0, other.identity}
    assert (one.role, one.section) == (page_pb2.TARGET_ROLE_BUTTON, page_pb2.PAGE_SECTION_PRICE)


def test_the_page_travels_when_it_changes() -> None:
    encoder = Encoder("s", page=page_pb2.PageContext(viewport_width=1280))
    parts = batches(
        event(0, Kind.NAVIGATE, page_type=PageType.PRODUCT),
        event(600, x=1),
        event(700, Kind.NAVIGATE, page_type=PageType.CART),
    )
    first, second, third = (encoder.encode(part) for part in parts)
    assert first.page == page_pb2.PageContext(
        type=page_pb2.PAGE_TYPE_PRODUCT, view=1, viewport_width=1280
    )
    assert not second.HasField("page")
    assert (third.page.type, third.page.view) == (page_pb2.PAGE_TYPE_CART, 2)


def test_sparse_columns_name_their_events() -> None:
    (batch,) = batches(
        event(0),
        Event(t_ms=90, kind=Kind.SCROLL, x=0, y=0, scroll_y=-40),
        Event(t_ms=99, kind=Kind.RESPONSE, x=0, y=0, response_ms=900),
    )
    details = Encoder("s").encode(batch).details
    assert (list(details.scroll_y.event), list(details.scroll_y.value)) == ([1], [-40])
    assert (list(details.response_ms.event), list(details.response_ms.value)) == ([2], [900])
