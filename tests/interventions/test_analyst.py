"""The running experiment over a database: restarts, crowds, callers who give up, and faults."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from bandit.test_study import summary
from eitp_server.bandit.guardrail import GuardrailMetric
from eitp_server.bandit.node import Node
from eitp_server.bandit.study import Promotion
from eitp_server.interventions.analyst import Analyst
from eitp_server.storage.log import Writes
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.sqlite_log import SQLiteLog
from eitp_server.storage.trials import Trials
from interventions.synthetic_shop import DAY_US, HOUR_US, Truth, history

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from eitp_server.storage.trials import Matured
    from interventions.synthetic_shop import History

SHOP = history(Truth(rates=(0.05, 0.05, 0.1, 0.07), decisions=600, complaints=(0, 0, 0.05, 0)))


class Told(Trials):
    """Tells whenever a portion was read, right before it is folded."""

    def __init__(self, database: SQLiteDatabase) -> None:
        super().__init__(database, successes=(1, 3), window_us=DAY_US)
        self.read = asyncio.Semaphore(0)

    async def matured(
        self, tenant_id: str, after_us: int, now_us: int, portion: int | None = None
    ) -> Matured:
        found = await super().matured(tenant_id, after_us, now_us, portion)
        self.read.release()
        return found


class Desk:
    """A database with a history in it, and analysts that go by one clock."""

    def __init__(self, database: SQLiteDatabase, log: SQLiteLog, found: History) -> None:
        self.log = log
        self.now_us = found.matured_us
        self.margins: Mapping[GuardrailMetric, float] = {}
        self.promotions: list[Promotion] = []
        self.trials = Told(database)

    def analyst(self) -> Analyst:
        return Analyst(
            self.trials, lambda _: self.margins, lambda: self.now_us, self._promoted, portion=250
        )

    async def _promoted(self, tenant_id: str) -> list[Promotion]:
        return self.promotions


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with await SQLiteDatabase.open(None) as database:
        log = await SQLiteLog.open(database)
        await log.commit(1, b"", SHOP.writes)
        yield Desk(database, log, SHOP)


async def known(analyst: Analyst) -> dict[str, Any]:
    return summary((await analyst.examine("shop")).study)


async def test_a_restart_changes_nothing(desk: Desk) -> None:
    analyst = desk.analyst()
    middle_us, end_us = SHOP.end_us - 5 * DAY_US, desk.now_us
    desk.now_us = middle_us
    first = await analyst.examine("shop")
    before = summary(first.study)
    desk.now_us = end_us
    assert await known(analyst) == await known(desk.analyst())
    assert summary(first.study) == before
    assert 0 < first.study.visitors < (await analyst.examine("shop")).study.visitors


async def test_what_waits_is_counted_and_nobody_twice(desk: Desk) -> None:
    desk.now_us = SHOP.end_us
    examined = await desk.analyst().examine("shop")
    rows = SHOP.writes.decisions
    waiting = [row for row in rows if row.decided_at_us > examined.through_us]
    before = {row.visitor_hash for row in rows} - {row.visitor_hash for row in waiting}
    everybody = {row.visitor_hash for row in rows}
    assert examined.pending.decisions.total == len(waiting) > 0
    assert examined.pending_visitors + examined.study.visitors == len(everybody)
    assert examined.pending_visitors <= len(everybody) - len(before)


async def test_many_who_ask_at_once_get_the_same(desk: Desk) -> None:
    analyst = desk.analyst()
    answers = await asyncio.gather(*(known(analyst) for _ in range(5)))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0] == await known(desk.analyst())


@pytest.mark.parametrize("portions", [1, 2])
async def test_who_gives_up_while_a_portion_is_folded_leaves_the_rest_to_the_next(
    desk: Desk, portions: int
) -> None:
    analyst = desk.analyst()
    asking = asyncio.create_task(known(analyst))
    for _ in range(portions):
        await desk.trials.read.acquire()
    asking.cancel()
    await asyncio.sleep(0)
    asking.cancel()
    assert await known(analyst) == await known(desk.analyst())
    assert asking.cancelled()


async def test_a_portion_that_cannot_be_folded_leaves_no_half(desk: Desk) -> None:
    broken = replace(
        SHOP.writes.decisions[-1], decision_id="broken", holdout=True, holdout_share=0.0,
        visitor_hash="nobody", decided_at_us=SHOP.end_us + HOUR_US,
    )  # fmt: skip
    analyst, expected = desk.analyst(), await known(desk.analyst())
    await desk.log.commit(2, b"", Writes(decisions=[broken]))
    desk.now_us += DAY_US
    with pytest.raises(ValueError, match="held out by a share of 0"):
        await known(analyst)
    desk.now_us -= DAY_US
    assert await known(analyst) == expected


async def test_other_margins_begin_anew(desk: Desk) -> None:
    analyst = desk.analyst()
    before = await analyst.examine("shop")
    desk.margins = {GuardrailMetric.COMPLAINT: 0.5}
    after = await analyst.examine("shop")
    assert before.study.margins != after.study.margins
    assert before.study.visitors == after.study.visitors
    assert summary(after.study) == await known(desk.analyst())


async def test_promotions_are_followed_also_after_a_restart(desk: Desk) -> None:
    analyst = desk.analyst()
    desk.now_us = SHOP.end_us - 6 * DAY_US
    await known(analyst)
    place = Node(vertical="automotive")
    promotion = Promotion(place=place, arm="chat", at_us=desk.now_us)
    desk.promotions, desk.now_us = [promotion], SHOP.matured_us
    study = (await analyst.examine("shop")).study
    assert 0 < study.since(promotion).sums.units < study.arms[place, "chat"].evidence.sums.units
    assert summary(study) == await known(desk.analyst())


async def test_whoever_waits_is_told_how_far_a_look_has_come(desk: Desk) -> None:
    told: list[int] = []
    analyst = Analyst(
        desk.trials, lambda _: {}, lambda: desk.now_us, portion=250, progress=told.append
    )
    await known(analyst)
    assert told == [250, 500, 600]
    await known(analyst)
    assert told[3:] == [0]


async def test_a_tenant_that_has_not_begun_has_an_empty_study(desk: Desk) -> None:
    examined = await desk.analyst().examine("nobody")
    assert examined.study.visitors == examined.pending.decisions.total == examined.late.total == 0
