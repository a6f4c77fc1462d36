"""A ticker in this process, with a clock that is set by hand and a log that can refuse."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from eitp_server.bandit.choice import Experiment
from eitp_server.ingest.feed import Feed
from eitp_server.ingest.inbox import Inbox
from eitp_server.ingest.input import Telemetry
from eitp_server.ingest.recovery import recover
from eitp_server.ingest.reducer import Reducer
from eitp_server.ingest.tick import Pace, Ticker
from eitp_server.interventions.desk import Desk
from eitp_server.interventions.policy import Policy, Settings
from eitp_server.storage.memory_log import MemoryLog
from eitp_server.storage.refusal import storage_full
from eitp_server.storage.snapshot import MemorySnapshots
from faults import script
from faults.clients import START_US, TENANTS, Clients, session_id
from faults.telemetry import batch
from unwrapped import unwrapped

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from eitp.v1.page_pb2 import PageContext
    from eitp_server.classification.packet import Packet
    from eitp_server.storage.log import InterventionRow, Writes

POISON: Final = 666
"""The width of a page that breaks the reducer."""


class RefusingLog(MemoryLog):
    """A log that can be full."""

    full = False
    when_refused: Callable[[], None] = staticmethod(lambda: None)
    """Called while a commit is being refused."""

    async def commit(self, tick: int, envelope: bytes, writes: Writes) -> None:
        """Append the envelope, or raise `Exhausted(STORAGE_FULL)`."""
        if self.full:
            self.when_refused()
            raise storage_full()
        await super().commit(tick, envelope, writes)


@dataclass(slots=True, kw_only=True)
class Ticking:
    """A ticker at work."""

    ticker: Ticker
    inbox: Inbox
    log: RefusingLog
    clock: list[int]
    snapshots: MemorySnapshots

    async def open(self, session: int) -> None:
        """Open a session of the script."""
        step = script.Open(session, 4, consent=True)
        await self.inbox.submit(Clients().input(step, self.clock[0]))

    async def send(self, *sequences: int, session: int = 0, poisonous: bool = False) -> Any:
        """Send batches and return the receipt. Raises what the tick answers with."""
        return await self.inbox.submit(telemetry(*sequences, session=session, poisonous=poisonous))

    async def replay(self) -> Reducer:
        """Return the state that the log stands for."""
        return (await recover(self.log, MemorySnapshots(), new_reducer)).reducer


def telemetry(*sequences: int, session: int = 0, poisonous: bool = False) -> Telemetry:
    """Return a request with batches of a session."""
    batches = [batch("", number, mood="page", clock_ms=1_000 * number) for number in sequences]
    for item in batches:
        item.page.viewport_width = POISON if poisonous else 0
    return Telemetry(
        tenant_id=TENANTS[0],
        session_id=session_id(session),
        batches=[item.SerializeToString() for item in batches],
        wants_progress=True,
    )


def new_reducer() -> Reducer:
    """Return an empty reducer that the poison breaks."""
    return Reducer(Desk(Policy(Settings(experiment=Experiment(key=b"key")))), _break)


@asynccontextmanager
async def ticking(pace: Pace | None = None) -> AsyncGenerator[Ticking]:
    """Run a ticker until the block ends."""
    log, inbox, clock, snapshots = RefusingLog(), Inbox(), [START_US], MemorySnapshots()
    packets: Feed[Packet] = Feed(_nothing, 0)
    interventions: Feed[InterventionRow] = Feed(_nothing, 0)
    ticker = Ticker(
        inbox=inbox,
        log=log,
        snapshots=snapshots,
        recovered=await recover(log, MemorySnapshots(), new_reducer),
        new_reducer=new_reducer,
        packets=packets,
        interventions=interventions,
        clock_us=lambda: clock[0],
        pace=pace or Pace(),
    )
    with unwrapped():
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(ticker.run())
            try:
                yield Ticking(ticker=ticker, inbox=inbox, log=log, clock=clock, snapshots=snapshots)
            finally:
                ticker.stop()


def _break(message: Any) -> list[Any]:
    page: PageContext = message if hasattr(message, "viewport_width") else message.page
    if page.viewport_width == POISON:
        raise ArithmeticError("poison")
    return []


async def _nothing(tenant_id: str, after: int, limit: int, session_id: str) -> list[Any]:
    return []
