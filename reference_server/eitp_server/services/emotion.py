"""EmotionService: packets of live sessions and of recorded telemetry."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from eitp.v1.cursor_pb2 import Heartbeat, Lagged
from eitp.v1.emotion_service_pb2 import (
    ClassifyTelemetryRequest,
    ClassifyTelemetryResponse,
    GetHypothesisRequest,
    GetHypothesisResponse,
    GetStateRequest,
    GetStateResponse,
    WatchPacketsRequest,
    WatchPacketsResponse,
)

from eitp_server.errors import Missing, Reason
from eitp_server.services.hypothesis import hypothesis_message
from eitp_server.services.packet import packet_message

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from eitp.v1.page_pb2 import PageContext
    from eitp.v1.telemetry_pb2 import TelemetryBatch

    from eitp_server.classification.packet import Packet
    from eitp_server.services.caller import Caller
    from eitp_server.services.hypothesis import Findings
    from eitp_server.services.watch import Watch


class EmotionService:
    """GetState, WatchPackets, ClassifyTelemetry, GetHypothesis."""

    def __init__(
        self,
        watch: Watch,
        current: Callable[[str, str], Packet | None],
        classify: Callable[[Sequence[TelemetryBatch], PageContext], Packet],
        examine: Callable[[str], Awaitable[Findings]],
    ) -> None:
        self._watch = watch
        self._current = current
        self._classify = classify
        self._examine = examine
        self._examining = asyncio.Lock()

    async def get_state(self, request: GetStateRequest, caller: Caller) -> GetStateResponse:
        """Return the current packet of a session."""
        session_id = own_session(request.session_id, caller)
        packet = self._current(caller.tenant_id, session_id)
        if packet is None:
            raise unknown_session(session_id)
        return GetStateResponse(packet=packet_message(packet))

    async def watch_packets(
        self, request: WatchPacketsRequest, caller: Caller
    ) -> AsyncGenerator[WatchPacketsResponse]:
        """Stream the tenant's emotional events."""
        after = self._watch.start(caller.tenant_id, request.cursor, request.start)
        items = self._watch.follow(caller.tenant_id, after, request.session_id, request.mode)
        async for cursor, item in items:
            if isinstance(item, Heartbeat):
                yield WatchPacketsResponse(heartbeat=item)
            elif isinstance(item, Lagged):
                yield WatchPacketsResponse(lagged=item)
            else:
                yield WatchPacketsResponse(cursor=cursor, packet=packet_message(item))

    async def classify_telemetry(
        self, request: ClassifyTelemetryRequest, caller: Caller
    ) -> ClassifyTelemetryResponse:
        """Compute the packet for telemetry that is part of no session."""
        del caller
        return ClassifyTelemetryResponse(
            packet=packet_message(self._classify(request.batches, request.page))
        )

    async def get_hypothesis(
        self, request: GetHypothesisRequest, caller: Caller
    ) -> GetHypothesisResponse:
        """Return the running test of the caller's tenant."""
        del request
        # One at a time: the threads that read are needed for the feeds.
        async with self._examining:
            findings = await self._examine(caller.tenant_id)
        return GetHypothesisResponse(hypothesis=hypothesis_message(findings))


def own_session(session_id: str, caller: Caller) -> str:
    """Return the session that a call is about.

    Raises `Missing(SESSION_UNKNOWN)` for a token that names another session than its own.
    """
    if caller.session_id and session_id not in ("", caller.session_id):
        raise unknown_session(session_id)
    return session_id or caller.session_id


def unknown_session(session_id: str) -> Missing:
    """Return the one answer for sessions that are not there or not the caller's."""
    message = "no such session for this credential; open one with SessionService.OpenSession"
    return Missing(Reason.SESSION_UNKNOWN, message, metadata={"session_id": session_id})
