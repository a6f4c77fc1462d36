"""What is drawn of a recording: what fired, when and where; and odd ones are drawn too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from eitp.recording import SYNTHETIC, Event, Kind, Recording, read
from eitp_server.lab.evaluation.stream import stream
from eitp_server.lab.plot.evaluation import curve
from eitp_server.lab.plot.firing import firings
from eitp_server.lab.plot.recording import draw
from eitp_server.signals.signal import Signal
from lab.study import visit

if TYPE_CHECKING:
    from pathlib import Path

    from eitp_server.lab.plot.firing import Firing


def fired(recording: Recording) -> list[Firing]:
    return firings(stream(recording).events)


def test_a_late_answer_fires_where_the_click_was_when_it_came() -> None:
    recording = visit("slow", latency_ms=1800, clicks=2)
    slow = [one for one in fired(recording) if one.signal is Signal.SLOW_CLICK]
    answers = [round(e.t_ms) for e in recording.events if e.kind is Kind.RESPONSE]
    assert [one.t_ms for one in slow] == answers
    assert {(one.x, one.y) for one in slow} == {(600, 300)}


def test_a_window_that_forgets_hides_nothing_that_fires_later() -> None:
    recording = visit("slow", latency_ms=1800, clicks=30)
    slow = [one for one in fired(recording) if one.signal is Signal.SLOW_CLICK]
    assert len(slow) == 30


def test_a_fast_page_fires_nothing() -> None:
    assert fired(visit("fast", clicks=10)) == []


def test_a_long_decision_is_a_hesitation() -> None:
    steady = visit("steady", clicks=8)
    late = [
        replace(event, t_ms=event.t_ms + 20_000) if event.t_ms > 25_000 else event
        for event in steady.events
    ]
    found = fired(replace(steady, events=tuple(late)))
    assert Signal.HESITATION in {one.signal for one in found}


def test_the_bundled_visit_of_vain_clicks_shows_them() -> None:
    (vain,) = (one for one in read(SYNTHETIC) if "05-financing-rage" in one.name)
    assert {Signal.RAGE_CLICK, Signal.DEAD_CLICK} <= {one.signal for one in fired(vain)}


def _single(kind: Kind) -> Recording:
    event = Event(t_ms=0, kind=kind, x=3, y=4)
    return Recording(name="$one_{event}$", person="ann", events=(event,))


@pytest.mark.parametrize(
    "recording",
    [
        _single(Kind.MOVE),
        _single(Kind.HIDDEN),
        _single(Kind.CLICK),
        replace(visit("still"), events=tuple(replace(e, x=7, y=7) for e in visit("still").events)),
        visit("seldom", gap_ms=1000, pace_ms=5000),
        replace(
            visit("jumps"),
            events=tuple(
                replace(event, x=(-1) ** number * 50_000)
                for number, event in enumerate(visit("jumps").events)
            ),
        ),
    ],
    ids=["one move", "hidden", "one click", "still", "1 Hz", "jumps"],
)
def test_any_recording_can_be_drawn(recording: Recording, tmp_path: Path) -> None:
    for colour in ("speed", "time"):
        draw(stream(recording), tmp_path / "drawn.png", colour=colour)
        assert (tmp_path / "drawn.png").stat().st_size > 10_000


def test_more_firings_than_the_list_holds_are_drawn_too(tmp_path: Path) -> None:
    slow = visit("slow", latency_ms=1800, clicks=40)
    draw(stream(slow), tmp_path / "drawn.svg")
    assert "and 14 more, on the timeline" in (tmp_path / "drawn.svg").read_text()


def test_a_picture_drawn_again_is_the_same_file(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        draw(stream(visit("visit")), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_an_roc_goes_from_corner_to_corner_and_ties_are_one_step() -> None:
    false, true = curve(np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, False, True, True]))
    assert false.tolist() == [0, 0, 0.5, 1]
    assert true.tolist() == [0, 0.5, 1, 1]
