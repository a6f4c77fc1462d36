"""A subscriber of the volatility index: which ticks and corrections are for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eitp_server.storage.index_row import SHARED, CorrectionRow, TickRow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eitp_server.storage.index_store import IndexStore


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Follows the feeds that a tenant may read."""

    store: IndexStore
    tenant_id: str
    feed_ids: frozenset[str] | None
    """None for all, also those that begin later."""
    pools: Callable[[str], bool]

    def sees(self, item: TickRow | CorrectionRow) -> bool:
        """Return whether it may read an item and asked for it."""
        return (self.feed_ids is None or item.feed_id in self.feed_ids) and (
            item.tenant_id == self.tenant_id
            or (item.tenant_id == SHARED and self.pools(self.tenant_id))
        )

    async def stored(self, after: int, limit: int) -> Sequence[TickRow | CorrectionRow]:
        """Read older items."""
        owners = [self.tenant_id, *([SHARED] if self.pools(self.tenant_id) else [])]
        return await self.store.items(owners, after, limit, self.feed_ids)

    def skips_to(self, item: TickRow | CorrectionRow) -> str | None:
        """Return the feed of a tick; a correction is never skipped."""
        return item.feed_id if isinstance(item, TickRow) else None
