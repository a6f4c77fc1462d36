"""The lines of visits: kept over a restart, and never longer than what they say is true."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eitp_server.bandit.decision import Cell
from eitp_server.bandit.lines import encode
from eitp_server.interventions.visit import OpenDecision, Sent, Visit, from_json, to_json
from eitp_server.interventions.visits import Visits
from eitp_server.storage.log import AcknowledgementRow, InterventionRow, OutcomeRow
from hypothesis import given
from hypothesis import strategies as st
from interventions.shop import HOUR, UNLIMITED, open_shop, reloaded
from interventions.test_policy_state import GAPS, Player

if TYPE_CHECKING:
    from eitp_server.interventions.policy import Policy
    from interventions.test_policy_state import Step

FOREVER = 1_000 * HOUR


def busy() -> Player:
    """Play decisions in two sessions, some of which led to an intervention."""
    player = Player(open_shop(arms=2))
    player.play([("decide", number % 2, 1, 0) for number in range(8)])
    assert {session for session, _ in player.sent} == {"session-0", "session-1"}
    return player


def visits_of(policy: Policy) -> Visits:
    return policy._visits  # pyright: ignore[reportPrivateUsage]


def written_anew(visits: Visits) -> list[str]:
    kept = visits._visits.values()  # pyright: ignore[reportPrivateUsage]
    return [encode(to_json(visit)) for visit in kept]


def loaded(lines: list[str]) -> Visits:
    visits = Visits(FOREVER)
    visits.load(lines)
    return visits


def note_nothing(_: Visits, __: Visit) -> None:
    """Take the place of what throws a line away."""


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("decide", "outcome", "acknowledge", "withdraw", "forget")),
            st.integers(0, 1),
            st.integers(0, 9),
            st.sampled_from(GAPS),
        ),
        max_size=30,
    ),
    st.integers(0, 30),
)
def test_no_line_outlives_a_change(stream: list[Step], restart: int) -> None:
    player = busy()
    for number, step in enumerate(stream):
        if number == restart:
            player.policy = reloaded(player.policy, UNLIMITED)
        player.play([step])
        visits = visits_of(player.policy)
        assert visits.dump() == written_anew(visits)


@pytest.mark.parametrize("call", ["acknowledge", "outcome", "withdraw"])
@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("forgetful", [False, True])
def test_a_change_that_is_not_noted_would_be_seen(
    monkeypatch: pytest.MonkeyPatch, call: str, *, restart: bool, forgetful: bool
) -> None:
    # The forgetful are the negative control of the test above.
    player = busy()
    before = visits_of(player.policy).dump()
    if restart:
        player.policy = reloaded(player.policy, UNLIMITED)
    if forgetful:
        monkeypatch.setattr(Visits, "changed", note_nothing)
    player.play([(call, 0, 0, 0)])
    visits = visits_of(player.policy)
    assert written_anew(visits) != before
    assert (visits.dump() == written_anew(visits)) is not forgetful


_texts = st.text(max_size=8)
_integers = st.integers(-(2**63), 2**63)
_decisions = st.builds(
    OpenDecision,
    decision_id=st.uuids().map(str),
    cell=st.builds(
        Cell, tenant_id=_texts, vertical=_texts, label=_integers, page_section=_integers
    ),
    chosen=_texts,
    holdout=st.booleans(),
    decided_at_us=_integers,
    priority=_integers,
    succeeded=st.booleans(),
    delay_us=_integers,
    censored=st.booleans(),
)
_sent = st.builds(
    Sent,
    row=st.builds(
        InterventionRow,
        intervention_id=_texts,
        decision_id=_texts,
        tenant_id=_texts,
        session_id=_texts,
        definition_id=_texts,
        definition_revision=_integers,
        number=_integers,
        created_at_us=_integers,
        expires_at_us=_integers,
    ),
    acknowledgement=st.none()
    | st.builds(
        AcknowledgementRow,
        intervention_id=_texts,
        tenant_id=_texts,
        disposition=_integers,
        at_us=_integers,
    ),
)
_outcomes = st.builds(
    OutcomeRow,
    outcome_id=_texts,
    tenant_id=_texts,
    session_id=_texts,
    decision_id=_texts,
    kind=_integers,
    value_micros=_integers,
    currency=_texts,
    occurred_at_us=_integers,
    received_at_us=_integers,
)
_visits = st.builds(
    Visit,
    tenant_id=_texts,
    session_id=st.uuids().map(str),
    touched_at_us=_integers,
    decided=_integers,
    decisions=st.lists(_decisions, max_size=3),
    sent=st.lists(_sent, max_size=3).map(lambda all_: {x.row.intervention_id: x for x in all_}),
    outcomes=st.lists(_outcomes, max_size=3).map(lambda all_: {x.outcome_id: x for x in all_}),
)


@given(st.lists(_visits, max_size=4))
def test_what_is_read_back_has_the_same_lines_also_when_written_anew(known: list[Visit]) -> None:
    lines = [encode(to_json(visit)) for visit in known]
    copy = loaded(lines)
    assert copy.dump() == lines
    assert written_anew(copy) == lines
    assert [copy.find(visit.tenant_id, visit.session_id) for visit in known] == known


def test_what_many_have_in_common_is_read_into_one_object() -> None:
    player = busy()
    visits = loaded(visits_of(player.policy).dump())
    one, other = visits.find("shop", "session-0"), visits.find("shop", "session-1")
    assert one is not None
    assert other is not None
    assert len({id(each.cell) for visit in (one, other) for each in visit.decisions}) == 1
    for visit in (one, other):
        ids = {each.decision_id: each.decision_id for each in visit.decisions}
        for sent in visit.sent.values():
            assert sent.row.session_id is visit.session_id
            assert sent.row.tenant_id is visit.tenant_id
            assert sent.row.decision_id is ids[sent.row.decision_id]


def test_a_visit_is_read_alone_as_well() -> None:
    visit = Visit(tenant_id="shop", session_id="s", decided=3)
    assert from_json(to_json(visit)) == visit
