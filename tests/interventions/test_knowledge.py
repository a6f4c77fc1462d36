"""Which patterns a prompt is told, what is withheld from it, and what that teaches."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from bandit.lifts import lift
from bandit.trials import cell, decision
from eitp.v1.audience_pb2 import Audience as AudienceNumbers
from eitp.v1.intervention_pb2 import InterventionKind as KindNumbers
from eitp.v1.pattern_pb2 import DemotionReason as ReasonNumbers
from eitp.v1.pattern_pb2 import PatternStatus as StatusNumbers
from eitp_server.bandit.node import Node
from eitp_server.bandit.pattern import DemotionReason, Pattern, PatternStatus
from eitp_server.bandit.trial import Trial
from eitp_server.interventions.archive import Archive
from eitp_server.interventions.definition import InterventionKind
from eitp_server.interventions.pattern_document import message, pattern, row
from eitp_server.interventions.proven import Audience, Proven, scope_text
from eitp_server.interventions.statement import MOST_CHARACTERS, statement
from eitp_server.services.validation import violations
from eitp_server.storage.patterns import Patterns
from hypothesis import given
from hypothesis import strategies as st
from interventions.proofs import (
    AT_US,
    BANNER,
    COMMON,
    DAY_US,
    HOUR_US,
    MATURED_US,
    PROVEN,
    WIDER,
    outcome,
    street,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from enum import IntEnum
    from pathlib import Path

    from interventions.proofs import Street


@pytest.fixture
async def shops(tmp_path: Path) -> AsyncGenerator[Street]:
    """A street with a shop that pools and one that does not."""
    async with street(tmp_path / "data") as opened:
        await opened.open("shop")
        await opened.open("pooling", pooling=True)
        opened.now_us = AT_US + 1
        yield opened


async def keep(shops: Street, *patterns: Proven) -> None:
    """Keep patterns with their sentences."""
    archive = Archive(Patterns(shops.database))
    await archive.keep([item.stated(statement(item)) for item in patterns])


async def test_the_version_changes_exactly_when_a_pattern_in_use_does(shops: Street) -> None:
    knowledge = shops.proving().knowledge

    async def version(tenant_id: str = "shop") -> str:
        await knowledge.refresh()
        return knowledge.version(tenant_id)

    assert await version() == ""
    await keep(shops, PROVEN)
    first = await version()
    assert first == await version() != ""
    await keep(shops, replace(BANNER, tenant_id="rival"), COMMON)
    assert await version() == first
    with_shared = await version("pooling")
    await keep(shops, BANNER)
    both = await version()
    assert both != first
    assert await version("pooling") == with_shared != ""
    measured = replace(PROVEN, life=replace(PROVEN.life, version=2), fresh=lift())
    await keep(shops, measured)
    again = await version()
    assert again not in {both, first}
    gone = replace(BANNER.life, version=2, status=PatternStatus.EXPIRED)
    await keep(shops, replace(BANNER, life=gone))
    assert await version() not in {again, both, first}
    shops.now_us = PROVEN.life.expires_at_us
    assert await version() == ""


async def test_what_ran_out_is_not_used_even_before_anybody_looked(shops: Street) -> None:
    await keep(shops, PROVEN)
    knowledge = shops.proving().knowledge
    await knowledge.refresh()
    shops.now_us = PROVEN.life.expires_at_us - 1
    assert len(knowledge.patterns_for("shop", cell())) == 1
    shops.now_us += 1
    assert knowledge.patterns_for("shop", cell()) == ()


async def test_what_may_not_be_shown_is_not_cited(shops: Street) -> None:
    await keep(shops, PROVEN, BANNER)
    known = shops.policy.catalogue.get("shop", "help")
    shops.policy.catalogue.replace(replace(known, enabled=False))
    knowledge = shops.proving().knowledge
    await knowledge.refresh()
    (found,) = knowledge.patterns_for("shop", cell())
    assert found.definition_id == "banner"


REFUTED = replace(
    PROVEN.life,
    version=2,
    status=PatternStatus.DEMOTED,
    demoted_at_us=AT_US + DAY_US,
    demotion_reason=DemotionReason.REFUTED,
)
SECTION = PROVEN.scope
LABEL = replace(SECTION, page_section=None)
ELSEWHERE = replace(cell("pooling"), page_section=2)


@pytest.mark.parametrize(
    ("refuted", "others", "here", "elsewhere"),
    [
        (PROVEN, [WIDER], [], ["automotive"]),
        (PROVEN, [COMMON], [], ["automotive"]),
        (replace(PROVEN, scope=LABEL), [WIDER], [], []),
        (
            replace(PROVEN, scope=LABEL),
            [WIDER, PROVEN],
            ["automotive/frustration/financing"],
            [],
        ),
        (WIDER, [replace(COMMON, scope=SECTION)], ["automotive/frustration/financing"], []),
        (replace(COMMON, scope=SECTION), [COMMON], [], ["automotive"]),
        (replace(COMMON, scope=SECTION), [WIDER], ["automotive"], ["automotive"]),
    ],
)
async def test_what_was_refuted_is_not_inherited_from_something_wider(
    shops: Street,
    refuted: Proven,
    others: list[Proven],
    here: list[str],
    elsewhere: list[str],
) -> None:
    def own(item: Proven) -> Proven:
        return item if item.tenant_id == COMMON.tenant_id else replace(item, tenant_id="pooling")

    await keep(shops, *map(own, others), own(replace(refuted, life=REFUTED)))
    knowledge = shops.proving().knowledge
    await knowledge.refresh()
    for where, expected in ((cell("pooling"), here), (ELSEWHERE, elsewhere)):
        assert [item.scope for item in knowledge.patterns_for("pooling", where)] == expected


async def test_a_refutation_counts_for_what_is_shown_and_for_as_long_as_a_pattern_does(
    shops: Street,
) -> None:
    later = replace(WIDER.life, promoted_at_us=AT_US + DAY_US)
    await keep(shops, replace(WIDER, life=later), replace(PROVEN, life=REFUTED))
    knowledge = shops.proving().knowledge
    await knowledge.refresh()
    while_refuted = knowledge.version("shop")
    assert knowledge.patterns_for("shop", cell()) == ()

    shops.now_us = REFUTED.expires_at_us
    assert len(knowledge.patterns_for("shop", cell())) == 1
    assert knowledge.version("shop") not in {while_refuted, ""}

    shops.now_us = AT_US + DAY_US
    known = shops.policy.catalogue.get("shop", "help")
    shops.policy.catalogue.replace(replace(known, title="Something else"))
    assert shops.policy.catalogue.get("shop", "help").epoch != PROVEN.epoch
    assert len(knowledge.patterns_for("shop", cell())) == 1


async def test_only_what_was_refuted_is_no_knowledge(shops: Street) -> None:
    await keep(shops, replace(PROVEN, life=REFUTED))
    knowledge = shops.proving().knowledge
    await knowledge.refresh()
    assert knowledge.version("shop") == ""


async def test_a_session_is_told_the_same_whatever_happens_in_between(shops: Street) -> None:
    await keep(shops, PROVEN, WIDER, BANNER)
    parts = shops.proving()
    await parts.knowledge.refresh()
    told = {
        number: await parts.knowledge.offer("shop", cell(), f"session-{number}")
        for number in range(60)
    }
    newer = replace(PROVEN, life=replace(PROVEN.life, version=2), fresh=lift())
    await keep(shops, newer)
    restarted = shops.proving()
    await restarted.knowledge.refresh()

    withheld = Counter[str]()
    for number, before in told.items():
        after = await restarted.knowledge.offer("shop", cell(), f"session-{number}")
        assert after.withheld == before.withheld
        assert [item.pattern_id for item in after.given] == [
            item.pattern_id for item in before.given
        ]
        assert len(before.given) + len(before.withheld) == 2
        assert len(before.withheld) <= 1
        withheld.update(before.withheld)
    assert withheld[PROVEN.pattern_id] > 0 < withheld[BANNER.pattern_id]
    assert withheld.total() < 30


async def test_sessions_of_two_shops_have_nothing_in_common(shops: Street) -> None:
    await keep(shops, COMMON)
    knowledge = shops.proving().knowledge
    await knowledge.refresh()
    assert (await knowledge.offer("shop", cell(), "session")).given == ()
    answers = [
        bool((await knowledge.offer("pooling", cell("pooling"), f"session-{number}")).given)
        for number in range(50)
    ]
    assert 35 <= sum(answers) < 50


@pytest.mark.parametrize(("gain", "is_shown"), [(0.3, True), (0.0, False)])
async def test_what_telling_does_is_reported_with_the_pattern(
    shops: Street, gain: float, is_shown: bool
) -> None:
    # The definition is as it was when it was proven, and no visitor says anything about it.
    await keep(shops, PROVEN)
    parts = shops.proving()
    await parts.knowledge.refresh()
    rng = np.random.default_rng(11)
    trials: list[Trial] = []
    for number in range(1_500):
        shops.now_us = AT_US + 1 + number * 1_000_000
        moment = replace(decision(number, at_us=shops.now_us), session_id=f"session-{number}")
        told = await parts.knowledge.offer("shop", cell(), moment.session_id)
        converted = bool(rng.random() < 0.1 + gain * bool(told.given))
        trials.append(Trial(decision=moment, converted=converted))
    await shops.write(
        decisions=[each.decision for each in trials],
        outcomes=[outcome(each, 1) for each in trials if each.converted],
    )
    shops.now_us += MATURED_US + HOUR_US
    await parts.prover.prove()

    (found,) = [item for item in (await shops.newest()).values() if item.scope == PROVEN.scope]
    assert found.life.version == 2
    effect = found.injection
    assert effect is not None
    assert effect.treated_units + effect.holdout_units == 1_500
    assert effect.lower_bound is not None
    assert (effect.lower_bound > 0) == is_shown
    sent = message(found)
    assert sent.injection.withheld_share == 0.1
    assert sent.injection.lift.estimate == pytest.approx(gain, abs=0.1)
    assert violations(sent) == ()
    assert await parts.prover.prove() == ()


lives = st.builds(
    Pattern,
    version=st.integers(1, 2**40),
    status=st.sampled_from(PatternStatus),
    margin=st.floats(0, 1),
    promoted_at_us=st.integers(AT_US, AT_US + DAY_US),
    confirmed_at_us=st.none() | st.integers(AT_US, AT_US + DAY_US),
    demoted_at_us=st.none() | st.integers(AT_US, AT_US + DAY_US),
    demotion_reason=st.sampled_from(DemotionReason),
)
nodes = st.sampled_from(
    [
        Node(vertical="a" * 64, label=5, page_section=10),
        Node(vertical="automotive", label=11),
        Node(vertical="automotive"),
        Node(),
    ]
)
lifts = st.sampled_from([lift(), lift(relative=None, lower_bound=-3.5), lift(e_value=None)])


@given(lives, nodes, st.none() | lifts, st.none() | lifts, st.sampled_from([PROVEN, COMMON]))
def test_a_pattern_survives_being_kept_and_its_sentence_is_short(
    life: Pattern, scope: Node, fresh: object, injection: object, base: Proven
) -> None:
    item = replace(base, life=life, scope=scope, fresh=fresh, injection=injection)
    if item.definition_id:
        item = replace(item, definition_id="d" * 63, promotion=lift(treated_units=10**9))
    item = item.stated(statement(item))

    assert pattern(row(item)) == item
    assert row(pattern(row(item))) == row(item)
    assert violations(message(item)) == ()
    assert len(item.statement) <= MOST_CHARACTERS
    assert -1 <= item.lower_bound <= 1


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (Node(), "*"),
        (Node(vertical="automotive"), "automotive"),
        (Node(vertical="automotive", label=5), "automotive/price_concern"),
        (Node(vertical="automotive", label=8, page_section=8), "automotive/frustration/financing"),
        (Node(vertical="retail", label=1, page_section=15), "retail/neutral/cart_summary"),
    ],
)
def test_a_scope_as_text(node: Node, text: str) -> None:
    assert scope_text(node) == text


def test_the_sentence_quotes_the_fresh_lift_once_it_confirmed_the_pattern() -> None:
    assert statement(PROVEN) == (
        "In automotive, visitors showing frustration at financing, the intervention help (help "
        "chat) made a conversion or lead more likely between 2026-09-11 and 2026-09-20: 4.44 % of "
        "9,000 visitors chosen for it against 3.30 % of 1,000 held out, at least 0.40 points more "
        "at 95 % confidence. This selected the finding, so expect less; later visitors are being "
        "counted."
    )
    life = replace(PROVEN.life, status=PatternStatus.CONFIRMED, confirmed_at_us=AT_US + DAY_US)
    fresh = lift(treated_units=4_000, holdout_units=500, lower_bound=0.001)
    assert "9,000" not in (said := statement(replace(PROVEN, life=life, fresh=fresh)))
    assert "after the promotion on 2026-09-21: 10.00 % of 4,000 visitors" in said
    assert "at least 0.10 points more" in said


@pytest.mark.parametrize(
    ("ours", "theirs", "prefix"),
    [
        (Audience, AudienceNumbers, "AUDIENCE_"),
        (PatternStatus, StatusNumbers, "PATTERN_STATUS_"),
        (DemotionReason, ReasonNumbers, "DEMOTION_REASON_"),
        (InterventionKind, KindNumbers, "INTERVENTION_KIND_"),
    ],
)
def test_numbers_are_the_protocols(ours: type[IntEnum], theirs: Any, prefix: str) -> None:
    numbers: dict[str, int] = dict(theirs.items())
    assert {prefix + item.name: item.value for item in ours if item.value} == {
        name: number for name, number in numbers.items() if number
    }
