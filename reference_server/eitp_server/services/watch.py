"""What all watches share: where they start, and how beats and gaps look on the wire."""

from __future__ import annotations

import base64
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

from eitp.v1.cursor_pb2 import DeliveryMode, Heartbeat, Lagged, StartPosition

from eitp_server.errors import OutOfRange, Reason
from eitp_server.ingest.feed import Beat, Gap
from eitp_server.services.cursor import unknown_cursor
from eitp_server.services.moment import timestamp

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    from eitp_server.ingest.feed import Feed, Reader
    from eitp_server.services.cursor import Cursors


OLDEST: Final = -1
"""In place of a number: behind nothing, in front of the oldest item that is kept."""


class Watch:
    """One feed as a stream of response fields."""

    def __init__(self, feed: Feed[Any], cursors: Cursors, now_us: Callable[[], int]) -> None:
        self._feed = feed
        self._cursors = cursors
        self._now_us = now_us

    def start(self, tenant_id: str, cursor: bytes, start: StartPosition) -> int:
        """Return the number behind which a watch begins, OLDEST for whatever is kept.

        Raises what `Cursors.decode` raises, and `OutOfRange(CURSOR_UNKNOWN)` for a cursor beyond
        the end: the log was put back to an earlier day.
        """
        if cursor:
            number = self._cursors.decode(tenant_id, cursor)
            if number > self._feed.last:
                raise unknown_cursor("the cursor lies beyond the end of the log; start without one")
            return number
        return OLDEST if start == StartPosition.START_POSITION_OLDEST else self._feed.last

    def newest(self) -> int:
        """Return the number of the feed's newest item."""
        return self._feed.last

    def cursor(self, tenant_id: str, number: int) -> bytes:
        """Return the cursor right behind an item."""
        return self._cursors.encode(tenant_id, number)

    def follow(
        self, tenant_id: str, after: int, session_id: str, mode: DeliveryMode
    ) -> AsyncIterator[tuple[bytes, Any]]:
        """Yield (cursor, item), item being a `Heartbeat`, a `Lagged` or an item of the feed."""
        latest = mode == DeliveryMode.DELIVERY_MODE_LATEST

        def opened(number: int) -> AsyncGenerator[Any]:
            return self._feed.follow(tenant_id, number, session_id=session_id, latest=latest)

        return self._follow(tenant_id, after, opened)

    def follow_as(
        self, reader: Reader[Any], tenant_id: str, after: int, mode: DeliveryMode
    ) -> AsyncIterator[tuple[bytes, Any]]:
        """Yield as `follow` does, for a reader who says itself what it sees."""
        latest = mode == DeliveryMode.DELIVERY_MODE_LATEST

        def opened(number: int) -> AsyncGenerator[Any]:
            return self._feed.follow_as(reader, number, latest=latest)

        return self._follow(tenant_id, after, opened)

    async def _follow(
        self, tenant_id: str, after: int, opened: Callable[[int], AsyncGenerator[Any]]
    ) -> AsyncIterator[tuple[bytes, Any]]:
        async for item in self._items(tenant_id, after, opened):
            if isinstance(item, Beat):
                cursor = self._cursors.encode(tenant_id, item.number)
                yield b"", Heartbeat(cursor=cursor, at=timestamp(self._now_us()))
            elif isinstance(item, Gap):
                yield b"", self._lagged(tenant_id, item)
            else:
                yield self._cursors.encode(tenant_id, item.number), item

    async def _items(
        self, tenant_id: str, after: int, opened: Callable[[int], AsyncGenerator[Any]]
    ) -> AsyncIterator[Any]:
        """Follow the feed; the end of what is kept is said as a cursor, or is where OLDEST is."""
        number = max(after, 0)
        while True:
            try:
                async with aclosing(opened(number)) as items:
                    async for item in items:
                        yield item
            except OutOfRange as error:
                number = int(error.metadata.get("oldest", "1")) - 1
                if after == OLDEST and error.reason == Reason.CURSOR_COMPACTED:
                    continue
                oldest = base64.b64encode(self._cursors.encode(tenant_id, number)).decode()
                raise OutOfRange(
                    error.reason, error.message, metadata={**error.metadata, "oldest": oldest}
                ) from None

    def _lagged(self, tenant_id: str, gap: Gap) -> Lagged:
        return Lagged(
            from_cursor=self._cursors.encode(tenant_id, gap.after),
            to_cursor=self._cursors.encode(tenant_id, gap.through),
            dropped=gap.dropped,
        )
