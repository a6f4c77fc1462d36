"""The check that outcomes are lost alike: alarms on either side, and none when they are."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
from eitp_server.bandit.outcome_loss import LossSequence, OutcomeLoss
from hypothesis import given
from hypothesis import strategies as st

units = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30)


def played(rows: list[tuple[bool, bool]], start: LossSequence | None = None) -> LossSequence:
    sequence = start or LossSequence()
    for in_holdout, lost in rows:
        sequence = sequence.fold(in_holdout=in_holdout, lost=lost)
    return sequence


def crowd(count: int, *, treated: float, holdout: float, seed: int = 1) -> list[tuple[bool, bool]]:
    rng = np.random.default_rng(seed)
    held = rng.random(count) < 0.2
    lost = rng.random(count) < np.where(held, holdout, treated)
    return list(zip(held.tolist(), lost.tolist(), strict=True))


def test_losing_more_of_the_treated_raises_the_alarm() -> None:
    assert played(crowd(8_000, treated=0.1, holdout=0.03)).report().alarm


def test_losing_more_of_the_holdout_raises_the_alarm() -> None:
    assert played(crowd(8_000, treated=0.03, holdout=0.1)).report().alarm


def test_shares_are_those_of_all_units() -> None:
    rows = [(False, True), (False, False), (False, False), (True, True)]
    found = played(rows).report()
    assert (found.treated_share, found.holdout_share) == (1 / 3, 1.0)
    assert (found.sequential_p_value, found.alarm) == (1.0, False)


def test_without_units_nothing_is_wrong() -> None:
    assert LossSequence().report() == OutcomeLoss(
        treated_share=None, holdout_share=None, sequential_p_value=1.0, alarm=False
    )


def test_p_value_never_rises() -> None:
    sequence, found = LossSequence(), [1.0]
    for in_holdout, lost in crowd(6_000, treated=0.06, holdout=0.04):
        sequence = sequence.fold(in_holdout=in_holdout, lost=lost)
        found.append(sequence.report().sequential_p_value)
    assert all(after <= before for before, after in pairwise(found))
    assert found[-1] < 1


@given(units, st.integers(0, 900), st.integers(0, 900))
def test_a_restart_changes_nothing(rows: list[tuple[bool, bool]], before: int, after: int) -> None:
    stream = [rows[i % len(rows)] for i in range(before + after)]
    copy = LossSequence.load(json.loads(json.dumps(played(stream[:before]).dump())))
    assert json.dumps(played(stream[before:], copy).dump()) == json.dumps(played(stream).dump())


def test_equal_losses_raise_few_alarms_however_often_they_are_looked_at() -> None:
    found = [
        played(crowd(2_000, treated=0.1, holdout=0.1, seed=seed)).report().sequential_p_value
        for seed in range(60)
    ]
    assert np.mean(np.array(found) < 0.05) <= 0.05
