"""Outcomes: each counts once, for the right decision, and only for its own tenant."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from bandit.lessons import counted
from eitp_server.bandit.learning import learn, posteriors
from eitp_server.bandit.policy_table import document_of
from eitp_server.errors import Conflict, Missing, Reason
from eitp_server.interventions.definition import to_json
from eitp_server.interventions.desk import Desk
from eitp_server.interventions.outcome import OutcomeKind, OutcomeReport
from hypothesis import given, settings
from hypothesis import strategies as st
from interventions.shop import (
    HELD_OUT,
    HOUR,
    SECOND,
    START_US,
    UNLIMITED,
    definition,
    open_shop,
    packet,
    reloaded,
    shopper,
    text,
)

if TYPE_CHECKING:
    from eitp_server.bandit.decision import Decision
    from eitp_server.interventions.policy import Policy

SALE = OutcomeReport(
    tenant_id="shop",
    session_id="session",
    kind=OutcomeKind.CONVERSION,
    value_micros=45_000_000_000,
    currency="EUR",
)
LATER = START_US + 600 * SECOND
NOTHING = document_of({}, {})
SUCCESSES = (OutcomeKind.CONVERSION, OutcomeKind.LEAD)


def decide(policy: Policy, at_us: int = START_US, session_id: str = "session") -> Decision:
    choice = policy.decide(packet(session_id=session_id), shopper(session_id), at_us)
    assert choice is not None
    return choice.decision


def state(policy: Policy) -> dict[str, bytes]:
    """What was counted, to the last bit."""
    return {name: array.tobytes() for name, array in policy.tallies.dump().items()}


def counts(policy: Policy, decision: Decision) -> tuple[float, float]:
    """Successes and trials of the arm that was chosen."""
    return counted(policy.tallies, decision.cell, decision.chosen)


def successes(policy: Policy, decision: Decision) -> float:
    """Of all arms that could have been chosen."""
    return sum(counted(policy.tallies, decision.cell, arm)[0] for arm in decision.arms)


def test_an_outcome_is_credited_to_the_latest_decision_of_its_session() -> None:
    policy = open_shop()
    decide(policy)
    second = decide(policy, START_US + SECOND)
    found = policy.outcome(SALE, LATER)
    assert found.row.decision_id == second.decision_id
    assert (found.row.received_at_us, found.row.occurred_at_us) == (LATER, LATER)
    assert (found.row.value_micros, found.row.currency) == (45_000_000_000, "EUR")
    assert not found.duplicate


def test_a_decision_after_the_outcome_gets_no_credit() -> None:
    policy = open_shop()
    first = decide(policy)
    decide(policy, START_US + 300 * SECOND)
    found = policy.outcome(replace(SALE, occurred_at_us=START_US + 200 * SECOND), LATER)
    assert found.row.decision_id == first.decision_id


def test_a_clock_that_runs_ahead_does_not_reach_into_the_future() -> None:
    policy = open_shop()
    decide(policy)
    found = policy.outcome(replace(SALE, occurred_at_us=LATER + HOUR), LATER)
    assert found.row.occurred_at_us == LATER


def test_a_named_decision_is_credited_rather_than_the_latest() -> None:
    policy = open_shop()
    first = decide(policy)
    decide(policy, START_US + SECOND)
    found = policy.outcome(replace(SALE, decision_id=first.decision_id), LATER)
    assert found.row.decision_id == first.decision_id


def test_a_named_decision_supplies_the_session() -> None:
    policy = open_shop()
    decision = decide(policy)
    found = policy.outcome(replace(SALE, session_id="", decision_id=decision.decision_id), LATER)
    assert found.row.session_id == "session"


def test_another_tenants_decision_is_answered_like_an_unknown_one() -> None:
    policy = open_shop()
    decision = decide(policy)
    before, answers = text(policy), list[tuple[Reason, str]]()
    for tenant_id, name in (("other", decision.decision_id), ("shop", "dec_unknown")):
        with pytest.raises(Missing) as caught:
            policy.outcome(replace(SALE, tenant_id=tenant_id, decision_id=name), LATER)
        assert caught.value.metadata == {"decision_id": name}
        answers.append((caught.value.reason, caught.value.message))
    assert answers[0] == answers[1]
    assert answers[0][0] is Reason.DECISION_UNKNOWN
    assert text(policy) == before


def test_a_decision_of_another_session_than_the_named_one_is_unknown() -> None:
    policy = open_shop()
    decision = decide(policy)
    before = text(policy)
    with pytest.raises(Missing) as caught:
        policy.outcome(replace(SALE, session_id="another", decision_id=decision.decision_id), LATER)
    assert caught.value.reason is Reason.DECISION_UNKNOWN
    assert text(policy) == before


def test_another_tenants_session_of_the_same_name_gets_no_credit() -> None:
    policy = open_shop()
    decision = decide(policy)
    found = policy.outcome(replace(SALE, tenant_id="other"), LATER)
    assert found.row.decision_id == ""
    assert successes(policy, decision) == 0


def test_an_outcome_of_a_session_without_decision_is_kept_without_credit() -> None:
    policy = open_shop()
    assert policy.outcome(SALE, LATER).row.decision_id == ""
    assert policy.outcome(SALE, LATER).duplicate


def test_an_outcome_after_the_attribution_window_gets_no_credit() -> None:
    policy = open_shop()
    decision = decide(policy)
    at_us = START_US + 24 * HOUR + 1
    assert policy.outcome(SALE, at_us).row.decision_id == ""
    named = replace(SALE, decision_id=decision.decision_id, kind=OutcomeKind.LEAD)
    assert policy.outcome(named, at_us).row.decision_id == decision.decision_id
    assert successes(policy, decision) == 0


@pytest.mark.parametrize(("after_us", "counted"), [(24 * HOUR, 1), (24 * HOUR + 1, 0)])
def test_what_is_heard_of_after_the_window_is_kept_and_changes_no_count(
    after_us: int, counted: int
) -> None:
    policy = open_shop()
    decision = decide(policy)
    policy.expire(START_US + after_us)
    found = policy.outcome(replace(SALE, occurred_at_us=START_US + HOUR), START_US + after_us)
    assert found.row.decision_id == decision.decision_id
    assert successes(policy, decision) == counted


def test_a_success_that_is_known_too_late_changes_no_delay_either() -> None:
    policy = open_shop()
    decide(policy)
    policy.outcome(replace(SALE, occurred_at_us=START_US + 2 * HOUR), START_US + 3 * HOUR)
    policy.expire(START_US + 30 * HOUR)
    before = state(policy)
    late = replace(SALE, kind=OutcomeKind.LEAD, occurred_at_us=START_US + HOUR)
    policy.outcome(late, START_US + 30 * HOUR)
    assert state(policy) == before


def test_an_outcome_before_the_intervention_is_delivered_counts() -> None:
    policy = open_shop()
    row = None
    for number in range(100):
        choice = policy.decide(packet(session_id=f"s-{number}"), shopper(f"s-{number}"), START_US)
        row = choice and choice.intervention
        if row is not None:
            break
    assert row is not None
    assert policy.pending("shop", row.session_id, LATER - 590 * SECOND) == (row,)
    policy.outcome(replace(SALE, session_id=row.session_id), START_US + SECOND)
    cell = decide(policy, START_US + SECOND, "another").cell
    assert counted(policy.tallies, cell, row.definition_id)[0] == 1


@pytest.mark.parametrize("again", [False, True])
def test_the_outcome_of_an_intervention_that_is_deleted_meanwhile_counts_for_nothing_else(
    again: bool,
) -> None:
    policy = open_shop(arms=2)
    decisions = [decide(policy, START_US + i, f"session-{i}") for i in range(60)]
    [*_, last] = [d for d in decisions if d.chosen == "compare-1"]
    before = {arm: counted(policy.tallies, last.cell, arm) for arm in last.arms}
    Desk(policy).delete_definition("shop", "compare-1")
    if again:
        entry = {**to_json(definition("compare-1")), "title": "Something else"}
        document = {"definition": entry, "replace": False}
        Desk(policy).put_definition("shop", document, START_US + SECOND)
    found = policy.outcome(replace(SALE, decision_id=last.decision_id, session_id=""), LATER)
    assert found.row.decision_id == last.decision_id
    after = {arm: counted(policy.tallies, last.cell, arm) for arm in last.arms}
    won, tried = before.pop("compare-1")
    assert after.pop("compare-1") == ((0, 0) if again else (won + 1, tried))
    assert after == before


def test_a_decision_beyond_its_retention_is_unknown() -> None:
    policy = open_shop()
    decision = decide(policy)
    decide(policy, START_US + 40 * HOUR)
    with pytest.raises(Missing):
        policy.outcome(replace(SALE, decision_id=decision.decision_id), START_US + 49 * HOUR)


@pytest.mark.parametrize("kind", list(OutcomeKind))
def test_only_conversions_and_leads_teach(kind: OutcomeKind) -> None:
    policy = open_shop()
    decision = decide(policy)
    policy.outcome(replace(SALE, kind=kind), LATER)
    assert counts(policy, decision) == (int(kind in SUCCESSES), 1)


def test_a_decision_succeeds_once_however_much_comes_of_it() -> None:
    policy = open_shop()
    decision = decide(policy)
    for order in ("first", "second"):
        policy.outcome(replace(SALE, reported_id=order), LATER)
    policy.outcome(replace(SALE, kind=OutcomeKind.LEAD), LATER)
    assert counts(policy, decision) == (1, 1)


def test_the_holdouts_outcome_is_credited_but_not_learnt() -> None:
    policy = open_shop(HELD_OUT)
    decision = decide(policy)
    assert policy.outcome(SALE, LATER).row.decision_id == decision.decision_id
    assert successes(policy, decision) == 0


def test_the_same_outcome_again_is_the_same_row_and_changes_nothing() -> None:
    policy = open_shop()
    decide(policy)
    first = policy.outcome(SALE, LATER)
    before = text(policy)
    again = policy.outcome(SALE, LATER + SECOND)
    assert again.duplicate
    assert again.row is first.row
    assert text(policy) == before


def test_a_retry_after_the_next_decision_is_still_the_same_outcome() -> None:
    policy = open_shop()
    first = decide(policy)
    policy.outcome(SALE, LATER)
    decide(policy, LATER + SECOND)
    again = policy.outcome(SALE, LATER + 2 * SECOND)
    assert again.duplicate
    assert again.row.decision_id == first.decision_id
    assert successes(policy, first) == 1


def test_a_retry_stamped_anew_is_the_same_outcome() -> None:
    policy = open_shop()
    decide(policy)
    policy.outcome(replace(SALE, occurred_at_us=LATER), LATER)
    assert policy.outcome(replace(SALE, occurred_at_us=LATER + 5), LATER + SECOND).duplicate


@pytest.mark.parametrize("other", [{"value_micros": 1}, {"currency": "USD"}])
@pytest.mark.parametrize("name", [{}, {"reported_id": "order-1"}])
def test_the_same_outcome_with_another_content_is_a_conflict(
    other: dict[str, str], name: dict[str, str]
) -> None:
    policy = open_shop()
    decision = decide(policy)
    report = replace(SALE, **name)
    first = policy.outcome(report, LATER)
    before = text(policy)
    with pytest.raises(Conflict) as caught:
        policy.outcome(replace(report, **other), LATER)
    assert caught.value.reason is Reason.OUTCOME_CONFLICT
    assert caught.value.metadata == {"outcome_id": first.row.outcome_id}
    assert text(policy) == before
    assert successes(policy, decision) == 1


def test_page_and_back_end_that_know_the_order_report_one_outcome() -> None:
    policy = open_shop()
    decision = decide(policy)
    policy.outcome(replace(SALE, reported_id="order-1"), LATER)
    from_the_back_end = replace(
        SALE, session_id="", decision_id=decision.decision_id, reported_id="order-1"
    )
    assert policy.outcome(from_the_back_end, LATER).duplicate


@pytest.mark.parametrize(
    "other",
    [
        {"kind": OutcomeKind.LEAD},
        {"session_id": "another"},
        {"tenant_id": "other"},
        {"reported_id": "order-2"},
    ],
)
def test_what_differs_in_kind_session_tenant_or_id_is_another_outcome(
    other: dict[str, str],
) -> None:
    policy = open_shop()
    decide(policy)
    first = policy.outcome(SALE, LATER)
    second = policy.outcome(replace(SALE, **other), LATER)
    assert not second.duplicate
    assert second.row.outcome_id != first.row.outcome_id


def test_custom_outcomes_are_told_apart_by_name() -> None:
    policy = open_shop()
    custom = replace(SALE, kind=OutcomeKind.CUSTOM)
    names = ("brochure", "test-drive", "brochure")
    found = [policy.outcome(replace(custom, name=name), LATER).duplicate for name in names]
    assert found == [False, False, True]


def test_one_outcome_of_a_kind_belongs_to_each_named_decision() -> None:
    policy = open_shop()
    decisions = [decide(policy), decide(policy, START_US + SECOND)]
    reports = [replace(SALE, decision_id=d.decision_id) for d in (*decisions, decisions[0])]
    assert [policy.outcome(r, LATER).duplicate for r in reports] == [False, False, True]


sessions = st.sampled_from(["session-0", "session-1", "session-2"])
reports = st.builds(
    OutcomeReport,
    tenant_id=st.just("shop"),
    session_id=sessions,
    kind=st.sampled_from(OutcomeKind),
    reported_id=st.sampled_from(["", "order-1", "order-2"]),
    occurred_at_us=st.integers(START_US - SECOND, START_US + 26 * HOUR),
)


@settings(max_examples=40)
@given(st.lists(reports, max_size=20), st.data())
def test_neither_order_nor_repetition_of_outcomes_nor_a_restart_changes_what_is_learnt(
    sent: list[OutcomeReport], data: st.DataObject
) -> None:
    once = {(r.session_id, r.kind, r.reported_id): r for r in sent}
    repeated = data.draw(st.permutations([*once.values(), *once.values(), *once.values()]))
    restart = data.draw(st.integers(0, len(repeated)), "restart before")
    straight, shuffled = open_shop(UNLIMITED, arms=2), open_shop(UNLIMITED, arms=2)
    for policy in (straight, shuffled):
        for i in range(3):
            decide(policy, START_US + i * HOUR, f"session-{i}")
    for report in once.values():
        straight.outcome(report, START_US + 25 * HOUR)
    for number, report in enumerate(repeated):
        if number == restart:
            shuffled = reloaded(shuffled, UNLIMITED)
        shuffled.outcome(report, START_US + 25 * HOUR)
    for at_us in (START_US + 25 * HOUR, START_US + 40 * HOUR):
        for policy in (straight, shuffled):
            policy.expire(at_us)
        assert state(straight) == state(shuffled)
        lesson = straight.lesson({}, at_us)
        # Which sets of arms were asked for is known to the process alone: it saves time, no more.
        assert posteriors(lesson) == posteriors(
            replace(shuffled.lesson({}, at_us), asked=lesson.asked)
        )
        for policy in (straight, shuffled):
            policy.install(learn(lesson) or NOTHING)
        assert straight.table.dump() == shuffled.table.dump()
        assert decide(straight, at_us, "next") == decide(shuffled, at_us, "next")
