"""Opens the sessions that the load sends for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import grpc.aio
from eitp.v1.common_pb2 import POINTER_TYPE_MOUSE
from eitp.v1.page_pb2 import PAGE_TYPE_PRODUCT, PageContext
from eitp.v1.session_pb2 import Consent
from eitp.v1.session_service_pb2 import OpenSessionRequest
from eitp.v1.session_service_pb2_grpc import SessionServiceStub

from eitp_server.lab.bench.lane import OpenSession

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp_server.lab.bench.shopper import Shopper

_AT_ONCE: Final = 48
"""Calls at a time; well below the 100 that a connection carries."""
_STRIDE: Final = 37
"""Sessions of one shopper begin so many batches apart."""


async def open_sessions(
    address: str, key: str, count: int, shoppers: Sequence[Shopper]
) -> list[OpenSession]:
    """Open so many sessions and give each a shopper.

    Raises `grpc.aio.AioRpcError`.
    """
    metadata = (("authorization", f"Bearer {key}"),)
    async with grpc.aio.insecure_channel(address) as channel:
        stub = SessionServiceStub(channel)
        free = asyncio.Semaphore(_AT_ONCE)

        async def opened(number: int) -> OpenSession:
            async with free:
                response = await stub.OpenSession(_request(number), metadata=metadata)
            return _session(number, response.session.session_id, response.session_token, shoppers)

        return await asyncio.gather(*(opened(number) for number in range(count)))


def invented_sessions(count: int, shoppers: Sequence[Shopper]) -> list[OpenSession]:
    """Return sessions for a server that asks nobody who they are, as long as real ones."""
    return [_session(n, f"ses_{n:024x}", "t" * 480, shoppers) for n in range(count)]


def _session(number: int, session_id: str, token: str, shoppers: Sequence[Shopper]) -> OpenSession:
    turn, shopper = divmod(number, len(shoppers))
    return OpenSession(
        session_id=session_id, token=token, shopper=shoppers[shopper], offset=turn * _STRIDE
    )


def _request(number: int) -> OpenSessionRequest:
    return OpenSessionRequest(
        visitor_id=f"bench-{number}",
        consent=Consent(telemetry=True, interventions=True),
        page=PageContext(type=PAGE_TYPE_PRODUCT, view=1),
        pointer_type=POINTER_TYPE_MOUSE,
    )
