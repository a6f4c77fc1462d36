"""One visit of one shopper: telemetry out, state and interventions in."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .caller import Caller
from .errors import Conflict, Invalid
from .recording.batch import MOST_EVENTS, SAMPLE_MS, SPAN_MS
from .telemetry import Batcher, Encoder
from .v1.intervention_service_pb2 import WatchInterventionsRequest
from .v1.session_service_pb2 import CloseSessionRequest, OpenSessionRequest
from .v1.session_service_pb2_grpc import SessionServiceStub
from .v1.telemetry_service_pb2 import IngestRequest
from .v1.telemetry_service_pb2_grpc import TelemetryServiceStub

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from google.protobuf.duration_pb2 import Duration

    from .connection import Connection, Credential
    from .recording import Batch, Event
    from .v1.intervention_pb2 import Intervention
    from .v1.packet_pb2 import Packet
    from .v1.session_service_pb2 import OpenSessionResponse
    from .v1.telemetry_pb2 import BatchRejection, TelemetryBatch
    from .v1.telemetry_service_pb2 import IngestResponse

MOST_BATCHES = 16
"""In one request, so that it stays small enough for every server."""
SESSION_BACKLOG = 1_000
"""Batches that are kept while the server is away, about eight minutes of a hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of the batches that were sent."""

    applied: int = 0
    duplicates: int = 0
    """Batches that had been applied before and were recognised."""
    rejections: tuple[BatchRejection, ...] = ()
    """Batches that can never be applied; the session has given them up."""
    packet: Packet | None = None
    """The session's state after them, when asked for."""

    def plus(self, response: IngestResponse) -> Receipt:
        """Return the receipt of this and of one more request."""
        final = (rejection for rejection in response.rejections if not rejection.retryable)
        return Receipt(
            applied=self.applied + response.applied,
            duplicates=self.duplicates + response.duplicates,
            rejections=(*self.rejections, *final),
            packet=response.packets[0] if response.packets else self.packet,
        )


class SessionToken:
    """The short-lived credential of one session; an expired one is traded for a fresh one."""

    def __init__(
        self, connection: Connection, key: Credential, request: OpenSessionRequest, secret: str
    ) -> None:
        self.secret = secret
        self._connection = connection
        self._key = key
        self._request = request

    async def renew(self) -> bool:
        """Resume the session. Raises SessionGone when it has ended."""
        request = OpenSessionRequest()
        request.CopyFrom(self._request)
        request.request_id = str(uuid.uuid4())
        request.resume_token = self.secret
        service = SessionServiceStub(self._connection.channel)
        opened = await self._connection.call(service.OpenSession, request, self._key)
        self.secret = opened.session_token
        return True


