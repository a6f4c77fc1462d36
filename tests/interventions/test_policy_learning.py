"""What the policy learns from: not from who took consent back, nor from what was shown before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from bandit.lessons import counted
from eitp_server.bandit.learning import Terms, learn
from eitp_server.bandit.policy_table import PRIOR, UNTAUGHT, CellPolicy
from eitp_server.errors import Missing
from eitp_server.interventions.definition import InterventionKind, to_json
from eitp_server.interventions.desk import Desk
from eitp_server.interventions.eligibility import Refusal
from eitp_server.interventions.outcome import OutcomeKind, OutcomeReport
from eitp_server.storage.log import CensoredRow, StoppedRow
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
    from eitp_server.interventions.definition import Definition
    from eitp_server.interventions.policy import Policy

CLOSED_US = START_US + 25 * HOUR
SALE = OutcomeReport(tenant_id="shop", session_id="session", kind=OutcomeKind.CONVERSION)


def decide(policy: Policy, session_id: str = "session", at_us: int = START_US) -> Decision:
    choice = policy.decide(packet(session_id=session_id), shopper(session_id), at_us)
    assert choice is not None
    return choice.decision


def busy(policy: Policy, sessions: int = 60, at_us: int = START_US) -> list[Decision]:
    return [decide(policy, f"session-{i}", at_us + i) for i in range(sessions)]


def change(policy: Policy, arm: str = "compare-0", **fields: Any) -> Definition:
    current = to_json(policy.catalogue.get("shop", arm))
    document = {"definition": {**current, "revision": 0, **fields}, "replace": True}
    return Desk(policy).put_definition("shop", document, START_US + HOUR)


def counts(policy: Policy, like: Decision) -> dict[str, tuple[float, float]]:
    return {arm: counted(policy.tallies, like.cell, arm) for arm in like.arms}


def teach(policy: Policy, at_us: int) -> dict[str, Any]:
    document = learn(policy.lesson({"shop": Terms(arms=dict.fromkeys(ARMS[1:], ""))}, at_us))
    assert document is not None
    return {**document, "epochs": policy.catalogue.epochs()}


def test_decisions_of_who_takes_consent_back_count_nowhere() -> None:
    policy = open_shop()
    decisions = [decide(policy, at_us=START_US + i * SECOND) for i in range(5)]
    rows = policy.withdraw("shop", "session", START_US + HOUR)
    assert rows == [
        CensoredRow(tenant_id="shop", decision_id=d.decision_id, at_us=START_US + HOUR)
        for d in decisions
    ]
    assert set(counts(policy, decisions[0]).values()) == {(0, 0)}
    policy.outcome(SALE, START_US + 2 * HOUR)
    policy.expire(CLOSED_US)
    assert set(counts(policy, decisions[0]).values()) == {(0, 0)}


def test_consent_is_taken_back_once_and_for_what_is_open_only() -> None:
    policy = open_shop()
    won, _ = decide(policy), decide(policy, "another")
    policy.outcome(SALE, START_US + SECOND)
    late = decide(policy, at_us=START_US + 2 * SECOND)
    [row] = policy.withdraw("shop", "session", START_US + HOUR)
    assert row.decision_id == late.decision_id
    before = text(policy)
    assert policy.withdraw("shop", "session", START_US + 2 * HOUR) == []
    assert text(reloaded(policy, UNLIMITED)) == text(policy) == before
    assert sum(won for won, _ in counts(policy, won).values()) == 1
    assert sum(tried for _, tried in counts(policy, won).values()) == 2


def test_a_decision_whose_window_has_closed_stays_counted() -> None:
    policy = open_shop()
    decision = decide(policy)
    assert policy.withdraw("shop", "session", CLOSED_US) == []
    assert sum(tried for _, tried in counts(policy, decision).values()) == pytest.approx(1.0)


@pytest.mark.parametrize(("tenant_id", "session_id"), [("shop", "nobody"), ("other", "session")])
def test_nothing_is_given_up_for_anybody_else(tenant_id: str, session_id: str) -> None:
    policy = open_shop()
    decide(policy)
    before = text(policy)
    assert policy.withdraw(tenant_id, session_id, START_US + HOUR) == []
    assert text(policy) == before


def test_a_held_out_decision_is_censored_too_and_had_no_count() -> None:
    policy = open_shop(HELD_OUT)
    decision = decide(policy)
    assert [row.decision_id for row in policy.withdraw("shop", "session", START_US + HOUR)] == [
        decision.decision_id
    ]
    assert set(counts(policy, decision).values()) == {(0, 0)}


SEEN = (
    {"title": "Another title"},
    {"body": "Another text"},
    {"action_url": "https://shop.example/compare"},
    {"offer_id": "offer-1"},
    {"kind": int(InterventionKind.VALUE_HIGHLIGHT)},
    {"fact": "3 in stock", "fact_source": "inventory"},
)
UNSEEN = (
    {"enabled": True, "priority": 99},
    {"enabled": False},
    {"min_confidence": 0.1},
    {"labels": [2, 3, 4, 5]},
    {"session_cap": 9, "cool_down_seconds": 1.0, "time_to_live_seconds": 9.0},
    {"page_types": [4], "page_sections": [8]},
)


@pytest.mark.parametrize("fields", SEEN)
def test_a_change_of_what_the_shopper_sees_restarts_the_arm_and_no_other(
    fields: dict[str, Any],
) -> None:
    policy = open_shop(arms=2)
    decisions = busy(policy)
    policy.expire(CLOSED_US)
    policy.install(teach(policy, CLOSED_US))
    busy(policy, at_us=CLOSED_US)
    before, shapes = counts(policy, decisions[0]), policy.table.shapes(decisions[0].cell, ARMS)
    kept = change(policy, **fields)
    after = counts(policy, decisions[0])
    assert kept.epoch == kept.revision == 2
    assert after.pop("compare-0") == (0, 0) != before.pop("compare-0")
    assert after == before
    assert policy.table.shapes(decisions[0].cell, ARMS) == [shapes[0], PRIOR, shapes[2]]
    assert decide(policy, "next", CLOSED_US + HOUR).epochs == (0, 2, 1)


ARMS = ("", "compare-0", "compare-1")


@pytest.mark.parametrize("fields", UNSEEN)
def test_a_change_of_when_it_is_shown_restarts_nothing(fields: dict[str, Any]) -> None:
    policy = open_shop(arms=2)
    decisions = busy(policy)
    policy.expire(CLOSED_US)
    policy.install(teach(policy, CLOSED_US))
    before, table = counts(policy, decisions[0]), policy.table.dump()
    kept = change(policy, **fields)
    assert (kept.revision, kept.epoch) == (2, 1)
    assert counts(policy, decisions[0]) == before
    assert policy.table.dump() == table


def test_a_change_of_the_figure_in_a_fact_restarts_nothing() -> None:
    policy = open_shop(arms=2)
    change(policy, fact="3 in stock", fact_source="inventory")
    decisions = busy(policy)
    before = counts(policy, decisions[0])
    kept = change(policy, fact="2 in stock", fact_source="inventory")
    assert (kept.revision, kept.epoch) == (3, 2)
    assert counts(policy, decisions[0]) == before
    change(policy, fact="", fact_source="inventory")
    assert counts(policy, decisions[0])["compare-0"] == (0, 0) != before["compare-0"]


def test_a_repeated_request_does_not_restart_the_arm_again() -> None:
    policy = open_shop(arms=2)
    entry = {**to_json(policy.catalogue.get("shop", "compare-0")), "title": "Another title"}
    document = {"definition": entry, "replace": True, "request_id": "r-1"}
    Desk(policy).put_definition("shop", document, START_US)
    decisions = busy(policy)
    before = counts(policy, decisions[0])
    Desk(policy).put_definition("shop", document, START_US + HOUR)
    assert counts(policy, decisions[0]) == before


def test_the_outcome_of_what_was_shown_before_a_change_counts_nowhere() -> None:
    policy = open_shop()
    [old, *_] = [d for d in busy(policy) if d.chosen]
    change(policy, title="Another title")
    before = counts(policy, old)
    found = policy.outcome(
        replace(SALE, session_id="", decision_id=old.decision_id), START_US + 2 * HOUR
    )
    assert found.row.decision_id == old.decision_id
    assert counts(policy, old) == before
    policy.expire(CLOSED_US)
    assert counts(policy, old)["compare-0"] == (0, 0)


def test_what_was_learnt_before_a_change_and_comes_after_it_says_nothing_of_the_arm() -> None:
    policy = open_shop(arms=2)
    [decision, *_] = busy(policy)
    policy.expire(CLOSED_US)
    on_its_way = teach(policy, CLOSED_US)
    told = CellPolicy.from_line(on_its_way["cells"][0][1]).shapes
    change(policy, title="Another title")
    policy.install(on_its_way)
    _, changed, other = policy.table.shapes(decision.cell, ARMS)
    assert changed == PRIOR
    assert other != PRIOR
    assert told.keys() == {*ARMS}
    policy.install(teach(policy, CLOSED_US))
    assert policy.table.shapes(decision.cell, ARMS)[1] != PRIOR


def test_a_stopped_intervention_is_not_eligible_until_it_shows_something_else() -> None:
    policy = open_shop(arms=2)
    row = policy.stop("shop", "compare-0", 3, START_US)
    assert row == StoppedRow(
        tenant_id="shop", definition_id="compare-0", epoch=1, metric=3, at_us=START_US
    )
    for policy_ in (policy, reloaded(policy, UNLIMITED)):
        found = policy_.explain(packet(), shopper(), START_US)
        assert found.arms == ("compare-1",)
        assert ("compare-0", Refusal.STOPPED) in found.refused
        assert decide(policy_, "another").arms == ("", "compare-1")
    for fields in UNSEEN:
        unseen: dict[str, Any] = {**fields, "enabled": True}
        change(policy, **unseen)
        assert "compare-0" not in policy.explain(packet(), shopper(), START_US).arms
    anew: dict[str, Any] = {**to_json(definition("compare-0")), "title": "Another title"}
    change(policy, **anew)
    assert policy.stopped("shop") == {}
    assert policy.explain(packet(), shopper(), START_US).arms == ("compare-0", "compare-1")


def test_a_stop_is_known_by_its_first_reason_and_starts_anew_with_another_content() -> None:
    policy = open_shop()
    first = policy.stop("shop", "compare-0", 3, START_US)
    before = text(policy)
    assert policy.stop("shop", "compare-0", 4, START_US + HOUR) == first
    assert text(policy) == before
    change(policy, title="Another title")
    second = policy.stop("shop", "compare-0", 4, START_US + 2 * HOUR)
    assert (second.epoch, second.metric) == (2, 4)
    assert policy.stopped("shop") == {"compare-0": second}


def test_when_everything_is_stopped_there_is_no_decision() -> None:
    policy = open_shop()
    policy.stop("shop", "compare-0", 3, START_US)
    before = text(policy)
    assert policy.decide(packet(), shopper(), START_US) is None
    assert text(policy) == before


def test_one_tenant_cannot_stop_what_another_has() -> None:
    policy = open_shop()
    with pytest.raises(Missing):
        policy.stop("other", "compare-0", 3, START_US)
    policy.stop("other", "comparison", 3, START_US)
    assert policy.stopped("shop") == {}
    assert policy.explain(packet(), shopper(), START_US).arms == ("compare-0",)


def test_a_decision_names_the_policy_that_it_was_taken_by() -> None:
    policy = open_shop(arms=2)
    [first, *_] = busy(policy)
    assert first.snapshot_id == UNTAUGHT
    policy.expire(CLOSED_US)
    document = teach(policy, CLOSED_US)
    policy.install(document)
    after = decide(policy, "next", CLOSED_US + SECOND)
    assert after.snapshot_id == document["snapshot_id"] != UNTAUGHT
    assert sum(after.probabilities) == pytest.approx(1.0, abs=1e-9)


def test_successes_make_an_arm_more_probable_once_they_have_matured_and_were_learnt() -> None:
    policy = open_shop(arms=2)
    decisions = busy(policy, 300)
    for decision in decisions:
        if decision.chosen == "compare-1":
            report = replace(SALE, session_id="", decision_id=decision.decision_id)
            policy.outcome(report, START_US + HOUR)
    policy.expire(CLOSED_US)
    policy.install(teach(policy, CLOSED_US))
    probabilities = dict(zip(ARMS, decide(policy, "next", CLOSED_US).probabilities, strict=True))
    assert probabilities["compare-1"] == pytest.approx(0.9, abs=0.01)
    assert min(probabilities.values()) >= 0.05 - 1e-12
