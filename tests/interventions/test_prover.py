"""What is proven in a shop whose truth is known, and what becomes of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from bandit.trials import cell, played
from eitp_server.errors import Missing, Reason
from eitp_server.interventions.pattern_document import message, row
from eitp_server.services.validation import violations
from eitp_server.storage.patterns import Patterns
from interventions.proofs import DAY_US, HARMS, HELPS, IDLE, WINDOW_US, lose, named, shown, street

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable
    from pathlib import Path

    from eitp_server.bandit.trial import Trial
    from eitp_server.storage.patterns import PatternRow
    from interventions.proofs import Street

PLACES = ["help 3"]
"""All visitors are in one section, so nothing is claimed of anything wider."""


@pytest.fixture
async def shops(tmp_path: Path) -> AsyncGenerator[Street]:
    """A street without shops."""
    async with street(tmp_path / "data") as opened:
        yield opened


async def proven(shops: Street) -> None:
    """Open a shop in which an intervention that helps was promoted a moment ago."""
    await shops.open()
    await shops.visit()
    assert shown(await shops.proving().prover.prove()) == [
        (name, 1, "PROMOTED", "NONE") for name in PLACES
    ]


def is_naively_proven(trials: Iterable[Trial], arm: str) -> bool:
    """Return whether a z-test that is looked at every hundred visitors ever says that `arm` helps.

    It is what most dashboards do: no correction for looking, none for the number of arms.
    """
    counts = np.zeros((2, 2))
    for number, trial in enumerate(trials, start=1):
        if trial.decision.holdout or trial.decision.chosen == arm:
            counts[int(not trial.decision.holdout)] += (1, trial.converted)
        if number % 100 == 0 and counts[:, 0].min() >= 100 and counts[:, 1].all():
            rates = counts[:, 1] / counts[:, 0]
            error = np.sqrt((rates * (1 - rates) / counts[:, 0]).sum())
            if rates[1] - rates[0] > 1.645 * error:
                return True
    return False


async def test_what_doubles_success_is_promoted_where_it_was_seen_and_what_does_nothing_is_not(
    shops: Street,
) -> None:
    doubled = {"": 0.1, "help": 0.2, "banner": 0.1}
    await shops.open()
    prover = shops.proving().prover
    for part in range(6):
        await shops.visit(doubled, 1_000, seed=10 + part, days=2.0)
        await prover.prove()

    newest = await shops.newest()
    assert sorted(newest) == PLACES
    for item in newest.values():
        assert item.is_live
        assert item.promotion.lower_bound is not None
        assert 0 < item.promotion.lower_bound < 0.1
        assert item.last_decided_at_us < item.life.promoted_at_us - WINDOW_US
        assert item.last_decided_at_us - item.first_decided_at_us >= 7 * DAY_US


def test_the_naive_rule_would_have_promoted_what_does_nothing() -> None:
    wrong = sum(
        is_naively_proven(played(np.random.default_rng(seed), 2_000, IDLE), "banner")
        for seed in range(20)
    )
    assert wrong >= 2


async def test_nothing_is_promoted_where_nothing_helps(shops: Street) -> None:
    """Five shops with two useless interventions each, looked at three times."""
    for number in range(5):
        await shops.open(f"shop-{number}")
    prover = shops.proving().prover
    for part in range(3):
        now_us = shops.now_us
        for number in range(5):
            shops.now_us = now_us
            where = cell(f"shop-{number}")
            await shops.visit(IDLE, 800, where=where, seed=3 * number + part, days=4.0)
        assert await prover.prove() == ()


async def test_before_seven_days_nothing_is_promoted(shops: Street) -> None:
    await shops.open()
    await shops.visit(days=6.9)
    assert await shops.proving().prover.prove() == ()


async def test_a_tenants_margin_must_be_exceeded(shops: Street) -> None:
    await shops.open("modest", promotion_margin=0.1)
    await shops.open("shop", promotion_margin=0.18)
    now_us = shops.now_us
    for name in ("modest", "shop"):
        shops.now_us = now_us
        await shops.visit(where=cell(name))
    made = await shops.proving().prover.prove()
    assert {(item.tenant_id, item.life.margin) for item in made} == {("modest", 0.1)}


async def test_an_unknown_section_is_no_scope(shops: Street) -> None:
    await shops.open()
    await shops.visit(where=cell(page_section=0))
    made = await shops.proving().prover.prove()
    assert [named(item) for item in made] == ["help 2"]


async def test_fresh_data_confirm_and_then_only_what_doubles_is_a_new_version(
    shops: Street,
) -> None:
    await proven(shops)
    prover = shops.proving().prover
    assert await prover.prove() == ()
    await shops.visit(seed=2)
    made = await prover.prove()
    assert shown(made) == [(name, 2, "CONFIRMED", "NONE") for name in PLACES]
    assert await prover.prove() == ()
    for item in made:
        assert item.life.confirmed_at_us == shops.now_us
        assert item.fresh is not None
        assert item.fresh.treated_units + item.fresh.holdout_units < 1_500
        assert item.promotion == (await shops.newest())[named(item)].promotion
        assert item.lower_bound == item.fresh.lower_bound != item.promotion.lower_bound
    await shops.visit(count=200, seed=3)
    assert await prover.prove() == ()
    await shops.visit(seed=4)
    assert shown(await prover.prove()) == [(name, 3, "CONFIRMED", "NONE") for name in PLACES]


async def test_fresh_data_refute(shops: Street) -> None:
    await proven(shops)
    await shops.visit(HARMS, seed=2)
    prover = shops.proving().prover
    made = await prover.prove()
    assert shown(made) == [(name, 2, "DEMOTED", "REFUTED") for name in PLACES]
    assert all(item.life.demoted_at_us == shops.now_us for item in made)
    assert await prover.prove() == ()


async def test_thirty_days_without_confirmation(shops: Street) -> None:
    await proven(shops)
    promoted_at_us, prover = shops.now_us, shops.proving().prover
    shops.now_us = promoted_at_us + 30 * DAY_US - 1
    assert await prover.prove() == ()
    shops.now_us += 1
    assert shown(await prover.prove()) == [(name, 2, "DEMOTED", "UNCONFIRMED") for name in PLACES]
    # What proved it once does not prove it again.
    assert await prover.prove() == ()


async def test_what_was_taken_back_can_be_proven_again_by_later_visitors(shops: Street) -> None:
    await proven(shops)
    first_promotion_us, prover = shops.now_us, shops.proving().prover
    shops.now_us += 30 * DAY_US
    await prover.prove()
    before = await shops.newest()
    await shops.visit(seed=5)
    made = await prover.prove()

    assert shown(made) == [(name, 3, "PROMOTED", "NONE") for name in PLACES]
    for item in made:
        assert item.pattern_id == before[named(item)].pattern_id
        assert item.life.promoted_at_us == shops.now_us
        assert item.first_decided_at_us > first_promotion_us
        assert item.fresh is None
        assert item.life.confirmed_at_us is item.life.demoted_at_us is None


async def test_a_confirmed_pattern_ends_after_ninety_days(shops: Street) -> None:
    await proven(shops)
    promoted_at_us, prover = shops.now_us, shops.proving().prover
    await shops.visit(seed=2)
    await prover.prove()
    shops.now_us = promoted_at_us + 90 * DAY_US - 1
    assert await prover.prove() == ()
    shops.now_us += 1
    assert shown(await prover.prove()) == [(name, 3, "EXPIRED", "NONE") for name in PLACES]
    # The visitors who confirmed it are later ones: they may prove it again.
    assert shown(await prover.prove()) == [(name, 4, "PROMOTED", "NONE") for name in PLACES]


@pytest.mark.parametrize("change", ["title", "enabled", "deleted"])
async def test_a_change_of_what_is_shown_takes_a_pattern_back(shops: Street, change: str) -> None:
    await proven(shops)
    catalogue = shops.policy.catalogue
    known = catalogue.get("shop", "help")
    if change == "deleted":
        catalogue.delete("shop", "help")
    elif change == "enabled":
        catalogue.replace(replace(known, enabled=False))
    else:
        catalogue.replace(replace(known, title="Something else"))
    prover = shops.proving().prover
    assert shown(await prover.prove()) == [
        (name, 2, "DEMOTED", "DEFINITION_CHANGED") for name in PLACES
    ]
    assert await prover.prove() == ()


async def test_a_change_that_shoppers_do_not_see_takes_nothing_back(shops: Street) -> None:
    await proven(shops)
    known = shops.policy.catalogue.get("shop", "help")
    shops.policy.catalogue.replace(replace(known, priority=3))
    assert await shops.proving().prover.prove() == ()


async def test_an_alarm_takes_a_pattern_back_and_lets_nothing_be_promoted(shops: Street) -> None:
    await proven(shops)
    await shops.leak()
    prover = shops.proving().prover
    made = await prover.prove()
    assert shown(made) == [(name, 2, "DEMOTED", "EXPERIMENT_INVALID") for name in PLACES]
    await shops.visit(seed=2)
    assert await prover.prove() == ()


async def test_harm_stops_an_intervention_and_takes_its_pattern_back(shops: Street) -> None:
    await proven(shops)
    await shops.visit(seed=2, complaints={"help": 0.2})
    prover = shops.proving().prover
    made = await prover.prove()

    assert shops.stops == [("shop", {"definition_id": "help", "metric": 4})]
    assert shown(made) == [(name, 2, "DEMOTED", "GUARDRAIL") for name in PLACES]
    assert set(shops.policy.stopped("shop")) == {"help"}
    assert await prover.prove() == ()
    assert len(shops.stops) == 1


async def test_a_shop_that_fails_keeps_no_other_from_being_judged_and_published(
    shops: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        await shops.open(name)
        if name != "b":
            await shops.visit(where=cell(name))
    parts = shops.proving()
    lose(parts, "b", monkeypatch)
    published = asyncio.Event()

    async def publish() -> None:
        published.set()

    running = asyncio.create_task(parts.prover.run(0.001, publish))
    try:
        await asyncio.wait_for(published.wait(), timeout=20)
    finally:
        running.cancel()
    for name in ("a", "c"):
        assert sorted(await shops.newest(name)) == PLACES


async def test_what_could_not_be_published_is_published_at_the_next_look(shops: Street) -> None:
    await shops.open()
    await shops.visit()
    prover, looks, published = shops.proving().prover, 0, asyncio.Event()

    async def publish() -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise Missing(Reason.DEFINITION_UNKNOWN, "It is not there yet.")
        published.set()

    running = asyncio.create_task(prover.run(0.001, publish))
    try:
        await asyncio.wait_for(published.wait(), timeout=20)
    finally:
        running.cancel()
    assert await prover.prove() == ()


async def everything(shops: Street, *, restarts: bool) -> tuple[PatternRow, ...]:
    """Live through a promotion, a confirmation and a refutation; return every newest version."""
    await shops.open()
    parts = shops.proving()
    for seed, rates in enumerate([HELPS, HELPS, HARMS]):
        await shops.visit(rates, seed=seed)
        if restarts:
            parts = shops.proving()
        await parts.prover.prove()
    return await Patterns(shops.database).newest("shop")


async def test_a_restart_changes_no_version(tmp_path: Path) -> None:
    async with street(tmp_path / "one") as one, street(tmp_path / "other") as other:
        without = await everything(one, restarts=False)
        assert await everything(other, restarts=True) == without
    assert len(without) == len(PLACES)
    assert all(kept.version >= 2 for kept in without)


async def test_tenants_do_not_see_each_others_patterns(shops: Street) -> None:
    await proven(shops)
    await shops.open("rival")
    parts = shops.proving()
    await parts.prover.prove()
    await parts.knowledge.refresh()

    assert parts.knowledge.patterns_for("rival", cell("rival")) == ()
    assert parts.knowledge.patterns_for("rival", cell("shop")) == ()
    assert parts.knowledge.version("rival") == ""
    for item in (await shops.newest()).values():
        assert await parts.patterns.get("shop", item.pattern_id)
        assert await parts.patterns.get("rival", item.pattern_id) is None


async def test_what_is_kept_is_valid_and_says_the_same_as_the_row(shops: Street) -> None:
    await proven(shops)
    for item in (await shops.newest()).values():
        assert violations(message(item)) == ()
        kept = await Patterns(shops.database).get("shop", item.pattern_id)
        assert kept is not None
        assert kept == row(item)
        assert kept.units == item.promotion.treated_units + item.promotion.holdout_units