class Session(Caller):
    """An open session; `Client.open_session` makes them.

    Batches are kept until the server acknowledges them as durable. When a call fails because the
    server is away, they stay, and the next call sends them first.
    """

    def __init__(
        self,
        connection: Connection,
        key: Credential,
        request: OpenSessionRequest,
        opened: OpenSessionResponse,
        *,
        most_unacknowledged: int = SESSION_BACKLOG,
    ) -> None:
        self._token = SessionToken(connection, key, request, opened.session_token)
        super().__init__(connection, self._token)
        self.session_id = opened.session.session_id
        self._sessions = SessionServiceStub(connection.channel)
        self._telemetry = TelemetryServiceStub(connection.channel)
        self._encoder = Encoder(
            self.session_id,
            target_salt=opened.target_salt,
            next_sequence=opened.next_sequence or 1,
            page=request.page,
        )
        self._batcher = Batcher(
            sample_ms=_milliseconds(opened.sample_interval) or SAMPLE_MS,
            span_ms=_milliseconds(opened.batch_interval) or SPAN_MS,
            most_events=MOST_EVENTS,
        )
        self._most_unacknowledged = most_unacknowledged
        self._unacknowledged: list[TelemetryBatch] = []
        self._dropped = 0
        self._sending = asyncio.Lock()

    @property
    def token(self) -> str:
        """The session's present token, with which `Client.open_session` can resume it."""
        return self._token.secret

    @property
    def unacknowledged(self) -> int:
        """Batches that the server has not acknowledged yet."""
        return len(self._unacknowledged)

    async def send(self, events: Iterable[Event]) -> Receipt:
        """Take what the hand did, and send it whenever a batch is complete.

        Times are milliseconds of any clock that does not step back within the session. Raises
        RecordingError when one does, and Unreachable when the server stays away.
        """
        batches = self._batcher.add(events)
        return await self._put(batches) if batches else Receipt()

    async def ingest(self, batch: Batch, *, include_packet: bool = False) -> Receipt:
        """Send a batch that was cut already, as the session's next one."""
        return await self._put([*self._batcher.flush(), batch], include_packet=include_packet)

    async def flush(self) -> Receipt:
        """Send what is not acknowledged yet, and the events of a batch that is not complete."""
        return await self._put(self._batcher.flush())

    async def interventions(self) -> AsyncIterator[Intervention]:
        """Yield what the page is to show, first what is pending, until the caller stops."""
        async for item in self._watch_interventions(WatchInterventionsRequest()):
            yield item.value

    async def close(self) -> None:
        """End the session; closing a closed one succeeds."""
        request = CloseSessionRequest(session_id=self.session_id)
        await self._connection.call(self._sessions.CloseSession, request, self._token)

    def encode(self, batch: Batch) -> TelemetryBatch:
        """Return a batch as the session's next one, for a relay to send instead."""
        return self._encoder.encode(batch)

    async def _put(self, batches: Sequence[Batch], *, include_packet: bool = False) -> Receipt:
        for batch in batches:
            self._keep(batch)
        receipt = Receipt()
        async with self._sending:
            deadline = self._connection.retry.now() + self._connection.timeout
            pending = list(self._unacknowledged)
            while pending:
                chunk, pending = pending[:MOST_BATCHES], pending[MOST_BATCHES:]
                response = await self._ingest(chunk, include_packet=include_packet)
                receipt = receipt.plus(response)
                again = [rejection for rejection in response.rejections if rejection.retryable]
                if again and not await self._pause(again, deadline):
                    break
                pending = [chunk[rejection.batch_index] for rejection in again] + pending
        return receipt

    def _keep(self, batch: Batch) -> None:
        """Queue a batch; past the limit its events are thrown away and counted for the server."""
        if len(self._unacknowledged) < self._most_unacknowledged:
            self._unacknowledged.append(self._encoder.encode(batch, dropped=self._dropped))
            self._dropped = 0
        else:
            self._dropped += len(batch.dt_ms)

    async def _ingest(
        self, batches: Sequence[TelemetryBatch], *, include_packet: bool
    ) -> IngestResponse:
        request = IngestRequest(batches=batches, include_packets=include_packet)
        try:
            response = await self._connection.call(self._telemetry.Ingest, request, self._token)
        except (Invalid, Conflict):
            self._forget({batch.sequence for batch in batches})
            raise
        self._token.secret = response.session_token or self._token.secret
        acknowledged = max((done.acknowledged_sequence for done in response.progress), default=0)
        self._forget({batch.sequence for batch in batches if batch.sequence <= acknowledged})
        self._forget({lost.sequence for lost in response.rejections if not lost.retryable})
        return response

    def _forget(self, sequences: set[int]) -> None:
        self._unacknowledged = [
            batch for batch in self._unacknowledged if batch.sequence not in sequences
        ]

    async def _pause(self, rejections: Iterable[BatchRejection], deadline: float) -> bool:
        """Wait until rejected batches may be sent again; False when that is too late."""
        retry = self._connection.retry
        delay = max(rejection.retry_after_ms for rejection in rejections) / 1000
        if retry.now() + delay >= deadline:
            return False
        await retry.sleep(delay)
        return True


def _milliseconds(duration: Duration) -> float:
    return duration.ToTimedelta().total_seconds() * 1000
