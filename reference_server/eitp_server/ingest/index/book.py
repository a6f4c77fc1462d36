"""The feeds of the volatility index, and what one tick of them all adds.

Everything here follows from what is stored, so a restart changes no tick that comes after it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from eitp_server.ingest.index.bases import Bases
from eitp_server.ingest.index.series import (
    SHARED_TICK_US,
    Choice,
    choice_of,
    feed_id,
    feed_row,
    own_choices,
)
from eitp_server.ingest.index.shared import shared_ticks
from eitp_server.ingest.index.state import Drawn, FeedState
from eitp_server.storage.index_row import SHARED
from eitp_server.storage.index_store import PulseWrites
from eitp_server.volatility.base import BaseKind
from eitp_server.volatility.index import index_tick
from eitp_server.volatility.methodology import DRAFT
from eitp_server.volatility.partial import Partial

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from eitp_server.storage.index_row import BarRow, FeedRow, TickRow
    from eitp_server.storage.index_store import KeptIndex
    from eitp_server.volatility.base import Base
    from eitp_server.volatility.cell import Cell

    Cells = Mapping[Cell, Partial]

MOST_FEEDS: Final = 256
"""In use of one tenant, and shared; what is beyond that has no feed of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What is known of all sessions at a tick."""

    at_us: int
    cells: Cells
    """Heard in time."""
    late: Cells = field(default_factory=dict["Cell", "Partial"])
    """Heard too late: they are counted, and nothing else."""
    coverage: float = 1.0


class IndexBook:
    """All feeds; `draw` says what a tick adds, `apply` goes on from it."""

    def __init__(self, estimator_version: str, tick_us: int) -> None:
        """Know no feed before `load`; own feeds tick every `tick_us`."""
        self.feeds: dict[str, FeedState] = {}
        self.bases = Bases(estimator_version)
        self.last_number = 0
        self._estimator_version = estimator_version
        self._tick_us = tick_us
        self._changed: list[FeedRow] = []
        """Rows to be stored with the next tick."""

    def load(self, kept: KeptIndex, now_us: int) -> None:
        """Go on from what is stored; feeds of another estimator or methodology end at `now_us`."""
        self.last_number = kept.last_number
        for row in kept.feeds:
            current = self._current(row, now_us)
            if current != row:
                self._changed.append(current)
            last, bar = kept.ticks.get(row.feed_id), kept.bars.get(row.feed_id)
            self.feeds[row.feed_id] = FeedState(current, last, bar)
        for base in kept.bases:
            self.bases.add(base)

    def base(self, feed: FeedRow, at_us: int) -> Base | None:
        """Return what a feed is scaled by at a moment."""
        return self.bases.in_force(choice_of(feed), feed.base_kind, at_us)

    def draw(self, heard: Heard, pooling: Collection[str]) -> PulseWrites:
        """Return what the tick adds; `pooling` are the tenants that share.

        Changes nothing, so that a tick that cannot be stored has not happened.
        """
        drawing = _Drawing(self, heard)
        if heard.at_us % self._tick_us == 0:
            for tenant_id in sorted({cell.tenant_id for cell in (*heard.cells, *heard.late)}):
                drawing.draw_own(tenant_id)
        if heard.at_us % SHARED_TICK_US == 0:
            drawing.draw_shared(pooling)
        return drawing.writes()

    def apply(self, writes: PulseWrites) -> None:
        """Go on from what was stored."""
        self._changed = [row for row in self._changed if row not in writes.feeds]
        for row in writes.feeds:
            self.feeds.setdefault(row.feed_id, FeedState(row)).row = row
        for tick in writes.ticks:
            self.feeds[tick.feed_id].last = tick
            self.last_number = tick.number
        for bar in writes.bars:
            self.feeds[bar.feed_id].bar = bar.bar

    def _current(self, row: FeedRow, now_us: int) -> FeedRow:
        own = (self._estimator_version, DRAFT.methodology_id)
        if (row.estimator_version, row.methodology_id) != own:
            return replace(row, ends_us=row.ends_us or now_us)
        return row if row.tenant_id == SHARED else replace(row, tick_us=self._tick_us)

    def state(self, choice: Choice, kind: BaseKind, at_us: int) -> FeedState:
        """Return a feed as it stands, one that begins at `at_us` when there is none."""
        name = feed_id(choice, kind, self._estimator_version)
        known = self.feeds.get(name)
        if known is not None:
            return known
        version, tick_us = self._estimator_version, self._tick_us
        return FeedState(feed_row(choice, kind, version, tick_us=tick_us, started_us=at_us))

    @property
    def changed(self) -> list[FeedRow]:
        """Feeds that are others than they were stored as."""
        return self._changed


class _Drawing:
    """One tick of all feeds in the making."""

    def __init__(self, book: IndexBook, heard: Heard) -> None:
        self._book = book
        self._heard = heard
        self._feeds = list(book.changed)
        self._ticks: list[TickRow] = []
        self._bars: list[BarRow] = []
        self._number_of = Counter(
            state.row.tenant_id for state in book.feeds.values() if state.is_used(heard.at_us)
        )
        self._cells, self._late = _by_tenant(heard.cells), _by_tenant(heard.late)

    def draw_own(self, tenant_id: str) -> None:
        """Draw the feeds of one tenant."""
        cells, late = self._cells.get(tenant_id, {}), self._late.get(tenant_id, {})
        for choice in own_choices(tenant_id, (*cells, *late)):
            parts = choice.of(cells)
            late_sessions = sum(part.sessions for part in choice.of(late).values())
            for kind in BaseKind:
                self._keep(self._drawn(choice, kind, parts), late_sessions)

    def draw_shared(self, pooling: Collection[str]) -> None:
        """Draw the feeds over the tenants that share."""
        # What came too late has no sums, but its feeds say so.
        heard: dict[Cell, Partial] = {cell: Partial() for cell in self._heard.late}
        heard.update(self._heard.cells)
        cells = {cell: part for cell, part in heard.items() if cell.tenant_id in pooling}
        if not cells:
            return
        for drawn in shared_ticks(cells, self._drawn_by_all):
            self._keep(drawn, 0)

    def writes(self) -> PulseWrites:
        """Return all that was kept."""
        return PulseWrites(feeds=self._feeds, ticks=self._ticks, bars=self._bars)

    def _drawn_by_all(self, choice: Choice, parts: Mapping[str, Partial]) -> list[Drawn]:
        drawn = [self._drawn(choice, kind, parts) for kind in BaseKind]
        return [one for one in drawn if one is not None]

    def _drawn(self, choice: Choice, kind: BaseKind, parts: Mapping[str, Partial]) -> Drawn | None:
        """Return the tick of a feed, None when it has none now."""
        at_us = self._heard.at_us
        state = self._book.state(choice, kind, at_us)
        is_new = state.row.feed_id not in self._book.feeds
        base = self._book.base(state.row, at_us)
        if is_new and not self._may_begin(choice, kind, parts, base):
            return None
        if state.row.ends_us or (state.last and state.last.at_us >= at_us):
            return None
        tick = index_tick(
            parts,
            at_us=at_us,
            audience=state.row.audience,
            base=base,
            coverage=self._heard.coverage,
            before=state.smoothed,
        )
        return Drawn(choice=choice, state=state, tick=tick, is_new=is_new)

    def _may_begin(
        self, choice: Choice, kind: BaseKind, parts: Mapping[str, Partial], base: Base | None
    ) -> bool:
        if kind == BaseKind.FIXED:
            return base is not None
        return choice.may_begin(parts) and self._number_of[choice.tenant_id] < MOST_FEEDS

    def _keep(self, drawn: Drawn | None, late_sessions: int) -> None:
        if drawn is None:
            return
        if drawn.is_new:
            self._feeds.append(drawn.state.row)
            self._number_of[drawn.choice.tenant_id] += 1
        number = self._book.last_number + len(self._ticks) + 1
        self._ticks.append(drawn.row(number, late_sessions))
        if bar := drawn.bar():
            self._bars.append(bar)


def _by_tenant(cells: Cells) -> dict[str, dict[Cell, Partial]]:
    found: dict[str, dict[Cell, Partial]] = {}
    for cell, part in cells.items():
        found.setdefault(cell.tenant_id, {})[cell] = part
    return found
