"""What came after a promotion is counted by itself, and by nobody who selected the arm."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from bandit.trials import FRUSTRATION, START_US, cell, decision, played
from eitp_server.bandit.node import Node
from eitp_server.bandit.study import Promotion, Study, Trial

DAY_US = 86_400_000_000
SECTION = Node(vertical="automotive", label=FRUSTRATION, page_section=8)
HERE = Promotion(place=SECTION, arm="help", at_us=START_US)


def trial(number: int, at_us: int, **changed: Any) -> Trial:
    return Trial(decision=decision(number, at_us=at_us, **changed), converted=False)


def units(promotion: Promotion, *trials: Trial) -> int:
    study = Study()
    study.follow(promotion)
    for each in trials:
        study.fold(each)
    return study.since(promotion).sums.units


def test_what_was_decided_at_or_before_the_promotion_does_not_count() -> None:
    assert units(HERE, trial(1, START_US - 1), trial(2, START_US), trial(3, START_US + 1)) == 1


def test_a_visitor_counts_once_and_never_when_seen_before() -> None:
    after = START_US + 1
    assert units(HERE, trial(1, after), trial(1, after + 1)) == 1
    assert units(HERE, trial(1, START_US - 1), trial(1, after)) == 0


def test_only_the_promoted_arm_counts_and_only_there() -> None:
    after = START_US + 1
    elsewhere = cell(page_section=16)
    assert units(HERE, trial(1, after, where=elsewhere)) == 0
    assert units(replace(HERE, place=Node(vertical="automotive")), trial(1, after, where=elsewhere))
    assert units(HERE, trial(1, after, arms={"": 0.5, "other": 0.5})) == 0
    censored = replace(trial(1, after), censored=True)
    assert units(HERE, censored, trial(1, after + 1)) == 0


def test_before_and_after_make_up_the_whole_whenever_the_promotion_became_known() -> None:
    trials = list(played(np.random.default_rng(1), 900, {"": 0.05, "help": 0.1}))
    trials += [replace(each, converted=True) for each in trials[::7]]
    trials.sort(key=lambda each: each.decision.decided_at_us)
    middle = replace(HERE, at_us=START_US + 5 * DAY_US)
    early, told_then, told_first = Study(), Study(), Study()
    told_first.follow(middle)
    for each in trials:
        if each.decision.decided_at_us <= middle.at_us:
            early.fold(each)
        else:
            told_then.follow(middle)
        told_then.fold(each)
        told_first.fold(each)

    whole, before = (study.arms[SECTION, "help"].evidence.sums for study in (told_then, early))
    fresh = told_then.since(middle)
    assert fresh.sums.units == whole.units - before.units > 300
    assert fresh.sums.arm.total == whole.arm.total - before.arm.total
    assert fresh.dump() == told_first.since(middle).dump()
