"""When a snapshot is taken: before a restart would have too much to do again."""

from __future__ import annotations

import asyncio

import pytest
from eitp_server.ingest.tick import Pace
from faults.ticking import ticking

_MOMENT = 0.1
"""Seconds in which a snapshot that is due is written many times over."""


async def test_a_snapshot_is_taken_once_so_much_work_was_done() -> None:
    async with ticking(Pace(snapshot_work=1e-9)) as at_work:
        await at_work.open(0)
        await at_work.send(1)
        async with asyncio.timeout(5):
            while at_work.snapshots.latest() is None:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0)

        snapshot = at_work.snapshots.latest()
        assert snapshot is not None
        assert snapshot.tick > 0


@pytest.mark.parametrize("pace", [Pace(), Pace(snapshot_work=3600.0, snapshot_batches=1_000_000)])
async def test_no_snapshot_is_taken_before(pace: Pace) -> None:
    async with ticking(pace) as at_work:
        await at_work.open(0)
        await at_work.send(1)
        await asyncio.sleep(_MOMENT)

        assert at_work.snapshots.latest() is None
