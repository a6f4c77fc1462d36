"""A server that dies between any two steps of a commit or a snapshot recovers as from any death."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from faults.checker import Fault
from faults.failing_disk import Trap
from faults.mutant import LATE

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from faults.disk import Disk
    from faults.ordeal import Ordeal

SNAPSHOT_OFTEN = {"EITP_SNAPSHOT_BATCHES": "150"}
LOG, DATABASE, PARTIAL, SNAPSHOT = "eitp.db-wal", "eitp.db", "*.partial", "*.snapshot"
STEPS = {
    "before the commit is written": Trap("write", LOG),
    "when a part of the commit is written": Trap("write", LOG, done=True),
    "when the commit is written and not synchronised": Trap("fsync", LOG),
    "when the commit is durable and not answered": Trap("fsync", LOG, done=True),
    "while the log is copied into the database": Trap("write", DATABASE, done=True),
    "before the copied log is synchronised": Trap("fsync", DATABASE),
    "when a snapshot has a name and no content": Trap("create", PARTIAL, done=True),
    "when a part of a snapshot is written": Trap("write", PARTIAL, done=True),
    "before a snapshot is synchronised": Trap("fsync", PARTIAL),
    "before a snapshot gets its name": Trap("rename", PARTIAL),
    "when a snapshot has its name": Trap("rename", PARTIAL, done=True),
    "when an old snapshot is gone": Trap("unlink", SNAPSHOT, done=True),
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("power", ["stays", "goes"])
async def test_a_death_at_any_step_loses_and_doubles_nothing(
    disk: Disk, put_through: Callable[..., Ordeal], power: str, subtests: pytest.Subtests
) -> None:
    ordeal = put_through(disk.data, settings=SNAPSHOT_OFTEN)
    await ordeal.live_for(1.0)
    for moment, trap in STEPS.items():
        with subtests.test(moment):
            await ordeal.die_at(disk, trap)
            if power == "goes":
                disk.cut_power()
            assert await ordeal.judge() == []
    await ordeal.server.start()
    await ordeal.crowd.confirm(ordeal.server)
    assert await ordeal.server.stop() == 0


@pytest.mark.timeout(120)
async def test_the_judge_notices_what_was_acknowledged_before_the_step(
    disk: Disk, put_through: Callable[..., Ordeal]
) -> None:
    ordeal = put_through(disk.data, settings=SNAPSHOT_OFTEN, program=LATE)
    await ordeal.die_at(disk, Trap("write", LOG, count=200))

    assert Fault.LOST in {anomaly.fault for anomaly in await ordeal.judge()}


@pytest.mark.timeout(120)
async def test_a_torn_snapshot_is_passed_over_for_the_one_before(
    put_through: Callable[..., Ordeal], moments: Random
) -> None:
    ordeal = put_through(settings=SNAPSHOT_OFTEN)
    await ordeal.live_for(1.5)
    assert await ordeal.judge() == []
    newest_tick = ordeal.autopsy.snapshot_tick
    newest = max((ordeal.server.data / "snapshots").glob(SNAPSHOT))

    with newest.open("r+b") as file:
        file.truncate(moments.randrange(newest.stat().st_size))

    assert await ordeal.judge() == []
    assert ordeal.autopsy.snapshot_tick < newest_tick
    await ordeal.server.start()
    await ordeal.crowd.confirm(ordeal.server)
    assert await ordeal.server.stop() == 0
