"""Somebody who watches the packets of the load arrive."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc.aio
from eitp.v1.cursor_pb2 import DELIVERY_MODE_LOSSLESS, START_POSITION_NOW
from eitp.v1.emotion_service_pb2 import WatchPacketsRequest
from eitp.v1.emotion_service_pb2_grpc import EmotionServiceStub

from eitp_server.lab.bench.pace import now

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


@dataclass(frozen=True, slots=True)
class Arrival:
    """A packet that came."""

    session_id: str
    sequence: int
    """The last batch that it accounts for."""
    at: float


@asynccontextmanager
async def subscribed(address: str, key: str) -> AsyncGenerator[list[Arrival]]:
    """Collect all packets of the key's tenant until the block ends; without a key, none.

    Raises `grpc.aio.AioRpcError` when the server ends the watch.
    """
    arrivals: list[Arrival] = []
    if not key:
        yield arrivals
        return
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(_watch(address, key, arrivals))
        yield arrivals
        watching.cancel()


async def _watch(address: str, key: str, arrivals: list[Arrival]) -> None:
    metadata = (("authorization", f"Bearer {key}"),)
    request = WatchPacketsRequest(start=START_POSITION_NOW, mode=DELIVERY_MODE_LOSSLESS)
    async with grpc.aio.insecure_channel(address) as channel:
        async for item in EmotionServiceStub(channel).WatchPackets(request, metadata=metadata):
            packet = item.packet
            if packet.session_id:
                arrivals.append(Arrival(packet.session_id, packet.sequence, now()))
