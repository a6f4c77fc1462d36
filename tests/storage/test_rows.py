"""Values survive the tables, each number in the column of its name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from eitp_server.classification.packet import DIMENSIONS
from eitp_server.storage.log import CensoredRow, StoppedRow, Writes
from eitp_server.storage.queries import Queries
from eitp_server.storage.tables import (
    CensoredDecision,
    EmotionalEvent,
    Record,
    StoppedIntervention,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select
from storage.values import CENSORED, PACKET, STOPPED, censored, decisions, packets, stopped

if TYPE_CHECKING:
    from collections.abc import Callable

    from eitp_server.bandit.decision import Decision
    from eitp_server.classification.packet import Packet
    from eitp_server.storage.sqlite_database import SQLiteDatabase
    from eitp_server.storage.sqlite_log import SQLiteLog
    from sqlmodel import Session


_on_one_database = settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@_on_one_database
@given(packets=st.lists(packets, max_size=4))
async def test_packets_come_back_exactly_as_they_were_written(
    database: SQLiteDatabase, sqlite_log: SQLiteLog, packets: list[Packet]
) -> None:
    last, _ = await sqlite_log.last_numbers()
    packets = [
        replace(packet, tenant_id="shop", packet_id=f"packet-{number}", number=number)
        for number, packet in enumerate(packets, last + 1)
    ]
    await sqlite_log.commit(await sqlite_log.last() + 1, b"", Writes(packets=packets))

    assert await sqlite_log.packets("shop", last, 10) == packets
    for packet in packets:
        assert await Queries(database).packet("shop", packet.packet_id) == packet


@_on_one_database
@given(decision=decisions)
async def test_decisions_come_back_exactly_as_they_were_written(
    database: SQLiteDatabase, sqlite_log: SQLiteLog, decision: Decision
) -> None:
    tick = await sqlite_log.last() + 1
    decision = replace(decision, decision_id=f"decision-{tick}")
    await sqlite_log.commit(tick, b"", Writes(decisions=[decision]))

    found = await Queries(database).decision(decision.cell.tenant_id, decision.decision_id)
    assert found == decision


async def test_what_was_censored_and_stopped_comes_back_as_it_was_first_written(
    database: SQLiteDatabase, sqlite_log: SQLiteLog
) -> None:
    later = replace(STOPPED, epoch=4, metric=5)
    again = replace(CENSORED, at_us=CENSORED.at_us + 1), replace(STOPPED, at_us=STOPPED.at_us + 1)
    await sqlite_log.commit(1, b"", Writes(censored=[CENSORED], stopped=[STOPPED, later]))
    await sqlite_log.commit(2, b"", Writes(censored=[again[0]], stopped=[again[1]]))

    assert await kept(database, CensoredDecision, CensoredRow) == [CENSORED]
    assert await kept(database, StoppedIntervention, StoppedRow) == [STOPPED, later]


@_on_one_database
@given(censored=censored, stopped=stopped)
async def test_each_censored_and_stopped_row_keeps_its_values(
    database: SQLiteDatabase, sqlite_log: SQLiteLog, censored: CensoredRow, stopped: StoppedRow
) -> None:
    tick = await sqlite_log.last() + 1
    censored = replace(censored, decision_id=f"decision-{tick}")
    stopped = replace(stopped, definition_id=f"definition-{tick}")
    await sqlite_log.commit(tick, b"", Writes(censored=[censored], stopped=[stopped]))

    assert censored in await kept(database, CensoredDecision, CensoredRow)
    assert stopped in await kept(database, StoppedIntervention, StoppedRow)


async def kept(
    database: SQLiteDatabase, table: type[Record], row: Callable[..., object]
) -> list[object]:
    """Every row of a table, as it was written."""
    return await database.read(
        lambda session: [row(**each.model_dump()) for each in session.exec(select(table))]
    )


async def test_each_dimension_is_in_the_column_of_its_name(
    database: SQLiteDatabase, sqlite_log: SQLiteLog
) -> None:
    await sqlite_log.commit(1, b"", Writes(packets=[PACKET]))

    def look(session: Session) -> dict[str, object]:
        return session.get_one(EmotionalEvent, ("shop", "packet-1")).model_dump()

    event = await database.read(look)
    assert tuple(event[name] for name in DIMENSIONS) == PACKET.mean
    assert tuple(event[f"{name}_uncertainty"] for name in DIMENSIONS) == PACKET.uncertainty
    same_name = ("sequence", "confidence", "model", "suppressed", "valid_until_us")
    assert {name: event[name] for name in same_name} == {
        name: getattr(PACKET, name) for name in same_name
    }
    assert (event["vertical"], event["page_type"], event["page_section"]) == ("automotive", 2, 3)
    assert event["evidence"] == (
        '[{"signal":10,"value":1200.0,"baseline":null,"weight":0.7,"rule_version":"latency-1"}]'
    )
