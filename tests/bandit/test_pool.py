"""Several tenants make up a number in which none of them can be read."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from bandit.trials import FINANCING, FRUSTRATION, START_US, cell, decision, played
from eitp_server.bandit.arm_study import Promotion
from eitp_server.bandit.node import Node
from eitp_server.bandit.pool import FIRST_UNITS, PooledEvidence, PooledStudy, by_kind
from eitp_server.bandit.pseudo_outcome import Side, Unit
from eitp_server.bandit.trial import Trial
from hypothesis import given
from hypothesis import strategies as st

UNIT = Unit(side=Side.ARM, outcome=0.0, arm_propensity=0.5, holdout_share=0.1)
AUTOMOTIVE = Node(vertical="automotive")


def pooled(tenants: list[int]) -> tuple[PooledEvidence, Counter[int]]:
    """Offer a unit of each tenant in turn; return what was counted as well."""
    evidence, counted = PooledEvidence(), Counter[int]()
    for at_us, tenant in enumerate(tenants):
        counted[tenant] += evidence.offer(str(tenant), UNIT, at_us)
    return evidence, counted


def test_five_equal_tenants_are_counted_whole_and_four_are_not_shown() -> None:
    evidence, counted = pooled([0, 1, 2, 3, 4] * 200)
    assert set(counted.values()) == {200}
    assert evidence.is_shareable
    assert evidence.tenants == 5
    assert not pooled([0, 1, 2, 3] * 200)[0].is_shareable


def test_a_large_tenant_is_counted_up_to_a_quarter() -> None:
    evidence, counted = pooled([0, 0, 0, 0, 0, 0, 1, 2, 3, 4] * 300)
    assert evidence.is_shareable
    assert 4 * counted[0] <= counted.total() < 4 * (counted[0] + 2)
    assert counted[1] == counted[4] == 300


def test_tenants_with_next_to_nothing_cannot_hide_a_large_one() -> None:
    evidence, counted = pooled([0] * 900 + [1, 2, 3, 4])
    assert counted[0] == FIRST_UNITS
    assert not evidence.is_shareable


@given(st.lists(st.integers(0, 6), max_size=600))
def test_nobody_has_more_than_a_quarter_of_what_is_shown(tenants: list[int]) -> None:
    evidence, counted = pooled(tenants)
    assert counted.total() == evidence.evidence.sums.units
    if evidence.is_shareable:
        assert len(counted) >= 5
        assert 4 * max(counted.values()) <= counted.total()
    assert all(n <= FIRST_UNITS or 4 * n <= counted.total() for n in counted.values())


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=300))
def test_who_is_counted_does_not_depend_on_how_it_ended(visits: list[tuple[int, bool]]) -> None:
    ends, other = PooledEvidence(), PooledEvidence()
    for at_us, (tenant, converted) in enumerate(visits):
        outcome = float(converted)
        counted = ends.offer(str(tenant), replace(UNIT, outcome=outcome), at_us)
        assert counted == other.offer(str(tenant), replace(UNIT, outcome=1 - outcome), at_us)


def test_arms_of_one_kind_become_one() -> None:
    shares = {"": 0.2, "chat": 0.3, "call": 0.1, "offer": 0.4}
    mine = decision(1, arms=shares, chosen="call", epochs={"chat": 1, "call": 3, "offer": 2})
    kinds = {("chat", 1): "HELP_CHAT", ("call", 3): "HELP_CHAT", ("offer", 2): "DISCOUNT"}

    common = by_kind(mine, lambda arm, epoch: kinds[arm, epoch])
    assert common.arms == ("", "HELP_CHAT", "DISCOUNT")
    assert common.probabilities == pytest.approx((0.2, 0.4, 0.4))
    assert common.chosen == "HELP_CHAT"
    assert by_kind(replace(mine, chosen=""), lambda arm, epoch: kinds[arm, epoch]).chosen == ""


def test_a_visitor_is_one_unit_in_each_place_and_another_at_another_tenant() -> None:
    study = PooledStudy()
    for tenant in ("a", "b"):
        for section in (FINANCING, 16):
            where = cell(tenant, page_section=section)
            study.fold(Trial(decision=decision(1, where=where), converted=False))

    units = {place: found.evidence.sums.units for (place, _), found in study.findings.items()}
    label = replace(AUTOMOTIVE, label=FRUSTRATION)
    assert units[AUTOMOTIVE] == units[label] == 2
    assert units[replace(label, page_section=FINANCING)] == 2
    assert units[replace(label, page_section=16)] == 2


def test_what_follows_a_promotion_keeps_the_promise_by_itself() -> None:
    rng = np.random.default_rng(3)
    trials = [
        each
        for tenant in "abcde"
        for each in played(rng, 100, {"": 0.1, "help": 0.1}, where=cell(tenant))
    ]
    trials.sort(key=lambda each: each.decision.decided_at_us)
    middle = trials[250].decision.decided_at_us
    promotion = Promotion(place=AUTOMOTIVE, arm="help", at_us=middle)
    study = PooledStudy([promotion])
    for each in trials:
        study.fold(each)

    fresh = study.since(promotion)
    later = sum(each.decision.decided_at_us > middle for each in trials)
    assert fresh.evidence.sums.units == later
    assert fresh.is_shareable
    assert study.findings[AUTOMOTIVE, "help"].evidence.sums.units == 500
    assert trials[0].decision.decided_at_us == START_US
