"""A feed: numbered items that readers follow at their own pace, from memory or from storage.

No reader has a queue. The newest items are kept once, in a ring that all readers share; a reader
that is further behind reads from storage, so a slow one costs neither memory nor anybody's time.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

_PAGE: Final = 256
HEARTBEAT_SECONDS: Final = 5.0
"""Longest silence on a stream."""


class Numbered(Protocol):
    """An item of a feed."""

    @property
    def number(self) -> int:
        """Position in the feed, ascending over all tenants."""
        ...

    @property
    def tenant_id(self) -> str: ...

    @property
    def session_id(self) -> str: ...


T = TypeVar("T", bound=Numbered)


@dataclass(frozen=True, slots=True)
class Beat:
    """Nothing for this reader; `number` is where it would go on."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Items that were skipped because the reader prefers to be current."""

    after: int
    through: int
    dropped: int


class Feed(Generic[T]):
    """Items in the order of their numbers."""

    def __init__(
        self,
        stored: Callable[[str, int, int, str], Awaitable[Sequence[T]]],
        last: int,
        *,
        ring: int = 8_192,
        max_lag: int = 1_024,
    ) -> None:
        """Start behind number `last`.

        `stored(tenant_id, after, limit, session_id)` reads older items. A reader in the latest
        mode that is more than `max_lag` numbers behind skips ahead.
        """
        self._stored = stored
        self._ring_size = ring
        self._max_lag = max_lag
        self._ring: list[T] = []
        self._floor = last
        self._changed = asyncio.Event()

    @property
    def last(self) -> int:
        """Number of the newest item."""
        return self._ring[-1].number if self._ring else self._floor

    def publish(self, items: Sequence[T]) -> None:
        """Append items, numbers ascending."""
        if not items:
            return
        self._ring.extend(items)
        if len(self._ring) > 2 * self._ring_size:
            surplus = len(self._ring) - self._ring_size
            self._floor = self._ring[surplus - 1].number
            del self._ring[:surplus]
        self._changed.set()
        self._changed = asyncio.Event()

    async def follow(
        self,
        tenant_id: str,
        after: int,
        *,
        session_id: str = "",
        latest: bool = False,
        heartbeat: float = HEARTBEAT_SECONDS,
    ) -> AsyncGenerator[T | Beat | Gap]:
        """Yield every item of a tenant above `after`, then wait for more, without end.

        Yields a `Beat` when there was nothing for this reader for `heartbeat` seconds, and at the
        start when there is nothing yet. With `latest`, a reader that falls behind gets a `Gap` and
        the newest items instead of all of them.
        Raises what `stored` raises when items right above `after` are no longer kept.
        """
        now = asyncio.get_running_loop().time
        silent_until = now()
        while True:
            changed = self._changed
            if latest and self.last - after > self._max_lag:
                gap = await self._skip(tenant_id, after, session_id)
                after = gap.through
                yield gap
            page, through = await self._page(tenant_id, after, session_id)
            for item in page:
                yield item
                silent_until = now() + heartbeat
            after = through
            if now() >= silent_until:
                yield Beat(after)
                silent_until = now() + heartbeat
            if after >= self.last:
                await _set_within(changed, silent_until - now())

    async def _page(self, tenant_id: str, after: int, session_id: str) -> tuple[Sequence[T], int]:
        """Return the next matching items and the number up to which there are no others."""
        if after < self._floor:
            # The ring may move on during the read; what is then missing from it is read next.
            floor = self._floor
            page = await self._stored(tenant_id, after, _PAGE, session_id)
            page = [item for item in page if item.number <= floor]
            return page, page[-1].number if len(page) == _PAGE else floor
        first = bisect_right(self._ring, after, key=_number)
        window = self._ring[first : first + _PAGE]
        if not window:
            return (), after
        return [i for i in window if _matches(i, tenant_id, session_id)], window[-1].number

    async def _skip(self, tenant_id: str, after: int, session_id: str) -> Gap:
        through, dropped, position = max(after, self.last - _PAGE // 8), 0, after
        while position < through:
            page, position = await self._page(tenant_id, position, session_id)
            dropped += sum(1 for item in page if item.number <= through)
        return Gap(after=after, through=through, dropped=dropped)


def _number(item: Numbered) -> int:
    return item.number


def _matches(item: Numbered, tenant_id: str, session_id: str) -> bool:
    return item.tenant_id == tenant_id and session_id in ("", item.session_id)


async def _set_within(event: asyncio.Event, timeout: float) -> bool:
    try:
        async with asyncio.timeout(timeout):
            await event.wait()
    except TimeoutError:
        return False
    return True
