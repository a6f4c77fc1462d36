"""TelemetryService: batches in, acknowledgements out when they are durable."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from eitp.v1.telemetry_pb2 import BatchRejection, SessionProgress, TelemetryBatch
from eitp.v1.telemetry_service_pb2 import (
    IngestRequest,
    IngestResponse,
    IngestStreamRequest,
    IngestStreamResponse,
    StreamRejection,
)
from google.protobuf.message import DecodeError

from eitp_server.errors import DomainError, Invalid, Missing, Reason
from eitp_server.ingest.input import Telemetry
from eitp_server.ingest.wire import split
from eitp_server.services.packet import packet_message
from eitp_server.services.registry import reason_number
from eitp_server.services.validation import malformed, violations

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    from eitp_server.classification.packet import Packet
    from eitp_server.ingest.inbox import Inbox
    from eitp_server.ingest.input import Progress, Receipt, Rejection
    from eitp_server.services.caller import Caller

MAX_BATCHES: Final = 256
_MAX_IN_FLIGHT: Final = 1_024
"""Messages of one stream that may wait for their commit; then the stream is read no further."""


class TelemetryService:
    """Ingest and IngestStream."""

    def __init__(
        self,
        inbox: Inbox,
        current: Callable[[str, str], Packet | None],
        refreshed: Callable[[Caller], str],
    ) -> None:
        """Feed `inbox`; `current(tenant, session)` reads a packet, `refreshed` renews a token."""
        self._inbox = inbox
        self._current = current
        self._refreshed = refreshed

    async def ingest(self, request: bytes, caller: Caller) -> IngestResponse:
        """Apply the batches of one `IngestRequest`, given as its bytes."""
        batches, include_packets = _read(IngestRequest, request)
        receipt: Receipt = await self._inbox.submit(
            Telemetry(
                tenant_id=caller.tenant_id,
                session_id=caller.session_id,
                batches=batches,
                wants_progress=True,
            )
        )
        reasons = {rejection.reason for rejection in receipt.rejections}
        if len(reasons) == 1 and not receipt.applied and not receipt.duplicates:
            raise _as_error(receipt.rejections)
        response = IngestResponse(
            applied=receipt.applied,
            duplicates=receipt.duplicates,
            session_token=self._refreshed(caller),
        )
        response.rejections.extend([_rejection(r) for r in receipt.rejections])
        response.progress.extend([_progress(p) for p in receipt.progress])
        if include_packets:
            packets = (self._current(caller.tenant_id, p.session_id) for p in receipt.progress)
            response.packets.extend([packet_message(p) for p in packets if p is not None])
        return response

    async def ingest_stream(
        self, requests: AsyncIterator[bytes], caller: Caller
    ) -> AsyncGenerator[IngestStreamResponse]:
        """Apply batches as they come; acknowledge all that a commit made durable at once.

        Each request is given as the bytes of an `IngestStreamRequest`.
        """
        stream = _Stream()
        reader = asyncio.create_task(self._take_in(requests, caller, stream))
        try:
            while (acknowledgement := await stream.acknowledged()) is not None:
                acknowledgement.session_token = self._refreshed(caller)
                yield acknowledgement
            await reader
        finally:
            reader.cancel()

    async def _take_in(
        self, requests: AsyncIterator[bytes], caller: Caller, stream: _Stream
    ) -> None:
        create_future = asyncio.get_running_loop().create_future
        try:
            async for request in requests:
                batches, _ = _read(IngestStreamRequest, request)
                await self._inbox.room()
                await stream.room()
                item = Telemetry(
                    tenant_id=caller.tenant_id,
                    session_id=caller.session_id,
                    batches=batches,
                    result=create_future(),
                )
                self._inbox.put(item)
                stream.sent(item)
        finally:
            stream.ended()


class _Stream:
    """The messages of one stream between their arrival and their acknowledgement."""

    def __init__(self) -> None:
        self._pending: deque[Telemetry] = deque()
        self._moved = asyncio.Event()
        self._over = False
        self._response = IngestStreamResponse()

    def sent(self, item: Telemetry) -> None:
        self._pending.append(item)
        self._moved.set()

    def ended(self) -> None:
        self._over = True
        self._moved.set()

    async def room(self) -> None:
        while len(self._pending) >= _MAX_IN_FLIGHT:
            oldest = self._pending[0].result
            assert oldest is not None
            await asyncio.wait([oldest])
            await asyncio.sleep(0)

    async def acknowledged(self) -> IngestStreamResponse | None:
        """Wait for the oldest message and return the acknowledgement of all that are done."""
        while not self._pending:
            if self._over:
                return None
            self._moved.clear()
            await self._moved.wait()
        oldest = self._pending[0].result
        assert oldest is not None
        await asyncio.wait([oldest])
        response = self._response
        del response.rejections[:]
        while self._pending and (result := self._pending[0].result) and result.done():
            self._pending.popleft()
            self._book(response, result.result())
        copy = IngestStreamResponse()
        copy.CopyFrom(response)
        return copy

    def _book(self, response: IngestStreamResponse, receipt: Receipt) -> None:
        response.acknowledged_messages += 1
        response.applied += receipt.applied
        response.duplicates += receipt.duplicates
        for rejection in receipt.rejections:
            response.rejections.append(
                StreamRejection(
                    message=response.acknowledged_messages, rejection=_rejection(rejection)
                )
            )


def _read(
    kind: type[IngestRequest] | type[IngestStreamRequest], request: bytes
) -> tuple[list[bytes], bool]:
    """Return the serialised batches of a request, and whether it asks for packets.

    Raises `Invalid` for bytes that are no such request, and for too few or too many batches.
    """
    batches, include_packets = split(request), False
    if batches is None or not 0 < len(batches) <= MAX_BATCHES:
        try:
            message = kind.FromString(request)
        except DecodeError as error:
            raise malformed(kind, error) from None
        if broken := violations(kind(batches=_husks(len(message.batches)))):
            raise Invalid(
                Reason.FIELD_INVALID,
                f"batches: has {len(message.batches)} entries; must have 1 to {MAX_BATCHES}",
                metadata={"field": "batches"},
                violations=broken[:1],
            )
        batches = [batch.SerializeToString() for batch in message.batches]
        include_packets = isinstance(message, IngestRequest) and message.include_packets
    return batches, include_packets


def _husks(count: int) -> list[TelemetryBatch]:
    """Return as many valid batches, of which there may only be too few or too many."""
    return [TelemetryBatch(sequence=1, dt_ms=[0], dx=[0], dy=[0])] * count


def _as_error(rejections: list[Rejection]) -> DomainError:
    first = rejections[0]
    if first.error is not None:
        return first.error
    kind = Missing if first.reason == Reason.SESSION_UNKNOWN else Invalid
    metadata = {"session_id": first.session_id, "sequence": str(first.sequence)}
    return kind(first.reason, first.message, metadata=metadata, retry_after=first.retry_after)


def _rejection(rejection: Rejection) -> BatchRejection:
    retry_after = rejection.retry_after
    return BatchRejection(
        batch_index=rejection.batch_index,
        session_id=rejection.session_id,
        sequence=rejection.sequence,
        reason=reason_number(rejection.reason),
        message=rejection.message,
        field=rejection.field,
        retryable=retry_after is not None,
        retry_after_ms=0 if retry_after is None else int(retry_after * 1000),
    )


def _progress(progress: Progress) -> SessionProgress:
    return SessionProgress(
        session_id=progress.session_id,
        acknowledged_sequence=progress.acknowledged,
        waiting=progress.waiting,
        lost=progress.lost,
    )
