"""What a dashboard shows beside a feed: labels, changes, and what could be lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, cast

from eitp.v1.state_pb2 import EmotionLabel
from eitp.v1.volatility_pb2 import FeedContext, LabelShare, RevenueAtRisk

from eitp_server.volatility.base import DAY_US, MINUTE_US

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from eitp_server.storage.index_row import FeedRow, TickRow
    from eitp_server.storage.index_store import IndexStore
    from eitp_server.storage.purchases import Usual

_LABELS: Final = 5
"""Labels at most, and sessions of each at least."""
_PURCHASES: Final = 10
"""With fewer, their mean says nothing."""
_WINDOW_US: Final = 28 * DAY_US
_REMEMBERED_US: Final = MINUTE_US
_MOST: Final = 2**63 - 1
AT_RISK: Final = frozenset(
    {
        EmotionLabel.EMOTION_LABEL_HESITATION,
        EmotionLabel.EMOTION_LABEL_PRICE_CONCERN,
        EmotionLabel.EMOTION_LABEL_TRUST_CONCERN,
        EmotionLabel.EMOTION_LABEL_CONFUSION,
        EmotionLabel.EMOTION_LABEL_FRUSTRATION,
        EmotionLabel.EMOTION_LABEL_EXIT_RISK,
    }
)


class Labels(Protocol):
    """Knows what the sessions of a feed were last said to be."""

    def __call__(self, feed: FeedRow) -> Counter[int]:
        """Return how many of the sessions that count have which label."""
        ...


class Till(Protocol):
    """Knows what was bought."""

    async def usual(self, tenant_id: str, since_us: int) -> Usual | None:
        """Return what was bought since a moment, None when nothing with a value was."""
        ...


class Contexts:
    """Makes the surroundings of own feeds."""

    def __init__(
        self, store: IndexStore, purchases: Till, labels: Labels, now_us: Callable[[], int]
    ) -> None:
        self._store = store
        self._purchases = purchases
        self._labels = labels
        self._now_us = now_us
        self._usual: dict[str, tuple[int, Usual | None]] = {}

    async def of(self, feed: FeedRow, tick: TickRow | None) -> FeedContext:
        """Return what stands beside the newest tick of a feed."""
        labels = self._labels(feed)
        return FeedContext(
            leading_labels=leading(labels),
            change_over_hour=await self._change(feed, tick, 60 * MINUTE_US),
            change_over_day=await self._change(feed, tick, DAY_US),
            revenue_at_risk=at_risk(labels, await self._usually(feed.tenant_id)),
        )

    async def _change(self, feed: FeedRow, tick: TickRow | None, span_us: int) -> float | None:
        if tick is None or tick.smoothed_index is None:
            return None
        then_us = tick.at_us - span_us
        then = await self._store.tick_at(feed, then_us)
        if then is None or then.smoothed_index is None or then_us - then.at_us >= MINUTE_US:
            return None
        return tick.smoothed_index - then.smoothed_index

    async def _usually(self, tenant_id: str) -> Usual | None:
        now_us = self._now_us()
        until_us, usual = self._usual.get(tenant_id, (0, None))
        if until_us <= now_us:
            usual = await self._purchases.usual(tenant_id, now_us - _WINDOW_US)
            self._usual[tenant_id] = (now_us + _REMEMBERED_US, usual)
        return usual


def leading(labels: Counter[int]) -> list[LabelShare]:
    """Return the most frequent labels; those of few sessions are left out."""
    whole = sum(labels.values())
    frequent = sorted(labels.items(), key=lambda each: (-each[1], each[0]))[:_LABELS]
    return [
        LabelShare(label=cast("EmotionLabel", label), share=number / whole)
        for label, number in frequent
        if number >= _LABELS
    ]


def at_risk(labels: Counter[int], usual: Usual | None) -> RevenueAtRisk | None:
    """Return what the sessions that look likely to leave would usually bring."""
    if usual is None or usual.purchases < _PURCHASES or not usual.sessions:
        return None
    sessions = sum(number for label, number in labels.items() if label in AT_RISK)
    rate = usual.bought / usual.sessions
    return RevenueAtRisk(
        amount_micros=min(round(sessions * rate * usual.mean_micros), _MOST),
        currency=usual.currency,
        sessions=sessions,
        purchase_rate=rate,
        mean_order_micros=usual.mean_micros,
    )
