"""What carries over to other verticals, from decisions whose effect is known."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from eitp_server.bandit.decision import Cell, Decision
from eitp_server.bandit.study import Trial
from eitp_server.intelligence.transfer import Exclusion, Verdict
from eitp_server.interventions.transfer_counts import Counting, Pattern, TenantCounts
from eitp_server.interventions.transfer_finding import Site, judge_own, judge_shared
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

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence

DISCOUNT, HELP_CHAT, CUSTOM = 1, 5, 9
NOW_US = 1_772_409_600_000_000
KINDS = {"discount": DISCOUNT, "chat": HELP_CHAT, "own": CUSTOM}


def trial(
    number: int,
    *,
    chosen: str = "chat",
    holdout: bool = False,
    converted: bool = False,
    visitor: str = "",
    **changes: Any,
) -> Trial:
    """Return a matured decision for a visitor of its own."""
    cell = Cell(
        tenant_id=changes.pop("tenant_id", "shop"),
        vertical=changes.pop("vertical", "retail"),
        label=changes.pop("label", 4),
        page_section=changes.pop("page_section", 2),
    )
    decision = Decision(
        decision_id=f"d-{number}",
        session_id=f"s-{number}",
        visitor_hash=visitor or f"v-{number}",
        cell=cell,
        packet_id="",
        decided_at_us=NOW_US + number,
        arms=("", "chat", "discount", "own"),
        probabilities=(0.1, 0.3, 0.3, 0.3),
        chosen=chosen,
        propensity=0.27,
        draw=0.5,
        holdout=holdout,
        holdout_share=changes.pop("holdout_share", 0.2),
        snapshot_id="",
        policy_version="",
    )
    return Trial(decision=decision, converted=converted, **changes)


def kind_of(decision: Decision) -> int:
    return KINDS.get(decision.chosen, 0)


def count(
    trials: Sequence[Trial], kind_of: Callable[[Decision], int]
) -> dict[Pattern, dict[str, TenantCounts]]:
    counting = Counting(kind_of)
    counting.fold(trials[:3])
    counting.fold(trials[3:])
    return counting.result()


def one(pattern: Pattern, trials: Sequence[Trial]) -> TenantCounts:
    return count(trials, kind_of)[pattern]["retail"]


def test_both_sides_are_counted_by_what_was_or_would_have_been_chosen() -> None:
    trials = [
        trial(1, converted=True),
        trial(2),
        trial(3, holdout=True, converted=True),
        trial(4, holdout=True),
        trial(5, holdout=True),
        trial(6, chosen="discount", converted=True),
        trial(7, chosen=""),
    ]

    assert one(Pattern(kind=HELP_CHAT), trials) == TenantCounts(
        treated_units=2, treated_conversions=1, holdout_units=3, holdout_conversions=1
    )
    assert one(Pattern(kind=DISCOUNT), trials) == TenantCounts(
        treated_units=1, treated_conversions=1
    )


def test_a_visitor_counts_once_by_the_first_decision_of_any_kind() -> None:
    trials = [
        trial(1, visitor="a", chosen="discount"),
        trial(2, visitor="a", chosen="chat", converted=True),
        trial(3, visitor="b", chosen=""),
        trial(4, visitor="b", chosen="chat", converted=True),
        trial(5, visitor="c", chosen="chat", censored=True),
        trial(6, visitor="c", chosen="chat", converted=True),
    ]

    assert count(trials, kind_of).keys() == {
        Pattern(kind=DISCOUNT, label=label, page_section=section)
        for label in (0, 4)
        for section in (0, 2)
    }


def test_where_nobody_could_be_held_out_nothing_is_counted() -> None:
    assert not count([trial(1, holdout_share=0.0), trial(2, chosen="gone")], kind_of)


def test_a_pattern_of_any_label_holds_those_of_each() -> None:
    trials = [trial(n, label=1 + n % 2, page_section=n % 3) for n in range(12)]

    found = count(trials, kind_of)
    units = {pattern: cells["retail"].treated_units for pattern, cells in found.items()}
    assert units[Pattern(kind=HELP_CHAT)] == 12
    assert units[Pattern(kind=HELP_CHAT, label=1)] == 6
    # A decision without a section counts in any section, and in no section of its own.
    assert units[Pattern(kind=HELP_CHAT, page_section=1)] == 4
    assert units[Pattern(kind=HELP_CHAT, label=2, page_section=2)] == 2
    assert sum(n for p, n in units.items() if p.label and not p.page_section) == 12


def counts(lift: float, units: int = 20_000, rate: float = 0.05, holdout: int = 5_000) -> Any:
    """Return counts whose log odds ratio is `lift`, to rounding."""
    odds = rate / (1 - rate) * np.exp(lift)
    return TenantCounts(
        treated_units=units,
        treated_conversions=round(units * odds / (1 + odds)),
        holdout_units=holdout,
        holdout_conversions=round(holdout * rate),
    )


def sites(lifts: Sequence[float], tenants: int = 3, **sizes: Any) -> list[Site]:
    """Return verticals with so many equal tenants each."""
    return [
        Site(vertical=f"vertical-{number}", counts=counts(lift, **sizes))
        for number, lift in enumerate(lifts)
        for _ in range(tenants)
    ]


HELPS = [0.32, 0.30, 0.34, 0.28, 0.31, 0.30, 0.33, 0.29]


@pytest.mark.parametrize(
    ("lifts", "verdict"),
    [
        (HELPS, Verdict.TRANSFERABLE),
        ([-lift for lift in HELPS], Verdict.HARMFUL),
        ([0.05, -0.04, 0.06, -0.02, 0.01], Verdict.UNDECIDED),
        ([0.6, -0.6, 0.5, -0.5, 0.7, -0.7], Verdict.VARIES),
        (HELPS[:2], Verdict.INSUFFICIENT),
    ],
)
def test_a_shared_verdict_is_as_the_known_effects_say(lifts: list[float], verdict: Verdict) -> None:
    judged = judge_shared(sites(lifts))

    assert judged.finding.verdict is verdict
    assert [row.vertical for row in judged.verticals] == [
        f"vertical-{number}" for number in range(len(lifts))
    ]
    assert [row.effect for row in judged.verticals] == pytest.approx(lifts, abs=0.02)
    assert all(row.counts is None for row in judged.verticals)
    assert not judged.excluded


def test_an_own_finding_shows_its_counts_and_rests_on_one_vertical() -> None:
    judged = judge_own([Site(vertical="retail", counts=counts(0.3))])

    assert judged.finding.verdict is Verdict.INSUFFICIENT
    (row,) = judged.verticals
    assert row.counts == counts(0.3)
    assert judged.as_json(None)["evidence"] is None


def test_own_verticals_are_left_out_with_their_reasons() -> None:
    judged = judge_own(
        [
            Site(vertical="a", counts=counts(0.3)),
            Site(vertical="b", counts=counts(0.3, units=100)),
            Site(vertical="c", counts=counts(0.3, holdout=300)),
            Site(vertical="d", counts=counts(0.3), invalid=True),
            Site(vertical="e", counts=TenantCounts(treated_units=50)),
        ]
    )

    assert judged.excluded == (
        ("b", Exclusion.TOO_FEW_CONVERSIONS),
        ("c", Exclusion.HOLDOUT_TOO_SMALL),
        ("d", Exclusion.EXPERIMENT_INVALID),
        ("e", Exclusion.TOO_FEW_CONVERSIONS),
    )


def test_a_shared_vertical_needs_three_tenants_none_with_more_than_half_its_weight() -> None:
    two = [Site(vertical="two", counts=counts(0.3))] * 2
    giant = [
        Site(vertical="giant", counts=counts(0.3, units=400_000, holdout=100_000)),
        Site(vertical="giant", counts=counts(0.3)),
        Site(vertical="giant", counts=counts(0.3)),
    ]
    spoilt = [Site(vertical="spoilt", counts=counts(0.3), invalid=True)] * 3

    judged = judge_shared([*sites(HELPS), *two, *giant, *spoilt])
    # Of a vertical that two tenants are in, not even the name is told.
    assert judged.excluded == (
        ("giant", Exclusion.INSUFFICIENT_TENANTS),
        ("spoilt", Exclusion.EXPERIMENT_INVALID),
    )
    assert judged.finding.k == len(HELPS)


def test_a_shared_finding_needs_five_tenants() -> None:
    few = judge_shared(sites([0.3], tenants=4))
    enough = judge_shared(sites([0.3], tenants=5))

    assert few.excluded == (("vertical-0", Exclusion.INSUFFICIENT_TENANTS),)
    assert not few.verticals
    assert few.finding.k == 0
    assert not enough.excluded
    assert enough.finding.k == 1


@pytest.mark.parametrize(("tenants", "told"), [(3, False), (6, True)])
def test_a_tenant_counts_once_however_many_verticals_it_is_in(tenants: int, told: bool) -> None:
    each = {f"vertical-{number}": counts(lift) for number, lift in enumerate(HELPS[:3])}
    seen = [Seen(counts={Pattern(kind=HELP_CHAT): each}, invalid=False) for _ in range(tenants)]

    (row,) = shared_rows(seen, NOW_US)
    assert bool(row.document["verticals"]) is told
    assert (row.document["evidence"] is not None) is told


def test_no_tenant_may_have_more_than_a_quarter_of_a_shared_finding() -> None:
    small: dict[str, Any] = {"units": 400, "holdout": 400}
    heavy = [
        *(replace(site, vertical="large") for site in sites([0.3], units=40_000, holdout=10_000)),
        *(replace(site, vertical="small") for site in sites([0.3], rate=0.1, **small)),
    ]

    assert judge_shared(heavy).excluded == (
        ("large", Exclusion.INSUFFICIENT_TENANTS),
        ("small", Exclusion.INSUFFICIENT_TENANTS),
    )


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
