"""Rage, dead, slow and error clicks: the rules, and each of their exclusions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from eitp_server.signals.action import Action
from eitp_server.signals.event import Kind, Role
from eitp_server.signals.fold import evidence, fold
from eitp_server.signals.rule import Thresholds
from eitp_server.signals.signal import Signal
from eitp_server.signals.tables import SignalTables
from signals.stream import Row, answer, clicks, columns, folded, seen, silence

if TYPE_CHECKING:
    from collections.abc import Sequence

REPORTING = [*clicks(0, target=99), answer(80, 80)]
"""A first click that shows that the client reports answers."""


def counted(rows: Sequence[Row], action: Action) -> int:
    whole = folded(rows).action.sums[0, :, action].sum()
    single = folded(*[[row] for row in rows]).action.sums[0, :, action].sum()
    assert whole == single
    return int(whole)


def rages(rows: Sequence[Row]) -> int:
    return counted(rows, Action.RAGE_CLICKS)


def test_four_clicks_on_one_thing_are_rage_even_without_reports() -> None:
    assert rages(clicks(0, 900, 1800, 2700)) == 1


def test_three_fast_clicks_are_not_rage_without_reports() -> None:
    assert rages(clicks(0, 200, 400)) == 0


def test_fast_clicks_that_the_page_answers_are_no_rage() -> None:
    rows = [*clicks(0), answer(50, 50), *clicks(300, 600), answer(650, 50), *clicks(900, 1200)]
    assert rages(rows) == 0


def test_three_clicks_without_an_answer_to_the_first_are_rage() -> None:
    assert rages([*REPORTING, *clicks(5000, 5600, 6100)]) == 1


def test_an_answer_to_the_first_click_in_time_forbids_rage() -> None:
    rows = [*REPORTING, *clicks(5000), answer(5900, 900), *clicks(5950, 6500)]
    assert rages(rows) == 0


def test_an_answer_to_a_later_click_answers_the_first_when_it_comes_in_time() -> None:
    assert rages([*REPORTING, *clicks(5000, 5600), answer(6000, 400), *clicks(6100)]) == 0
    assert rages([*REPORTING, *clicks(5000, 5600), answer(6001, 401), *clicks(6100)]) == 1


def test_three_quick_clicks_become_rage_when_the_answer_comes_late_or_never() -> None:
    three = [*REPORTING, *clicks(5000, 5200, 5400)]
    assert rages([*three, answer(5900, 500)]) == 0
    assert rages([*three, answer(6400, 1000)]) == 1
    assert rages([*three, silence(7900)]) == 1


def test_time_alone_completes_the_rule() -> None:
    rows = [*REPORTING, *clicks(5000, 5200, 5400)]
    column = Signal.RAGE_CLICK.column
    assert seen(rows, at=6000).value[0, column] == 0
    assert seen(rows, at=6001).value[0, column] == 1


def test_a_chain_left_behind_unanswered_still_counts() -> None:
    rows = [*REPORTING, *clicks(5000, 5200, 5400), *clicks(6001, x=700, target=8)]
    assert rages(rows) == 1
    assert rages([*rows[:-1], *clicks(6000, x=700, target=8)]) == 0


def test_a_chain_counts_once_however_long_it_gets() -> None:
    assert rages([*REPORTING, *clicks(*range(5000, 9000, 250)), silence(12_000)]) == 1


def test_a_second_chain_counts_again() -> None:
    assert rages([*clicks(0, 200, 400, 600), *clicks(5000, 5200, 5400, 5600)]) == 2


@pytest.mark.parametrize("role", [Role.TEXT_FIELD, Role.STEPPER, Role.PAGER, Role.CANVAS])
def test_what_is_pressed_repeatedly_on_purpose_is_never_raged_at(role: Role) -> None:
    assert rages([*REPORTING, *clicks(5000, 5200, 5400, 5600, 7000, role=role), silence(9500)]) == 0


@pytest.mark.parametrize("kind", [Kind.SELECT, Kind.SCROLL])
def test_a_selection_or_a_scroll_between_explains_the_clicks(kind: Kind) -> None:
    before, after = clicks(5000, 5200), clicks(5400, 5600)
    assert rages([*before, *after]) == 1
    assert rages([*before, Row(5300, kind, scroll_y=40), *after]) == 0


def test_clicks_more_than_a_second_apart_do_not_belong_together() -> None:
    assert rages([*REPORTING, *clicks(5000, 6000, 7000), silence(9500)]) == 1
    assert rages([*REPORTING, *clicks(5000, 6001, 7002), silence(9502)]) == 0


def test_clicks_more_than_thirty_px_apart_do_not_belong_together() -> None:
    def staggered(px: int) -> list[Row]:
        return [replace(row, x=row.x + px * i) for i, row in enumerate(clicks(0, 200, 400, 600))]

    assert rages(staggered(30)) == 1
    assert rages(staggered(31)) == 0


def test_clicks_on_different_targets_do_not_belong_together() -> None:
    rows = clicks(0, 200, 400, 600)
    assert rages([*rows[:2], *[replace(row, target=8) for row in rows[2:]]]) == 0


def test_clicks_in_one_place_belong_together_when_no_target_is_reported() -> None:
    three = [*REPORTING, *clicks(5000, 5200, 5400, target=0)]
    assert rages([*three, silence(7900)]) == 1


def test_clicks_on_nobody_knows_what_are_no_rage_without_reports() -> None:
    assert rages(clicks(*range(0, 6000, 200), target=0, role=Role.UNSPECIFIED)) == 0
    assert rages(clicks(*range(0, 6000, 200), target=0, role=Role.BUTTON)) == 1


def test_an_error_soon_after_a_click_is_an_error_click_once() -> None:
    error = [Row(t, Kind.SCRIPT_ERROR) for t in (1000, 1001)]
    assert counted([*clicks(0), *error], Action.ERROR_CLICKS) == 1
    assert counted([*clicks(0), *error[1:]], Action.ERROR_CLICKS) == 0
    assert counted(error, Action.ERROR_CLICKS) == 0
    assert counted([*clicks(0), error[0], *clicks(1000), error[1]], Action.ERROR_CLICKS) == 2


def test_a_tenant_can_ask_for_more_clicks_and_longer_waits() -> None:
    tables = SignalTables.allocate(1)
    own = Thresholds(rage_clicks=6, slow_click_ms=2000, dead_click_ms=5000)
    tables.rule.set(0, own)
    rows = [*REPORTING, *clicks(5000, 5200, 5400, 5600, 5800), answer(7900, 2100)]
    fold(tables, columns(rows))
    assert tables.rule.own[0]
    assert tables.action.sums[0, :, Action.RAGE_CLICKS].sum() == 0
    assert tables.action.sums[0, :, Action.SLOW_CLICKS].sum() == 1
    fold(tables, columns([*clicks(8000, 8100), answer(12_900, 4800)]))
    assert tables.action.sums[0, :, Action.DEAD_CLICKS].sum() == 0


@pytest.mark.parametrize("dead_click_ms", [500, 2500, 30_000])
def test_a_click_without_an_answer_is_dead_and_waited_as_long_as_it_was_watched(
    dead_click_ms: int,
) -> None:
    tables = SignalTables.allocate(1)
    tables.rule.set(0, Thresholds(dead_click_ms=dead_click_ms))
    fold(tables, columns([*clicks(0), silence(2500)]))
    found = evidence(tables, np.array([0]), np.array([2600]))
    assert found.value[0, Signal.RESPONSE_LATENCY.column] == 2500
    assert found.value[0, Signal.DEAD_CLICK.column] == 1


def test_a_slot_that_is_reset_has_the_published_thresholds() -> None:
    tables = SignalTables.allocate(1)
    tables.rule.set(0, Thresholds(rage_clicks=6))
    tables.reset(np.array([0]))
    tables.rule.set(0, Thresholds())
    assert tables.rule.rage_clicks[0] == Thresholds().rage_clicks
    assert not tables.rule.own[0]


def test_no_answer_is_a_dead_click() -> None:
    rows = [*clicks(0), silence(2500)]
    assert counted(rows, Action.DEAD_CLICKS) == 1
    assert counted(rows, Action.ANSWERS) == 1


@pytest.mark.parametrize(
    ("latency", "slow", "dead"), [(999, 0, 0), (1000, 1, 0), (2499, 1, 0), (2500, 0, 1)]
)
def test_an_answer_is_prompt_slow_or_dead_by_its_latency(
    latency: int, slow: int, dead: int
) -> None:
    rows = [*clicks(0), answer(latency, latency)]
    assert counted(rows, Action.SLOW_CLICKS) == slow
    assert counted(rows, Action.DEAD_CLICKS) == dead


@pytest.mark.parametrize("role", [Role.TEXT_FIELD, Role.TEXT, Role.CANVAS, Role.VIDEO])
def test_what_owes_no_visible_answer_is_never_dead(role: Role) -> None:
    assert counted([*clicks(0, role=role), silence(2500)], Action.DEAD_CLICKS) == 0


def test_only_the_first_report_on_a_click_counts() -> None:
    rows = [*clicks(0), answer(1500, 1500), silence(2500), answer(3000, 3000)]
    assert counted(rows, Action.SLOW_CLICKS) == 1
    assert counted(rows, Action.DEAD_CLICKS) == 0


def test_a_report_without_a_click_counts_nothing() -> None:
    assert counted([silence(100), answer(200, 1500)], Action.ANSWERS) == 0


def test_a_response_without_a_latency_is_timed_by_its_arrival() -> None:
    assert counted([*clicks(0), answer(1200, -1)], Action.SLOW_CLICKS) == 1


def test_latency_has_a_usual_value_after_three_answers() -> None:
    rows: list[Row] = []
    for i, latency in enumerate((200, 200, 200, 1600)):
        rows += [*clicks(10_000 * i), answer(10_000 * i + latency, latency)]
    found = seen(rows)
    column = Signal.RESPONSE_LATENCY.column
    assert found.value[0, column] == 1600
    assert found.baseline[0, column] == pytest.approx(200)
    assert np.isnan(seen(rows[:6]).baseline[0, column])


def test_clicks_are_forgotten_after_a_minute() -> None:
    rows = [*clicks(0, 200, 400, 600), silence(3100)]
    assert seen(rows, at=59_999).value[0, Signal.RAGE_CLICK.column] == 1
    late = seen(rows, at=61_000)
    assert not late.present[0, Signal.RAGE_CLICK.column]
    assert not late.present[0, Signal.DEAD_CLICK.column]
    assert late.clicks[0] == 4


def test_whether_a_click_was_dead_is_unknown_until_the_client_reports() -> None:
    tables = folded(clicks(0, 5000))
    found = evidence(tables, np.array([0]), np.array([9000]))
    assert not found.present[0, Signal.DEAD_CLICK.column]
    assert found.present[0, Signal.RAGE_CLICK.column]
