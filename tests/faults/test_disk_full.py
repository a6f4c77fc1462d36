"""A full disk refuses what cannot be kept, loses nothing, and is over when there is room again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import grpc.aio
import pytest
from faults.checker import Fault
from faults.crowd import Crowd
from faults.line import Line
from faults.mutant import CARELESS
from transport.wire import grpc_status, info, retry_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults.disk import Disk
    from faults.ordeal import Ordeal
    from faults.visit import Visit

SNAPSHOT_OFTEN = {"EITP_SNAPSHOT_BATCHES": "100"}
BATCHES = 12
"""In one request."""


def few() -> Crowd:
    """A few sessions that send one after the other."""
    return Crowd(browsing=8, relayed=0)


async def refusal(line: Line, visits: list[Visit]) -> grpc.aio.AioRpcError:
    """Send in turns until the server refuses."""
    for turn in range(2_000):
        visit = visits[turn % len(visits)]
        try:
            await line.ingest(visit, BATCHES)
        except grpc.aio.AioRpcError as error:
            visit.reconnect()
            return error
    raise AssertionError("the server never noticed that the disk is full")


@pytest.mark.timeout(120)
async def test_ingest_is_refused_with_a_wait_and_reads_go_on_until_there_is_room(
    disk: Disk, put_through: Callable[..., Ordeal]
) -> None:
    ordeal = put_through(disk.data, settings=SNAPSHOT_OFTEN, crowd=few())
    visits = ordeal.crowd.browsing
    await ordeal.server.start()
    await ordeal.crowd.arrive(ordeal.server)
    async with Line(ordeal.server) as line:
        for visit in visits:
            await line.ingest(visit, BATCHES)
        before = await line.state(visits[0])

        disk.fill()
        errors = [await refusal(line, visits) for _ in range(3)]

        for status in map(grpc_status, errors):
            assert grpc.StatusCode.RESOURCE_EXHAUSTED.value[0] == status.code, status
            assert info(status).reason == "STORAGE_FULL"
            assert (retry_seconds(status) or 0) > 0
        assert (await line.state(visits[0])).sequence >= before.sequence
        assert (await line.first_packet()).packet_id

        disk.make_room()
        for visit in visits:
            await line.ingest(visit, BATCHES)
    await ordeal.crowd.confirm(ordeal.server)
    await ordeal.server.kill()
    assert await ordeal.judge() == []


@pytest.mark.timeout(120)
async def test_a_disk_that_fills_under_load_loses_nothing(
    disk: Disk, put_through: Callable[..., Ordeal]
) -> None:
    crowd = Crowd(browsing=32, relayed=0)
    ordeal = put_through(disk.data, settings=SNAPSHOT_OFTEN, crowd=crowd)
    await ordeal.live_for(0.5)
    for _ in range(3):
        await ordeal.server.start()
        await ordeal.crowd.confirm(ordeal.server)
        await ordeal.crowd.arrive(ordeal.server)
        load = asyncio.create_task(ordeal.crowd.rush(ordeal.server))
        disk.fill()
        with pytest.raises(ExceptionGroup) as refused:
            await asyncio.wait_for(load, timeout=20)
        assert all(isinstance(error, grpc.aio.AioRpcError) for error in refused.value.exceptions)
        disk.make_room()
        await ordeal.crowd.arrive(ordeal.server)
        await ordeal.crowd.confirm(ordeal.server)
        await ordeal.server.kill()
        assert await ordeal.judge() == []


@pytest.mark.timeout(120)
async def test_the_judge_notices_a_server_that_ignores_the_full_disk(
    disk: Disk, put_through: Callable[..., Ordeal]
) -> None:
    ordeal = put_through(disk.data, program=CARELESS, crowd=few())
    visits = ordeal.crowd.browsing
    await ordeal.server.start()
    await ordeal.crowd.arrive(ordeal.server)
    async with Line(ordeal.server) as line:
        disk.fill()
        await refusal(line, visits)
    await ordeal.server.kill()

    assert Fault.LOST in {anomaly.fault for anomaly in await ordeal.judge()}
