"""What shops that agreed to it prove together, and what they do not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from bandit.trials import cell
from eitp_server.interventions.pattern_document import message
from eitp_server.services.validation import violations
from eitp_server.storage.patterns import SHARED
from eitp_server.storage.tenant import Learning
from interventions.proofs import lose, shown, street

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from interventions.proofs import Street

PLACES = ["HELP_CHAT 3"]


@pytest.fixture
async def shops(tmp_path: Path) -> AsyncGenerator[Street]:
    """A street without shops."""
    async with street(tmp_path / "data") as opened:
        yield opened


async def pool(shops: Street, count: int, *, visitors: int = 500, share: int = 0) -> None:
    """Let pooling shops have visitors at one time; the first as many as `share` says, if at all."""
    now_us = shops.now_us
    for number in range(count):
        shops.now_us = now_us
        name = f"pool-{number}"
        if shops.tenants.get(name) is None:
            await shops.open(name, pooling=True)
        many = share if share and not number else visitors
        await shops.visit(count=many, where=cell(name), seed=number, days=10.0)


async def test_five_shops_prove_together_what_none_of_them_could(shops: Street) -> None:
    await pool(shops, 5)
    await shops.open("loner")
    parts = shops.proving()
    made = await parts.prover.prove()
    await parts.knowledge.refresh()

    assert shown(made) == [(name, 1, "PROMOTED", "NONE") for name in PLACES]
    for item in made:
        assert (item.tenant_id, item.tenants, item.definition_id, item.epoch) == (SHARED, 5, "", 0)
        assert violations(message(item)) == ()
    (found,) = parts.knowledge.patterns_for("pool-0", cell("pool-0"))
    assert (found.definition_id, found.scope) == ("help", "automotive/frustration/financing")
    assert "pool-" not in found.statement
    assert parts.knowledge.patterns_for("loner", cell("loner")) == ()
    assert parts.knowledge.version("loner") == ""


async def test_four_shops_share_nothing(shops: Street) -> None:
    await pool(shops, 4, visitors=500)
    assert await shops.proving().prover.prove() == ()


async def test_what_no_other_shop_has_is_not_shared(shops: Street) -> None:
    await pool(shops, 5, visitors=10)
    for number in range(5):
        known = shops.policy.catalogue.get(f"pool-{number}", "help")
        custom = replace(known, kind=type(known.kind).CUSTOM)
        shops.policy.catalogue.delete(f"pool-{number}", "help")
        shops.policy.catalogue.create(custom)
    # The visitors below are decided on with the first revision, which was a help chat.
    await pool(shops, 5)
    assert {item.kind.name for item in await shops.proving().prover.prove()} == {"HELP_CHAT"}


async def test_a_large_shop_is_counted_up_to_a_quarter(shops: Street) -> None:
    await pool(shops, 5, share=1_500)
    made = [item for item in await shops.proving().prover.prove() if item.tenant_id == SHARED]
    assert made
    for item in made:
        counted = item.promotion.treated_units + item.promotion.holdout_units
        # Of 4 x 500 and a third of that, those for whom nothing was chosen are on neither side.
        assert counted < 0.8 * 2_667


async def test_a_shop_that_leaves_takes_its_visitors_along(shops: Street) -> None:
    await pool(shops, 5)
    parts = shops.proving()
    assert len(await parts.prover.prove()) == len(PLACES)
    await shops.tenants.change("pool-4", lambda known: known.with_learning(Learning()))
    made = await parts.prover.prove()
    await parts.knowledge.refresh()

    assert shown(made) == [(name, 2, "DEMOTED", "POOL_TOO_SMALL") for name in PLACES]
    assert parts.knowledge.patterns_for("pool-0", cell("pool-0")) == ()


async def test_a_shop_whose_experiment_is_invalid_is_not_pooled(shops: Street) -> None:
    await pool(shops, 5)
    await shops.leak("pool-0")
    assert await shops.proving().prover.prove() == ()


async def test_a_shop_that_fails_for_once_takes_no_pattern_back(
    shops: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pool(shops, 5)
    parts = shops.proving()
    assert len(await parts.prover.prove()) == len(PLACES)
    with monkeypatch.context() as once:
        lose(parts, "pool-4", once)
        assert await parts.prover.prove() == ()
    assert all(item.is_live for item in (await shops.newest(SHARED)).values())


async def test_an_own_pattern_comes_before_a_shared_one(shops: Street) -> None:
    await pool(shops, 5, share=2_000)
    parts = shops.proving()
    await parts.prover.prove()
    await parts.knowledge.refresh()

    own, shared = await shops.newest("pool-0"), await shops.newest(SHARED)
    assert sorted(own) == ["help 3"]
    assert sorted(shared) == PLACES
    (mine,) = parts.knowledge.patterns_for("pool-0", cell("pool-0"))
    (theirs,) = parts.knowledge.patterns_for("pool-1", cell("pool-1"))
    assert mine.pattern_id == own["help 3"].pattern_id
    assert theirs.pattern_id == shared["HELP_CHAT 3"].pattern_id
    assert mine.definition_id == theirs.definition_id == "help"
