"""What every adapter of the log port does alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eitp_server.errors import OutOfRange, Reason
from eitp_server.storage.fault import TickOutOfOrder
from eitp_server.storage.log import DeadLetterRow, Writes
from eitp_server.storage.memory_log import MemoryLog
from eitp_server.storage.sqlite_log import SQLiteLog
from storage.values import (
    ACKNOWLEDGEMENT,
    CENSORED,
    DECISION,
    FORECAST,
    OUTCOME,
    STOPPED,
    intervention,
    packet,
)

if TYPE_CHECKING:
    from eitp_server.storage.log import Log

    AnyLog = MemoryLog | SQLiteLog


async def envelopes(log: Log, after: int) -> list[tuple[int, bytes]]:
    return [item async for item in log.read(after)]


async def commit(log: Log, count: int) -> None:
    first = await log.last() + 1
    for tick in range(first, first + count):
        await log.commit(tick, b"%d" % tick, Writes(packets=[packet(tick)]))


async def test_a_new_log_is_empty(log: AnyLog) -> None:
    assert await log.last() == 0
    assert await log.last_numbers() == (0, 0)
    assert await envelopes(log, 0) == []
    assert await log.packets("shop", 0, 10) == []


async def test_envelopes_come_back_in_order_and_after_the_cursor_only(log: AnyLog) -> None:
    await commit(log, 4)

    assert await envelopes(log, 2) == [(3, b"3"), (4, b"4")]
    assert await envelopes(log, 4) == []
    assert await envelopes(log, 9) == []


async def test_an_envelope_may_be_empty(log: AnyLog) -> None:
    await log.commit(1, b"", Writes())

    assert await envelopes(log, 0) == [(1, b"")]


@pytest.mark.parametrize("tick", [0, 1, 3])
async def test_only_the_next_tick_can_be_committed(log: AnyLog, tick: int) -> None:
    await commit(log, 1)

    with pytest.raises(TickOutOfOrder, match="expects tick 2"):
        await log.commit(tick, b"", Writes(packets=[packet(9)]))

    assert await log.last() == 1
    assert await log.last_numbers() == (1, 0)


async def test_trimmed_envelopes_are_reported_and_not_skipped(log: AnyLog) -> None:
    await commit(log, 40)
    await log.trim(30)

    with pytest.raises(OutOfRange) as refused:
        await envelopes(log, 28)
    assert refused.value.reason is Reason.CURSOR_COMPACTED
    assert refused.value.metadata["oldest"] == "30"
    assert await envelopes(log, 29) == [(tick, b"%d" % tick) for tick in range(30, 41)]


async def test_a_log_that_was_trimmed_to_nothing_goes_on_counting(log: AnyLog) -> None:
    await commit(log, 3)
    await log.trim(1_000)
    await log.trim(2)

    assert await log.last() == 3
    assert await envelopes(log, 3) == []
    await log.commit(4, b"4", Writes())
    assert await envelopes(log, 3) == [(4, b"4")]


async def test_a_page_of_packets_is_of_one_tenant_and_of_one_session_if_asked(log: AnyLog) -> None:
    ours, other_session = packet(1), packet(2, session_id="session-2")
    theirs, ours_again = packet(3, tenant_id="rival"), packet(4)
    await log.commit(1, b"", Writes(packets=[ours, other_session, theirs, ours_again]))

    assert list(await log.packets("shop", 0, 10)) == [ours, other_session, ours_again]
    assert list(await log.packets("shop", 0, 10, session_id="session-1")) == [ours, ours_again]
    assert list(await log.packets("rival", 0, 10, session_id="session-1")) == [theirs]
    assert list(await log.packets("shop", 1, 1)) == [other_session]


async def test_a_page_of_interventions_is_of_one_tenant_and_of_one_session_if_asked(
    log: AnyLog,
) -> None:
    ours, other_session = intervention(1), intervention(2, session_id="session-2")
    theirs, ours_again = intervention(3, tenant_id="rival"), intervention(4)
    rows = [ours, other_session, theirs, ours_again]
    await log.commit(1, b"", Writes(interventions=rows))

    assert list(await log.interventions("shop", 0, 10)) == [ours, other_session, ours_again]
    assert list(await log.interventions("shop", 1, 10, session_id="session-1")) == [ours_again]
    assert list(await log.interventions("shop", 0, 1)) == [ours]


async def test_the_last_numbers_count_packets_and_interventions_apart(log: AnyLog) -> None:
    await log.commit(1, b"", Writes(packets=[packet(1), packet(2)]))
    await log.commit(2, b"", Writes(interventions=[intervention(1)]))

    assert await log.last_numbers() == (2, 1)


async def test_forgotten_packets_are_reported_and_not_skipped(log: AnyLog) -> None:
    await commit(log, 5)
    await log.forget_packets(4)

    with pytest.raises(OutOfRange) as refused:
        await log.packets("shop", 2, 10)
    assert refused.value.reason is Reason.CURSOR_COMPACTED
    assert refused.value.metadata["oldest"] == "4"
    assert list(await log.packets("shop", 3, 10)) == [packet(4), packet(5)]


async def test_forgetting_all_packets_goes_on_counting(log: AnyLog) -> None:
    await commit(log, 3)
    await log.forget_packets(1_000)
    await log.forget_packets(2)

    assert await log.last_numbers() == (3, 0)
    assert await log.packets("shop", 3, 10) == []


async def test_a_tick_may_write_everything_at_once(log: AnyLog) -> None:
    writes = Writes(
        packets=[packet(1)],
        decisions=[DECISION],
        interventions=[intervention(1)],
        acknowledgements=[ACKNOWLEDGEMENT, ACKNOWLEDGEMENT],
        outcomes=[OUTCOME],
        forecasts=[FORECAST],
        censored=[CENSORED, CENSORED],
        stopped=[STOPPED, STOPPED],
        dead_letters=[DeadLetterRow(tenant_id="shop", tick=1, error="bad", payload=b"\0")] * 2,
    )
    await log.commit(1, b"all", writes)

    assert await log.last_numbers() == (1, 1)


async def test_every_log_has_an_incarnation_of_its_own(log: AnyLog) -> None:
    assert log.incarnation
    assert log.incarnation != MemoryLog().incarnation


async def test_a_log_says_what_an_acknowledgement_promises(log: AnyLog) -> None:
    process, disk = 1, 2
    assert log.durability == (disk if isinstance(log, SQLiteLog) else process)


async def test_closing_twice_is_closing_once(log: AnyLog) -> None:
    await log.close()
    await log.close()
