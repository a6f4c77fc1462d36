"""Members of a pool are folded in one order, whatever the portions in which they are read."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from bandit.trials import HOLDOUT_SHARE, START_US, cell, decision
from eitp_server.bandit.arm_study import Promotion
from eitp_server.bandit.node import Node
from eitp_server.bandit.pool import PooledEvidence, PooledStudy, by_kind
from eitp_server.bandit.trial import Trial
from eitp_server.interventions.common_order import in_common_order
from eitp_server.interventions.pools import Pools, portion_for
from eitp_server.storage.trials import Trials
from interventions.proofs import (
    DAY_US,
    HOUR_US,
    KINDS,
    MATURED_US,
    SECOND_US,
    WINDOW_US,
    outcome,
    street,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Sequence
    from pathlib import Path

    from eitp_server.storage.trials import Matured
    from interventions.proofs import Street

VISITS = {
    "large": (320, 0, 240),
    "steady": (90, 0, 240),
    "twin": (90, 0, 240),
    "early": (80, 0, 60),
    "late": (90, 200, 240),
    "once": (1, 77, 78),
    "nobody": (0, 0, 1),
}
"""How many decisions each member has, and between which hours."""
END_US = START_US + 240 * HOUR_US + MATURED_US
SHOP_WIDE = Node(vertical="automotive")
PROVEN = Promotion(place=SHOP_WIDE, arm="HELP_CHAT", at_us=START_US + 100 * HOUR_US)
ARMS = dict.fromkeys(("", *KINDS), 1 / 3)
EVERY = (1, 7, 999)


class Told(Trials):
    """Tells of whom how much is read."""

    def __init__(self, shops: Street) -> None:
        super().__init__(shops.database, successes=(1, 3), window_us=WINDOW_US)
        self.read: list[tuple[str, int]] = []

    async def matured(
        self, tenant_id: str, after_us: int, now_us: int, portion: int | None = None
    ) -> Matured:
        found = await super().matured(tenant_id, after_us, now_us, portion)
        self.read.append((tenant_id, len(found.trials)))
        return found


def visits() -> list[Trial]:
    """Everything that happens; many decisions are taken in the same second as another's."""
    rng = np.random.default_rng(5)
    trials: list[Trial] = []
    for name, (many, first, last) in VISITS.items():
        for second in rng.integers(first * 360, last * 360, many).tolist():
            number = len(trials)
            made = decision(
                int(rng.integers(number + 1)),
                # A member may have moved to another trade.
                where=cell(name, vertical="automotive" if number % 50 else "travel"),
                arms=ARMS,
                chosen=list(ARMS)[int(rng.integers(3))],
                holdout=bool(rng.random() < HOLDOUT_SHARE),
                at_us=START_US + second * 10 * SECOND_US,
            )
            # The order of identities is that of nothing else.
            named = replace(made, decision_id=f"{rng.integers(10**9)}-{number}")
            trials.append(Trial(decision=named, converted=bool(rng.random() < 0.2)))
    return trials


HISTORY = visits()
DECISIONS = [trial.decision for trial in HISTORY]


@pytest.fixture
async def shops(tmp_path: Path) -> AsyncGenerator[Street]:
    async with street(tmp_path / "data") as opened:
        for name in VISITS:
            await opened.open(name, pooling=True)
        await opened.write(
            decisions=DECISIONS,
            outcomes=[outcome(each, 1) for each in HISTORY if each.converted],
        )
        yield opened


def known(study: PooledStudy) -> list[Any]:
    """Everything that a pooled study tells, in its order."""
    found = {**study.findings, "since": study.since(PROVEN)}
    return [(name, each.tenants, each.evidence.dump()) for name, each in found.items()]


async def at_once(shops: Street, members: Sequence[str], now_us: int = END_US) -> PooledStudy:
    """Read all of everybody, sort it, and fold it."""
    found = [await Told(shops).matured(name, 0, now_us) for name in members]
    return folded(sorted((trial for each in found for trial in each.trials), key=place))


def folded(trials: Iterable[Trial]) -> PooledStudy:
    study = PooledStudy([PROVEN])
    for trial in trials:
        if trial.decision.cell.vertical == "automotive":
            study.fold(replace(trial, decision=by_kind(trial.decision, _kind)))
    return study


def _kind(arm: str, _epoch: int) -> str:
    return KINDS[arm].name


def pools(trials: Told, shops: Street, portion: int, slice_seconds: float = 1.0) -> Pools:
    return Pools(
        trials,
        lambda: shops.policy.catalogue,
        portion=lambda _: portion,
        slice_seconds=slice_seconds,
    )


def place(trial: Trial) -> tuple[int, str]:
    return trial.decision.decided_at_us, trial.decision.decision_id


def test_the_history_has_what_could_go_wrong() -> None:
    times = {row.decided_at_us for row in DECISIONS}
    owned = {(row.decided_at_us, row.cell.tenant_id) for row in DECISIONS}
    assert len(DECISIONS) > len(owned) > len(times)
    assert known(folded(HISTORY)) != known(folded(sorted(HISTORY, key=place)))


