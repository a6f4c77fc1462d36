"""A feed: numbered items that readers follow at their own pace, from memory or from storage.

No reader has a queue. The newest items are kept once, in a ring that all readers share; a reader
that is further behind reads from storage, so a slow one costs neither memory nor anybody's time.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar, cast

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


class OfSession(Numbered, Protocol):
    """An item about one session."""

    @property
    def tenant_id(self) -> str: ...

    @property
    def session_id(self) -> str: ...


T = TypeVar("T", bound=Numbered)
R = TypeVar("R", bound=Numbered)


class Reader(Protocol[R]):
    """One who follows a feed: which of its items are for this reader."""

    def sees(self, item: R) -> bool:
        """Return whether an item is for this reader."""
        ...

    async def stored(self, after: int, limit: int) -> Sequence[R]:
        """Read older items for this reader; raises when those right above `after` are gone."""
        ...

    def skips_to(self, item: R) -> str | None:
        """Return the series of which a reader in a hurry still wants the newest item.

        None for an item that is never skipped.
        """
        ...


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
        stored: Callable[[str, int, int, str], Awaitable[Sequence[T]]] | None,
        last: int,
        *,
        ring: int = 8_192,
        max_lag: int = 1_024,
    ) -> None:
        """Start behind number `last`.

        `stored(tenant_id, after, limit, session_id)` reads older items for `follow`. A reader in
        the latest mode that is more than `max_lag` numbers behind skips ahead.
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

    def follow(
        self,
        tenant_id: str,
        after: int,
        *,
        session_id: str = "",
        latest: bool = False,
        heartbeat: float = HEARTBEAT_SECONDS,
    ) -> AsyncGenerator[T | Beat | Gap]:
        """Follow the items about the sessions of a tenant, or about one, as `follow_as` does.

        With `latest`, a reader that falls behind gets a `Gap` and the newest items.
        """
        assert self._stored is not None, "a feed whose readers bring their own storage"
        reader = _SessionReader(self._stored, tenant_id, session_id)
        return self._follow(reader, self._newest, after, latest=latest, heartbeat=heartbeat)

    def follow_as(
        self,
        reader: Reader[T],
        after: int,
        *,
        latest: bool = False,
        heartbeat: float = HEARTBEAT_SECONDS,
    ) -> AsyncGenerator[T | Beat | Gap]:
        """Yield every item for `reader` above `after`, then wait for more, without end.

        Yields a `Beat` when there was nothing for this reader for `heartbeat` seconds, and at the
        start when there is nothing yet. With `latest`, a reader that falls behind gets the newest
        item of each series and whatever is never skipped, with a `Gap` in place of all others.
        Raises what `stored` raises when items right above `after` are no longer kept.
        """
        return self._follow(reader, self._vital, after, latest=latest, heartbeat=heartbeat)

    async def _follow(
        self,
        reader: Reader[T],
        skip: Callable[[Reader[T], int], Awaitable[tuple[Sequence[T | Gap], int]]],
        after: int,
        *,
        latest: bool,
        heartbeat: float,
    ) -> AsyncGenerator[T | Beat | Gap]:
        now = asyncio.get_running_loop().time
        silent_until = now()
        while True:
            changed = self._changed
            if latest and self.last - after > self._max_lag:
                instead, after = await skip(reader, after)
                for item in instead:
                    yield item
                    silent_until = now() + heartbeat
            page, through = await self._page(reader, after)
            for item in page:
                yield item
                silent_until = now() + heartbeat
            after = through
            if now() >= silent_until:
                yield Beat(after)
                silent_until = now() + heartbeat
            if after >= self.last:
                await _set_within(changed, silent_until - now())

    async def _page(self, reader: Reader[T], after: int) -> tuple[Sequence[T], int]:
        """Return the next items for a reader and the number up to which there are no others."""
        if after < self._floor:
            # The ring may move on during the read; what is then missing from it is read next.
            floor = self._floor
            page = await reader.stored(after, _PAGE)
            page = [item for item in page if item.number <= floor]
            return page, page[-1].number if len(page) == _PAGE else floor
        first = bisect_right(self._ring, after, key=_number)
        window = self._ring[first : first + _PAGE]
        if not window:
            return (), after
        return [item for item in window if reader.sees(item)], window[-1].number

    async def _newest(self, reader: Reader[T], after: int) -> tuple[Sequence[T | Gap], int]:
        """Return what to deliver in place of all that is behind the newest items."""
        through, dropped, position = max(after, self.last - _PAGE // 8), 0, after
        while position < through:
            page, position = await self._page(reader, position)
            dropped += sum(1 for item in page if item.number <= through)
        return [Gap(after=after, through=through, dropped=dropped)], through

    async def _vital(self, reader: Reader[T], after: int) -> tuple[Sequence[T | Gap], int]:
        """Return the newest item of each series and what is never skipped, gaps between them."""
        seen, position, end = 0, after, self.last
        newest: dict[str, tuple[int, T]] = {}
        kept: list[tuple[int, T]] = []
        while position < end:
            page, position = await self._page(reader, position)
            for item in page:
                seen += 1
                series = reader.skips_to(item)
                if series is None:
                    kept.append((seen, item))
                else:
                    newest[series] = (seen, item)
        found: list[T | Gap] = []
        place, number = 0, after
        for ordinal, item in sorted([*kept, *newest.values()], key=lambda each: each[0]):
            if dropped := ordinal - place - 1:
                found.append(Gap(after=number, through=item.number - 1, dropped=dropped))
            found.append(item)
            place, number = ordinal, item.number
        return found, position


@dataclass(frozen=True, slots=True)
class _SessionReader(Generic[T]):
    """One who follows the sessions of a tenant."""

    older: Callable[[str, int, int, str], Awaitable[Sequence[T]]]
    tenant_id: str
    session_id: str

    def sees(self, item: T) -> bool:
        about = cast("OfSession", item)
        return about.tenant_id == self.tenant_id and self.session_id in ("", about.session_id)

    async def stored(self, after: int, limit: int) -> Sequence[T]:
        return await self.older(self.tenant_id, after, limit, self.session_id)

    def skips_to(self, item: T) -> str | None:
        return cast("OfSession", item).session_id


def _number(item: Numbered) -> int:
    return item.number


async def _set_within(event: asyncio.Event, timeout: float) -> bool:
    try:
        async with asyncio.timeout(timeout):
            await event.wait()
    except TimeoutError:
        return False
    return True
