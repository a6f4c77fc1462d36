"""One server, its clients and their judge, over many deaths."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from faults.autopsy import Autopsy
from faults.checker import anomalies
from faults.crowd import Crowd

if TYPE_CHECKING:
    from pathlib import Path

    from faults.checker import Anomaly
    from faults.disk import Disk
    from faults.failing_disk import Trap
    from faults.server import Server

_PATIENCE: Final = 30.0
"""Seconds within which a server under load does everything that a trap can wait for."""


class Ordeal:
    """Puts a server under load, and judges what its death left."""

    def __init__(self, server: Server, scratch: Path, crowd: Crowd | None = None) -> None:
        self.server = server
        self.crowd = crowd or Crowd(browsing=32, relayed=32)
        self.autopsy = Autopsy(server.data, scratch)

    @property
    def acknowledged(self) -> int:
        """Batches that the server called durable so far."""
        return sum(visit.acknowledged for visit in self.crowd.visits)

    async def begin(self, *, confirm: bool = True) -> asyncio.Task[None]:
        """Start the server, have it confirm what it acknowledged before, and put it under load."""
        await self.server.start()
        if confirm:
            await self.crowd.confirm(self.server)
        await self.crowd.arrive(self.server)
        return asyncio.create_task(self.crowd.rush(self.server))

    async def live_for(self, seconds: float, *, confirm: bool = True) -> None:
        """Let the server live under load, then kill it."""
        load = await self.begin(confirm=confirm)
        await asyncio.wait({load}, timeout=seconds)
        await self.server.kill()
        await load

    async def die_at(self, disk: Disk, trap: Trap) -> None:
        """Put the server under load and have the disk kill it at an operation."""
        load = await self.begin()
        disk.set_trap(self.server.pid, trap)
        async with asyncio.timeout(_PATIENCE):
            await self.server.died()
        await load

    async def judge(self) -> list[Anomaly]:
        """Return what is wrong with what the server left."""
        return anomalies(self.crowd.claims(), await self.autopsy.examine())
