"""Minutes of regions whose spread is known, and runners over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from eitp_server.classification.estimator import ESTIMATOR_VERSION
from eitp_server.ingest.contagion.reader import contagion_feed
from eitp_server.ingest.contagion.runner import ContagionRunner
from eitp_server.lab.contagion.stream import Scenario, draw
from eitp_server.storage.contagion import Contagion
from eitp_server.storage.contagion_value import Edge, Minute, Series

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eitp_server.apart import Apart
    from eitp_server.ingest.feed import Feed
    from eitp_server.storage.contagion_value import Item
    from eitp_server.storage.database import Database
    from eitp_server.volatility.cell import Cell
    from eitp_server.volatility.partial import Partial
    from numpy.typing import NDArray

MINUTE_US = 60_000_000
DAY = 1_440
BEGIN_US = 1_772_409_600_000_000
"""Monday, 2026-03-02 00:00 UTC."""
OWN = Series(tenant_id="shop")


def at(minutes: int) -> int:
    """Return the time so many minutes after the begin."""
    return BEGIN_US + minutes * MINUTE_US


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Values of regions, (T, N), and the pairs of source and target between which they spread."""

    names: tuple[str, ...]
    values: NDArray[np.float64]
    pairs: frozenset[tuple[str, str]]


def known(seed: int, **changes: Any) -> Known:
    """Draw regions `US-00`, `US-01`, ... with edges between them."""
    chosen: dict[str, Any] = {"regions": 12, "minutes": DAY, "edges": 5, "size": 0.3, **changes}
    stream = draw(Scenario(**chosen), np.random.default_rng(seed))
    named = {name: f"US-{number:02}" for number, name in enumerate(stream.names)}
    return Known(
        names=tuple(named.values()),
        values=stream.values,
        pairs=frozenset((named[edge.source], named[edge.target]) for edge in stream.edges),
    )


def minutes(
    values: NDArray[np.float64], names: Sequence[str], first: int = 1, *, sessions: int = 100
) -> list[Minute]:
    """Return rows of `values` as minutes, the first of which ends `first` minutes after begin."""
    count = len(names)
    return [
        Minute(
            at_us=at(first + number),
            regions=tuple(names),
            levels=row,
            sessions=np.full(count, sessions, np.int32),
            reasons=np.where(np.isnan(row), 4, 0).astype(np.uint8),
        )
        for number, row in enumerate(values)
    ]


class Works:
    """A runner over a database, with a clock that stands where it is put."""

    def __init__(self, database: Database, apart: Apart, last: int = 0) -> None:
        self.database = database
        self.kept = Contagion(database, ESTIMATOR_VERSION)
        self.feed: Feed[Item] = contagion_feed(last)
        self.now_us = BEGIN_US
        self.cells: Mapping[Cell, Partial] = {}
        self.pooling: list[str] = []
        self.runner = ContagionRunner(
            self.kept,
            self.feed,
            self._counted,
            lambda: self.pooling,
            lambda: self.now_us,
            apart,
        )

    async def keep(self, rows: Sequence[Minute], series: Series = OWN) -> None:
        """Store minutes as if they had been counted."""
        await self.kept.keep_minutes((series, row) for row in rows)

    async def analyse(self, *ends: int) -> None:
        """Analyse the windows that end so many minutes after the begin."""
        for end in ends:
            self.now_us = at(end)
            await self.runner.analyse(at(end))

    async def told(self, series: Series = OWN) -> list[Edge]:
        """Return all edges that the feed ever told."""
        items = await self.kept.items(series, 0, 100_000)
        return [item.content for item in items if isinstance(item.content, Edge)]

    async def _counted(self, at_us: int) -> Mapping[Cell, Partial]:
        del at_us
        return self.cells
