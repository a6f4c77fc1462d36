"""The tick and everything that it alone may touch."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog

from eitp_server.app.clock import clock_us
from eitp_server.app.memory import give_back
from eitp_server.bandit.choice import Experiment
from eitp_server.ingest.feed import Feed
from eitp_server.ingest.inbox import Inbox
from eitp_server.ingest.input import Command
from eitp_server.ingest.recovery import recover
from eitp_server.ingest.reducer import Reducer
from eitp_server.ingest.tick import Pace, Ticker
from eitp_server.interventions.desk import Desk
from eitp_server.interventions.policy import Policy
from eitp_server.interventions.policy import Settings as PolicySettings
from eitp_server.services.validation import violations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eitp_server.app.stores import Stores
    from eitp_server.classification.packet import Packet
    from eitp_server.config import Settings
    from eitp_server.ingest.input import CommandKind
    from eitp_server.storage.log import InterventionRow

_LOG: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """The tick, what goes in and what comes out."""

    ticker: Ticker
    inbox: Inbox
    packets: Feed[Packet]
    interventions: Feed[InterventionRow]

    @property
    def reducer(self) -> Reducer:
        """The state as it is now; another object after a failed tick."""
        return self.ticker.reducer

    @property
    def policy(self) -> Policy:
        """The policy within the state."""
        desk = self.reducer.policy
        assert isinstance(desk, Desk)
        return desk.policy

    def now_us(self) -> int:
        """Return log time."""
        return self.ticker.now_us()

    async def submit(self, tenant_id: str, kind: CommandKind, document: Mapping[str, Any]) -> Any:
        """Send a command through the log and return its result once that is durable."""
        return await self.inbox.submit(Command(tenant_id=tenant_id, kind=kind, document=document))


async def recover_core(settings: Settings, stores: Stores) -> Core:
    """Return the core with the state that the log stands for; its ticker does not run yet."""

    def new_reducer() -> Reducer:
        experiment = Experiment(key=stores.secret, holdout_share=settings.holdout_share)
        policy = PolicySettings(experiment=experiment)
        return Reducer(Desk(Policy(policy)), violations)

    began = time.monotonic()
    recovered = await recover(stores.log, stores.snapshots, new_reducer)
    _LOG.info(
        "recovered",
        sessions=len(recovered.reducer.sessions),
        tick=recovered.tick,
        replayed=recovered.replayed,
        seconds=round(time.monotonic() - began, 3),
    )
    last_packet, last_intervention = await stores.log.last_numbers()
    packets: Feed[Packet] = Feed(_stored(stores.log.packets), last_packet)
    interventions: Feed[InterventionRow] = Feed(
        _stored(stores.log.interventions), last_intervention
    )
    inbox = Inbox(max_batches=settings.max_queued_batches)
    pace = Pace(
        max_pause=settings.max_pause_ms / 1000,
        snapshot_work=settings.snapshot_work_seconds,
        snapshot_batches=settings.snapshot_batches,
        snapshot_seconds=settings.snapshot_seconds,
        retention_seconds=settings.log_retention_seconds,
    )
    ticker = Ticker(
        inbox=inbox,
        log=stores.log,
        snapshots=stores.snapshots,
        recovered=recovered,
        new_reducer=new_reducer,
        packets=packets,
        interventions=interventions,
        clock_us=clock_us,
        pace=pace,
        give_back=give_back,
    )
    return Core(ticker=ticker, inbox=inbox, packets=packets, interventions=interventions)


def _stored(read: Any) -> Any:
    def page(tenant_id: str, after: int, limit: int, session_id: str) -> Any:
        return read(tenant_id, after, limit, session_id=session_id)

    return page
