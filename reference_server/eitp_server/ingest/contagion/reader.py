"""One who follows what spreads in a series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eitp_server.ingest.feed import Feed
from eitp_server.storage.contagion_value import Edge, Item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp_server.storage.contagion import KeptContagion
    from eitp_server.storage.contagion_value import Series


@dataclass(frozen=True, slots=True)
class ContagionReader:
    """Sees the edges and snapshots of one series."""

    kept: KeptContagion
    series: Series

    def sees(self, item: Item) -> bool:
        """Return whether an item is of the series."""
        return item.series == self.series

    async def stored(self, after: int, limit: int) -> Sequence[Item]:
        """Return older items; raises `OutOfRange(CURSOR_COMPACTED)` when they are gone."""
        return await self.kept.items(self.series, after, limit)

    def skips_to(self, item: Item) -> str:
        """Return the edge, or that it is a snapshot: of each a hurried reader wants the last."""
        return "/".join(item.content.pair) if isinstance(item.content, Edge) else ""


def contagion_feed(last: int) -> Feed[Item]:
    """Return the feed of all series behind number `last`.

    A hurried reader is behind as soon as there are two analyses to deliver: with no lag allowed it
    always gets the last of each edge, and nothing is left out of a single analysis.
    """
    return Feed(None, last, ring=1_024, max_lag=0)
