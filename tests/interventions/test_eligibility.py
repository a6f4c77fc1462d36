"""Eligibility: one test per rule, each against a definition that is eligible otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eitp_server.classification.packet import Context, Label, Packet
from eitp_server.interventions.definition import Definition, InterventionKind
from eitp_server.interventions.eligibility import (
    MOST_ARMS,
    Eligibility,
    Exposure,
    History,
    Limits,
    Refusal,
    assess,
)
from interventions.shop import SECOND, START_US, definition, packet

NEVER = History()
COOL = replace(definition(), cool_down_seconds=60.0)
CAPPED = replace(definition(), session_cap=2)


def assessed(
    *definitions: Definition,
    of: Packet | None = None,
    consent: bool = True,
    history: History = NEVER,
    limits: Limits | None = None,
) -> Eligibility:
    return assess(
        definitions,
        of or packet(),
        consent=consent,
        history=history,
        limits=limits or Limits(session_cap=100, cool_down_seconds=0.0),
        now_us=START_US,
    )


def refusal(found: Eligibility) -> Refusal:
    assert found.arms == ()
    [(_, why)] = found.refused
    return why


def shown(*seconds_ago: float, definition_id: str = "compare") -> History:
    times = [START_US - int(ago * SECOND) for ago in seconds_ago]
    return History([Exposure(definition_id, at_us) for at_us in times], times[-1])


def test_what_fits_is_eligible() -> None:
    assert assessed(definition()) == Eligibility(arms=("compare",), refused=())


def test_nothing_is_eligible_without_consent() -> None:
    assert refusal(assessed(definition(), consent=False)) is Refusal.CONSENT_WITHHELD


def test_a_session_gets_no_more_than_its_cap() -> None:
    limits = Limits(session_cap=2, cool_down_seconds=0.0)
    history = shown(30, 20, definition_id="something-else")
    assert refusal(assessed(definition(), history=history, limits=limits)) is (
        Refusal.SESSION_CAP_REACHED
    )
    assert assessed(definition(), history=shown(20), limits=limits).arms


def test_a_session_is_left_alone_after_a_decision() -> None:
    limits = Limits(session_cap=100, cool_down_seconds=60.0)
    for seconds, expected in ((59.999, False), (60.0, True)):
        history = History((), START_US - int(seconds * SECOND))
        assert bool(assessed(definition(), history=history, limits=limits).arms) is expected
    history = History((), START_US)
    assert refusal(assessed(definition(), history=history, limits=limits)) is (
        Refusal.SESSION_COOLING_DOWN
    )


def just_decided(priority: int, *exposures: Exposure) -> History:
    return History(exposures, START_US, priority)


@pytest.mark.parametrize(("priority", "eligible"), [(49, True), (50, False), (51, False)])
def test_only_what_is_more_urgent_than_the_last_decision_breaks_the_rest_of_a_session(
    priority: int, eligible: bool
) -> None:
    limits = Limits(session_cap=100, cool_down_seconds=60.0)
    found = assessed(definition(), history=just_decided(priority), limits=limits)
    assert bool(found.arms) is eligible
    assert eligible or refusal(found) is Refusal.SESSION_COOLING_DOWN


def test_what_is_less_urgent_does_not_come_along_with_what_breaks_the_rest() -> None:
    limits = Limits(session_cap=100, cool_down_seconds=60.0)
    urgent = replace(definition("urgent"), priority=51)
    found = assessed(definition(), urgent, history=just_decided(50), limits=limits)
    assert found.arms == ("urgent",)
    assert found.refused == (("compare", Refusal.SESSION_COOLING_DOWN),)


def test_urgency_breaks_nothing_but_the_rest_of_the_session() -> None:
    limits = Limits(session_cap=2, cool_down_seconds=60.0)
    history = just_decided(0, Exposure("compare", START_US))
    urgent = definition()
    assert assessed(urgent, history=history, limits=limits).arms
    withheld = assessed(urgent, history=history, limits=limits, consent=False)
    assert refusal(withheld) is Refusal.CONSENT_WITHHELD
    once = replace(limits, session_cap=1)
    assert refusal(assessed(urgent, history=history, limits=once)) is Refusal.SESSION_CAP_REACHED
    assert refusal(assessed(COOL, history=history, limits=limits)) is Refusal.COOLING_DOWN
    capped = replace(urgent, session_cap=1)
    assert refusal(assessed(capped, history=history, limits=limits)) is Refusal.CAP_REACHED


def test_a_definition_that_is_switched_off_is_not_eligible() -> None:
    assert refusal(assessed(replace(definition(), enabled=False))) is Refusal.DISABLED


@pytest.mark.parametrize("kind", [InterventionKind.URGENCY_BANNER, InterventionKind.SOCIAL_PROOF])
@pytest.mark.parametrize(("fact", "source"), [("", ""), ("3 in stock", ""), ("", "inventory")])
def test_a_claim_without_its_fact_and_source_is_not_eligible(
    kind: InterventionKind, fact: str, source: str
) -> None:
    claim = replace(definition(), kind=kind, fact=fact, fact_source=source)
    assert refusal(assessed(claim)) is Refusal.FACT_MISSING
    assert assessed(replace(claim, fact="3 in stock", fact_source="inventory")).arms


def test_another_label_triggers_nothing() -> None:
    found = assessed(definition(), of=packet(label=Label.FRUSTRATION))
    assert refusal(found) is Refusal.LABEL_DIFFERS


def test_each_of_several_labels_triggers() -> None:
    several = replace(definition(), labels=frozenset({Label.COMPARISON, Label.FRUSTRATION}))
    assert assessed(several, of=packet(label=Label.FRUSTRATION)).arms


@pytest.mark.parametrize(("confidence", "eligible"), [(0.59, False), (0.6, True), (None, False)])
def test_a_label_must_be_sure_enough(confidence: float | None, eligible: bool) -> None:
    found = assessed(definition(), of=packet(confidence=confidence))
    assert bool(found.arms) is eligible
    assert eligible or refusal(found) is Refusal.CONFIDENCE_TOO_LOW


def test_an_abstaining_packet_triggers_nothing_however_low_the_bar() -> None:
    free = replace(definition(), min_confidence=0.0)
    assert refusal(assessed(free, of=packet(confidence=None))) is Refusal.CONFIDENCE_TOO_LOW


def test_a_definition_stays_on_its_page_types() -> None:
    bound = replace(definition(), page_types=frozenset({7, 8}))
    assert refusal(assessed(bound)) is Refusal.PAGE_TYPE_DIFFERS
    assert assessed(bound, of=packet(context=Context(page_type=7))).arms


def test_a_definition_stays_in_its_page_sections() -> None:
    bound = replace(definition(), page_sections=frozenset({7, 17}))
    assert refusal(assessed(bound)) is Refusal.PAGE_SECTION_DIFFERS
    assert assessed(bound, of=packet(context=Context(page_section=17))).arms


def test_a_definition_is_shown_no_more_than_its_cap() -> None:
    assert assessed(CAPPED, history=shown(30)).arms
    assert refusal(assessed(CAPPED, history=shown(30, 20))) is Refusal.CAP_REACHED


def test_a_definition_cools_down_by_itself() -> None:
    assert refusal(assessed(COOL, history=shown(59))) is Refusal.COOLING_DOWN
    assert assessed(COOL, history=shown(60)).arms


@pytest.mark.parametrize("tired", [COOL, CAPPED])
def test_one_definition_does_not_tire_another(tired: Definition) -> None:
    assert assessed(tired, history=shown(3, 2, 1, definition_id="something-else")).arms


def test_the_highest_priorities_compete_when_there_are_too_many() -> None:
    many = [replace(definition(f"d{i:02}"), priority=i % 3) for i in range(MOST_ARMS + 3)]
    found = assessed(*many)
    outranked = [name for name, why in found.refused if why is Refusal.OUTRANKED]
    assert len(found.arms) == MOST_ARMS
    assert outranked == ["d03", "d06", "d09"]


def test_every_definition_is_answered_in_order_whatever_the_order_of_the_catalogue() -> None:
    some = [definition("b"), replace(definition("c"), enabled=False), definition("a")]
    found = assessed(*some, replace(definition("d"), labels=frozenset({Label.EXIT_RISK})))
    assert found.arms == ("a", "b")
    assert found.refused == (("c", Refusal.DISABLED), ("d", Refusal.LABEL_DIFFERS))
    assert assessed(*reversed(some)).arms == ("a", "b")
