"""A power cut takes what was not synchronised to the disk, and nothing that was acknowledged."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from faults.checker import Fault

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from faults.disk import Disk
    from faults.ordeal import Ordeal

_logger = logging.getLogger(__name__)

SNAPSHOT_OFTEN = {"EITP_SNAPSHOT_BATCHES": "300"}


@pytest.mark.timeout(3_600)
async def test_nothing_acknowledged_is_lost_by_power_cuts(
    disk: Disk, put_through: Callable[..., Ordeal], cuts: int, moments: Random
) -> None:
    ordeal = put_through(disk.data, settings=SNAPSHOT_OFTEN)
    for cut in range(cuts):
        await ordeal.live_for(moments.uniform(0.2, 0.9))
        disk.cut_power()
        assert await ordeal.judge() == [], f"power cut number {cut + 1}"
    await ordeal.server.start()
    await ordeal.crowd.confirm(ordeal.server)

    assert await ordeal.server.stop() == 0
    _logger.info("%d power cuts, %d acknowledged batches, none lost", cuts, ordeal.acknowledged)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("synchronous", ["OFF", "NORMAL"])
async def test_the_judge_notices_a_server_that_does_not_wait_for_the_disk(
    disk: Disk, put_through: Callable[..., Ordeal], moments: Random, synchronous: str
) -> None:
    settings = {**SNAPSHOT_OFTEN, "EITP_SYNCHRONOUS": synchronous}
    ordeal = put_through(disk.data, settings=settings)

    await ordeal.live_for(moments.uniform(0.2, 0.9))
    disk.cut_power()

    assert Fault.LOST in {anomaly.fault for anomaly in await ordeal.judge()}
