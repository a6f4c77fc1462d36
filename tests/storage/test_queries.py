"""Reading what the log's transactions left."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from eitp_server.storage.log import DeadLetterRow, Writes
from eitp_server.storage.queries import Queries
from storage.values import (
    ACKNOWLEDGEMENT,
    DECISION,
    INTERVENTION,
    OUTCOME,
    PACKET,
    intervention,
)

if TYPE_CHECKING:
    from eitp_server.bandit.decision import Decision
    from eitp_server.storage.page import Position
    from eitp_server.storage.sqlite_database import SQLiteDatabase
    from eitp_server.storage.sqlite_log import SQLiteLog


@pytest.fixture
def queries(database: SQLiteDatabase) -> Queries:
    """Queries over the database of the log."""
    return Queries(database)


def decision(number: int, at_us: int, *, tenant_id: str = "shop", session: str = "1") -> Decision:
    return replace(
        DECISION,
        decision_id=f"decision-{number}",
        cell=replace(DECISION.cell, tenant_id=tenant_id),
        decided_at_us=at_us,
        session_id=f"session-{session}",
    )


async def test_what_is_not_there_is_none(sqlite_log: SQLiteLog, queries: Queries) -> None:
    assert await queries.packet("shop", "x") is None
    assert await queries.decision("shop", "x") is None
    assert await queries.intervention("shop", "x") is None
    assert await queries.outcome("shop", "x") is None
    assert await queries.dead_letter("shop", "x") is None
    assert await queries.dead_letter("shop", "1-0") is None


async def test_each_row_is_found_by_its_tenant_only(
    sqlite_log: SQLiteLog, queries: Queries
) -> None:
    await sqlite_log.commit(
        1,
        b"",
        Writes(
            packets=[PACKET],
            decisions=[DECISION],
            interventions=[INTERVENTION],
            outcomes=[OUTCOME],
        ),
    )

    assert await queries.packet("shop", "packet-1") == PACKET
    assert await queries.decision("shop", "decision-1") == DECISION
    assert await queries.intervention("shop", "intervention-1") == INTERVENTION
    assert await queries.outcome("shop", "outcome-1") == OUTCOME
    assert await queries.packet("rival", "packet-1") is None
    assert await queries.decision("rival", "decision-1") is None
    assert await queries.intervention("rival", "intervention-1") is None
    assert await queries.outcome("rival", "outcome-1") is None
    assert (await queries.decisions("rival", 10)).items == ()
    assert (await queries.interventions("rival", 10)).items == ()
    assert (await queries.outcomes("rival", 10)).items == ()


async def test_decisions_are_paged_newest_first_without_gap_or_repeat(
    sqlite_log: SQLiteLog, queries: Queries
) -> None:
    at = [5, 1, 3, 3, 3, 2, 5]
    decisions = [decision(number, at_us) for number, at_us in enumerate(at)]
    await sqlite_log.commit(1, b"", Writes(decisions=decisions))

    found: list[Decision] = []
    after: Position | None = None
    while True:
        page = await queries.decisions("shop", 2, after=after)
        found += page.items
        after = page.next
        if after is None:
            break
    assert found == sorted(
        decisions, key=lambda each: (each.decided_at_us, each.decision_id), reverse=True
    )


async def test_a_page_that_is_just_full_is_the_last_one(
    sqlite_log: SQLiteLog, queries: Queries
) -> None:
    await sqlite_log.commit(1, b"", Writes(decisions=[decision(1, 1), decision(2, 2)]))

    assert (await queries.decisions("shop", 2)).next is None
    assert (await queries.decisions("shop", 1)).next is not None


async def test_rows_that_arrive_between_pages_move_nothing(
    sqlite_log: SQLiteLog, queries: Queries
) -> None:
    await sqlite_log.commit(1, b"", Writes(decisions=[decision(1, 1), decision(2, 2)]))
    first = await queries.decisions("shop", 1)
    await sqlite_log.commit(2, b"", Writes(decisions=[decision(3, 3)]))

    assert (await queries.decisions("shop", 1, after=first.next)).items == (decision(1, 1),)


async def test_decisions_can_be_those_of_one_session(
    sqlite_log: SQLiteLog, queries: Queries
) -> None:
    wanted = decision(2, 2, session="2")
    await sqlite_log.commit(1, b"", Writes(decisions=[decision(1, 1), wanted]))

    assert (await queries.decisions("shop", 10, session_id="session-2")).items == (wanted,)


async def test_a_decision_is_delivered_once_a_page_reported_on_its_intervention(
    sqlite_log: SQLiteLog, queries: Queries
) -> None:
    reported = replace(ACKNOWLEDGEMENT, intervention_id="intervention-2")
    foreign = replace(ACKNOWLEDGEMENT, tenant_id="rival", intervention_id="intervention-1")
    await sqlite_log.commit(
        1,
        b"",
        Writes(
            interventions=[intervention(1), intervention(2)],
            acknowledgements=[reported, foreign],
        ),
    )

    wanted = ["decision-1", "decision-2"]
    assert await queries.delivered("shop", wanted) == {"decision-2"}
    assert await queries.delivered("shop", ["decision-1"]) == frozenset()


async def test_the_first_report_of_each_disposition_is_kept(
    sqlite_log: SQLiteLog, queries: Queries
) -> None:
    clicked = replace(ACKNOWLEDGEMENT, disposition=3, at_us=ACKNOWLEDGEMENT.at_us + 1)
    repeated = replace(ACKNOWLEDGEMENT, at_us=ACKNOWLEDGEMENT.at_us + 2)
    await sqlite_log.commit(1, b"", Writes(acknowledgements=[ACKNOWLEDGEMENT]))
    await sqlite_log.commit(2, b"", Writes(acknowledgements=[clicked, repeated]))

    found = await queries.acknowledgements("shop", "intervention-1")
    assert found == [ACKNOWLEDGEMENT, clicked]


async def test_interventions_and_outcomes_are_paged_newest_first(
    sqlite_log: SQLiteLog, queries: Queries
) -> None:
    shown = [intervention(number) for number in (1, 2, 3)]
    credited = replace(OUTCOME, outcome_id="b", decision_id="decision-2")
    await sqlite_log.commit(1, b"", Writes(interventions=shown, outcomes=[OUTCOME, credited]))

    first = await queries.interventions("shop", 2)
    assert first.items == (shown[2], shown[1])
    assert (await queries.interventions("shop", 2, after=first.next)).items == (shown[0],)
    page = await queries.outcomes("shop", 1)
    assert page.items == (OUTCOME,)
    assert (await queries.outcomes("shop", 1, after=page.next)).items == (credited,)
    assert (await queries.outcomes("shop", 9, decision_id="decision-2")).items == (credited,)
    assert (await queries.interventions("shop", 9, session_id="other")).items == ()


async def test_dead_letters_are_listed_oldest_first(
    sqlite_log: SQLiteLog, queries: Queries
) -> None:
    letters = [
        DeadLetterRow(tenant_id="shop", tick=tick, error=f"error {tick}", payload=b"\0\xff")
        for tick in (1, 1, 10)
    ]
    await sqlite_log.commit(1, b"", Writes(dead_letters=letters[:2]))
    await sqlite_log.commit(2, b"", Writes(dead_letters=letters[2:]))

    kept = await queries.dead_letters("shop", 10)
    assert [each.dead_letter_id for each in kept] == ["1-0", "1-1", "10-0"]
    assert [each.letter for each in kept] == letters
    assert await queries.dead_letters("shop", 10, after="1-0") == kept[1:]
    assert await queries.dead_letters("shop", 1) == kept[:1]
    assert await queries.dead_letter("shop", "1-1") == kept[1]
    assert await queries.dead_letters("rival", 10) == []
