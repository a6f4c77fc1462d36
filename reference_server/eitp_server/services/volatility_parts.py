"""The parts of the volatility index, put together once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eitp_server.classification.estimator import ESTIMATOR_VERSION
from eitp_server.ingest.census import census
from eitp_server.ingest.feed import Feed
from eitp_server.ingest.index.book import IndexBook
from eitp_server.ingest.index.pulse import Pulse, Retention
from eitp_server.services.cursor import Cursors, FeedKind
from eitp_server.services.feed_context import Contexts
from eitp_server.services.volatility import VolatilityService
from eitp_server.services.watch import Watch
from eitp_server.storage.index_store import IndexStore
from eitp_server.storage.purchases import Purchases
from eitp_server.volatility.methodology import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Callable

    from eitp_server.ingest.reducer import Reducer
    from eitp_server.storage.database import Database
    from eitp_server.storage.index_row import CorrectionRow, TickRow
    from eitp_server.storage.tenants import Tenants


@dataclass(frozen=True, slots=True)
class Volatility:
    """What answers, and what beats for it beside the tick."""

    service: VolatilityService
    pulse: Pulse


async def volatility(
    database: Database,
    tenants: Tenants,
    *,
    reducer: Callable[[], Reducer],
    incarnation: str,
    now_us: Callable[[], int],
    tick_seconds: int,
    retention: Retention,
) -> Volatility:
    """Join all parts over the tables of `database`."""
    store = IndexStore(database)
    book = IndexBook(ESTIMATOR_VERSION, tick_seconds * SECOND_US)
    book.load(await store.load(now_us()), now_us())
    feed: Feed[TickRow | CorrectionRow] = Feed(None, book.last_number)

    def pooling() -> set[str]:
        return {tenant.tenant_id for tenant in tenants.all() if tenant.learning.pooling}

    def pools(tenant_id: str) -> bool:
        tenant = tenants.get(tenant_id)
        return tenant is not None and tenant.learning.pooling

    pulse = Pulse(
        book=book,
        store=store,
        feed=feed,
        copy=lambda: census(reducer()),
        pooling=pooling,
        now_us=now_us,
        tick_us=tick_seconds * SECOND_US,
        retention=retention,
    )
    service = VolatilityService(
        Watch(feed, Cursors(FeedKind.INDEX, incarnation), now_us),
        book,
        store,
        Contexts(store, Purchases(database), pulse.labels, now_us),
        pools,
        now_us,
    )
    return Volatility(service, pulse)
