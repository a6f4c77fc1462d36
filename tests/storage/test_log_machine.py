"""Both adapters of the log port against a model of three lists."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from eitp_server.errors import OutOfRange, Reason
from eitp_server.storage.fault import TickOutOfOrder
from eitp_server.storage.log import InterventionRow, Writes
from eitp_server.storage.memory_log import MemoryLog
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.sqlite_log import SQLiteLog
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from storage.values import intervention, packet

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any, TypeVar

    from eitp_server.classification.packet import Packet

    Result = TypeVar("Result")

_names = st.sampled_from(["a", "b"])
_owners = st.lists(st.tuples(_names, _names), max_size=3)
_positions = st.integers(min_value=0, max_value=30)
_limits = st.integers(min_value=0, max_value=5)


class LogMachine(RuleBasedStateMachine):
    """Commits, reads, trims and forgets in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.log: MemoryLog | SQLiteLog = self.open()
        self.incarnation = self.log.incarnation
        self.envelopes: list[bytes] = []
        self.packets: list[Packet] = []
        self.interventions: list[InterventionRow] = []
        self.oldest_tick = 1
        self.oldest_packet = 1

    def open(self) -> MemoryLog | SQLiteLog:
        return MemoryLog()

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(coroutine)

    def teardown(self) -> None:
        self.run(self.log.close())
        self.runner.close()

    @rule(envelope=st.binary(max_size=20), packets=_owners, interventions=_owners)
    def commit(
        self,
        envelope: bytes,
        packets: list[tuple[str, str]],
        interventions: list[tuple[str, str]],
    ) -> None:
        writes = Writes(
            packets=[
                packet(number, tenant_id=tenant, session_id=session)
                for number, (tenant, session) in enumerate(packets, len(self.packets) + 1)
            ],
            interventions=[
                intervention(number, tenant_id=tenant, session_id=session)
                for number, (tenant, session) in enumerate(
                    interventions, len(self.interventions) + 1
                )
            ],
        )
        self.run(self.log.commit(len(self.envelopes) + 1, envelope, writes))
        self.envelopes.append(envelope)
        self.packets += writes.packets
        self.interventions += writes.interventions

    @rule(tick=_positions)
    def offer_another_tick_than_the_next(self, tick: int) -> None:
        if tick == len(self.envelopes) + 1:
            return
        number = len(self.packets) + 1
        with pytest.raises(TickOutOfOrder):
            self.run(self.log.commit(tick, b"", Writes(packets=[packet(number)])))

    @rule(after=_positions)
    def read(self, after: int) -> None:
        if after + 1 < self.oldest_tick:
            self.assert_compacted(self.oldest_tick, self.read_all(after))
        else:
            expected = list(enumerate(self.envelopes, 1))[after:]
            assert self.run(self.read_all(after)) == expected

    async def read_all(self, after: int) -> list[tuple[int, bytes]]:
        return [item async for item in self.log.read(after)]

    @rule(before=_positions)
    def trim(self, before: int) -> None:
        self.run(self.log.trim(before))
        self.oldest_tick = max(self.oldest_tick, min(before, len(self.envelopes) + 1))

    @rule(before=_positions)
    def forget_packets(self, before: int) -> None:
        self.run(self.log.forget_packets(before))
        self.oldest_packet = max(self.oldest_packet, min(before, len(self.packets) + 1))

    @rule(tenant=_names, session=st.just("") | _names, after=_positions, limit=_limits)
    def page_through_packets(self, tenant: str, session: str, after: int, limit: int) -> None:
        page = self.log.packets(tenant, after, limit, session_id=session)
        if after + 1 < self.oldest_packet:
            self.assert_compacted(self.oldest_packet, page)
        else:
            expected = [
                packet
                for packet in self.packets[after:]
                if packet.tenant_id == tenant and session in ("", packet.session_id)
            ]
            assert list(self.run(page)) == expected[:limit]

    @rule(tenant=_names, session=st.just("") | _names, after=_positions, limit=_limits)
    def page_through_interventions(self, tenant: str, session: str, after: int, limit: int) -> None:
        expected = [
            row
            for row in self.interventions[after:]
            if row.tenant_id == tenant and session in ("", row.session_id)
        ]
        page = self.run(self.log.interventions(tenant, after, limit, session_id=session))
        assert list(page) == expected[:limit]

    @invariant()
    def the_ends_are_known(self) -> None:
        assert self.run(self.log.last()) == len(self.envelopes)
        assert self.run(self.log.last_numbers()) == (len(self.packets), len(self.interventions))
        assert self.log.incarnation == self.incarnation

    def assert_compacted(self, oldest: int, job: Coroutine[Any, Any, object]) -> None:
        with pytest.raises(OutOfRange) as refused:
            self.run(job)
        assert refused.value.reason is Reason.CURSOR_COMPACTED
        assert refused.value.metadata["oldest"] == str(oldest)


class SQLiteLogMachine(LogMachine):
    """The same on disk, closed and opened again in between."""

    def open(self) -> SQLiteLog:
        self.directory = Path(tempfile.mkdtemp(prefix="eitp-log-"))
        return self.run(self.open_directory())

    async def open_directory(self) -> SQLiteLog:
        return await SQLiteLog.open(await SQLiteDatabase.open(self.directory))

    @rule()
    def reopen(self) -> None:
        self.run(self.log.close())
        self.log = self.run(self.open_directory())

    def teardown(self) -> None:
        super().teardown()
        shutil.rmtree(self.directory)


_short = settings(max_examples=25, stateful_step_count=25)
TestMemoryLog = LogMachine.TestCase
TestMemoryLog.settings = _short
TestSQLiteLog = SQLiteLogMachine.TestCase
TestSQLiteLog.settings = _short
