"""The own pace: what counts as deciding and hovering, and how the latest compares."""

from __future__ import annotations

import numpy as np
import pytest
from eitp_server.signals.baseline import BaselineTable, learn, standing
from eitp_server.signals.event import Kind
from eitp_server.signals.signal import Signal
from hypothesis import given
from hypothesis import strategies as st
from signals.stream import Row, clicks, folded, seen

COLUMN = Signal.HESITATION.column
SLOT = np.array([0])


def learned(*durations: int) -> BaselineTable:
    table = BaselineTable.allocate(1)
    for i, duration in enumerate(durations):
        learn(
            table,
            slot=np.array([0], np.int32),
            t_ms=np.array([i], np.int32),
            duration_ms=np.array([duration], np.int32),
        )
    return table


def paced(*gaps: int) -> list[Row]:
    """Return clicks in different places that far apart, after a page began."""
    times = np.cumsum(gaps)
    return [
        Row(0, Kind.NAVIGATE),
        *[Row(int(t), Kind.CLICK, x=200 * i, target=i + 1) for i, t in enumerate(times)],
    ]


def test_three_earlier_clicks_make_a_pace() -> None:
    assert not seen(paced(1000, 1000, 1000)).present[0, COLUMN]
    assert seen(paced(1000, 1000, 1000, 1000)).present[0, COLUMN]


def test_the_usual_pace_leaves_no_hesitation() -> None:
    assert seen(paced(2000, 2000, 2000, 2000)).value[0, COLUMN] == pytest.approx(0)


def test_taking_longer_is_hesitation_and_being_quicker_its_opposite() -> None:
    assert seen(paced(2000, 2000, 2000, 8000)).value[0, COLUMN] > 2
    assert seen(paced(2000, 2000, 2000, 500)).value[0, COLUMN] < -2


def test_the_standing_is_the_textbook_one() -> None:
    found = standing(learned(1000, 2000, 4000, 8000), SLOT)
    # Octaves 0, 1, 2 around 1: squares 2; the prior weighs 4 at 0.7 octaves.
    spread = np.sqrt((2 + 4 * 0.7**2) / (3 + 4))
    assert found.usual_ms[0] == pytest.approx(2000, rel=0.01)
    assert found.score[0] == pytest.approx(2 / spread, rel=0.02)


@given(st.lists(st.integers(0, 10**7), min_size=4, max_size=40))
def test_the_latest_duration_is_judged_by_the_earlier_ones_alone(durations: list[int]) -> None:
    *earlier, _ = durations
    usual = {float(standing(learned(*earlier, last), SLOT).usual_ms[0]) for last in (0, 10**7)}
    assert len(usual) == 1
    assert np.isfinite(usual.pop())


@given(st.lists(st.integers(100, 50_000), min_size=4, max_size=30), st.integers(100, 40_000))
def test_a_longer_wait_never_scores_lower(durations: list[int], more: int) -> None:
    *earlier, last = durations
    short, long = (standing(learned(*earlier, d), SLOT).score[0] for d in (last, last + more))
    assert short <= long


def test_an_old_pace_is_forgotten() -> None:
    found = standing(learned(*[8000] * 40, *[500] * 25), SLOT)
    assert found.usual_ms[0] == pytest.approx(500, rel=0.01)


def test_a_click_that_repeats_the_one_before_decides_nothing() -> None:
    tables = folded([Row(0, Kind.NAVIGATE), *clicks(3000, 3100, 3249, 3600)])
    assert tables.deciding.seen[0] == 2
    assert tables.deciding.latest_ms[0] == 351


def test_deciding_starts_anew_with_a_page() -> None:
    tables = folded([*clicks(0), Row(900, Kind.NAVIGATE), *clicks(2400)])
    assert tables.deciding.latest_ms[0] == 1500


def test_the_first_click_of_a_session_has_no_time_to_count_from() -> None:
    assert folded(clicks(4000)).deciding.seen[0] == 0


def test_hovering_starts_with_the_arrival_on_the_target() -> None:
    rows = [Row(0, target=1), Row(100, x=300, target=2), Row(600, x=304, target=2)]
    tables = folded([*rows, Row(1300, Kind.CLICK, x=304, target=2)])
    assert tables.hovering.latest_ms[0] == 1200


def test_hovering_starts_anew_after_leaving_the_target() -> None:
    rows = [Row(0, target=2), Row(100, x=300), Row(600, x=104, target=2)]
    assert folded([*rows, Row(1300, Kind.CLICK, target=2)]).hovering.latest_ms[0] == 700


def test_hovering_starts_with_the_rest_when_no_target_is_known() -> None:
    rows = [Row(0, x=0), Row(50, x=90), Row(100, x=180), Row(800, Kind.CLICK, x=180)]
    assert folded(rows).hovering.latest_ms[0] == 700


def test_a_tap_out_of_nowhere_has_not_hovered() -> None:
    assert folded([Row(0, x=0), Row(5000, Kind.CLICK, x=600)]).hovering.seen[0] == 0


def test_hovering_is_found_for_a_click_at_the_time_of_the_sample_before() -> None:
    rows = [Row(0, x=0), Row(50, x=90), Row(700, x=90), Row(700, Kind.CLICK, x=90)]
    later = [Row(720, x=400), Row(760, x=500)]
    together = folded([*rows, *later]).hovering
    apart = folded(rows[:3], [rows[3], *later]).hovering
    assert together.latest_ms[0] == apart.latest_ms[0] == 650


def test_hesitation_ends_a_minute_after_the_click() -> None:
    rows = paced(2000, 2000, 2000, 8000)
    assert seen(rows, at=74_000).present[0, COLUMN]
    assert not seen(rows, at=74_001).present[0, COLUMN]
