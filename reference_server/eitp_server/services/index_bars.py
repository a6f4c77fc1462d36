"""Pages of bars: minutes as they are stored, longer bars made of them while reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eitp_server.services.page import bad_page_token
from eitp_server.volatility.bar import aggregated
from eitp_server.volatility.base import DAY_US, MINUTE_US

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp_server.services.page import Page
    from eitp_server.storage.index_reader import IndexReader
    from eitp_server.storage.index_row import FeedRow
    from eitp_server.volatility.bar import Bar, BarPeriod

_MOST_MINUTES: Final = 28 * DAY_US // MINUTE_US
"""Minutes that a page is made of at most: with a few hundred days to go, pages are shorter."""


@dataclass(frozen=True, slots=True)
class BarPage:
    """Some bars in the order of time."""

    bars: Sequence[Bar]
    next: str
    """Key of the first bar of the next page, empty when this is the last one."""


async def page_of_bars(
    store: IndexReader,
    feed: FeedRow,
    period: BarPeriod,
    *,
    start_us: int,
    end_us: int,
    page: Page,
) -> BarPage:
    """Return the bars of a feed that start within [start, end).

    Raises `Invalid(PAGE_TOKEN_INVALID)` for a key that is none.
    """
    first_us, first_base = _place(page.after)
    minutes = period.us // MINUTE_US
    # A stretch whose base changed has two bars, so a few minutes more.
    wanted = min((page.size + 1) * minutes, _MOST_MINUTES) + minutes
    whole = [-(-at_us // period.us) * period.us for at_us in (max(start_us, first_us), end_us)]
    rows = await store.bars(feed, whole[0], whole[1], wanted)
    found = aggregated(rows, period)
    if page.after:
        found = _from(found, first_us, first_base)
    # Where more minutes are left, the last bar may lack some: it only says where to go on.
    count = min(page.size, len(found) - (len(rows) == wanted))
    rest = found[count:]
    return BarPage(found[:count], f"{rest[0].start_us}/{rest[0].base_id}" if rest else "")


def _place(key: str) -> tuple[int, str]:
    start, _, base_id = key.partition("/")
    if key and not start.isdecimal():
        raise bad_page_token()
    return int(start or 0), base_id


def _from(bars: Sequence[Bar], start_us: int, base_id: str) -> list[Bar]:
    """Return the bars from one on."""
    places = (
        place
        for place, bar in enumerate(bars)
        if bar.start_us > start_us or (bar.start_us == start_us and bar.base_id == base_id)
    )
    return list(bars[next(places, len(bars)) :])
