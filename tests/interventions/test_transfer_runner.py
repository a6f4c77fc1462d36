"""Night by night it is judged what carries over between the shops that share."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from eitp_server.intelligence.transfer import Exclusion, Verdict
from eitp_server.interventions.transfer_counts import Pattern
from eitp_server.interventions.transfer_runner import (
    WINDOW_US,
    Seen,
    TransferRunner,
    due,
    shared_rows,
)
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.transfers import SHARED, Transfers
from eitp_server.storage.trials import Matured
from interventions.transfer_trials import CUSTOM, HELP_CHAT, HELPS, NOW_US, counts, kind_of, trial

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine

    from eitp_server.bandit.study import Trial


@pytest.mark.parametrize(("tenants", "told"), [(3, False), (6, True)])
def test_a_tenant_counts_once_however_many_verticals_it_is_in(tenants: int, told: bool) -> None:
    each = {f"vertical-{number}": counts(lift) for number, lift in enumerate(HELPS[:3])}
    seen = [Seen(counts={Pattern(kind=HELP_CHAT): each}, invalid=False) for _ in range(tenants)]

    (row,) = shared_rows(seen, NOW_US)
    assert bool(row.document["verticals"]) is told
    assert (row.document["evidence"] is not None) is told


class Shops:
    """Stands in for the tables: matured decisions by tenant."""

    def __init__(self) -> None:
        self.trials: dict[str, list[Trial]] = {}
        self.asked: list[tuple[str, int]] = []

    async def matured(self, tenant_id: str, after_us: int, now_us: int) -> Matured:
        """Return what the tenant has, in two parts."""
        assert now_us == NOW_US
        self.asked.append((tenant_id, after_us))
        trials = tuple(self.trials.get(tenant_id, ()))
        first = after_us < NOW_US
        part = trials[:500] if first else trials[500:]
        return Matured(trials=part, through_us=NOW_US, is_all=not first)

    def open(self, tenant_id: str, vertical: str, lift: float, *, chosen: str = "chat") -> None:
        """Give a tenant 800 treated and 400 held-out visitors."""
        found = counts(lift, units=800, rate=0.4, holdout=400)
        self.trials[tenant_id] = [
            trial(
                number,
                tenant_id=tenant_id,
                vertical=vertical,
                chosen=chosen,
                holdout=held_out,
                converted=number < hits,
                visitor=f"{tenant_id}-{held_out}-{number}",
            )
            for held_out, units, hits in (
                (False, found.treated_units, found.treated_conversions),
                (True, found.holdout_units, found.holdout_conversions),
            )
            for number in range(units)
        ]


@dataclass(slots=True)
class Night:
    """A runner with what it reads and writes."""

    shops: Shops
    transfers: Transfers
    pooling: dict[str, bool]
    alarms: set[str]

    @property
    def runner(self) -> TransferRunner:
        """A runner as one that has just begun."""

        async def alarmed(tenant_id: str) -> bool:
            return tenant_id in self.alarms

        trials: Any = self.shops
        return TransferRunner(
            trials, self.transfers, lambda: self.pooling, kind_of, alarmed, lambda: NOW_US
        )

    async def judge(self) -> None:
        """Judge once."""
        await self.runner.judge()

    async def run_until_judged(self) -> None:
        """Run as a server does until all is judged, or for half a second."""
        running = asyncio.ensure_future(self.runner.run())
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                while not await self.transfers.judged_us():  # noqa: ASYNC110 (nobody is told)
                    await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def night() -> AsyncGenerator[Night]:
    """Fifteen shops in five verticals that share, and one that does not."""
    shops = Shops()
    pooling: dict[str, bool] = {}
    for number in range(15):
        name = f"shop-{number:02}"
        shops.open(name, f"vertical-{number % 5}", 0.7)
        pooling[name] = True
    shops.open("secret", "vertical-0", -3.0)
    pooling["secret"] = False
    async with await SQLiteDatabase.open(None) as database:
        yield Night(shops=shops, transfers=Transfers(database), pooling=pooling, alarms=set())


async def test_what_helps_at_many_shops_is_said_to_carry_over(night: Night) -> None:
    await night.judge()

    shared = await night.transfers.all([SHARED])
    patterns = {(row.kind, row.label, row.page_section) for row in shared}
    assert patterns == {(HELP_CHAT, a, b) for a in (0, 4) for b in (0, 2)}
    for row in shared:
        assert row.verdict == Verdict.TRANSFERABLE
        assert row.document["evidence"]["verticals"] == 5
        assert row.document["evidence"]["left_out_coverage"] is None
        assert row.document["evidence"]["q_value"] <= 0.05
        assert row.document["statement"].startswith("Expect it to help in another vertical")
        assert (row.document["start_us"], row.document["end_us"]) == (NOW_US - WINDOW_US, NOW_US)
        assert all(one["counts"] is None for one in row.document["verticals"])


async def test_who_does_not_share_is_in_no_finding_but_its_own(night: Night) -> None:
    await night.judge()
    with_secret = await night.transfers.all([SHARED, "shop-00"])
    del night.shops.trials["secret"]
    await night.judge()

    assert await night.transfers.all([SHARED, "shop-00"]) == with_secret
    night.shops.open("secret", "vertical-0", -3.0)
    await night.judge()
    (row, *_) = await night.transfers.all(["secret"])
    assert row.verdict == Verdict.INSUFFICIENT
    (vertical,) = row.document["verticals"]
    assert vertical["effect"] == pytest.approx(-3.0, abs=0.1)
    assert vertical["counts"]["treated_units"] == 800


async def test_a_shop_that_shares_no_more_is_gone_from_the_next_night(night: Night) -> None:
    night.pooling = dict.fromkeys(night.pooling, False) | {"shop-00": True}
    await night.judge()

    shared = await night.transfers.all([SHARED])
    assert {row.verdict for row in shared} == {Verdict.INSUFFICIENT}
    # Nor is it told what the one that is left trades in.
    assert [row.document["excluded"] for row in shared] == [[]]


async def test_a_shop_whose_experiment_is_invalid_does_not_count(night: Night) -> None:
    night.alarms = {f"shop-{number:02}" for number in (0, 5, 10)}
    await night.judge()

    (row, *_) = await night.transfers.all([SHARED])
    assert row.document["evidence"]["verticals"] == 4
    assert row.document["excluded"] == [["vertical-0", Exclusion.EXPERIMENT_INVALID]]


async def test_a_shops_own_invention_is_shared_with_nobody(night: Night) -> None:
    for number in range(15):
        night.shops.open(f"shop-{number:02}", f"vertical-{number % 5}", 0.7, chosen="own")
    await night.judge()

    assert await night.transfers.all([SHARED]) == []
    assert {row.kind for row in await night.transfers.all(["shop-00"])} == {CUSTOM}


async def test_another_night_replaces_the_one_before_under_the_same_names(night: Night) -> None:
    await night.judge()
    first = await night.transfers.all([SHARED, "shop-00"])
    await night.judge()

    assert await night.transfers.all([SHARED, "shop-00"]) == first
    assert len({row.transfer_id for row in first}) == len(first)
    assert await night.transfers.judged_us() == NOW_US
    asked = {(name, after) for name in night.pooling for after in (NOW_US - WINDOW_US, NOW_US)}
    assert set(night.shops.asked) == asked


async def test_a_night_that_was_cut_short_is_judged_again(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.pooling = dict.fromkeys(list(night.pooling)[:3], True)
    matured = night.shops.matured

    async def failing(tenant_id: str, after_us: int, now_us: int) -> Matured:
        if tenant_id == "shop-01":
            raise RuntimeError("killed here")
        return await matured(tenant_id, after_us, now_us)

    monkeypatch.setattr(night.shops, "matured", failing)
    await night.run_until_judged()
    assert await night.transfers.all(["shop-00"])
    assert not await night.transfers.all(["shop-01", SHARED])
    monkeypatch.setattr(night.shops, "matured", matured)
    await night.run_until_judged()

    assert await night.transfers.all(["shop-01"])
    assert await night.transfers.all([SHARED])
    asked = len(night.shops.asked)
    await asyncio.wait_for(_briefly(night.runner.run()), 5)
    assert len(night.shops.asked) == asked


async def _briefly(work: Coroutine[Any, Any, None]) -> None:
    running = asyncio.ensure_future(work)
    await asyncio.sleep(0.1)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize(
    ("minutes", "expected"), [(29, 30 - 1440), (30, 30), (31, 30), (1439, 30), (1470, 1470)]
)
def test_it_is_due_at_half_past_midnight(minutes: int, expected: int) -> None:
    midnight_us = NOW_US
    assert due(midnight_us + minutes * 60_000_000) == midnight_us + expected * 60_000_000
