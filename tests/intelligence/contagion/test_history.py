"""Where edges stand over windows that overlap and windows that do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eitp_server.intelligence.contagion.history import History, Standing, Status

if TYPE_CHECKING:
    from collections.abc import Iterable

PAIR = ("DE", "FR")
WINDOW, STEP = 1_440, 5


def run(ends: Iterable[int], holding: Iterable[int], *, exploratory: bool = False) -> Standing:
    """Return where the pair stands after windows with these ends, in some of which it held."""
    history, standing, held = History(window=WINDOW), None, set(holding)
    for end in ends:
        found = [PAIR] if end in held else []
        history, standings = history.after(end, found, exploratory=exploratory)
        standing = standings.get(PAIR)
    assert standing is not None
    return standing


def test_a_new_edge_is_a_candidate_since_now() -> None:
    assert run([1_440], [1_440]) == Standing(status=Status.CANDIDATE, first_seen=1_440)


def test_an_edge_is_confirmed_by_one_of_the_two_windows_before() -> None:
    ends = [1_440, 2_880, 4_320]
    assert run(ends, [2_880, 4_320]).status is Status.CONFIRMED
    assert run(ends, [1_440, 4_320]).status is Status.CONFIRMED
    assert run(ends, [4_320]).status is Status.CANDIDATE


def test_windows_that_overlap_do_not_confirm() -> None:
    ends = range(1_440, 2_880, STEP)
    assert run(ends, ends).status is Status.CANDIDATE
    assert run(range(1_440, 2_881, STEP), [*ends, 2_880]).status is Status.CONFIRMED


def test_a_window_four_lengths_ago_does_not_confirm() -> None:
    ends = [1_440, 2_880, 4_320, 5_760]
    assert run(ends, [1_440, 5_760]).status is Status.CANDIDATE


def test_an_edge_that_holds_no_more_ends_once() -> None:
    history = History(window=WINDOW)
    history, _ = history.after(1_440, [PAIR], exploratory=False)
    history, standings = history.after(1_445, [], exploratory=False)
    assert standings == {PAIR: Standing(status=Status.ENDED, first_seen=1_440)}
    _, standings = history.after(1_450, [], exploratory=False)
    assert standings == {}


def test_a_break_starts_the_time_anew() -> None:
    ends = [1_440, 1_445, 1_450, 1_455]
    assert run(ends, ends).first_seen == 1_440
    assert run(ends, [1_440, 1_450, 1_455]).first_seen == 1_450


def test_among_few_regions_every_edge_is_exploratory() -> None:
    ends = [1_440, 2_880, 4_320]
    assert run(ends, ends, exploratory=True).status is Status.EXPLORATORY


def test_what_is_remembered_does_not_grow() -> None:
    history = History(window=10)
    for end in range(1, 500):
        history, _ = history.after(end, [PAIR], exploratory=False)
    assert len(history.seen) <= 41


def test_time_does_not_run_back() -> None:
    history, _ = History(window=WINDOW).after(1_440, [], exploratory=False)
    with pytest.raises(ValueError, match="follows"):
        history.after(1_440, [], exploratory=False)
