"""A server that is killed at any moment keeps what it acknowledged, once, and goes on with it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from faults.checker import Fault
from faults.mutant import LATE

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from faults.ordeal import Ordeal

_logger = logging.getLogger(__name__)

SNAPSHOT_OFTEN = {"EITP_SNAPSHOT_BATCHES": "500"}


def moment(moments: Random) -> float:
    """Return how long the load lasts before the kill, in seconds."""
    return moments.uniform(0.2, 0.9)


@pytest.mark.timeout(3_600)
async def test_nothing_acknowledged_is_lost_or_doubled_by_kills_under_load(
    put_through: Callable[..., Ordeal], trials: int, moments: Random
) -> None:
    ordeal = put_through(settings=SNAPSHOT_OFTEN)
    snapshots, replayed = set[int](), 0
    for trial in range(trials):
        await ordeal.live_for(moment(moments))
        assert await ordeal.judge() == [], f"kill number {trial + 1}"
        snapshots.add(ordeal.autopsy.snapshot_tick)
        replayed += ordeal.autopsy.replayed
    await ordeal.server.start()
    await ordeal.crowd.confirm(ordeal.server)

    assert await ordeal.server.stop() == 0
    assert await ordeal.judge() == []
    assert ordeal.autopsy.replayed == 0, "a server that ended well leaves nothing to replay"
    assert len(snapshots) > 1, "no snapshot was written during the trials"
    assert replayed > 0, "no recovery had anything to replay"
    _logger.info("%d kills, %d acknowledged batches, none lost", trials, ordeal.acknowledged)


@pytest.mark.timeout(600)
async def test_the_judge_notices_a_server_that_acknowledges_before_it_commits(
    put_through: Callable[..., Ordeal], moments: Random
) -> None:
    ordeal = put_through(settings=SNAPSHOT_OFTEN, program=LATE)

    await ordeal.live_for(moment(moments))

    assert Fault.LOST in {anomaly.fault for anomaly in await ordeal.judge()}
