"""Properties of recordings: nothing is lost on disk, and little and known things in batches."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from eitp.recording import (
    Event,
    Kind,
    PageType,
    Recording,
    Role,
    Section,
    cut,
    labels,
    read,
    thin,
    write,
    write_labels,
)
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

POINTER = {Kind.MOVE, Kind.DOWN, Kind.UP, Kind.CLICK}

texts = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" ")).map(str.strip)
names = texts.filter(bool)
pixels = st.integers(0, 1500) | st.floats(-50_000, 50_000)
gaps = st.just(0) | st.integers(0, 60) | st.floats(0, 100) | st.floats(0, 400_000)


@st.composite
def events(draw: st.DrawFn, t_ms: float) -> Event:
    """Draw an event at a time."""
    kind = draw(st.sampled_from(Kind) | st.just(Kind.MOVE))
    scrolls = st.floats(-10_000_000, 10_000_000) if kind is Kind.SCROLL else st.just(0)
    waits = st.floats(0, 86_400_000) if kind is Kind.RESPONSE else st.none()
    return Event(
        t_ms=t_ms,
        kind=kind,
        x=draw(pixels),
        y=draw(pixels),
        target=draw(st.just("") | st.sampled_from(["buy", "ä,b", 'a"c']) | texts),
        role=draw(st.none() | st.sampled_from(Role)),
        section=draw(st.none() | st.sampled_from(Section)),
        page_type=draw(st.none() | st.sampled_from(PageType)),
        scroll_x=draw(scrolls),
        scroll_y=draw(scrolls),
        response_ms=draw(waits),
    )


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    """Draw a recording of up to sixteen events, at times more than one a millisecond."""
    t_ms, drawn = 0.0, list[Event]()
    for gap in draw(st.lists(gaps, min_size=1, max_size=16)):
        t_ms += gap
        drawn.append(draw(events(t_ms)))
    return Recording(name=draw(names), person=draw(names), events=tuple(drawn))


def settled(events: Sequence[Event]) -> Iterator[Event]:
    """Yield events as batches carry them: whole numbers, page and element under the pointer."""
    page_type, over = None, ("", None, None)
    for event in events:
        here = (event.target, event.role, event.section)
        forgets = event.kind in POINTER | {Kind.NAVIGATE, Kind.BACK, Kind.FORWARD}
        over = here if any(here) or forgets else over
        kept = None if event.kind is Kind.NAVIGATE else page_type
        page_type = event.page_type or kept
        yield replace(
            event,
            t_ms=round(event.t_ms),
            x=round(event.x),
            y=round(event.y),
            target=over[0],
            role=over[1],
            section=over[2],
            page_type=page_type,
            scroll_x=round(event.scroll_x),
            scroll_y=round(event.scroll_y),
            response_ms=None if event.response_ms is None else round(event.response_ms),
        )


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@settings(max_examples=40)
@given(drawn=st.lists(recordings(), min_size=1, max_size=3, unique_by=lambda each: each.name))
def test_what_is_written_is_read_again(suffix: str, drawn: list[Recording]) -> None:
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"visits.{suffix}"
        assert write(file, drawn) == sum(len(each.events) for each in drawn)
        assert list(read(file)) == drawn


@given(st.dictionaries(names, st.dictionaries(names, names.filter(bool)), max_size=3))
def test_labels_that_are_written_are_read_again(known: dict[str, dict[str, str]]) -> None:
    known = {
        key: {k: v for k, v in each.items() if k != "recording"} for key, each in known.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "visits.csv"
        write_labels(file, known)
        assert labels(file) == known


@given(recordings())
def test_batches_hold_the_thinned_recording(recording: Recording) -> None:
    again = chain.from_iterable(batch.events() for batch in cut(recording))
    assert list(again) == list(settled(list(thin(recording.events))))


@given(recordings())
def test_batches_keep_the_limits_of_the_protocol(recording: Recording) -> None:
    batches = list(cut(recording, most_events=7))
    assert [batch.sequence for batch in batches] == list(range(1, len(batches) + 1))
    for batch in batches:
        assert 1 <= len(batch.kind) <= 7
        assert len(batch.dt_ms) == len(batch.dx) == len(batch.dy) == len(batch.kind)
        assert batch.dt_ms[0] == batch.dx[0] == batch.dy[0] == 0
        assert min(batch.dt_ms) >= 0
        assert sum(batch.dt_ms) <= 500
        assert max(map(abs, batch.dx + batch.dy)) <= 100_000
        assert Kind.NAVIGATE not in batch.kind[1:]
        for column in (batch.target, batch.scroll_x, batch.scroll_y, batch.response_ms):
            indices = [index for index, _ in column]
            assert indices == sorted(set(indices))
            assert set(indices) <= set(range(len(batch.kind)))
        assert {value for _, value in batch.target} - {-1} == set(range(len(batch.targets)))


@given(recordings())
def test_thinning_loses_moves_only_and_never_the_last_place(recording: Recording) -> None:
    kept = list(thin(recording.events))
    others = [event for event in recording.events if event.kind is not Kind.MOVE]
    assert [event for event in kept if event.kind is not Kind.MOVE] == others
    remaining = iter(recording.events)
    assert all(event in remaining for event in kept)
    last, before = kept[-1], recording.events[-1]
    assert (round(last.x), round(last.y)) == (round(before.x), round(before.y))


@given(recordings())
def test_thinning_keeps_at_most_one_move_in_a_sampling_interval(recording: Recording) -> None:
    for is_move, run in groupby(thin(recording.events), key=lambda event: event.kind is Kind.MOVE):
        intervals = [event.t_ms // 50 for event in run]
        assert not is_move or intervals == sorted(set(intervals))


@given(recordings())
def test_thinning_twice_changes_nothing(recording: Recording) -> None:
    once = tuple(thin(recording.events))
    assert tuple(thin(once)) == once


def test_a_move_that_comes_back_within_its_interval_is_not_seen() -> None:
    away_and_back = [(0, 10), (60, 20), (70, 10), (120, 30)]
    events = [Event(t_ms=t_ms, kind=Kind.MOVE, x=x, y=0) for t_ms, x in away_and_back]
    assert [event.t_ms for event in thin(events)] == [0, 120]
