"""Choices: what is logged must be the probability with which it happened."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from bandit.lessons import HALF_LIFE_US, MINUTE, SECOND, lesson
from eitp_server.bandit.choice import Experiment, Moment, choose
from eitp_server.bandit.decision import Cell, Decision
from eitp_server.bandit.learning import learn
from eitp_server.bandit.policy_table import PolicyTable
from eitp_server.bandit.selection import exploration_floor
from eitp_server.bandit.tally import Tallies
from scipy.stats import chi2

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DECISIONS = 100_000
LEARNT_AFTER = 250
EXPERIMENT = Experiment(key=b"a key of this test", holdout_share=0.1, holdout_salt="autumn")
ARMS = ("", "comparison", "discount", "help-chat")
RATES = {"": 0.03, "comparison": 0.05, "discount": 0.09, "help-chat": 0.04}


def moment(number: int, *, visitor: str | None = None, label: int = 4) -> Moment:
    return Moment(
        decision_id=f"dec_{number}",
        cell=Cell(tenant_id="shop", vertical="automotive", label=label, page_section=8),
        session_id=f"session-{number}",
        visitor_hash=f"visitor-{number}" if visitor is None else visitor,
        packet_id=f"packet-{number}",
        now_us=number * 1_000_000,
    )


@pytest.fixture(scope="module")
def decisions() -> Sequence[Decision]:
    """A policy that learns while it decides, so that probabilities move all the time."""
    kept = Tallies(window_us=MINUTE, half_life_us=HALF_LIFE_US)
    table, chance, made = PolicyTable(), np.random.default_rng(7), list[Decision]()
    for number in range(DECISIONS):
        due = moment(number, label=number % 3)
        if number % LEARNT_AFTER == 0:
            kept.mature(due.now_us)
            document = learn(lesson(kept.frame(), table, now_us=due.now_us, window_us=MINUTE))
            table.install(document or {"exploration": [], "cells": [], "snapshot_id": ""})
        decision = choose(due, table.snapshot(due.cell, ARMS[: 3 + number % 2]), EXPERIMENT)
        made.append(decision)
        if not decision.holdout:
            kept.book(due.cell, decision.chosen, due.now_us)
            if chance.random() < RATES[decision.chosen]:
                kept.credit(due.cell, decision.chosen, decided_us=due.now_us, delay_us=20 * SECOND)
    return made


def audit(decisions: Sequence[Decision]) -> float:
    """P-value of the chosen frequencies under the logged probabilities, which may vary.

    Chi-square of observed minus expected counts with the summed multinomial covariance.
    """
    table = np.array([[probability(decision, arm) for arm in ARMS] for decision in decisions])
    observed = np.array([sum(d.chosen == arm for d in decisions) for arm in ARMS])
    expected = table.sum(axis=0)
    inverse = np.linalg.pinv(np.diag(expected) - table.T @ table)
    distance = float((observed - expected) @ inverse @ (observed - expected))
    return float(chi2.sf(distance, len(ARMS) - 1))


def probability(decision: Decision, arm: str) -> float:
    return decision.probabilities[decision.arms.index(arm)] if arm in decision.arms else 0.0


def without_floor(decision: Decision) -> Decision:
    floor = exploration_floor(len(decision.arms))
    spare = 1.0 - len(decision.arms) * floor
    return with_probabilities(decision, [(p - floor) / spare for p in decision.probabilities])


def as_if_uniform(decision: Decision) -> Decision:
    return with_probabilities(decision, [1.0 / len(decision.arms)] * len(decision.arms))


def sharpened(decision: Decision) -> Decision:
    powers = [p**1.2 for p in decision.probabilities]
    return with_probabilities(decision, [p / sum(powers) for p in powers])


def with_probabilities(decision: Decision, probabilities: list[float]) -> Decision:
    return replace(decision, probabilities=tuple(probabilities))


def test_arms_are_chosen_as_often_as_logged(decisions: Sequence[Decision]) -> None:
    assert audit(decisions) > 0.001


@pytest.mark.parametrize("mutant", [without_floor, as_if_uniform, sharpened])
def test_the_audit_catches_a_log_that_is_wrong(
    decisions: Sequence[Decision], mutant: Callable[[Decision], Decision]
) -> None:
    assert audit([mutant(decision) for decision in decisions]) < 0.001


def test_one_over_the_probability_averages_to_the_number_of_arms(
    decisions: Sequence[Decision],
) -> None:
    """The support check of off-policy estimates: the weights of each arm average to one."""
    four = [d for d in decisions if len(d.arms) == len(ARMS)]
    inverse = [1.0 / probability(d, d.chosen) for d in four]
    error = np.std(inverse) / np.sqrt(len(four))
    assert abs(np.mean(inverse) - len(ARMS)) < 4.0 * error


def test_the_best_arm_is_found(decisions: Sequence[Decision]) -> None:
    late = [d.chosen for d in decisions[-4_000:]]
    assert max(RATES, key=late.count) == "discount"


def test_held_out_visitors_are_chosen_for_like_all_others(decisions: Sequence[Decision]) -> None:
    assert audit([d for d in decisions if d.holdout]) > 0.001


def test_propensity_composes_holdout_and_arm(decisions: Sequence[Decision]) -> None:
    for decision in decisions[::50]:
        expected = 0.1 if decision.holdout else 0.9 * probability(decision, decision.chosen)
        assert decision.propensity == pytest.approx(expected, abs=1e-15)
        assert decision.propensity >= 0.045


def test_what_was_learnt_moves_the_probabilities(decisions: Sequence[Decision]) -> None:
    assert len({d.snapshot_id for d in decisions}) > DECISIONS // LEARNT_AFTER // 2
    assert min(min(d.probabilities) for d in decisions) >= 0.05 - 1e-12
    assert max(max(d.probabilities) for d in decisions) > 0.8


def test_a_decision_says_since_when_the_shopper_sees_each_arm_as_it_is() -> None:
    snapshot = PolicyTable().snapshot(moment(1).cell, ARMS)
    due = replace(moment(1), epochs=(0, 1, 4, 1))
    assert choose(due, snapshot, EXPERIMENT).epochs == (0, 1, 4, 1)


def test_the_same_moment_gives_the_same_decision() -> None:
    snapshot = PolicyTable().snapshot(moment(1).cell, ARMS)
    assert choose(moment(1), snapshot, EXPERIMENT) == choose(moment(1), snapshot, EXPERIMENT)


def test_a_visitor_stays_in_or_out_of_the_holdout() -> None:
    snapshot = PolicyTable().snapshot(moment(1).cell, ARMS)
    for visitor in ("anna", "bela", "carl", "dora"):
        made = {choose(moment(i, visitor=visitor), snapshot, EXPERIMENT).holdout for i in range(50)}
        assert len(made) == 1


def test_sessions_without_a_visitor_do_not_share_one_fate() -> None:
    snapshot = PolicyTable().snapshot(moment(1).cell, ARMS)
    fates = [choose(moment(i, visitor=""), snapshot, EXPERIMENT).holdout for i in range(500)]
    assert 20 < sum(fates) < 90


def test_another_key_gives_other_draws_and_the_same_holdout() -> None:
    snapshot = PolicyTable().snapshot(moment(1).cell, ARMS)
    other = replace(EXPERIMENT, key=b"another key")
    pairs = [
        (choose(moment(i), snapshot, EXPERIMENT), choose(moment(i), snapshot, other))
        for i in range(200)
    ]
    assert any(one.chosen != two.chosen for one, two in pairs)
    assert all(one.holdout == two.holdout for one, two in pairs)


def test_the_key_is_not_in_what_gets_printed() -> None:
    assert "a key of this test" not in repr(EXPERIMENT)
