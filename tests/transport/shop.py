"""A small shop for the transport tests: keys in memory, services that answer at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from eitp.v1.admin_service_pb2 import UpdatePolicyRequest, UpdatePolicyResponse
from eitp.v1.cursor_pb2 import Heartbeat
from eitp.v1.emotion_service_pb2 import (
    GetStateRequest,
    GetStateResponse,
    WatchPacketsRequest,
    WatchPacketsResponse,
)
from eitp.v1.intervention_service_pb2 import ReportOutcomeRequest, ReportOutcomeResponse
from eitp.v1.packet_pb2 import Packet
from eitp.v1.telemetry_service_pb2 import (
    IngestRequest,
    IngestResponse,
    IngestStreamRequest,
    IngestStreamResponse,
)
from eitp_server.errors import DomainError, Missing, Reason
from eitp_server.services.validation import malformed
from google.protobuf.message import DecodeError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from eitp_server.services.caller import Caller

ORIGIN = "https://shop.example"
SECRET = "eitp_sk_test_all"
NARROW = "eitp_sk_test_narrow"
FOREIGN = "eitp_sk_test_foreign"
REVOKED = "eitp_sk_test_revoked"
PUBLISHABLE = "eitp_pk_test_shop"
TENANT = "shop"
FOREIGN_TENANT = "rival"
OPENER = "key-publishable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key that works."""

    tenant_id: str
    key_id: str
    is_secret: bool
    scopes: frozenset[str]
    origins: frozenset[str] = frozenset({ORIGIN})


class KeyBook:
    """Keys in memory."""

    def __init__(self, scopes: frozenset[str]) -> None:
        """Give the secret keys of both tenants `scopes`, and the narrow one none."""
        none = frozenset[str]()
        self.suspended: set[str] = set()
        self._keys = {
            SECRET: Key(tenant_id=TENANT, key_id="key-secret", is_secret=True, scopes=scopes),
            NARROW: Key(tenant_id=TENANT, key_id="key-narrow", is_secret=True, scopes=none),
            FOREIGN: Key(
                tenant_id=FOREIGN_TENANT, key_id="key-foreign", is_secret=True, scopes=scopes
            ),
            PUBLISHABLE: Key(tenant_id=TENANT, key_id=OPENER, is_secret=False, scopes=none),
        }

    def lookup(self, presented: str) -> Key | None:
        """Return the record of a key."""
        return self._keys.get(presented)

    def works(self, tenant_id: str, key_id: str) -> bool:
        """Tell whether a key was not revoked."""
        return (tenant_id, key_id) in {(k.tenant_id, k.key_id) for k in self._keys.values()}

    def is_suspended(self, tenant_id: str) -> bool:
        """Tell whether a test suspended the tenant."""
        return tenant_id in self.suspended

    def lists_origin(self, origin: str) -> bool:
        """Tell whether the shop lists the Origin."""
        return any(origin in key.origins for key in self._keys.values())


Request = TypeVar("Request", IngestRequest, IngestStreamRequest)


def parsed(kind: type[Request], request: bytes) -> Request:
    """Return the message of which a screened method gets the bytes."""
    try:
        return kind.FromString(request)
    except DecodeError as error:
        raise malformed(kind, error) from None


class Telemetry:
    """Counts batches; a stream is acknowledged message by message, and once more at its end."""

    async def ingest(self, request: bytes, caller: Caller) -> IngestResponse:
        batches = parsed(IngestRequest, request).batches
        return IngestResponse(applied=len(batches), session_token=caller.session_id)

    async def ingest_stream(
        self, requests: AsyncIterator[bytes], caller: Caller
    ) -> AsyncGenerator[IngestStreamResponse]:
        messages = 0
        async for request in requests:
            messages += 1
            if len(parsed(IngestStreamRequest, request).batches) == 13:
                raise Missing(Reason.SESSION_UNKNOWN, "thirteen is unlucky")
            yield IngestStreamResponse(acknowledged_messages=messages)
        yield IngestStreamResponse(acknowledged_messages=messages, applied=99)


class Emotion:
    """Behaves as the session's name says."""

    def __init__(self) -> None:
        self.errors: dict[str, Exception] = {}
        """What a session of that name makes the service raise."""
        self.produced = 0
        """Responses that a watch made so far."""
        self.watched = asyncio.Event()
        """Set by every response of a watch."""
        self.released = asyncio.Event()
        """Lets a session named `slow` be answered, and ends a watch."""
        self.waiting: list[Caller] = []
        """Who asked for it."""

    async def get_state(self, request: GetStateRequest, caller: Caller) -> GetStateResponse:
        if error := self.errors.get(request.session_id):
            raise error
        if request.session_id == "slow":
            self.waiting.append(caller)
            await self.released.wait()
        return GetStateResponse(packet=Packet(session_id=caller.tenant_id))

    async def watch_packets(
        self, request: WatchPacketsRequest, caller: Caller
    ) -> AsyncGenerator[WatchPacketsResponse]:
        if error := self.errors.get(request.session_id):
            raise error
        for _ in count() if request.session_id == "endless" else range(3):
            self.produced += 1
            self.watched.set()
            yield WatchPacketsResponse(cursor=b"." * 200, heartbeat=Heartbeat())
        if request.session_id != "brief":
            await self.released.wait()


class Intervention:
    """Takes outcomes."""

    async def report_outcome(
        self, request: ReportOutcomeRequest, caller: Caller
    ) -> ReportOutcomeResponse:
        return ReportOutcomeResponse()


class Admin:
    """Takes policies."""

    async def update_policy(
        self, request: UpdatePolicyRequest, caller: Caller
    ) -> UpdatePolicyResponse:
        return UpdatePolicyResponse()


class EveryCall:
    """Answers every method of one service with an empty response and notes who called."""

    def __init__(self, methods: dict[str, Any], callers: list[Caller]) -> None:
        """`methods` maps snake_case names to (response class, is streaming)."""
        for name, (response, streams) in methods.items():
            setattr(
                self, name, _stream(response, callers) if streams else _unary(response, callers)
            )


def _unary(response: Any, callers: list[Caller]) -> Any:
    async def answer(request: object, caller: Caller) -> Any:
        callers.append(caller)
        return response()

    return answer


def _stream(response: Any, callers: list[Caller]) -> Any:
    async def answer(request: object, caller: Caller) -> AsyncGenerator[Any]:
        callers.append(caller)
        yield response()

    return answer


def domain_error(kind: type[DomainError], reason: Reason, **more: Any) -> DomainError:
    """Return an error with a message that names its reason."""
    return kind(reason, f"because of {reason}", **more)
