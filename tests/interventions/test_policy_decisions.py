"""Decisions of the policy: when there is one, what it says, and what is delivered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bandit.lessons import counted
from eitp_server.classification.packet import Label
from eitp_server.errors import Missing, Reason
from eitp_server.interventions.disposition import InterventionDisposition
from eitp_server.interventions.eligibility import Limits, Refusal
from eitp_server.interventions.policy import Choice, Policy, Settings
from interventions.shop import (
    HELD_OUT,
    HOUR,
    SECOND,
    SETTINGS,
    START_US,
    UNLIMITED,
    definition,
    open_shop,
    packet,
    reloaded,
    shopper,
    text,
    visits,
)

DELIVERED = InterventionDisposition.DELIVERED
SHOWN = InterventionDisposition.SHOWN
CLICKED = InterventionDisposition.CLICKED
DISMISSED = InterventionDisposition.DISMISSED


def decided(policy: Policy, session_id: str = "session", *, at_us: int = START_US) -> Choice:
    choice = policy.decide(packet(session_id=session_id), shopper(session_id), at_us)
    assert choice is not None
    return choice


def delivered(policy: Policy, *, at_us: int = START_US) -> Choice:
    """The first choice, over many sessions, that is an intervention."""
    choices = (decided(policy, f"session-{i}", at_us=at_us) for i in range(100))
    return next(choice for choice in choices if choice.intervention)


def test_doing_nothing_is_always_one_of_the_arms() -> None:
    decision = decided(open_shop(arms=3)).decision
    assert decision.arms == ("", "compare-0", "compare-1", "compare-2")
    assert sum(decision.probabilities) == pytest.approx(1.0, abs=1e-12)


def test_who_is_held_out_is_known_without_a_decision() -> None:
    settings = replace(UNLIMITED, experiment=replace(UNLIMITED.experiment, holdout_share=0.3))
    policy, found = open_shop(settings), set[bool]()
    for number in range(50):
        session = f"session-{number}"
        held_out = policy.held_out(shopper(session))
        assert decided(policy, session).decision.holdout == held_out
        found.add(held_out)
    assert found == {True, False}


def test_there_is_no_decision_when_nothing_is_eligible() -> None:
    policy = open_shop()
    before = text(policy)
    assert policy.decide(packet(label=Label.FRUSTRATION), shopper(), START_US) is None
    assert policy.decide(packet(), shopper(consent=False), START_US) is None
    assert text(policy) == before


def test_the_decision_says_what_it_was_taken_for() -> None:
    decision = decided(open_shop()).decision
    assert (decision.cell.tenant_id, decision.cell.vertical) == ("shop", "automotive")
    assert (decision.cell.label, decision.cell.page_section) == (Label.COMPARISON, 8)
    assert decision.packet_id == packet().packet_id
    assert decision.decided_at_us == START_US


def test_identities_follow_from_the_packet_alone() -> None:
    assert decided(open_shop()) == decided(open_shop())


def test_two_decisions_of_one_packet_have_two_identities() -> None:
    policy = open_shop()
    assert decided(policy).decision.decision_id != decided(policy).decision.decision_id


def test_an_intervention_comes_with_everything_its_delivery_needs() -> None:
    choice = delivered(open_shop())
    row = choice.intervention
    assert row is not None
    assert row.intervention_id.startswith("int_")
    assert choice.decision.decision_id.startswith("dec_")
    assert row.decision_id == choice.decision.decision_id
    assert (row.definition_id, row.definition_revision) == (choice.decision.chosen, 1)
    assert row.expires_at_us == START_US + 30 * SECOND


def test_interventions_are_numbered_without_a_gap_over_all_sessions() -> None:
    policy = open_shop(arms=4)
    rows = [decided(policy, f"session-{i}").intervention for i in range(50)]
    numbers = [row.number for row in rows if row]
    assert numbers == list(range(1, len(numbers) + 1))
    assert 20 < len(numbers) < 50


def test_choosing_nothing_delivers_nothing() -> None:
    policy = open_shop()
    choices = [decided(policy, f"session-{i}") for i in range(50)]
    assert all((c.intervention is None) == (c.decision.chosen == "") for c in choices)
    assert any(c.decision.chosen == "" for c in choices)


def test_a_held_out_visitor_gets_a_decision_and_nothing_to_see() -> None:
    policy = open_shop(HELD_OUT)
    choices = [decided(policy, f"session-{i}") for i in range(50)]
    assert all(choice.decision.holdout and choice.intervention is None for choice in choices)
    assert any(choice.decision.chosen for choice in choices)


def test_the_holdout_is_not_learnt_from() -> None:
    policy = open_shop(HELD_OUT)
    decision = decided(policy).decision
    assert counted(policy.tallies, decision.cell, decision.chosen) == (0, 0)


def test_everybody_else_is_learnt_from_whatever_was_chosen() -> None:
    policy = open_shop()
    cell = decided(policy, "session-0").decision.cell
    for i in range(1, 50):
        decided(policy, f"session-{i}")
    trials = [counted(policy.tallies, cell, arm)[1] for arm in ("", "compare-0")]
    assert sum(trials) == 50
    assert all(trials)


@pytest.mark.parametrize("settings", [UNLIMITED, HELD_OUT])
def test_what_would_have_been_shown_tires_a_held_out_session_alike(settings: Settings) -> None:
    policy = open_shop(replace(settings, limits=Limits(session_cap=2)))
    choices = [
        policy.decide(packet(minute), shopper(), START_US + minute * 60 * SECOND)
        for minute in range(0, 60, 3)
    ]
    assert sum(1 for choice in choices if choice and choice.decision.chosen) == 2
    assert choices[-1] is None


def test_a_decision_for_nothing_also_takes_its_turn() -> None:
    policy = open_shop(SETTINGS)
    nothing = next(
        f"session-{i}" for i in range(100) if decided(policy, f"session-{i}").decision.chosen == ""
    )
    again = policy.explain(packet(2), shopper(nothing), START_US + SECOND)
    assert again.refused == (("compare-0", Refusal.SESSION_COOLING_DOWN),)


def test_explaining_leaves_no_trace() -> None:
    policy = open_shop()
    before = text(policy)
    assert policy.explain(packet(), shopper(), START_US).arms == ("compare-0",)
    assert text(policy) == before


def test_an_intervention_is_pending_until_it_expires() -> None:
    policy = open_shop()
    row = delivered(policy).intervention
    assert row is not None
    assert policy.pending("shop", row.session_id, row.expires_at_us - 1) == (row,)
    assert policy.pending("shop", row.session_id, row.expires_at_us) == ()


def test_an_intervention_is_pending_until_it_is_acknowledged() -> None:
    policy = open_shop()
    row = delivered(policy).intervention
    assert row is not None
    policy.acknowledge("shop", row.session_id, row.intervention_id, DELIVERED, START_US)
    assert policy.pending("shop", row.session_id, START_US) == ()


def test_only_its_own_session_sees_what_is_pending() -> None:
    policy = open_shop()
    row = delivered(policy).intervention
    assert row is not None
    assert policy.pending("other", row.session_id, START_US) == ()
    assert policy.pending("shop", "another session", START_US) == ()


@pytest.mark.parametrize(
    ("reports", "kept"),
    [
        ((DELIVERED, SHOWN, CLICKED), (DELIVERED, SHOWN, CLICKED)),
        ((DELIVERED, DELIVERED), (DELIVERED,)),
        ((CLICKED, SHOWN, DELIVERED), (CLICKED,)),
        ((SHOWN, DELIVERED, DISMISSED), (SHOWN, DISMISSED)),
        ((DISMISSED, CLICKED), (DISMISSED,)),
    ],
)
def test_acknowledgements_go_on_and_never_back(
    reports: tuple[InterventionDisposition, ...], kept: tuple[InterventionDisposition, ...]
) -> None:
    policy = open_shop()
    row = delivered(policy).intervention
    assert row is not None
    name = row.intervention_id
    answers = [
        policy.acknowledge("shop", row.session_id, name, report, START_US + at)
        for at, report in enumerate(reports)
    ]
    assert tuple(a.row.disposition for a in answers if not a.duplicate) == kept
    assert answers[-1].row.disposition == kept[-1]


def test_a_foreign_intervention_is_answered_like_an_unknown_one() -> None:
    policy = open_shop()
    row = delivered(policy).intervention
    assert row is not None
    name, answers = row.intervention_id, list[tuple[Reason, str, dict[str, str]]]()
    for tenant_id, session_id in (("other", row.session_id), ("shop", "x"), ("nobody", "y")):
        with pytest.raises(Missing) as caught:
            policy.acknowledge(tenant_id, session_id, name, SHOWN, START_US)
        answers.append((caught.value.reason, caught.value.message, caught.value.metadata))
    with pytest.raises(Missing) as caught:
        policy.acknowledge("shop", row.session_id, "int_unknown", SHOWN, START_US)
    assert caught.value.message == answers[0][1]
    assert answers == [(Reason.INTERVENTION_UNKNOWN, answers[0][1], {"intervention_id": name})] * 3


def test_two_tenants_with_the_same_session_id_do_not_meet() -> None:
    policy = Policy(UNLIMITED)
    mine = policy.decide(packet(tenant_id="shop"), shopper(tenant_id="shop"), START_US)
    before = policy.explain(packet(tenant_id="other"), shopper(tenant_id="other"), START_US)
    assert mine
    assert "comparison" in before.arms


def test_a_definition_changed_later_does_not_change_what_was_sent() -> None:
    policy = open_shop()
    row = delivered(policy).intervention
    assert row is not None
    current = policy.catalogue.get("shop", row.definition_id)
    policy.catalogue.replace(replace(current, title="Something else"))
    sent = policy.catalogue.get("shop", row.definition_id, row.definition_revision)
    assert sent.title == current.title


def test_a_session_is_forgotten_after_its_retention() -> None:
    policy = open_shop()
    row = delivered(policy).intervention
    assert row is not None
    policy.expire(START_US + 48 * HOUR)
    assert len(visits(policy)) > 0
    policy.expire(START_US + 48 * HOUR + 1)
    assert visits(policy) == []
    with pytest.raises(Missing):
        policy.acknowledge("shop", row.session_id, row.intervention_id, SHOWN, START_US + 49 * HOUR)


def test_a_session_that_never_ends_does_not_grow_for_ever() -> None:
    policy = open_shop()
    for hour in range(200):
        assert policy.decide(packet(hour), shopper(), START_US + hour * HOUR)
    [visit] = visits(policy)
    assert len(visit["decisions"]) == 49
    assert len(visit["sent"]) <= 49


def test_a_forgotten_session_leaves_nothing_but_the_counts() -> None:
    policy = open_shop()
    choice = delivered(policy)
    kept = text(policy).count(choice.decision.session_id)
    policy.forget_session("shop", choice.decision.session_id)
    assert kept > 0
    assert choice.decision.session_id not in {v["session_id"] for v in visits(policy)}
    assert choice.decision.decision_id not in text(policy)
    assert counted(policy.tallies, choice.decision.cell, choice.decision.chosen)[1] > 0
    policy.forget_session("shop", choice.decision.session_id)


def test_help_is_offered_to_the_frustrated_although_the_price_came_up_a_moment_ago() -> None:
    policy = Policy(SETTINGS)
    about_price, stuck = (
        packet(number, label=label)
        for number, label in enumerate((Label.PRICE_CONCERN, Label.FRUSTRATION))
    )
    first = policy.decide(about_price, shopper(), START_US)
    assert first is not None
    second = reloaded(policy, SETTINGS).decide(stuck, shopper(), START_US + SECOND)
    assert second is not None
    assert second.decision.arms == ("", "help-chat")
    assert second == policy.decide(stuck, shopper(), START_US + SECOND)
    for again in (about_price, stuck):
        assert policy.decide(again, shopper(), START_US + 2 * SECOND) is None


def test_a_session_is_only_interrupted_again_by_what_is_more_urgent_still() -> None:
    policy = open_shop(SETTINGS)
    for name, priority in (("higher", 60), ("highest", 70)):
        item = replace(definition(name), priority=priority, labels=frozenset({Label.EXIT_RISK}))
        policy.catalogue.create(item)
    decided(policy)
    leaving = packet(2, label=Label.EXIT_RISK)
    second = policy.decide(leaving, shopper(), START_US + SECOND)
    assert second is not None
    assert second.decision.arms == ("", "higher", "highest")
    assert policy.decide(leaving, shopper(), START_US + 2 * SECOND) is None
