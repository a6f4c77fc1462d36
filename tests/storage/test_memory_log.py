"""What only the log in memory does."""

from __future__ import annotations

import pytest
from eitp_server.errors import Exhausted, Reason
from eitp_server.storage.log import Writes
from eitp_server.storage.memory_log import MemoryLog
from storage.values import DECISION, FORECAST, packet


async def test_a_log_at_its_capacity_refuses_a_commit_whole_until_it_is_trimmed() -> None:
    log = MemoryLog(capacity=10)
    await log.commit(1, b"123456", Writes())

    with pytest.raises(Exhausted) as refused:
        await log.commit(2, b"12345", Writes(packets=[packet(1)]))
    assert refused.value.reason is Reason.STORAGE_FULL
    assert (await log.last(), await log.last_numbers()) == (1, (0, 0))

    await log.trim(2)
    await log.commit(2, b"12345", Writes(packets=[packet(1)]))


async def test_what_was_written_can_be_looked_at() -> None:
    log = MemoryLog()
    await log.commit(1, b"", Writes(decisions=[DECISION], forecasts=[FORECAST]))

    assert log.written.decisions == [DECISION]
    assert log.written.forecasts == [FORECAST]
