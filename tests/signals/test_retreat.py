"""Drawing back, and leaving by the top: the rules, and each of their exclusions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eitp_server.signals.event import Kind, Role
from eitp_server.signals.signal import Signal
from signals.stream import Row, folded, seen

if TYPE_CHECKING:
    from collections.abc import Sequence


def counted(rows: Sequence[Row], signal: Signal) -> float:
    found = seen(rows)
    assert found.present[0, signal.column]
    return float(found.value[0, signal.column])


def stay(ms: int, *between: Row, role: Role = Role.BUTTON, leaves: Kind = Kind.MOVE) -> list[Row]:
    """Return a pointer that comes to something, stays and goes on to something else."""
    return [
        Row(0, target=1, role=Role.TEXT),
        Row(1000, x=200, target=2, role=role),
        *between,
        Row(1000 + ms, leaves, x=300, target=3, role=Role.TEXT),
    ]


def retreats(rows: Sequence[Row]) -> float:
    return counted(rows, Signal.RETREATS)


@pytest.mark.parametrize("role", [Role.BUTTON, Role.SELECT, Role.CHECKBOX, Role.FORM])
def test_leaving_a_control_after_300_ms_without_a_click_is_a_retreat(role: Role) -> None:
    assert retreats(stay(300, role=role)) == 1
    assert retreats(stay(299, role=role)) == 0


def test_a_link_takes_a_second() -> None:
    assert retreats(stay(1000, role=Role.LINK)) == 1
    assert retreats(stay(999, role=Role.LINK)) == 0


@pytest.mark.parametrize("role", [Role.TEXT, Role.IMAGE, Role.PRICE, Role.UNSPECIFIED])
def test_what_cannot_be_acted_on_is_not_drawn_back_from(role: Role) -> None:
    assert retreats(stay(5000, role=role)) == 0


@pytest.mark.parametrize("kind", [Kind.CLICK, Kind.NAVIGATE, Kind.BACK, Kind.FORWARD, Kind.HIDDEN])
def test_a_click_or_the_end_of_the_page_settles_the_stay(kind: Kind) -> None:
    rows = stay(900, Row(1400, kind, x=200, target=2, role=Role.BUTTON))
    assert retreats(rows) == 0
    assert folded(*[[row] for row in rows]).action.sums.sum() == folded(rows).action.sums.sum()


def test_what_is_scrolled_away_is_not_drawn_back_from() -> None:
    scrolled = Row(1400, Kind.SCROLL, x=200, target=2, role=Role.BUTTON, scroll_y=400)
    assert retreats(stay(900, scrolled)) == 0


@pytest.mark.parametrize("kind", [Kind.SCROLL, Kind.CLICK, Kind.DOWN, Kind.NAVIGATE])
def test_only_a_move_draws_back(kind: Kind) -> None:
    assert retreats(stay(900, leaves=kind)) == 0


def test_a_click_settles_that_stay_alone() -> None:
    click = Row(1400, Kind.CLICK, x=200, target=2, role=Role.BUTTON)
    again = [Row(2500, target=2, role=Role.BUTTON), Row(2900, x=400)]
    assert retreats([*stay(900, click), *again]) == 1


def test_what_has_no_identity_is_not_drawn_back_from() -> None:
    assert retreats([Row(0, target=1), Row(500, role=Role.BUTTON), Row(1500, target=1)]) == 0


def test_a_stay_over_many_ticks_is_one_stay() -> None:
    rows = stay(800, *[Row(1000 + 50 * i, x=200, target=2, role=Role.BUTTON) for i in range(1, 16)])
    ticks = folded(*[[row] for row in rows])
    assert ticks.action.sums.tobytes() == folded(rows).action.sums.tobytes()
    assert retreats(rows) == 1


def upward(*ys: int, every: int = 50, kind: Kind = Kind.MOVE) -> float:
    rows = [Row(every * i, y=y) for i, y in enumerate(ys[:-1])]
    last = Row(every * (len(ys) - 1), kind, y=ys[-1])
    return counted([*rows, last], Signal.EDGE_EXITS)


def test_a_fast_way_to_the_top_is_an_exit() -> None:
    assert upward(60, 30, 10) == 1
    assert upward(60, 30, 11) == 0


def test_a_slow_way_to_the_top_is_none() -> None:
    assert upward(19, 10, every=50) == 0
    assert upward(20, 10, every=50) == 1


def test_only_the_arrival_at_the_top_counts() -> None:
    assert upward(60, 10, 0, 10, 0) == 1
    assert upward(60, 10, 60, 8) == 2


def test_coming_down_or_clicking_at_the_top_is_no_exit() -> None:
    assert upward(-90, 5) == 0
    assert upward(60, 5, kind=Kind.CLICK) == 0


def test_a_jump_to_the_top_was_not_seen() -> None:
    assert upward(5000, 5) == 0
    assert upward(300, 5, every=251) == 0
