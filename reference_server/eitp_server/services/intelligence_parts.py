"""The parts of what is learned across regions and verticals, put together once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eitp_server.classification.estimator import ESTIMATOR_VERSION
from eitp_server.errors import Missing
from eitp_server.ingest.census import census
from eitp_server.ingest.contagion.reader import contagion_feed
from eitp_server.ingest.contagion.runner import ContagionRunner
from eitp_server.interventions.outcome import SUCCESSES
from eitp_server.interventions.transfer_runner import TransferRunner
from eitp_server.services.cursor import Cursors, FeedKind
from eitp_server.services.experiment import WINDOW_US
from eitp_server.services.intelligence import IntelligenceService
from eitp_server.services.watch import Watch
from eitp_server.storage.contagion import Contagion
from eitp_server.storage.transfers import Transfers
from eitp_server.storage.trials import Trials

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from eitp_server.apart import Apart
    from eitp_server.bandit.decision import Decision
    from eitp_server.ingest.reducer import Reducer
    from eitp_server.interventions.analyst import Analyst
    from eitp_server.interventions.catalogue import Catalogue
    from eitp_server.storage.database import Database
    from eitp_server.storage.tenants import Tenants
    from eitp_server.volatility.cell import Cell
    from eitp_server.volatility.partial import Partial


@dataclass(frozen=True, slots=True, kw_only=True)
class Intelligence:
    """What answers, and what works for it beside the tick."""

    service: IntelligenceService
    contagion: ContagionRunner
    transfer: TransferRunner


async def intelligence(
    database: Database,
    tenants: Tenants,
    *,
    reducer: Callable[[], Reducer],
    catalogue: Callable[[], Catalogue],
    analyst: Analyst,
    incarnation: str,
    now_us: Callable[[], int],
    apart: Apart,
) -> Intelligence:
    """Join all parts over the tables of `database`."""
    contagion = Contagion(database, ESTIMATOR_VERSION)
    feed = contagion_feed(await contagion.last_number())
    transfers = Transfers(database)

    async def cells(at_us: int) -> Mapping[Cell, Partial]:
        copied = census(reducer())
        return (await asyncio.to_thread(copied.counted, at_us)).partials

    def pooling() -> list[str]:
        return [tenant.tenant_id for tenant in tenants.all() if tenant.learning.pooling]

    async def alarmed(tenant_id: str) -> bool:
        study = (await analyst.examine(tenant_id)).study
        return any(check.report().alarm for check in (study.audit, study.ratio, study.loss))

    return Intelligence(
        service=IntelligenceService(
            contagion,
            Watch(feed, Cursors(FeedKind.CONTAGION, incarnation), now_us),
            transfers,
            tenants.get,
            now_us,
        ),
        contagion=ContagionRunner(contagion, feed, cells, pooling, now_us, apart),
        transfer=TransferRunner(
            Trials(database, successes=SUCCESSES, window_us=WINDOW_US),
            transfers,
            lambda: {tenant.tenant_id: tenant.learning.pooling for tenant in tenants.all()},
            lambda decision: _kind(catalogue(), decision),
            alarmed,
            now_us,
        ),
    )


def _kind(catalogue: Catalogue, decision: Decision) -> int:
    """Return the kind of what was chosen, as it was then; 0 when nobody knows any more."""
    epochs = dict(zip(decision.arms, decision.epochs, strict=False))
    tenant_id, epoch = decision.cell.tenant_id, epochs.get(decision.chosen, 0)
    try:
        return int(catalogue.get(tenant_id, decision.chosen, epoch).kind)
    except Missing:
        return 0
