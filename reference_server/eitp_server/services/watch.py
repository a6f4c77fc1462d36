"""What all watches share: where they start, and how beats and gaps look on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eitp.v1.cursor_pb2 import DeliveryMode, Heartbeat, Lagged, StartPosition

from eitp_server.ingest.feed import Beat, Gap
from eitp_server.services.moment import timestamp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from eitp_server.ingest.feed import Feed
    from eitp_server.services.cursor import Cursors


class Watch:
    """One feed as a stream of response fields."""

    def __init__(self, feed: Feed[Any], cursors: Cursors, now_us: Callable[[], int]) -> None:
        self._feed = feed
        self._cursors = cursors
        self._now_us = now_us

    def start(self, tenant_id: str, cursor: bytes, start: StartPosition) -> int:
        """Return the number behind which a watch begins. Raises what `Cursors.decode` raises."""
        if cursor:
            return self._cursors.decode(tenant_id, cursor)
        return 0 if start == StartPosition.START_POSITION_OLDEST else self._feed.last

    def newest(self) -> int:
        """Return the number of the feed's newest item."""
        return self._feed.last

    def cursor(self, tenant_id: str, number: int) -> bytes:
        """Return the cursor right behind an item."""
        return self._cursors.encode(tenant_id, number)

    async def follow(
        self, tenant_id: str, after: int, session_id: str, mode: DeliveryMode
    ) -> AsyncIterator[tuple[bytes, Any]]:
        """Yield (cursor, item), item being a `Heartbeat`, a `Lagged` or an item of the feed."""
        latest = mode == DeliveryMode.DELIVERY_MODE_LATEST
        items = self._feed.follow(tenant_id, after, session_id=session_id, latest=latest)
        async for item in items:
            if isinstance(item, Beat):
                cursor = self._cursors.encode(tenant_id, item.number)
                yield b"", Heartbeat(cursor=cursor, at=timestamp(self._now_us()))
            elif isinstance(item, Gap):
                yield b"", self._lagged(tenant_id, item)
            else:
                yield self._cursors.encode(tenant_id, item.number), item

    def _lagged(self, tenant_id: str, gap: Gap) -> Lagged:
        return Lagged(
            from_cursor=self._cursors.encode(tenant_id, gap.after),
            to_cursor=self._cursors.encode(tenant_id, gap.through),
            dropped=gap.dropped,
        )
