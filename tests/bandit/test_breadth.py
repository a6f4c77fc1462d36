"""What was seen in one narrow place is claimed of no wider one, and the wider one says why."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from bandit.lifts import PROVEN, lift
from bandit.trials import FINANCING, FORM, FRUSTRATION, cell, decision, played
from eitp_server.bandit.e_process import BATCH_UNITS, EProcess
from eitp_server.bandit.evidence import Evidence, stratum_of
from eitp_server.bandit.lift import weighted
from eitp_server.bandit.node import Node
from eitp_server.bandit.pool import PooledStudy
from eitp_server.bandit.promotion import Candidate, Condition, judge
from eitp_server.bandit.pseudo_outcome import Side, Unit
from eitp_server.bandit.study import Study
from eitp_server.bandit.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eitp_server.bandit.decision import Cell
    from eitp_server.bandit.promotion import Verdict

HESITATION = 4
SHOP = Node(vertical="automotive")
LABEL = replace(SHOP, label=FRUSTRATION)
SECTION = replace(LABEL, page_section=FINANCING)
HERE, BESIDE, ELSEWHERE = cell(), cell(page_section=FORM), cell(label=HESITATION)
HELPS = {"": 0.1, "help": 0.3}


def seen(counts: Mapping[Cell, int], side: Side = Side.ARM) -> Evidence:
    """Return what is known when so many visitors on one side were in each of the cells."""
    evidence = Evidence()
    unit = Unit(side=side, outcome=0.0, arm_propensity=0.5, holdout_share=0.3)
    for where, count in counts.items():
        for at_us in range(count):
            evidence.fold(unit, at_us, stratum=stratum_of(where))
    return evidence


def judged(study: Study) -> dict[Node, Verdict]:
    """Return the verdict on "help" in each place of a shop."""
    found = {place: each.evidence for (place, _), each in study.arms.items()}
    candidates = [
        Candidate(
            lift=weighted(each.sums, each.e_process),
            over_nothing=weighted(each.over_nothing, EProcess.start()),
            days=each.days,
            concentration=each.concentration(place),
        )
        for place, each in found.items()
    ]
    return dict(zip(found, judge(candidates), strict=True))


def shop(*cells: Cell, visitors: int = 4_000) -> Study:
    """Return a shop in which an arm helps, and whose visitors are in the cells in turn."""
    study = Study()
    for index, each in enumerate(played(np.random.default_rng(1), visitors, HELPS)):
        where = cells[index % len(cells)]
        study.fold(replace(each, decision=replace(each.decision, cell=where)))
    return study


def test_a_shop_seen_in_one_section_proves_that_section_and_says_why_nothing_wider() -> None:
    verdicts = judged(shop(HERE))
    assert {place for place, each in verdicts.items() if each.promote} == {SECTION}
    for place in (SHOP, LABEL):
        (unmet,) = verdicts[place].unmet
        assert unmet.condition is Condition.BREADTH
        assert unmet.sentence == "100 % of the visitors were in one label or section; at most 90 %."


def test_a_shop_with_two_labels_proves_its_vertical_and_neither_label_of_one_section() -> None:
    verdicts = judged(shop(HERE, ELSEWHERE))
    sections = {SECTION, Node(vertical="automotive", label=HESITATION, page_section=FINANCING)}
    assert {place for place, each in verdicts.items() if each.promote} == {SHOP, *sections}
    assert [unmet.condition for unmet in verdicts[LABEL].unmet] == [Condition.BREADTH]


def test_a_label_with_two_sections_is_proven_where_its_vertical_has_no_other_label() -> None:
    verdicts = judged(shop(HERE, BESIDE))
    assert verdicts[LABEL].promote
    assert [unmet.condition for unmet in verdicts[SHOP].unmet] == [Condition.BREADTH]


@pytest.mark.parametrize(
    ("place", "counts", "expected"),
    [
        (SHOP, {}, 0.0),
        (SHOP, {HERE: 9, ELSEWHERE: 1}, 0.9),
        (SHOP, {HERE: 3, BESIDE: 5, ELSEWHERE: 2}, 0.8),
        (LABEL, {HERE: 3, BESIDE: 5}, 0.625),
        (SECTION, {HERE: 3}, 0.0),
        # Below a vertical are its labels, whatever the section.
        (SHOP, {HERE: 1, ELSEWHERE: 1}, 0.5),
        # Tenants are no narrower places.
        (SHOP, {HERE: 1, cell("rival"): 3}, 1.0),
        (SHOP, {cell("a/b"): 3, cell("a/b", label=HESITATION): 1}, 0.75),
        # Where no section is known there is none to name.
        (LABEL, {cell(page_section=0): 8}, 0.0),
        (LABEL, {cell(page_section=0): 8, HERE: 2}, 0.2),
    ],
)
def test_the_narrower_place_with_most_units_is_looked_at(
    place: Node, counts: dict[Cell, int], expected: float
) -> None:
    assert seen(counts).concentration(place) == expected
    assert seen(counts, Side.HOLDOUT).concentration(place) == expected


def test_those_on_neither_side_are_not_counted() -> None:
    evidence = seen({HERE: 3, ELSEWHERE: 1})
    other = Unit(side=Side.OTHER, outcome=1.0, arm_propensity=0.5, holdout_share=0.3)
    for at_us in range(50):
        evidence.fold(other, at_us, stratum=stratum_of(ELSEWHERE))
    assert evidence.concentration(SHOP) == 0.75


def test_every_unit_counts_once_whether_or_not_its_batch_is_closed_and_after_a_restart() -> None:
    evidence = seen({HERE: BATCH_UNITS, ELSEWHERE: BATCH_UNITS, BESIDE: BATCH_UNITS // 2})
    assert evidence.concentration(SHOP) == 0.6
    again = Evidence.load(json.loads(json.dumps(evidence.dump())))
    assert again.concentration(SHOP) == 0.6


def test_shops_of_one_label_each_are_broad_together_when_the_labels_differ() -> None:
    narrow, broad = PooledStudy(), PooledStudy()
    for number, tenant in enumerate("abcde" * 100):
        for study, label in ((narrow, FRUSTRATION), (broad, 4 + "abcde".index(tenant))):
            where = cell(tenant, label=label)
            each = decision(number, where=where, chosen="help")
            study.fold(Trial(decision=each, converted=False))
    found = [study.findings[SHOP, "help"].shareable for study in (narrow, broad)]
    assert [each.sums.units for each in found] == [500, 500]
    assert [each.concentration(SHOP) for each in found] == [1.0, 0.2]


def test_nine_tenths_in_one_place_are_broad_and_more_are_not() -> None:
    promising = Candidate(lift=PROVEN, over_nothing=PROVEN, days=7.0)
    at, above = judge([replace(promising, concentration=each) for each in (0.9, 0.9125)])
    assert at.promote
    (unmet,) = above.unmet
    assert unmet.sentence == "91.25 % of the visitors were in one label or section; at most 90 %."


def test_a_finding_is_not_discovered_by_being_seen_in_three_places_at_once() -> None:
    """Three candidates that are real ask a third of each of what one of three asks."""
    leaf = Candidate(lift=lift(e_value=25.0), over_nothing=PROVEN, days=7.0)
    wider = replace(leaf, concentration=1.0)
    assert [each.promote for each in judge([leaf, leaf, leaf])] == [True] * 3
    held, *_ = judge([leaf, wider, wider])
    assert [unmet.condition for unmet in held.unmet] == [Condition.DISCOVERY]
    enough = replace(leaf, lift=lift(e_value=30.0))
    assert [each.promote for each in judge([enough, wider, wider])] == [True, False, False]
