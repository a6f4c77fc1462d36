"""Which edges hold over time: candidate, confirmed, exploratory or ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import TypeAlias

    Pair: TypeAlias = tuple[str, str]
    """Source and target."""

WINDOWS: Final = 3
"""Windows without overlap that are looked at."""
HOLDING: Final = 2
"""In so many of them a confirmed edge is significant."""


class Status(StrEnum):
    """How sure an edge is."""

    CANDIDATE = "CANDIDATE"
    CONFIRMED = "CONFIRMED"
    EXPLORATORY = "EXPLORATORY"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where an edge stands after a window."""

    status: Status
    first_seen: int
    """End of the first window since which it was significant in every one, minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The windows that were analysed lately, and which edges were significant in each."""

    window: int
    """Minutes of a window."""
    seen: tuple[tuple[int, frozenset[Pair]], ...] = ()
    """End of each window, minutes, ascending, with its edges."""
    first_seen: Mapping[Pair, int] | None = None

    def after(
        self, end: int, significant: Collection[Pair], *, exploratory: bool
    ) -> tuple[History, Mapping[Pair, Standing]]:
        """Return the history with one more window, and where each edge stands now.

        An edge has ended when it was significant in the window before and is no more; it is told
        once. Among fewer than ten regions every edge that holds is exploratory. A window without
        an analysis is no break: it is not told. Raises ValueError when `end` does not ascend.
        """
        if self.seen and end <= self.seen[-1][0]:
            raise ValueError(f"a window that ends at {end} follows one of {self.seen[-1][0]}")
        now = frozenset(significant)
        before = self.seen[-1][1] if self.seen else frozenset[tuple[str, str]]()
        known = self.first_seen or {}
        first_seen = {pair: known.get(pair, end) for pair in now}
        # The window before the last without overlap ends up to one step beyond twice the length.
        kept = tuple(one for one in self.seen if one[0] > end - (WINDOWS + 1) * self.window)
        after = History(window=self.window, seen=(*kept, (end, now)), first_seen=first_seen)
        standings = {
            pair: Standing(
                status=Status.EXPLORATORY if exploratory else after.status(pair),
                first_seen=first_seen[pair],
            )
            for pair in now
        }
        for pair in before - now:
            standings[pair] = Standing(status=Status.ENDED, first_seen=known.get(pair, end))
        return after, standings

    def status(self, pair: Pair) -> Status:
        """Return how sure an edge is that is significant in the last window."""
        holding = sum(pair in edges for edges in self._apart())
        return Status.CONFIRMED if holding >= HOLDING else Status.CANDIDATE

    def _apart(self) -> list[frozenset[Pair]]:
        """Return the edges of the last windows that do not overlap, newest first."""
        found: list[frozenset[Pair]] = []
        latest = self.seen[-1][0]
        for end, edges in reversed(self.seen):
            if end <= latest and len(found) < WINDOWS:
                found.append(edges)
                latest = end - self.window
        return found
