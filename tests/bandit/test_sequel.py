"""What came after a promotion is counted by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from bandit.trials import FRUSTRATION, START_US, cell, decision, played
from eitp_server.bandit.node import Node
from eitp_server.bandit.sequel import Promotion, Sequel
from eitp_server.bandit.study import Study
from eitp_server.bandit.trial import Trial

DAY_US = 86_400_000_000
SECTION = Node(vertical="automotive", label=FRUSTRATION, page_section=8)
HERE = Promotion(place=SECTION, arm="help", epoch=1, at_us=START_US)


def trial(number: int, at_us: int, **changed: Any) -> Trial:
    return Trial(decision=decision(number, at_us=at_us, **changed), converted=False)


def units(promotion: Promotion, *trials: Trial) -> int:
    sequel = Sequel([promotion])
    for each in trials:
        sequel.fold(each)
    return sequel.since(promotion).sums.units


def test_what_was_decided_at_or_before_the_promotion_does_not_count() -> None:
    assert units(HERE, trial(1, START_US - 1), trial(2, START_US), trial(3, START_US + 1)) == 1


def test_a_visitor_counts_once_and_never_when_seen_before() -> None:
    after = START_US + 1
    assert units(HERE, trial(1, after), trial(1, after + 1)) == 1
    assert units(HERE, trial(1, START_US - 1), trial(1, after)) == 0


def test_only_the_arm_as_it_was_promoted_counts_and_only_there() -> None:
    after = START_US + 1
    elsewhere = cell(page_section=16)
    assert units(HERE, trial(1, after, where=elsewhere)) == 0
    assert units(replace(HERE, place=Node(vertical="automotive")), trial(1, after, where=elsewhere))
    assert units(HERE, trial(1, after, epochs={"help": 2})) == 0
    assert units(HERE, trial(1, after, arms={"": 0.5, "other": 0.5})) == 0
    censored = replace(trial(1, after), censored=True)
    assert units(HERE, censored, trial(1, after + 1)) == 0


def test_before_and_after_make_up_what_the_study_counts() -> None:
    trials = list(played(np.random.default_rng(1), 900, {"": 0.05, "help": 0.1}))
    trials += [replace(each, converted=True) for each in trials[::7]]
    trials.sort(key=lambda each: each.decision.decided_at_us)
    middle = START_US + 5 * DAY_US
    early, late = Study(), Study()
    for each in trials:
        late.fold(each)
        if each.decision.decided_at_us <= middle:
            early.fold(each)
    sequel = Sequel([replace(HERE, at_us=middle)])
    for each in trials:
        sequel.fold(each)

    fresh = sequel.since(replace(HERE, at_us=middle))
    whole, before = (study.arms[SECTION, "help"].evidence.sums for study in (late, early))
    assert fresh.sums.units == whole.units - before.units > 300
    assert fresh.sums.arm.total == whole.arm.total - before.arm.total
    assert fresh.first_decided_at_us is not None
    assert fresh.first_decided_at_us > middle
