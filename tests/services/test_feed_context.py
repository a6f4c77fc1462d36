"""What stands beside a feed: labels of many, changes between ticks that are there, a product."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from eitp.v1.state_pb2 import EmotionLabel
from eitp_server.services.feed_context import Contexts, at_risk, leading
from eitp_server.storage.purchases import Usual
from eitp_server.volatility.base import DAY_US, MINUTE_US
from ingest.index_crowd import MIDNIGHT_US, Crowd, given_base, index

if TYPE_CHECKING:
    from eitp_server.storage.index_row import FeedRow

pytestmark = pytest.mark.anyio

ROOT = "own/shop/all/rolling/evi-0.1/local-test"
HESITATION, FRUSTRATION, INTEREST = 4, 8, 2
USUAL = Usual(purchases=40, currency="EUR", mean_micros=50_000_000, sessions=1_000, bought=40)


@dataclass(slots=True)
class Till:
    """Purchases as they are given."""

    usually: Usual | None = None
    asked: int = 0

    async def usual(self, tenant_id: str, since_us: int) -> Usual | None:
        """Return them."""
        self.asked += 1
        return self.usually


def no_labels(feed: FeedRow) -> Counter[int]:
    return Counter()


def test_labels_come_by_their_number_and_rare_ones_are_left_out() -> None:
    found = leading(Counter({0: 30, HESITATION: 50, FRUSTRATION: 5, INTEREST: 4, 1: 6, 3: 5}))
    assert [share.label for share in found] == [HESITATION, 0, 1, 3, FRUSTRATION]
    assert found[0].share == pytest.approx(0.5)
    assert not leading(Counter({HESITATION: 4}))


def test_what_could_be_lost_is_the_product_of_the_numbers_beside_it() -> None:
    risk = at_risk(Counter({HESITATION: 20, FRUSTRATION: 5, INTEREST: 100}), USUAL)
    assert risk is not None
    assert risk.sessions == 25
    assert risk.purchase_rate == 0.04
    assert risk.amount_micros == round(25 * 0.04 * 50_000_000)


@pytest.mark.parametrize(
    "usual",
    [
        None,
        Usual(purchases=9, currency="EUR", mean_micros=1, sessions=9, bought=9),
        Usual(purchases=40, currency="EUR", mean_micros=1, sessions=0, bought=0),
    ],
)
def test_with_too_few_purchases_nothing_is_said(usual: Usual | None) -> None:
    assert at_risk(Counter({HESITATION: 20}), usual) is None


def test_a_hopeless_product_stays_within_its_field() -> None:
    rich = Usual(purchases=40, currency="EUR", mean_micros=2**62, sessions=1, bought=1)
    risk = at_risk(Counter({EmotionLabel.EMOTION_LABEL_EXIT_RISK: 1_000}), rich)
    assert risk is not None
    assert risk.amount_micros == 2**63 - 1


async def test_changes_are_between_ticks_that_have_a_value() -> None:
    people = Crowd()
    people.come(40)
    async with index(people) as shop:
        shop.book.bases.add(given_base(ROOT))
        contexts = Contexts(shop.store, Till(), no_labels, shop.clock)
        (first,) = await shop.beat(MIDNIGHT_US)
        people.come(40, 1400)
        (hour,) = await shop.beat(MIDNIGHT_US + 60 * MINUTE_US)
        within = await contexts.of(shop.row(ROOT), hour)
        (day,) = await shop.beat(MIDNIGHT_US + DAY_US)
        later = await contexts.of(shop.row(ROOT), day)
        people.come(3)
        (few,) = await shop.beat(MIDNIGHT_US + DAY_US + MINUTE_US)
        without = await contexts.of(shop.row(ROOT), few)
    assert first.smoothed_index is not None
    assert hour.smoothed_index is not None
    assert within.change_over_hour == hour.smoothed_index - first.smoothed_index
    assert within.change_over_hour > 0
    assert not within.HasField("change_over_day")
    assert later.HasField("change_over_day")
    assert not later.HasField("change_over_hour")
    assert not without.HasField("change_over_hour")
    assert not without.HasField("change_over_day")


async def test_purchases_are_read_again_after_a_minute() -> None:
    people = Crowd()
    people.come(40)
    async with index(people) as shop:
        till = Till(USUAL)
        contexts = Contexts(shop.store, till, no_labels, shop.clock)
        (tick,) = await shop.beat(MIDNIGHT_US)
        for seconds in (0, 30, 61):
            shop.clock.us = MIDNIGHT_US + seconds * 1_000_000
            await contexts.of(shop.row(ROOT), tick)
    assert till.asked == 2
