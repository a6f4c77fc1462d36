"""The audit of the decision log: what sound decisions leave in peace and false ones set off."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from eitp_server.bandit.decision import Cell, Decision
from eitp_server.bandit.policy_table import Exploration
from eitp_server.bandit.propensity_audit import PropensityAudit
from eitp_server.bandit.sample_ratio import chi_square

if TYPE_CHECKING:
    from collections.abc import Iterable

ARMS = ("", "comparison", "help-chat")
DECISION = Decision(
    decision_id="d",
    session_id="s",
    visitor_hash="v",
    cell=Cell(tenant_id="shop", vertical="automotive", label=4, page_section=8),
    packet_id="p",
    decided_at_us=0,
    arms=ARMS,
    probabilities=(0.2, 0.5, 0.3),
    chosen="comparison",
    propensity=0.45,
    draw=0.4,
    holdout=False,
    holdout_share=0.1,
    snapshot_id="snp",
    policy_version="thompson/1",
)


def log(count: int, *, tilt: float = 0.0, seed: int = 1) -> list[Decision]:
    """Decisions over eligible arms that change; `tilt` more of the first is chosen than logged."""
    rng = np.random.default_rng(seed)
    decisions: list[Decision] = []
    for at in range(count):
        arms = ARMS if at % 3 else ARMS[:2]
        p = rng.dirichlet([2.0] * len(arms)) * 0.85 + 0.15 / len(arms)
        true = p + tilt * (np.eye(len(arms))[0] - p)
        index, held = int(rng.choice(len(arms), p=true)), bool(rng.random() < 0.1)
        decisions.append(
            replace(
                DECISION,
                arms=arms,
                probabilities=tuple(p.tolist()),
                chosen=arms[index],
                holdout=held,
                propensity=0.1 if held else 0.9 * float(p[index]),
            )
        )
    return decisions


def audited(decisions: Iterable[Decision]) -> PropensityAudit:
    audit = PropensityAudit()
    for decision in decisions:
        audit.fold(decision)
    return audit


def test_a_sound_log_raises_no_alarm() -> None:
    found = audited(log(5_000)).report()
    assert not found.alarm
    assert found.decisions == 5_000
    assert found.degrees_of_freedom == 2
    assert found.p_value is not None
    assert found.p_value > 0.001
    assert found.mean_weight == pytest.approx(1.0, abs=0.1)


def test_choices_that_lean_away_from_the_logged_probabilities_raise_the_alarm() -> None:
    found = audited(log(5_000, tilt=0.1)).report()
    assert found.p_value is not None
    assert found.p_value < 0.001
    assert found.sequential_p_value < 0.001
    assert found.alarm


def test_propensities_that_forget_the_holdout_are_seen_in_the_mean_weight() -> None:
    forgetful = [
        replace(each, propensity=max(each.probabilities)) for each in log(2_000) if not each.holdout
    ]
    assert audited(forgetful).report().mean_weight == pytest.approx(0.6, abs=0.2)


def weighed(count: int, shares: tuple[float, ...], *, visitors: int, seed: int) -> PropensityAudit:
    """Sound decisions with probabilities that never change, by visitors who come again."""
    rng = np.random.default_rng(seed)
    held = (rng.random(visitors) < 0.1).tolist()
    arms = tuple(str(arm) for arm in range(len(shares)))
    chosen: list[int] = rng.choice(len(shares), p=shares, size=count).tolist()
    audit = PropensityAudit()
    for at, arm in enumerate(chosen):
        out = held[at % visitors]
        audit.fold(
            replace(
                DECISION,
                visitor_hash=f"visitor-{at % visitors}",
                arms=arms,
                probabilities=shares,
                chosen=arms[arm],
                holdout=out,
                propensity=0.1 if out else 0.9 * shares[arm],
            )
        )
    return audit


def test_arms_that_keep_next_to_no_share_are_no_alarm() -> None:
    best = np.array([0.9999, 0.0001 - 3e-9, 1e-9, 1e-9, 1e-9])
    shares: tuple[float, ...] = tuple(Exploration(floor=0.0).probabilities(best).tolist())
    found = [weighed(2_000, shares, visitors=2_000, seed=seed).report() for seed in range(10)]
    assert sum((each.mean_weight or 0.0) < 0.8 for each in found) > 5
    assert not any(each.alarm for each in found)


def test_few_visitors_who_decide_often_are_no_alarm() -> None:
    found = [weighed(1_600, (0.5, 0.5), visitors=50, seed=seed).report() for seed in range(40)]
    weights = [each.mean_weight or 0.0 for each in found]
    assert max(abs(weight - 1) for weight in weights) > 0.2
    assert not any(each.alarm for each in found)


def test_with_probabilities_that_never_change_the_test_is_pearsons() -> None:
    chosen = [ARMS[0]] * 50 + [ARMS[1]] * 100 + [ARMS[2]] * 70
    found = audited(replace(DECISION, chosen=arm) for arm in chosen).report()
    plain = chi_square(np.array([50.0, 100.0, 70.0]), np.array([0.2, 0.5, 0.3]))
    assert found.chi_square == pytest.approx(plain.statistic)
    assert found.p_value == pytest.approx(plain.p_value)


def test_decisions_of_the_holdout_are_checked_by_what_would_have_been_chosen() -> None:
    decisions = log(2_000)
    held = [replace(each, holdout=True, propensity=0.1) for each in decisions]
    assert audited(held).report().chi_square == audited(decisions).report().chi_square


def test_an_arm_that_was_rarely_possible_is_left_out_of_the_test() -> None:
    sure = replace(DECISION, arms=("", "rare"), probabilities=(0.999, 0.001), chosen="rare")
    found = audited([sure]).report()
    assert (found.chi_square, found.degrees_of_freedom, found.p_value) == (None, None, None)
    assert not found.alarm


@pytest.mark.parametrize(
    "impossible",
    [
        replace(DECISION, chosen="discount"),
        replace(DECISION, probabilities=(0.5, 0.0, 0.5)),
        replace(DECISION, propensity=0.0),
    ],
)
def test_a_choice_without_probability_is_an_alarm_of_its_own(impossible: Decision) -> None:
    found = audited([*log(50), impossible]).report()
    assert found.alarm
    assert not audited(log(50)).report().alarm


def test_the_smallest_propensity_is_shown() -> None:
    found = audited([DECISION, replace(DECISION, chosen="", propensity=0.18)]).report()
    assert found.least_propensity == 0.18


def test_without_decisions_nothing_is_known() -> None:
    found = PropensityAudit().report()
    assert (found.decisions, found.least_propensity, found.mean_weight) == (0, None, None)
    assert not found.alarm


def test_a_restart_changes_nothing() -> None:
    decisions = log(400)
    copy = PropensityAudit.load(json.loads(json.dumps(audited(decisions[:150]).dump())))
    for decision in decisions[150:]:
        copy.fold(decision)
    assert json.dumps(copy.dump()) == json.dumps(audited(decisions).dump())
    assert copy.report() == audited(decisions).report()


def test_a_state_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="format 99"):
        PropensityAudit.load({"format": 99})


def test_sequential_p_value_never_rises() -> None:
    audit, found = PropensityAudit(), [1.0]
    for decision in log(1_000, tilt=0.1):
        audit.fold(decision)
        found.append(audit.report().sequential_p_value)
    assert all(after <= before for before, after in pairwise(found))
    assert found[-1] < 0.5


@pytest.fixture(scope="module")
def watched() -> list[tuple[float, float]]:
    """The least sequential and chi-square p-value of 60 sound logs, looked at each 10 decisions."""
    least: list[tuple[float, float]] = []
    for seed in range(60):
        audit, p_values = PropensityAudit(), [1.0]
        for at, decision in enumerate(log(400, seed=seed)):
            audit.fold(decision)
            if at % 10 == 0:
                p_values.append(audit.report().p_value or 1.0)
        least.append((audit.report().sequential_p_value, min(p_values)))
    return least


def test_sound_logs_err_no_more_often_than_promised_however_often_they_are_looked_at(
    watched: list[tuple[float, float]],
) -> None:
    assert np.mean([sequential < 0.05 for sequential, _ in watched]) <= 0.05


def test_the_chi_square_looked_at_each_time_breaks_the_same_promise(
    watched: list[tuple[float, float]],
) -> None:
    assert np.mean([plain < 0.05 for _, plain in watched]) > 0.1
