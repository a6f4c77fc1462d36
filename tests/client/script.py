"""What a scripted server is told: the errors and answers it gives, the feed it delivers."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
import grpc.aio
from eitp.v1 import (
    cursor_pb2,
    emotion_service_pb2,
    intervention_pb2,
    intervention_service_pb2,
    packet_pb2,
)
from google.protobuf.any_pb2 import Any as Packed
from google.rpc import error_details_pb2, status_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from google.protobuf.message import Message

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An error to answer with; without a reason it looks as if a proxy had made it."""

    code: grpc.StatusCode
    reason: str = ""
    message: str = "so it was scripted"
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    violations: tuple[error_details_pb2.BadRequest.FieldViolation, ...] = ()
    retry_after: float | None = None

    async def abort(self, context: Context) -> NoReturn:
        """End the call with this error."""
        status = status_pb2.Status(code=self.code.value[0], message=self.message)
        for detail in self._details():
            packed = Packed()
            packed.Pack(detail)
            status.details.append(packed)
        metadata = (("grpc-status-details-bin", status.SerializeToString()),)
        await context.abort(self.code, self.message, metadata)

    def _details(self) -> Iterator[Message]:
        if self.reason:
            yield error_details_pb2.ErrorInfo(
                domain="eitp.dev", reason=self.reason, metadata=self.metadata
            )
        if self.violations:
            yield error_details_pb2.BadRequest(field_violations=self.violations)
        if self.retry_after is not None:
            retry = error_details_pb2.RetryInfo()
            retry.retry_delay.FromMilliseconds(round(self.retry_after * 1000))
            yield retry


AWAY = Failure(code=grpc.StatusCode.UNAVAILABLE)
RESET = Failure(code=grpc.StatusCode.INTERNAL)
"""A stream that was reset under way, as gRPC reports it."""
DRAINING = Failure(code=grpc.StatusCode.UNAVAILABLE, reason="DRAINING", retry_after=0.5)
EXPIRED = Failure(code=grpc.StatusCode.UNAUTHENTICATED, reason="TOKEN_EXPIRED")
GONE = Failure(code=grpc.StatusCode.NOT_FOUND, reason="SESSION_UNKNOWN")
FOREIGN = Failure(code=grpc.StatusCode.PERMISSION_DENIED, reason="SCOPE_MISSING")


class Script:
    """What the server does, and what it saw; everything by the name of the call."""

    def __init__(self) -> None:
        self.answers: defaultdict[str, deque[Message | Failure]] = defaultdict(deque)
        """What to answer, one after the other; after that the usual answer."""
        self.feed: list[Any] = []
        """What a watch delivers; a Failure ends one watch that comes to it."""
        self.requests: defaultdict[str, list[Any]] = defaultdict(list)
        self.metadata: defaultdict[str, list[dict[str, str | bytes]]] = defaultdict(list)
        self._seen = asyncio.Event()

    def credentials(self, call: str) -> list[str | bytes]:
        """Return what authorised each request."""
        return [metadata.get("authorization", "") for metadata in self.metadata[call]]

    def see(self, call: str, request: object, context: Context) -> None:
        """Note a request."""
        self.requests[call].append(request)
        self.metadata[call].append(dict(context.invocation_metadata() or ()))
        self._seen.set()

    async def until(self, call: str, number: int = 1) -> None:
        """Wait until so many requests of a call have come."""
        while len(self.requests[call]) < number:
            self._seen.clear()
            await self._seen.wait()

    async def answer(self, call: str, usual: Message, context: Context) -> Message:
        """Return what is scripted next, or else the usual answer."""
        answer = self.answers[call].popleft() if self.answers[call] else usual
        if isinstance(answer, Failure):
            await answer.abort(context)
        return answer


def cursor(number: int) -> bytes:
    """Return a cursor; a feed goes on with the next higher number."""
    return str(number).encode()


def packet(number: int) -> emotion_service_pb2.WatchPacketsResponse:
    """Return the feed's message of a packet."""
    return emotion_service_pb2.WatchPacketsResponse(
        cursor=cursor(number), packet=packet_pb2.Packet(packet_id=f"p-{number}")
    )


def intervention(number: int) -> intervention_service_pb2.WatchInterventionsResponse:
    """Return the feed's message of an intervention."""
    return intervention_service_pb2.WatchInterventionsResponse(
        cursor=cursor(number),
        intervention=intervention_pb2.Intervention(intervention_id=f"i-{number}"),
    )


def heartbeat(number: int) -> emotion_service_pb2.WatchPacketsResponse:
    """Return a sign of life."""
    return emotion_service_pb2.WatchPacketsResponse(
        heartbeat=cursor_pb2.Heartbeat(cursor=cursor(number))
    )


def lagged(last: int, until: int) -> emotion_service_pb2.WatchPacketsResponse:
    """Return the message that says which packets were skipped."""
    return emotion_service_pb2.WatchPacketsResponse(
        lagged=cursor_pb2.Lagged(
            from_cursor=cursor(last), to_cursor=cursor(until), dropped=until - last
        )
    )
