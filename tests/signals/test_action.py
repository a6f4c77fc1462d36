"""Returns, scrolls, dwell and other actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eitp.v1.page_pb2 import PageSection
from eitp_server.signals.event import Kind, Role
from eitp_server.signals.signal import Signal
from signals.stream import Row, clicks, seen

if TYPE_CHECKING:
    from collections.abc import Sequence

PRICE, REVIEWS, FORM = (
    PageSection.PAGE_SECTION_PRICE,
    PageSection.PAGE_SECTION_REVIEWS,
    PageSection.PAGE_SECTION_FORM,
)


def value(rows: Sequence[Row], signal: Signal, *, at: int | None = None) -> float:
    return float(seen(rows, at=at).value[0, signal.column])


def backs(*times: int) -> list[Row]:
    return [Row(t, Kind.BACK) for t in times]


def test_two_returns_within_two_seconds_are_mashing() -> None:
    assert value(backs(0, 2000), Signal.BACK_MASH) == 1
    assert value(backs(0, 2001), Signal.BACK_MASH) == 0
    assert value(backs(0, 500, 1000), Signal.BACK_MASH) == 2


def test_a_return_within_five_seconds_of_arriving_is_quick() -> None:
    page = Row(0, Kind.NAVIGATE)
    assert value([page, *backs(4999)], Signal.QUICK_BACK) == 1
    assert value([page, *backs(5000)], Signal.QUICK_BACK) == 0


def test_mashing_is_not_counted_as_quick_returns_too() -> None:
    rows = [Row(0, Kind.NAVIGATE), *backs(1000, 2000)]
    assert value(rows, Signal.QUICK_BACK) == 1
    assert value(rows, Signal.BACK_MASH) == 1


def test_a_return_from_a_page_whose_arrival_was_not_seen_is_not_quick() -> None:
    assert value([Row(0), *backs(1000)], Signal.QUICK_BACK) == 0


def test_scrolling_up_again_is_a_reversal() -> None:
    down, up, tiny = (Row(0, Kind.SCROLL, scroll_y=y) for y in (200, -200, -9))
    assert value([down, down, up, down], Signal.SCROLL_REVERSALS) == 2
    assert value([down, tiny, down], Signal.SCROLL_REVERSALS) == 0


def scrolls(*steps: tuple[int, int]) -> list[Row]:
    """Return scrolls that far in that section."""
    return [
        Row(i, Kind.SCROLL, scroll_y=y, section=section) for i, (y, section) in enumerate(steps)
    ]


def test_going_back_over_one_section_is_rereading() -> None:
    assert value(scrolls((200, PRICE), (-200, PRICE), (200, PRICE)), Signal.REREADS) == 2
    assert value(scrolls((200, PRICE), (-200, REVIEWS)), Signal.REREADS) == 0
    assert value(scrolls((200, PRICE), (200, REVIEWS), (-200, PRICE)), Signal.REREADS) == 0


def test_where_no_section_is_known_nothing_is_reread() -> None:
    rows = scrolls((200, 0), (-200, 0))
    assert value(rows, Signal.REREADS) == 0
    assert value(rows, Signal.SCROLL_REVERSALS) == 1


def test_a_tiny_scroll_is_not_the_one_before() -> None:
    assert value(scrolls((200, PRICE), (-9, REVIEWS), (-200, PRICE)), Signal.REREADS) == 1


def test_script_errors_are_counted() -> None:
    assert value([Row(0, Kind.SCRIPT_ERROR)] * 3, Signal.SCRIPT_ERROR) == 3


def test_the_click_rate_is_that_of_the_last_minute() -> None:
    assert value(clicks(0, 5000, 9000), Signal.CLICK_RATE) == 3


def test_idle_time_runs_from_the_last_action_of_the_hand() -> None:
    rows = [Row(0), Row(50, x=200), Row(1000, Kind.KEY), Row(3000, Kind.RESPONSE)]
    assert value(rows, Signal.IDLE, at=6000) == pytest.approx(5)


def test_dwell_counts_where_the_pointer_was_until_it_left() -> None:
    rows = [Row(0, section=PRICE), Row(900, section=PRICE), Row(1500, section=REVIEWS), Row(1700)]
    dwell = seen(rows).dwell_s[0]
    assert dwell[PRICE] == pytest.approx(1.5)
    assert dwell[REVIEWS] == pytest.approx(0.2)
    assert dwell.sum() == pytest.approx(1.7)


def test_the_section_is_the_one_that_held_the_pointer_longest() -> None:
    rows = [Row(0, section=PRICE), Row(900, section=REVIEWS), Row(1000, section=PRICE)]
    assert seen(rows).section(0) == PRICE
    assert seen([Row(0), Row(100)]).section(0) == 0
    assert value(rows, Signal.SECTION_DWELL) == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("role", "section"), [(Role.PRICE, PRICE), (Role.FORM, FORM), (Role.TEXT_FIELD, FORM)]
)
def test_a_price_or_a_form_outside_of_any_section_is_dwelt_on_as_its_own(
    role: Role, section: int
) -> None:
    assert seen([Row(0, role=role), Row(700)]).dwell_s[0, section] == pytest.approx(0.7)
    placed = seen([Row(0, role=role, section=REVIEWS), Row(700)]).dwell_s[0]
    assert placed[REVIEWS] == placed.sum() == pytest.approx(0.7)


def test_a_button_outside_of_any_section_is_not_dwelt_on() -> None:
    assert seen([Row(0, role=Role.BUTTON), Row(700)]).dwell_s.sum() == 0


def test_a_long_silence_is_no_dwell_beyond_three_seconds() -> None:
    assert seen([Row(0, section=PRICE), Row(19_000)]).dwell_s[0, PRICE] == pytest.approx(3)


def test_a_hidden_page_is_not_dwelt_on() -> None:
    rows = [Row(0, section=PRICE), Row(500, Kind.HIDDEN, section=PRICE), Row(2000, Kind.VISIBLE)]
    assert seen(rows).dwell_s[0, PRICE] == pytest.approx(0.5)
    assert value(rows, Signal.DEPARTURES) == 1


def test_selecting_and_copying_both_count_as_selections() -> None:
    assert value([Row(0, Kind.SELECT), Row(9, Kind.COPY)], Signal.SELECTIONS) == 2
