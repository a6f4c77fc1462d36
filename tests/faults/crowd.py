"""The load: browsers, one relay and newcomers, who note what the server answered for."""

from __future__ import annotations

import asyncio
from itertools import cycle, islice
from typing import TYPE_CHECKING, Final

import grpc
import grpc.aio
from faults.checker import Claims
from faults.line import MOST_BATCHES, Line, some_at_a_time
from faults.visit import Visit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from faults.server import Server

_BROWSERS: Final = 8
_DETAILS: Final = "grpc-status-details-bin"


class Crowd:
    """Everybody who talks to the server, over all its lives."""

    def __init__(self, *, browsing: int, relayed: int, batches: int = 3) -> None:
        """Have so many sessions of either kind; a browser's request has `batches`."""
        self.browsing = [Visit() for _ in range(browsing)]
        self.relayed = [Visit() for _ in range(relayed)]
        self.newcomers: list[Visit] = []
        self._batches = batches

    @property
    def visits(self) -> list[Visit]:
        """All sessions that were ever asked for."""
        return [*self.browsing, *self.relayed, *self.newcomers]

    def claims(self) -> Claims:
        """Return what was sent, and what was acknowledged."""
        claims = Claims()
        for visit in self.visits:
            for number, batch in enumerate(visit.sent):
                name = visit.session_id, batch.sequence
                claims.sent[name] = batch.SerializeToString()
                if number < visit.acknowledged:
                    claims.acknowledged.add(name)
        return claims

    async def arrive(self, server: Server) -> None:
        """Open every session that is not open yet, and go back to what is not acknowledged."""
        async with Line(server) as line:
            for visit in self.visits:
                visit.reconnect()
            new = [visit for visit in self.visits if not visit.session_id]
            await some_at_a_time(line.open, new)

    async def rush(self, server: Server) -> None:
        """Send as fast as the server answers, until it is gone."""
        try:
            async with Line(server) as line, asyncio.TaskGroup() as tasks:
                for number in range(_BROWSERS):
                    tasks.create_task(self._browse(line, self.browsing[number::_BROWSERS]))
                if self.relayed:
                    tasks.create_task(self._relay(line))
                tasks.create_task(self._come_in(line))
        except* grpc.aio.AioRpcError as failures:
            _expect_only_silence(failures)

    async def confirm(self, server: Server) -> None:
        """Say again what was acknowledged before and see that the server knows all of it."""
        async with Line(server) as line:
            known = [visit for visit in self.visits if visit.session_id]
            following = await some_at_a_time(line.open, known)
            for visit, sequence in zip(known, following, strict=True):
                assert sequence > visit.acknowledged, f"{visit.session_id} lost its place"
            reported = [visit for visit in self.visits if visit.outcome_acknowledged]
            assert all(await some_at_a_time(line.report, reported)), "an outcome was lost"
            again = [batch for visit in self.visits for batch in visit.latest_acknowledged()]
            for begin in range(0, len(again), MOST_BATCHES):
                chunk = again[begin : begin + MOST_BATCHES]
                assert await line.send_again(chunk) == len(chunk), "a batch was applied again"

    async def _browse(self, line: Line, visits: Sequence[Visit]) -> None:
        for visit in cycle(visits):
            await line.ingest(visit, self._batches)

    async def _relay(self, line: Line) -> None:
        turns = cycle(self.relayed)
        await line.relay(islice(turns, 16) for _ in iter(int, 1))

    async def _come_in(self, line: Line) -> None:
        while True:
            visit = Visit()
            self.newcomers.append(visit)
            await line.open(visit)
            for _ in range(3):
                await line.ingest(visit, 4)
            await line.report(visit)


def _expect_only_silence(failures: ExceptionGroup[grpc.aio.AioRpcError]) -> None:
    """Raise the failures that are not those of a server that is gone."""
    rest = [error for error in failures.exceptions if not _is_silence(error)]
    if rest:
        raise ExceptionGroup("the server refused", rest)


def _is_silence(error: Exception) -> bool:
    """Tell whether gRPC itself says that the server is gone; what a server says has details."""
    if not isinstance(error, grpc.aio.AioRpcError):
        return False
    details = [key for key, _ in error.trailing_metadata() or () if key == _DETAILS]
    return not details and error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED
