"""One stream for the telemetry of many sessions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio

from .backlog import Backlog
from .enum_name import name_of
from .errors import EITPError, Unreachable
from .retry import Outage
from .v1.error_pb2 import ErrorReason
from .v1.telemetry_pb2 import BatchRejection, TelemetryBatch
from .v1.telemetry_service_pb2 import IngestStreamRequest, IngestStreamResponse
from .v1.telemetry_service_pb2_grpc import TelemetryServiceStub
from .watch import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable
    from types import TracebackType
    from typing import Self

    from .connection import Connection, Credential

_logger = logging.getLogger(__name__)

RELAY_BACKLOG = 4_096

OnRejection = Callable[[TelemetryBatch, BatchRejection], None]
_Call = grpc.aio.StreamStreamCall[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayCount:
    """What a relay has done so far, in batches."""

    applied: int = 0
    duplicates: int = 0
    """Batches that had been applied before and were recognised."""
    rejected: int = 0
    """Batches that can never be applied; the relay has given them up."""
    postponed: int = 0
    """How often the server asked for a batch to be sent again later."""
    streams: int = 0
    """Streams that were opened; more than one when the connection broke."""


def log_rejection(batch: TelemetryBatch, rejection: BatchRejection) -> None:
    """Write a batch that was given up to the log."""
    _logger.warning(
        "batch %d of session %s was refused: %s: %s",
        batch.sequence,
        batch.session_id,
        name_of(ErrorReason, rejection.reason, "ERROR_REASON_"),
        rejection.message,
    )


class Relay:
    """Sends batches of many sessions; `Client.relay` makes them.

    Batches are kept until they are acknowledged as durable: after a broken stream they are sent
    again, and those that the server postpones are sent when it asks for them, in order.
    """

    def __init__(
        self,
        connection: Connection,
        credential: Credential,
        *,
        on_rejection: OnRejection = log_rejection,
        most_unacknowledged: int = RELAY_BACKLOG,
        patience: float = PATIENCE,
    ) -> None:
        self.count = RelayCount()
        self._connection = connection
        self._credential = credential
        self._on_rejection = on_rejection
        self._most_unacknowledged = most_unacknowledged
        self._outage = Outage(connection.retry, patience=patience)
        self._service = TelemetryServiceStub(connection.channel)
        self._backlog = Backlog()
        self._before_stream = self.count
        self._postponed: set[str] = set()
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._runner: asyncio.Task[None] | None = None
        self._ended = False

    async def __aenter__(self) -> Self:
        self._runner = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                await self.flush()
        finally:
            tasks = list(self._tasks)
            if self._runner:
                tasks.append(self._runner)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def send(self, batches: Iterable[TelemetryBatch]) -> None:
        """Queue batches, those of one session in ascending sequence; waits while too many are.

        Raises what ended the relay, when something did.
        """
        for batch in batches:
            async with self._changed:
                await self._until(lambda: len(self._backlog) < self._most_unacknowledged)
                self._backlog.add(batch)
                self._changed.notify_all()

    async def flush(self, session_id: str = "") -> None:
        """Wait until everything sent so far, or that of one session, is durable or given up."""
        async with self._changed:
            await self._until(
                lambda: not (self._backlog.size(session_id) if session_id else len(self._backlog))
            )

    async def _until(self, condition: Callable[[], bool]) -> None:
        await self._changed.wait_for(lambda: self._ended or condition())
        if self._ended and self._runner:
            await self._runner

    async def _run(self) -> None:
        try:
            while True:
                await self._outage.wait(await self._stream())
        finally:
            async with self._changed:
                self._ended = True
                self._changed.notify_all()

    async def _stream(self) -> EITPError:
        """Send and receive over one stream and return what ended it."""
        self._backlog.rewind()
        self._before_stream = self.count = replace(self.count, streams=self.count.streams + 1)
        metadata = self._connection.metadata(self._credential)
        call = self._service.IngestStream(metadata=metadata)
        writing = self._begin(self._write(call))
        try:
            while isinstance(response := await _read(call), IngestStreamResponse):
                self._outage.end()
                async with self._changed:
                    self._settle(response)
                    self._changed.notify_all()
        except grpc.aio.AioRpcError as failure:
            return self._connection.error(failure)
        finally:
            writing.cancel()
            call.cancel()
        return Unreachable(f"{self._connection.address} ended the stream")

    async def _write(self, call: _Call) -> None:
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: self._backlog.has_ready)
                message = self._backlog.next_message()
            if not message:
                continue
            try:
                await call.write(IngestStreamRequest(batches=message))
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
                return  # The stream has ended; its reader sees why.

    def _settle(self, response: IngestStreamResponse) -> None:
        rejected = self._backlog.settle(response)
        for batch, rejection in rejected:
            if rejection.retryable:
                self._postpone(batch.session_id, rejection.retry_after_ms / 1000)
            else:
                self._on_rejection(batch, rejection)
        again = sum(rejection.retryable for _, rejection in rejected)
        self.count = replace(
            self.count,
            applied=self._before_stream.applied + response.applied,
            duplicates=self._before_stream.duplicates + response.duplicates,
            rejected=self.count.rejected + len(rejected) - again,
            postponed=self.count.postponed + again,
        )

    def _postpone(self, session_id: str, delay: float) -> None:
        if session_id not in self._postponed:
            self._postponed.add(session_id)
            self._begin(self._release(session_id, delay))

    async def _release(self, session_id: str, delay: float) -> None:
        await self._connection.retry.sleep(delay)
        async with self._changed:
            self._postponed.remove(session_id)
            self._backlog.release(session_id)
            self._changed.notify_all()

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _read(call: _Call) -> object:
    return await call.read()
