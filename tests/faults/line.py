"""One connection to a server, and the calls that its clients make over it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final, TypeVar

import grpc.aio
from eitp.v1.cursor_pb2 import START_POSITION_OLDEST
from eitp.v1.emotion_service_pb2 import GetStateRequest, WatchPacketsRequest
from eitp.v1.emotion_service_pb2_grpc import EmotionServiceStub
from eitp.v1.intervention_service_pb2 import ReportOutcomeRequest
from eitp.v1.intervention_service_pb2_grpc import InterventionServiceStub
from eitp.v1.session_service_pb2 import CloseSessionRequest
from eitp.v1.session_service_pb2_grpc import SessionServiceStub
from eitp.v1.telemetry_service_pb2 import IngestRequest, IngestStreamRequest
from eitp.v1.telemetry_service_pb2_grpc import TelemetryServiceStub

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from eitp.v1.packet_pb2 import Packet
    from eitp.v1.telemetry_pb2 import TelemetryBatch
    from faults.server import Server
    from faults.visit import Visit

Result = TypeVar("Result")

MOST_BATCHES: Final = 256
"""In one request."""
_TIMEOUT: Final = 10.0
_IN_FLIGHT: Final = 8
"""Messages of the relay that wait for their acknowledgement."""
_AT_ONCE: Final = 32
"""Calls that are made at a time."""


class Line:
    """One connection to a server."""

    def __init__(self, server: Server) -> None:
        # Without its own pool, the next server on the same port would inherit the back-off.
        options = (("grpc.use_local_subchannel_pool", 1),)
        self._channel = grpc.aio.insecure_channel(server.address, options=options)
        self._sessions = SessionServiceStub(self._channel)
        self._telemetry = TelemetryServiceStub(self._channel)
        self._emotion = EmotionServiceStub(self._channel)
        self._interventions = InterventionServiceStub(self._channel)
        self._secret = _bearer(server.secret)

    async def __aenter__(self) -> Line:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._channel.close()

    async def open(self, visit: Visit) -> int:
        """Open a session, or ask for it again; return the sequence that is next."""
        opened = await self._sessions.OpenSession(
            visit.opening(), metadata=self._secret, timeout=_TIMEOUT
        )
        visit.session_id, visit.token = opened.session.session_id, opened.session_token
        return opened.next_sequence

    async def ingest(self, visit: Visit, count: int) -> None:
        """Send the next batches of a session and note that they are durable."""
        batches = visit.next_batches(count)
        response = await self._telemetry.Ingest(
            IngestRequest(batches=batches), metadata=_bearer(visit.token), timeout=_TIMEOUT
        )
        assert not response.rejections, response
        visit.acknowledged = batches[-1].sequence

    async def ingest_all(self, visits: Sequence[Visit]) -> None:
        """Send the next batch of every session and note that it is durable."""
        for begin in range(0, len(visits), MOST_BATCHES):
            chunk = visits[begin : begin + MOST_BATCHES]
            batches = [visit.next_batches(1)[0] for visit in chunk]
            response = await self._telemetry.Ingest(
                IngestRequest(batches=batches), metadata=self._secret, timeout=_TIMEOUT
            )
            assert not response.rejections, response
            for visit, batch in zip(chunk, batches, strict=True):
                visit.acknowledged = batch.sequence

    async def close(self, visit: Visit) -> None:
        """End a session."""
        await self._sessions.CloseSession(
            CloseSessionRequest(session_id=visit.session_id), metadata=self._secret
        )

    async def relay(self, turns: Iterator[Iterator[Visit]]) -> None:
        """Send messages of a batch per visit, a few of them ahead of their acknowledgement."""
        call: Any = self._telemetry.IngestStream(metadata=self._secret)
        flying: deque[list[tuple[Visit, int]]] = deque()
        acknowledged = 0
        for turn in turns:
            visits = list(turn)
            message = [batch for visit in visits for batch in visit.next_batches(1)]
            try:
                await call.write(IngestStreamRequest(batches=message))
            except asyncio.InvalidStateError:
                # The call ended right before: its own status says why.
                await call.read()
                raise
            flying.append([(v, b.sequence) for v, b in zip(visits, message, strict=True)])
            if len(flying) < _IN_FLIGHT:
                continue
            response = await call.read()
            assert not response.rejections, response
            for _ in range(response.acknowledged_messages - acknowledged):
                for visit, sequence in flying.popleft():
                    visit.acknowledged = sequence
            acknowledged = response.acknowledged_messages

    async def send_again(self, batches: Sequence[TelemetryBatch]) -> int:
        """Send batches that were sent before and return how many the server recognised."""
        response = await self._telemetry.Ingest(
            IngestRequest(batches=batches), metadata=self._secret, timeout=_TIMEOUT
        )
        return response.duplicates

    async def state(self, visit: Visit) -> Packet:
        """Return what the server believes about a session."""
        response = await self._emotion.GetState(
            GetStateRequest(session_id=visit.session_id), metadata=self._secret, timeout=_TIMEOUT
        )
        return response.packet

    async def first_packet(self) -> Packet:
        """Return the oldest packet of the feed."""
        request = WatchPacketsRequest(start=START_POSITION_OLDEST)
        call: Any = self._emotion.WatchPackets(request, metadata=self._secret, timeout=_TIMEOUT)
        async for response in call:
            if response.HasField("packet"):
                call.cancel()
                return response.packet
        raise AssertionError("the feed ended")

    async def report(self, visit: Visit) -> bool:
        """Report the session's outcome; return whether the server knew it."""
        response = await self._interventions.ReportOutcome(
            ReportOutcomeRequest(outcome=visit.outcome()), metadata=self._secret, timeout=_TIMEOUT
        )
        visit.outcome_acknowledged = True
        return response.duplicate


async def some_at_a_time(
    call: Callable[[Visit], Awaitable[Result]], visits: Sequence[Visit]
) -> list[Result]:
    """Make a call for every visit and return the answers."""
    free = asyncio.Semaphore(_AT_ONCE)

    async def one(visit: Visit) -> Result:
        async with free:
            return await call(visit)

    return await asyncio.gather(*map(one, visits))


def _bearer(secret: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {secret}"),)
