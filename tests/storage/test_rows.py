"""Values survive the tables, each number in the column of its name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from eitp_server.classification.packet import DIMENSIONS
from eitp_server.storage.log import Writes
from eitp_server.storage.queries import Queries
from eitp_server.storage.tables import EmotionalEvent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from storage.values import PACKET, decisions, packets

if TYPE_CHECKING:
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
