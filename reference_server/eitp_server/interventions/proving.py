"""The parts that what is proven goes through, put together once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eitp_server.interventions.analyst import Analyst
from eitp_server.interventions.archive import Archive
from eitp_server.interventions.checkpoints import Checkpoints
from eitp_server.interventions.knowledge import Knowledge
from eitp_server.interventions.outcome import SUCCESSES
from eitp_server.interventions.pools import Pools
from eitp_server.interventions.prover import Prover
from eitp_server.storage.offers import Offers
from eitp_server.storage.patterns import Patterns
from eitp_server.storage.studies import Studies
from eitp_server.storage.trials import Trials

if TYPE_CHECKING:
    from collections.abc import Callable

    from eitp_server.interventions.analyst import Margins
    from eitp_server.interventions.policy import Policy
    from eitp_server.interventions.prover import Stop
    from eitp_server.storage.database import Database
    from eitp_server.storage.tenants import Tenants


@dataclass(frozen=True, slots=True, kw_only=True)
class Proving:
    """From matured decisions to what is known."""

    analyst: Analyst
    prover: Prover
    patterns: Patterns
    knowledge: Knowledge

    async def run(self, seconds: float) -> None:
        """Prove for as long as the server lives, and know what was proven."""
        await self.prover.run(seconds, self.knowledge.refresh)


def proving(
    database: Database,
    tenants: Tenants,
    *,
    policy: Callable[[], Policy],
    margins: Callable[[str], Margins],
    stop: Stop,
    now_us: Callable[[], int],
    window_us: int,
) -> Proving:
    """Join all parts over the tables of `database`."""
    trials = Trials(database, successes=SUCCESSES, window_us=window_us)
    patterns = Patterns(database)
    archive = Archive(patterns)
    offers = Offers(database, successes=SUCCESSES, window_us=window_us)
    checkpoints = Checkpoints(Studies(database), window_us)
    analyst = Analyst(trials, margins, now_us, archive.promotions, checkpoints=checkpoints)
    return Proving(
        analyst=analyst,
        patterns=patterns,
        prover=Prover(
            analyst=analyst,
            pools=Pools(trials, lambda: policy().catalogue),
            archive=archive,
            offers=offers,
            policy=policy,
            tenants=tenants.all,
            stop=stop,
            now_us=now_us,
        ),
        knowledge=Knowledge(
            archive,
            offers,
            catalogue=lambda: policy().catalogue,
            sharing=lambda tenant_id: is_sharing(tenants, tenant_id),
            now_us=now_us,
        ),
    )


def is_sharing(tenants: Tenants, tenant_id: str) -> bool:
    """Return whether a tenant pools, and so may read what is shared."""
    tenant = tenants.get(tenant_id)
    return tenant is not None and tenant.learning.pooling
