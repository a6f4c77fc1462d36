"""Patterns claim nothing about visitors of whose kind nobody was ever seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bandit.trials import FORM, cell
from eitp_server.classification.packet import Label
from eitp_server.storage.patterns import SHARED
from interventions.proofs import DAY_US, HARMS, shown, street

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from interventions.proofs import Street

HERE, BESIDE = cell(), cell(page_section=FORM)
HESITATING, URGENT = cell(label=Label.HESITATION), cell(label=Label.URGENCY)
BROAD = [HERE, HERE, HERE, BESIDE, HESITATING]
VISITORS = 4_000
PLACES = ["help 1", "help 2", "help 3"]


@pytest.fixture
async def shops(tmp_path: Path) -> AsyncGenerator[Street]:
    """A street without shops."""
    async with street(tmp_path / "data") as opened:
        yield opened


async def proven(shops: Street) -> None:
    """Open a shop in which an intervention that helps was promoted in three places a moment ago."""
    await shops.open()
    await shops.visit(count=VISITORS, where=BROAD)
    assert shown(await shops.proving().prover.prove()) == [
        (name, 1, "PROMOTED", "NONE") for name in PLACES
    ]


async def test_from_a_shop_seen_in_one_section_no_other_visitor_inherits(shops: Street) -> None:
    await shops.open()
    await shops.visit()
    parts = shops.proving()
    (made,) = await parts.prover.prove()
    await parts.knowledge.refresh()

    assert made.statement.startswith("In automotive, visitors showing frustration at financing,")
    (here,) = parts.knowledge.patterns_for("shop", HERE)
    assert here.scope == "automotive/frustration/financing"
    for where in (BESIDE, HESITATING, URGENT):
        assert parts.knowledge.patterns_for("shop", where) == ()


async def test_a_leaf_without_data_inherits_from_the_nearest_node_above(shops: Street) -> None:
    await proven(shops)
    knowledge = shops.proving().knowledge
    await knowledge.refresh()

    (here,) = knowledge.patterns_for("shop", HERE)
    (beside,) = knowledge.patterns_for("shop", cell(page_section=9))
    (other,) = knowledge.patterns_for("shop", URGENT)
    assert here.scope == "automotive/frustration/financing"
    assert beside.scope == "automotive/frustration"
    assert other.scope == "automotive"
    assert {item.definition_id for item in (here, beside, other)} == {"help"}
    assert knowledge.patterns_for("shop", cell(vertical="retail")) == ()
    item = (await shops.newest())["help 2"]
    assert (beside.pattern_id, beside.version) == (item.pattern_id, 1)
    assert beside.lift_lower_bound == item.promotion.lower_bound
    assert beside.statement == item.statement


async def test_visitors_of_one_section_confirm_that_section_only(shops: Street) -> None:
    await proven(shops)
    promoted_at_us, prover = shops.now_us, shops.proving().prover
    await shops.visit(seed=2)
    # What is measured is a new version, whether or not it confirms anything.
    assert shown(await prover.prove()) == [
        ("help 1", 2, "PROMOTED", "NONE"),
        ("help 2", 2, "PROMOTED", "NONE"),
        ("help 3", 2, "CONFIRMED", "NONE"),
    ]
    shops.now_us = promoted_at_us + 30 * DAY_US
    assert shown(await prover.prove()) == [
        ("help 1", 3, "DEMOTED", "UNCONFIRMED"),
        ("help 2", 3, "DEMOTED", "UNCONFIRMED"),
    ]


async def test_visitors_of_all_places_confirm_all_of_them(shops: Street) -> None:
    await proven(shops)
    await shops.visit(count=VISITORS, where=BROAD, seed=2)
    made = shown(await shops.proving().prover.prove())
    assert {(name, 2, "CONFIRMED", "NONE") for name in PLACES} <= set(made)


async def test_harm_in_one_section_refutes_what_is_said_of_wider_places(shops: Street) -> None:
    await proven(shops)
    await shops.visit(HARMS, seed=2)
    assert shown(await shops.proving().prover.prove()) == [
        (name, 2, "DEMOTED", "REFUTED") for name in PLACES
    ]


async def test_shops_together_claim_a_vertical_when_they_saw_more_than_one_label(
    shops: Street,
) -> None:
    """Each of five shops sees visitors of one label: of the same one, and then of another."""
    now_us = shops.now_us
    for number in range(5):
        await shops.open(f"pool-{number}", pooling=True)
        shops.now_us = now_us
        await shops.visit(count=500, where=cell(f"pool-{number}"), seed=number)
    prover = shops.proving().prover
    assert shown(await prover.prove()) == [("HELP_CHAT 3", 1, "PROMOTED", "NONE")]

    now_us = shops.now_us
    for number in range(5):
        shops.now_us = now_us
        where = cell(f"pool-{number}", label=Label.HESITATION)
        await shops.visit(count=100, where=where, seed=10 + number)
    assert ("HELP_CHAT 1", 1, "PROMOTED", "NONE") in shown(await prover.prove())
    newest = await shops.newest(SHARED)
    assert sorted(newest) == ["HELP_CHAT 1", "HELP_CHAT 3"]
