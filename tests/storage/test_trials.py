"""Reading matured decisions: in parts or at once, early or late, it is the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from bandit.test_study import summary
from eitp_server.bandit.guardrail import GuardrailMetric
from eitp_server.bandit.study import Study
from eitp_server.storage.log import CensoredRow, StoppedRow, Writes
from eitp_server.storage.trials import Arm, Trials
from interventions.synthetic_shop import DAY_US, HOUR_US, MINUTE_US, Truth, history
from storage.values import ACKNOWLEDGEMENT, DECISION, INTERVENTION, OUTCOME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eitp_server.bandit.decision import Decision
    from eitp_server.bandit.trial import Trial
    from eitp_server.storage.log import OutcomeRow
    from eitp_server.storage.sqlite_database import SQLiteDatabase
    from eitp_server.storage.sqlite_log import SQLiteLog

CONVERSION, LEAD, BOUNCE, DISMISSAL, COMPLAINT = 1, 3, 5, 6, 7
SHOP = Truth(rates=(0.05, 0.05, 0.1, 0.07), decisions=900, complaints=(0.01, 0.01, 0.05, 0.01))
T = DECISION.decided_at_us
LATER = T + 3 * DAY_US


@pytest.fixture
def trials(database: SQLiteDatabase) -> Trials:
    return Trials(database, successes=(CONVERSION, LEAD), window_us=DAY_US)


def decision(number: int = 1, **changed: Any) -> Decision:
    return replace(DECISION, decision_id=f"decision-{number}", **changed)


def outcome(number: int = 1, *, after_us: int = HOUR_US, **changed: Any) -> OutcomeRow:
    at_us = T + after_us
    fields = {"occurred_at_us": at_us, "received_at_us": at_us, **changed}
    return replace(OUTCOME, outcome_id=f"outcome-{number}", **fields)


async def read(trials: Trials, *, now_us: int = LATER, portion: int | None = None) -> list[Trial]:
    found: list[Trial] = []
    after_us, is_all = 0, False
    while not is_all:
        matured = await trials.matured("shop", after_us, now_us, portion)
        found += matured.trials
        after_us, is_all = matured.through_us, matured.is_all
    return found


def studied(trials: Sequence[Trial]) -> Study:
    study = Study()
    for trial in trials:
        study.fold(trial)
    return study


def between(writes: Writes, first_us: int, last_us: int) -> Writes:
    """What was written after one moment and up to another."""

    def some(rows: Sequence[Any], at: Callable[[Any], int]) -> list[Any]:
        return [row for row in rows if first_us < at(row) <= last_us]

    return Writes(
        decisions=some(writes.decisions, lambda row: row.decided_at_us),
        interventions=some(writes.interventions, lambda row: row.created_at_us),
        acknowledgements=some(writes.acknowledgements, lambda row: row.at_us),
        outcomes=some(writes.outcomes, lambda row: row.received_at_us),
        censored=some(writes.censored, lambda row: row.at_us),
    )


async def test_a_conversion_counts_when_it_came_and_was_heard_of_within_the_window(
    sqlite_log: SQLiteLog, trials: Trials
) -> None:
    cases: list[tuple[OutcomeRow, bool]] = [
        (outcome(1), True),
        (outcome(2, kind=LEAD), True),
        (outcome(3, kind=COMPLAINT), False),
        (outcome(4, after_us=-1), False),
        (outcome(5, after_us=DAY_US), True),
        (outcome(6, after_us=DAY_US + 1), False),
        (outcome(7, received_at_us=T + DAY_US + 1), False),
        (outcome(8, after_us=0), True),
    ]
    rows = [replace(row, session_id=f"session-{n}") for n, (row, _) in enumerate(cases)]
    decisions = [
        decision(n, session_id=f"session-{n}", visitor_hash=f"visitor-{n}")
        for n in range(len(cases))
    ]
    await sqlite_log.commit(1, b"", Writes(decisions=decisions, outcomes=rows))
    found = await read(trials)
    assert [each.converted for each in found] == [expected for _, expected in cases]
    assert [each.decision for each in found] == decisions


async def test_a_conversion_of_another_session_of_the_visitor_counts(
    sqlite_log: SQLiteLog, trials: Trials
) -> None:
    decisions = [
        decision(1),
        decision(2, session_id="session-2", decided_at_us=T + HOUR_US),
        decision(3, session_id="session-3", visitor_hash="other"),
        decision(4, session_id="session-4", visitor_hash=""),
    ]
    rows = [
        outcome(1, session_id="session-2", after_us=2 * HOUR_US),
        outcome(2, session_id="session-4"),
        outcome(3, session_id="nobody's"),
    ]
    await sqlite_log.commit(1, b"", Writes(decisions=decisions, outcomes=rows))
    found = {each.decision.decision_id: each.converted for each in await read(trials)}
    assert found == {
        "decision-1": True,
        "decision-2": True,
        "decision-3": False,
        "decision-4": True,
    }


async def test_a_session_is_the_visitors_from_its_first_decision_on(
    sqlite_log: SQLiteLog, trials: Trials
) -> None:
    decisions = [
        decision(1),
        decision(2, session_id="session-2", decided_at_us=T + DAY_US + HOUR_US),
    ]
    rows = [outcome(1, session_id="session-2", after_us=2 * HOUR_US)]
    await sqlite_log.commit(1, b"", Writes(decisions=decisions, outcomes=rows))
    assert not any(each.converted for each in await read(trials))


async def test_what_is_heard_after_the_window_changes_nothing(
    sqlite_log: SQLiteLog, trials: Trials
) -> None:
    shown = replace(ACKNOWLEDGEMENT, at_us=T + DAY_US + 1)
    censored = CensoredRow(tenant_id="shop", decision_id="decision-1", at_us=T + DAY_US + 1)
    late = outcome(1, received_at_us=T + DAY_US + 1, kind=COMPLAINT)
    await sqlite_log.commit(
        1,
        b"",
        Writes(
            decisions=[decision()],
            interventions=[INTERVENTION],
            acknowledgements=[shown],
            outcomes=[late],
            censored=[censored],
        ),
    )
    (found,) = await read(trials)
    assert (found.delivered, found.censored, found.harms) == (False, False, frozenset())


@pytest.mark.parametrize(
    ("disposition", "delivered", "harms"),
    [(1, True, ()), (3, True, ()), (4, True, (GuardrailMetric.DISMISSAL,)), (6, False, ())],
)
async def test_what_the_page_says_of_the_intervention_counts_as_delivery(
    sqlite_log: SQLiteLog,
    trials: Trials,
    disposition: int,
    delivered: bool,
    harms: tuple[GuardrailMetric, ...],
) -> None:
    said = replace(ACKNOWLEDGEMENT, disposition=disposition)
    await sqlite_log.commit(
        1,
        b"",
        Writes(decisions=[decision()], interventions=[INTERVENTION], acknowledgements=[said]),
    )
    (found,) = await read(trials)
    assert (found.delivered, found.harms) == (delivered, frozenset(harms))


async def test_harms_and_consent_taken_back_are_told_apart(
    sqlite_log: SQLiteLog, trials: Trials
) -> None:
    decisions = [decision(n, session_id=f"s{n}", visitor_hash=f"v{n}") for n in range(3)]
    rows = [
        outcome(1, session_id="s0", kind=BOUNCE),
        outcome(2, session_id="s0", kind=DISMISSAL),
        outcome(3, session_id="s2"),
    ]
    censored = [
        CensoredRow(tenant_id="shop", decision_id=f"decision-{n}", at_us=T + 2 * HOUR_US)
        for n in (1, 2)
    ]
    await sqlite_log.commit(1, b"", Writes(decisions=decisions, outcomes=rows, censored=censored))
    found = await read(trials)
    assert found[0].harms == {GuardrailMetric.BOUNCE, GuardrailMetric.DISMISSAL}
    assert [each.censored for each in found] == [False, True, False]
    assert found[2].converted


async def test_what_waits_and_what_came_late_is_counted_by_arm(
    sqlite_log: SQLiteLog, trials: Trials
) -> None:
    decisions = [
        decision(1),
        decision(2, decided_at_us=T + HOUR_US, visitor_hash="other", epochs=(0, 4)),
        decision(3, decided_at_us=T + HOUR_US + 1, holdout=True, holdout_share=0.2),
        decision(4, decided_at_us=T + HOUR_US + 1, visitor_hash="", epochs=()),
    ]
    rows = [
        outcome(1, received_at_us=T + DAY_US + 1),
        outcome(2, received_at_us=T + DAY_US + 1, kind=COMPLAINT),
        outcome(3, decision_id="decision-2", received_at_us=T + DAY_US + 1),
    ]
    await sqlite_log.commit(1, b"", Writes(decisions=decisions, outcomes=rows))
    late = await trials.late("shop")
    pending = await trials.pending("shop", T)
    nothing = await trials.pending("shop", T + DAY_US)
    assert (late.total, dict(late.by_arm)) == (1, {Arm("help", 3): 1, Arm("", 0): 0})
    assert pending.decisions.total == 3
    assert pending.decisions.by_arm == {
        Arm("", 0): 0,
        Arm("help", 0): 1,
        Arm("help", 3): 0,
        Arm("help", 4): 1,
    }
    assert pending.visitors == {"other", "visitor", "session-1"}
    assert pending.holdout_share in (0.1, 0.2)
    assert (nothing.decisions.total, nothing.visitors) == (0, frozenset())
    assert nothing.holdout_share is None


async def test_stops_are_the_tenants_own(sqlite_log: SQLiteLog, trials: Trials) -> None:
    stop = StoppedRow(tenant_id="shop", definition_id="help", epoch=3, metric=4, at_us=T)
    await sqlite_log.commit(1, b"", Writes(stopped=[stop, replace(stop, tenant_id="rival")]))
    assert await trials.stops("shop") == (stop,)


@pytest.mark.parametrize("portion", [1, 7, 300, 5_000])
async def test_reading_in_portions_is_reading_at_once(
    sqlite_log: SQLiteLog, trials: Trials, portion: int
) -> None:
    found = history(replace(SHOP, decisions=300))
    # Decisions of one tick share their microsecond, and no portion may part them.
    rows = [
        replace(row, decided_at_us=row.decided_at_us // HOUR_US * HOUR_US)
        for row in found.writes.decisions
    ]
    sent = [
        replace(row, created_at_us=row.created_at_us // HOUR_US * HOUR_US)
        for row in found.writes.interventions
    ]
    await sqlite_log.commit(1, b"", replace(found.writes, decisions=rows, interventions=sent))
    parts = await read(trials, now_us=found.matured_us, portion=portion)
    whole = await read(trials, now_us=found.matured_us)
    assert parts == whole
    assert len(whole) == len(rows)


@pytest.mark.parametrize("seed", range(3))
async def test_reading_while_it_happens_is_reading_at_the_end(
    sqlite_log: SQLiteLog, trials: Trials, seed: int
) -> None:
    found = history(SHOP)
    looks = np.sort(np.random.default_rng(seed).uniform(0, 1, 12))
    begin_us = found.writes.decisions[0].decided_at_us
    moments = [begin_us + int(look * (found.matured_us - begin_us)) for look in looks]
    early: list[Trial] = []
    before_us = through_us = 0
    for tick, now_us in enumerate([*moments, found.matured_us + 2 * DAY_US], 1):
        await sqlite_log.commit(tick, b"", between(found.writes, before_us, now_us))
        before_us, is_all = now_us, False
        while not is_all:
            matured = await trials.matured("shop", through_us, now_us, 50)
            early += matured.trials
            through_us, is_all = matured.through_us, matured.is_all
    late = await read(trials, now_us=found.matured_us)
    assert early == late
    assert summary(studied(early)) == summary(studied(late))
    assert sum(each.converted for each in late) > 30
    assert any(each.censored for each in late)


async def test_the_order_of_writing_and_other_tenants_change_nothing(
    sqlite_log: SQLiteLog, trials: Trials
) -> None:
    found = history(SHOP)
    # The same sessions and visitors, by chance, at another shop where everybody buys.
    rival = history(replace(SHOP, rates=(1.0,) * 4, tenant_id="rival")).writes
    await sqlite_log.commit(1, b"", rival)
    shuffled = replace(
        found.writes,
        interventions=[],
        acknowledgements=found.writes.acknowledgements[::-1],
        outcomes=found.writes.outcomes[::-1],
        decisions=found.writes.decisions[::-1],
    )
    await sqlite_log.commit(2, b"", shuffled)
    numbered = [
        replace(row, number=row.number + len(rival.interventions))
        for row in found.writes.interventions
    ]
    await sqlite_log.commit(3, b"", Writes(interventions=numbered))
    both = await read(trials, now_us=found.matured_us)
    expected = {each.decision.decision_id: each.converted for each in found.trials()}
    assert {each.decision.cell.tenant_id for each in both} == {"shop"}
    assert len(both) == len(expected)
    # Across sessions of one visitor a few more convert than within one.
    assert all(each.converted for each in both if expected[each.decision.decision_id])
    assert sum(each.converted for each in both) < 0.2 * len(both)


async def test_nothing_is_read_before_its_time(sqlite_log: SQLiteLog, trials: Trials) -> None:
    await sqlite_log.commit(1, b"", Writes(decisions=[decision()]))
    early = await trials.matured("shop", 0, T + DAY_US)
    assert (early.trials, early.is_all) == ((), True)
    assert early.through_us < T
    found = await trials.matured("shop", early.through_us, T + DAY_US + 2 * MINUTE_US)
    assert len(found.trials) == 1
    again = await trials.matured("shop", found.through_us, T + DAY_US)
    assert (again.trials, again.through_us) == ((), found.through_us)
