"""What comes later is not put down to what came first, nor good customers to what they see."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from bandit.trials import FINANCING, FORM, FRUSTRATION, START_US, cell, decision
from eitp_server.bandit.e_process import EProcess
from eitp_server.bandit.guardrail import GuardrailMetric
from eitp_server.bandit.lift import weighted
from eitp_server.bandit.node import Node
from eitp_server.bandit.pool import PooledStudy
from eitp_server.bandit.promotion import Candidate, Condition, judge
from eitp_server.bandit.study import Promotion, Study, Trial

if TYPE_CHECKING:
    from eitp_server.bandit.evidence import Evidence
    from eitp_server.bandit.promotion import Verdict

DAY_US = 86_400_000_000
AUTOMOTIVE = Node(vertical="automotive")
LABEL = replace(AUTOMOTIVE, label=FRUSTRATION)
FIRST, SECOND = (replace(LABEL, page_section=section) for section in (FINANCING, FORM))
FOLLOWED = 0.9
"""Probability of what comes second."""


@cache
def visits(count: int, *, tenants: int = 1) -> tuple[Trial, ...]:
    """Return two moments of each visitor: a useless arm at the first, then one with an effect.

    The one that is effective doubles success, and makes a tenth complain.
    """
    rng = np.random.default_rng(1)
    held, idle, active, lucky, angry = (rng.random(count) for _ in range(5))
    found: list[Trial] = []
    for index in range(count):
        out = bool(held[index] < 0.1)
        chosen = ("idle" if idle[index] < 0.5 else "", "active" if active[index] < FOLLOWED else "")
        is_shown = bool(chosen[1]) and not out
        tenant = f"shop-{index % tenants}"
        for number, (arm, share) in enumerate((("idle", 0.5), ("active", FOLLOWED))):
            found.append(
                Trial(
                    decision=decision(
                        index,
                        where=cell(tenant, page_section=(FINANCING, FORM)[number]),
                        arms={"": 1 - share, arm: share},
                        chosen=chosen[number],
                        holdout=out,
                        at_us=START_US + index * 14 * DAY_US // count + number,
                        holdout_share=0.1,
                    ),
                    converted=bool(lucky[index] < (0.2 if is_shown else 0.1)),
                    harms=frozenset({GuardrailMetric.COMPLAINT})
                    if is_shown and angry[index] < 0.1
                    else frozenset(),
                )
            )
    return tuple(found)


@cache
def studied(promoted_at_us: int | None = None) -> Study:
    study = Study()
    if promoted_at_us is not None:
        for place, arm in ((FIRST, "idle"), (SECOND, "active")):
            study.follow(Promotion(place=place, arm=arm, at_us=promoted_at_us))
    for each in visits(8_000):
        study.fold(each)
    return study


def judged(*found: Evidence) -> tuple[Verdict, ...]:
    return judge(
        [
            Candidate(
                lift=weighted(each.sums, each.e_process),
                over_nothing=weighted(each.over_nothing, EProcess.start()),
                days=each.days,
            )
            for each in found
        ]
    )


def test_what_a_later_arm_does_promotes_the_later_arm_only() -> None:
    arms = studied().arms
    idle, active = judged(arms[FIRST, "idle"].evidence, arms[SECOND, "active"].evidence)
    assert [unmet.condition for unmet in idle.unmet] == [Condition.OVER_NOTHING]
    assert active.promote


def test_against_the_holdout_alone_both_look_proven() -> None:
    lift = studied().arms[FIRST, "idle"].lift
    assert lift.lower_bound is not None
    assert lift.lower_bound > 0
    assert lift.e_value is not None
    assert lift.e_value > 20


def test_what_came_after_a_promotion_is_compared_with_nothing_too() -> None:
    study = studied(START_US)
    fresh = study.since(Promotion(place=FIRST, arm="idle", at_us=START_US))
    whole = study.arms[FIRST, "idle"].evidence
    assert 0 <= whole.over_nothing.units - fresh.over_nothing.units <= 1
    other = study.since(Promotion(place=SECOND, arm="active", at_us=START_US))
    idle, active = judged(fresh, other)
    assert [unmet.condition for unmet in idle.unmet] == [Condition.OVER_NOTHING]
    assert active.promote


def test_shops_together_promote_the_later_arm_only() -> None:
    study = PooledStudy()
    for each in visits(8_000, tenants=5):
        study.fold(each)
    found = [study.findings[key] for key in ((FIRST, "idle"), (SECOND, "active"))]
    assert all(each.is_shareable for each in found)
    idle, active = judged(*(each.evidence for each in found))
    assert [unmet.condition for unmet in idle.unmet] == [Condition.OVER_NOTHING]
    assert active.promote


def test_the_harm_of_a_later_arm_stops_the_later_arm_only() -> None:
    watched = studied().watched()
    complaints = watched["idle"].watches[GuardrailMetric.COMPLAINT]
    assert complaints.harm_lower_bound is not None
    assert complaints.harm_lower_bound > complaints.margin
    assert watched["idle"].stop is None
    assert watched["active"].stop is not None


def liked(seed: int) -> Study:
    """Return a shop in which an arm does nothing, and is liked where visitors buy more anyway."""
    rng = np.random.default_rng(seed)
    study, count = Study(), 8_000
    for index in range(count):
        is_good = bool(rng.random() < 0.5)
        share = 0.9 if is_good else 0.05
        held, chosen, lucky = rng.random(3).tolist()
        study.fold(
            Trial(
                decision=decision(
                    index,
                    where=cell(page_section=FINANCING if is_good else FORM),
                    arms={"": 1 - share, "help": share},
                    chosen="help" if chosen < share else "",
                    holdout=held < 0.1,
                    at_us=START_US + index * 14 * DAY_US // count,
                    holdout_share=0.1,
                ),
                converted=lucky < (0.2 if is_good else 0.02),
            )
        )
    return study


def test_an_arm_that_is_liked_where_visitors_buy_anyway_wins_no_bets() -> None:
    for seed in range(3):
        study = liked(seed)
        for place in (AUTOMOTIVE, LABEL):
            bets = study.arms[place, "help"].evidence.e_process
            rates = (
                bets.treated_conversions / bets.treated_units,
                bets.holdout_conversions / bets.holdout_units,
            )
            assert rates[0] > 1.4 * rates[1]
            assert bets.p_value > 0.05


def test_bets_on_the_system_are_placed_within_cells_too() -> None:
    bets = liked(1).system.dump()["bets"]
    assert len(bets["strata"]) == 2