@pytest.mark.parametrize("portion", EVERY)
async def test_portions_follow_each_other_as_if_all_were_sorted(
    shops: Street, portion: int
) -> None:
    trials, found, through_us = Told(shops), list[Trial](), 0
    async for stretch in in_common_order(trials, VISITS, 0, END_US, portion):
        for trial in stretch.trials:
            assert through_us < trial.decision.decided_at_us <= stretch.through_us
        found, through_us = [*found, *stretch.trials], stretch.through_us
    ordered = sorted(HISTORY, key=place)
    assert [trial.decision for trial in found] == [trial.decision for trial in ordered]
    assert through_us == (await trials.matured("large", 0, END_US)).through_us


@pytest.mark.parametrize("portion", EVERY[:2])
async def test_no_more_than_a_portion_of_each_is_held(shops: Street, portion: int) -> None:
    trials, taken, most = Told(shops), 0, 0
    # Those of one microsecond are read together.
    together = max(Counter((row.cell.tenant_id, row.decided_at_us) for row in DECISIONS).values())
    async for stretch in in_common_order(trials, VISITS, 0, END_US, portion):
        most = max(most, sum(many for _, many in trials.read) - taken)
        taken += len(stretch.trials)
    assert taken == len(HISTORY)
    assert max(many for _, many in trials.read) < portion + together
    assert most < len(VISITS) * (portion + together)
    reads = Counter(name for name, _ in trials.read)
    assert reads["nobody"] == 1
    assert reads["once"] <= 2
    assert reads["large"] <= 320 // portion + 1


@pytest.mark.parametrize(("portion", "slice_seconds"), [(1, 1.0), (7, 0.0), (7, 1.0), (999, 0.0)])
async def test_the_study_is_the_same_in_whatever_portions_and_slices(
    shops: Street, portion: int, slice_seconds: float
) -> None:
    found = await pools(Told(shops), shops, portion, slice_seconds).study(
        "automotive", list(VISITS), [PROVEN], END_US
    )
    expected = await at_once(shops, list(VISITS))
    assert known(found) == known(expected)
    assert expected.findings[SHOP_WIDE, "HELP_CHAT"].tenants == 6


@pytest.mark.parametrize("portion", EVERY[1:])
async def test_looking_again_and_again_reads_nothing_twice(shops: Street, portion: int) -> None:
    trials = Told(shops)
    pool = pools(trials, shops, portion)
    for days in (9.0, 8.5, 3.0, 2.999, 0.0, 0.0):
        now_us = END_US - round(days * DAY_US)
        found = await pool.study("automotive", list(VISITS), [PROVEN], now_us)
        assert known(found) == known(await at_once(shops, list(VISITS), now_us))
    assert sum(many for _, many in trials.read) == len(HISTORY)


async def test_a_clock_that_goes_back_changes_nothing(shops: Street) -> None:
    pool = pools(Told(shops), shops, 7)
    middle_us = END_US - 4 * DAY_US
    before = known(await pool.study("automotive", list(VISITS), [PROVEN], middle_us))
    found = await pool.study("automotive", list(VISITS), [PROVEN], middle_us - DAY_US)
    assert known(found) == before
    found = await pool.study("automotive", list(VISITS), [PROVEN], END_US)
    assert known(found) == known(await at_once(shops, list(VISITS)))


async def test_whoever_joins_later_is_counted_from_the_beginning(shops: Street) -> None:
    pool = pools(Told(shops), shops, 7)
    for members in (["steady", "twin"], list(VISITS), ["steady", "late"], []):
        found = await pool.study("automotive", members, [PROVEN], END_US)
        assert known(found) == known(await at_once(shops, members))


async def test_what_cannot_be_folded_leaves_no_half(
    shops: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, members = pools(Told(shops), shops, 7), list(VISITS)
    await pool.study("automotive", members, [PROVEN], END_US - 8 * DAY_US)
    offer, faults = PooledEvidence.offer, [RuntimeError("once")]

    def failing(evidence: PooledEvidence, tenant_id: str, *unit: Any, **about: Any) -> bool:
        # What is its first would be counted, however much there is of others.
        if tenant_id == "late" and faults:
            raise faults.pop()
        return offer(evidence, tenant_id, *unit, **about)

    monkeypatch.setattr(PooledEvidence, "offer", failing)
    with pytest.raises(RuntimeError, match="once"):
        await pool.study("automotive", members, [PROVEN], END_US)
    found = await pool.study("automotive", members, [PROVEN], END_US)
    assert known(found) == known(await at_once(shops, members))


def test_what_is_held_does_not_grow_with_the_members() -> None:
    members = (0, 1, 5, 10, 50, 200)
    assert [portion_for(many) for many in members] == [1_000, 1_000, 1_000, 1_000, 200, 50]
    assert max(many * portion_for(many) for many in range(201)) == 10_000
    assert portion_for(5_000) == 50
