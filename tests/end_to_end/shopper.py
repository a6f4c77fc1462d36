"""Shoppers: their sessions, and what their hands do."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eitp.v1.page_pb2 import PageContext, PageSection, PageType, Target, TargetRole
from eitp.v1.session_pb2 import Consent
from eitp.v1.session_service_pb2 import OpenSessionRequest
from eitp.v1.telemetry_pb2 import EventDetails, EventKind, SparseColumn, TelemetryBatch
from eitp.v1.telemetry_service_pb2 import IngestRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp.v1.session_service_pb2 import OpenSessionResponse
    from eitp.v1.telemetry_service_pb2 import IngestResponse
    from end_to_end.live import Live, Transport

CONSENT = Consent(telemetry=True, interventions=True)
PRODUCT_PAGE = PageContext(type=PageType.PAGE_TYPE_PRODUCT)
BUTTON = Target(
    identity=77, role=TargetRole.TARGET_ROLE_BUTTON, section=PageSection.PAGE_SECTION_FORM
)
STEP_MS = 65_000
"""Session time after which even an unchanged state is worth a packet."""
_AT_ONCE = 64
"""Batches of one message."""
_IN_FLIGHT = 24
"""Calls at a time on one connection, far below what the server allows."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A session and the token that reaches it."""

    session_id: str
    token: str


async def visit(
    live: Live, key: str = "", origin: str = "", *, by: Transport = "grpc", **fields: Any
) -> Visit:
    """Open a session on a product page."""
    chosen: dict[str, Any] = {"consent": CONSENT, "page": PRODUCT_PAGE, **fields}
    opened: OpenSessionResponse = await live.call(
        OpenSessionRequest(**chosen), key or live.shop.publishable, origin, by=by
    )
    return Visit(opened.session.session_id, opened.session_token)


async def visits(live: Live, count: int, key: str = "") -> list[Visit]:
    """Open many sessions."""
    places = asyncio.Semaphore(_IN_FLIGHT)

    async def one() -> Visit:
        async with places:
            return await visit(live, key)

    return await asyncio.gather(*(one() for _ in range(count)))


async def ingest(
    live: Live,
    credential: str,
    *batches: TelemetryBatch,
    origin: str = "",
    by: Transport = "grpc",
    include_packets: bool = False,
) -> IngestResponse:
    """Send batches."""
    request = IngestRequest(batches=batches, include_packets=include_packets)
    return await live.call(request, credential, origin, by=by)


async def emit(live: Live, shoppers: Sequence[Visit], sequence: int) -> None:
    """Let every session emit the packet of its batch `sequence`."""
    for first in range(0, len(shoppers), _AT_ONCE):
        some = shoppers[first : first + _AT_ONCE]
        batches = [calm(sequence, s.session_id, clock_ms=sequence * STEP_MS) for s in some]
        answer = await ingest(live, live.shop.secret, *batches)
        assert answer.applied == len(some)


async def goes_on(live: Live) -> None:
    """Assert that the server still takes sessions and telemetry."""
    shopper = await visit(live)
    answer = await ingest(live, shopper.token, calm(1), brief(2, clock_ms=6000))
    assert answer.applied == 2


def calm(sequence: int, session_id: str = "", clock_ms: int = 0, **fields: Any) -> TelemetryBatch:
    """Return six seconds of an even movement, after which a session's state is known."""
    usual: dict[str, Any] = {"dt_ms": [50] * 120, "dx": [4] * 120, "dy": [1] * 120}
    return TelemetryBatch(
        sequence=sequence, session_id=session_id, clock_ms=clock_ms, **{**usual, **fields}
    )


def stuck(sequence: int, session_id: str = "", clock_ms: int = 0) -> TelemetryBatch:
    """Return four clicks on a button, none of which the page answers."""
    kind = [EventKind.EVENT_KIND_CLICK, EventKind.EVENT_KIND_NO_RESPONSE] * 4
    return TelemetryBatch(
        sequence=sequence,
        session_id=session_id,
        clock_ms=clock_ms,
        dt_ms=[500, 2500] * 4,
        dx=[0] * 8,
        dy=[0] * 8,
        kind=kind,
        targets=[BUTTON],
        details=EventDetails(target=SparseColumn(event=[0], value=[0])),
    )


def brief(sequence: int, session_id: str = "", clock_ms: int = 0, **fields: Any) -> TelemetryBatch:
    """Return three small moves."""
    usual: dict[str, Any] = {"dt_ms": [50] * 3, "dx": [4, 5, 6], "dy": [1] * 3}
    return TelemetryBatch(
        sequence=sequence, session_id=session_id, clock_ms=clock_ms, **{**usual, **fields}
    )
