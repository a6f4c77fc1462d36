"""The ledger: which forecasts count, how they end, and that the order of reports is no matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eitp_server.classification.packet import Label
from eitp_server.ingest.ledger import SETTLING_US, SILENCE_US, Ledger
from eitp_server.storage.log import Resolution
from hypothesis import given
from hypothesis import strategies as st
from ingest.shopfront import (
    ABANDONMENT,
    ADD_TO_CART,
    BOUNCE,
    CONVERSION,
    LEAD,
    MINUTE,
    SECOND,
    START_US,
    foretell,
    outcome,
    packet,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eitp_server.storage.log import ForecastRow

    Step = tuple[str, str, str, int | None]

HOUR = 60 * MINUTE


@pytest.fixture
def ledger() -> Ledger:
    """A ledger with one forecast, made at the start."""
    ledger = Ledger()
    foretell(ledger, packet())
    return ledger


def reported(ledger: Ledger, kind: int, at_us: int) -> None:
    ledger.report(outcome(kind, at_us), at_us)


@pytest.mark.parametrize(
    ("kind", "resolution", "abandoned"),
    [
        (CONVERSION, Resolution.SUCCESS, False),
        (LEAD, Resolution.SUCCESS, False),
        (ABANDONMENT, Resolution.REPORTED, True),
        (BOUNCE, Resolution.REPORTED, True),
    ],
)
def test_a_report_resolves_a_minute_after_it_came(
    ledger: Ledger, kind: int, resolution: Resolution, abandoned: bool
) -> None:
    reported(ledger, kind, START_US + SECOND)
    assert ledger.next_due_us() == START_US + SECOND + SETTLING_US
    assert ledger.resolve(START_US + SETTLING_US) == []
    (row,) = ledger.resolve(START_US + SECOND + SETTLING_US)
    assert (row.resolution, row.abandoned) == (resolution, abandoned)
    assert row.resolved_at_us == START_US + SECOND + SETTLING_US
    assert len(ledger) == 0


def test_silence_after_the_end_means_abandoned(ledger: Ledger) -> None:
    assert ledger.next_due_us() is None
    ledger.ended("shop", "s", START_US + MINUTE)
    assert ledger.resolve(START_US + SILENCE_US) == []
    (row,) = ledger.resolve(START_US + MINUTE + SILENCE_US)
    assert (row.resolution, row.abandoned) == (Resolution.SILENCE, True)


def test_other_outcomes_are_no_end(ledger: Ledger) -> None:
    assert not ledger.report(outcome(ADD_TO_CART, START_US + 1), START_US + 1)
    assert ledger.next_due_us() is None


def test_a_success_reported_within_the_silence_wins(ledger: Ledger) -> None:
    ledger.ended("shop", "s", START_US)
    reported(ledger, CONVERSION, START_US + SILENCE_US - 1)
    assert ledger.resolve(START_US + SILENCE_US) == []
    (row,) = ledger.resolve(START_US + HOUR)
    assert row.abandoned is False


def test_a_session_that_is_opened_again_in_time_goes_on_with_its_forecast(ledger: Ledger) -> None:
    ledger.ended("shop", "s", START_US)
    ledger.reopened("shop", "s")
    foretell(ledger, packet(at_us=START_US + MINUTE))
    assert ledger.resolve(START_US + HOUR) == []
    ledger.ended("shop", "s", START_US + HOUR)
    (row,) = ledger.resolve(START_US + 2 * HOUR)
    assert row.forecast_at_us == START_US


def test_a_late_success_changes_nothing(ledger: Ledger) -> None:
    reported(ledger, ABANDONMENT, START_US + SECOND)
    (row,) = ledger.resolve(START_US + HOUR)
    before = ledger.dump()
    assert ledger.report(outcome(CONVERSION, START_US + 2 * HOUR), START_US + 2 * HOUR)
    assert row.abandoned is True
    assert ledger.dump() == before
    assert ledger.next_due_us() is None


@pytest.mark.parametrize("happened_us", [START_US - SECOND, START_US])
@pytest.mark.parametrize("kind", [CONVERSION, ABANDONMENT])
def test_a_forecast_that_was_not_made_before_the_outcome_is_void(
    ledger: Ledger, kind: int, happened_us: int
) -> None:
    ledger.report(outcome(kind, happened_us), START_US + SECOND)
    (row,) = ledger.resolve(START_US + HOUR)
    assert (row.resolution, row.abandoned) == (Resolution.TOO_LATE, None)
    assert ledger.calibrators.dump() == []


def test_only_the_first_forecast_counts(ledger: Ledger) -> None:
    foretell(ledger, packet(at_us=START_US + MINUTE, label=Label.FRUSTRATION))
    reported(ledger, CONVERSION, START_US + HOUR)
    (row,) = ledger.resolve(START_US + 2 * HOUR)
    assert (row.forecast_at_us, row.label) == (START_US, Label.NEUTRAL)


REPORTS = st.lists(
    st.tuples(
        st.sampled_from((CONVERSION, LEAD, ABANDONMENT, BOUNCE, ADD_TO_CART)),
        st.integers(-2, 5).map(lambda seconds: START_US + seconds * SECOND),
    ),
    min_size=1,
    max_size=6,
)


@given(REPORTS, st.data())
def test_neither_order_nor_repetition_of_reports_matters(
    reports: list[tuple[int, int]], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(reports + reports[:2]))
    ends = {
        (row.resolution, row.abandoned, tuple(ledger.calibrators.dump()))
        for ledger in (told(reports), told(shuffled))
        for row in ledger.resolve(START_US + HOUR)
    }
    assert len(ends) <= 1


def told(reports: Sequence[tuple[int, int]]) -> Ledger:
    """Return a ledger that was told all reports within half a minute."""
    ledger = Ledger()
    foretell(ledger, packet(label=Label.EXIT_RISK))
    for number, (kind, happened_us) in enumerate(reports):
        ledger.report(outcome(kind, happened_us), START_US + (10 + number) * SECOND)
    return ledger


def test_without_a_minute_to_settle_the_order_would_matter() -> None:
    # The negative control: the same reports so far apart that each stands alone.
    ends: set[bool | None] = set()
    for kinds in ((CONVERSION, ABANDONMENT), (ABANDONMENT, CONVERSION)):
        ledger = Ledger()
        foretell(ledger, packet())
        for number, kind in enumerate(kinds, 1):
            reported(ledger, kind, START_US + 2 * number * SETTLING_US)
            ends |= {row.abandoned for row in ledger.resolve(START_US + 2 * number * HOUR)}
    assert ends == {True, False}


def test_opening_and_closing_all_the_time_leaves_no_timers_behind(ledger: Ledger) -> None:
    for number in range(5_000):
        ledger.ended("shop", "s", START_US + number)
        ledger.reopened("shop", "s")
    assert ledger.next_due_us() is None
    assert len(ledger._timers) <= 1_002  # pyright: ignore[reportPrivateUsage]
    ledger.ended("shop", "s", START_US + MINUTE)
    assert ledger.next_due_us() == START_US + MINUTE + SILENCE_US


def test_the_oldest_forecasts_make_room_and_say_so() -> None:
    ledger = Ledger(capacity=2)
    rows: list[ForecastRow] = []
    for number in range(5):
        made = packet(f"s-{number}", at_us=START_US + number)
        rows += ledger.foretell(made, risk=0.9, holdout=False)
    assert [row.session_id for row in rows] == ["s-0", "s-1", "s-2"]
    assert {(row.resolution, row.abandoned) for row in rows} == {(Resolution.FORGOTTEN, None)}
    assert len(ledger) == 2
    assert ledger.calibrators.dump() == []


def test_an_erased_session_leaves_nothing(ledger: Ledger) -> None:
    ledger.ended("shop", "s", START_US)
    ledger.forget("shop", "s")
    ledger.forget("shop", "s")
    assert ledger.next_due_us() is None
    assert ledger.dump() == Ledger().dump()


def test_an_intervention_and_a_holdout_are_marked() -> None:
    ledger = Ledger()
    foretell(ledger, packet("held-out"), holdout=True)
    foretell(ledger, packet("treated"))
    ledger.treat("shop", "treated")
    ledger.treat("shop", "unknown")
    for session in ("held-out", "treated"):
        ledger.ended("shop", session, START_US)
    rows = {row.session_id: row for row in ledger.resolve(START_US + HOUR)}
    assert (rows["held-out"].holdout, rows["held-out"].treated) == (True, False)
    assert (rows["treated"].holdout, rows["treated"].treated) == (False, True)


def test_sessions_of_two_tenants_with_one_name_are_two() -> None:
    ledger = Ledger()
    foretell(ledger, packet())
    foretell(ledger, packet(tenant_id="rival"))
    reported(ledger, CONVERSION, START_US + 1)
    (row,) = ledger.resolve(START_US + HOUR)
    assert (row.tenant_id, row.abandoned) == ("shop", False)
    assert len(ledger) == 1


_sessions = st.sampled_from(("a", "b", "c"))
_tenants = st.sampled_from(("shop", "rival"))
_labels = st.sampled_from((Label.NEUTRAL, Label.EXIT_RISK, Label.INTEREST))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("foretell"), _tenants, _sessions, _labels),
        st.tuples(st.just("report"), _tenants, _sessions, st.integers(1, 8)),
        st.tuples(
            st.sampled_from(("ended", "reopened", "treat", "forget")),
            _tenants,
            _sessions,
            st.none(),
        ),
        st.tuples(st.sampled_from(("resolve", "skip")), _tenants, _sessions, st.none()),
    ),
    max_size=40,
)


@given(STEPS, st.data())
def test_a_ledger_that_is_written_down_goes_on_as_if_nothing_had_happened(
    steps: list[Step], data: st.DataObject
) -> None:
    stop = data.draw(st.integers(0, len(steps)))
    whole, first = Ledger(capacity=4), Ledger(capacity=4)
    rows = [acted(whole, step, number) for number, step in enumerate(steps)]
    for number, step in enumerate(steps[:stop]):
        acted(first, step, number)
        first.dump()
    second = Ledger(capacity=4)
    second.load(first.dump())
    assert second.dump() == first.dump()
    assert [acted(second, step, n) for n, step in enumerate(steps[stop:], stop)] == rows[stop:]
    assert second.dump() == whole.dump()


def acted(ledger: Ledger, step: Step, number: int) -> Sequence[ForecastRow]:
    what, tenant_id, session_id, detail = step
    now_us = START_US + number * 5 * MINUTE
    match what:
        case "foretell":
            made = packet(session_id, tenant_id=tenant_id, at_us=now_us, label=Label(detail or 0))
            rows = ledger.foretell(made, risk=0.5, holdout=False)
            ledger.claim(made)
            return rows
        case "report":
            told = outcome(detail or 0, now_us, session_id, tenant_id=tenant_id)
            ledger.report(told, now_us)
        case "ended":
            ledger.ended(tenant_id, session_id, now_us)
        case "resolve":
            return ledger.resolve(now_us)
        case "skip":
            return ledger.skip(now_us)
        case _:
            change: Callable[[str, str], None] = getattr(ledger, what)
            change(tenant_id, session_id)
    return []


def test_what_is_skipped_is_forgotten_and_teaches_nothing() -> None:
    ledger = Ledger()
    foretell(ledger, packet())
    ledger.report(outcome(CONVERSION, START_US + SECOND), START_US + SECOND)
    before = ledger.calibrators.dump()

    (row,) = ledger.skip(START_US + 10 * MINUTE)

    assert row.resolution == Resolution.FORGOTTEN
    assert len(ledger) == 0
    assert ledger.next_due_us() is None
    assert ledger.calibrators.dump() == before


def test_a_crowd_at_one_tenant_pushes_nobody_out_at_another() -> None:
    ledger = Ledger(capacity=4)
    foretell(ledger, packet("first", tenant_id="small"))
    gone: list[str] = []
    for number in range(20):
        made = packet(f"s-{number}", tenant_id="large", at_us=START_US + number)
        gone += [row.session_id for row in ledger.foretell(made, risk=0.5, holdout=False)]
    assert gone == [f"s-{number}" for number in range(17)]
    assert len(ledger) == 4
    copy = Ledger(capacity=4)
    copy.load(ledger.dump())
    assert copy.dump() == ledger.dump()
