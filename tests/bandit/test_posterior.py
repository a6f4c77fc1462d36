"""The posteriors: what is counted, when decisions see it, and that a restart changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from eitp_server.bandit.decision import Cell
from eitp_server.bandit.posterior import (
    REFRESH_AFTER_BOOKINGS,
    REFRESH_AFTER_US,
    Posterior,
    Tally,
)
from eitp_server.bandit.selection import exploration_floor
from hypothesis import given
from hypothesis import strategies as st

ARMS = ("", "comparison", "help-chat")


def cell(tenant_id: str = "shop", *, label: int = 4) -> Cell:
    return Cell(tenant_id=tenant_id, vertical="automotive", label=label, page_section=8)


def learnt(*steps: tuple[str, str]) -> Posterior:
    posterior = Posterior()
    for action, arm in steps:
        (posterior.book if action == "book" else posterior.credit)(cell(), arm)
    return posterior


def text(posterior: Posterior) -> str:
    return json.dumps(posterior.dump())


def reloaded(posterior: Posterior) -> Posterior:
    copy = Posterior()
    copy.load(json.loads(text(posterior)))
    return copy


def test_three_events_give_the_posterior_that_one_counts_by_hand() -> None:
    posterior = learnt(("book", "comparison"), ("book", "comparison"), ("credit", "comparison"))
    assert posterior.tally(cell(), "comparison") == Tally(successes=1, trials=2)
    assert posterior.tally(cell(), "comparison").shape() == (2.0, 20.0)


def test_a_pending_outcome_counts_as_a_failure() -> None:
    pending = learnt(("book", "comparison")).tally(cell(), "comparison")
    assert pending.shape() == (1.0, 20.0)


def test_arms_without_evidence_are_equal() -> None:
    snapshot = Posterior().snapshot(cell(), ARMS, 0)
    assert snapshot.probabilities == pytest.approx((1 / 3, 1 / 3, 1 / 3))


def test_the_order_in_which_arms_are_named_does_not_matter() -> None:
    posterior = learnt(("book", "comparison"), ("credit", "comparison"))
    assert posterior.snapshot(cell(), ARMS[::-1], 0) == posterior.snapshot(cell(), ARMS, 0)


def test_a_better_arm_is_chosen_more_often_and_no_arm_less_than_the_floor() -> None:
    steps = [("book", arm) for arm in ARMS for _ in range(300)]
    snapshot = learnt(*steps, *[("credit", "comparison")] * 60).snapshot(cell(), ARMS, 0)
    assert snapshot.arms[1] == "comparison"
    assert snapshot.probabilities[1] > 0.89
    assert min(snapshot.probabilities) >= exploration_floor(3) - 1e-12


def test_a_snapshot_stays_until_enough_was_booked() -> None:
    posterior = Posterior()
    first = posterior.snapshot(cell(), ARMS, REFRESH_AFTER_US)
    posterior.book(cell(), "comparison")
    second = posterior.snapshot(cell(), ARMS, REFRESH_AFTER_US)
    for _ in range(REFRESH_AFTER_BOOKINGS - 1):
        posterior.book(cell(), "comparison")
        assert posterior.snapshot(cell(), ARMS, REFRESH_AFTER_US) is second
    posterior.book(cell(), "comparison")
    third = posterior.snapshot(cell(), ARMS, REFRESH_AFTER_US)
    assert len({first.snapshot_id, second.snapshot_id, third.snapshot_id}) == 3


def test_a_minute_publishes_what_was_booked_and_nothing_else() -> None:
    posterior = learnt(("book", "comparison"))
    first = posterior.snapshot(cell(), ARMS, REFRESH_AFTER_US)
    assert posterior.snapshot(cell(), ARMS, 9 * REFRESH_AFTER_US) is first
    posterior.credit(cell(), "comparison")
    assert posterior.snapshot(cell(), ARMS, 10 * REFRESH_AFTER_US) is not first


def test_a_snapshot_id_names_cell_arms_and_evidence() -> None:
    known = learnt(("book", "comparison"))
    ids = {
        Posterior().snapshot(cell(), ARMS, 0).snapshot_id,
        Posterior().snapshot(cell(), ARMS[:2], 0).snapshot_id,
        Posterior().snapshot(cell("other"), ARMS, 0).snapshot_id,
        Posterior().snapshot(cell(label=5), ARMS, 0).snapshot_id,
        known.snapshot(cell(), ARMS, REFRESH_AFTER_US).snapshot_id,
    }
    assert len(ids) == 5
    assert Posterior().snapshot(cell(), ARMS, 77).snapshot_id in ids


def test_tenants_share_no_statistic() -> None:
    posterior = learnt(*[("book", "comparison")] * 500)
    assert posterior.tally(cell("other"), "comparison") == Tally()
    other = posterior.snapshot(cell("other"), ARMS, REFRESH_AFTER_US)
    assert other == Posterior().snapshot(cell("other"), ARMS, 0)


def test_asking_for_a_tally_leaves_no_trace() -> None:
    posterior = Posterior()
    posterior.tally(cell(), "comparison")
    assert text(posterior) == text(Posterior())


bookings = st.lists(
    st.tuples(st.sampled_from(["book", "credit"]), st.sampled_from(ARMS), st.integers(1, 5)),
    max_size=60,
)


def play(posterior: Posterior, steps: list[tuple[str, str, int]]) -> list[Any]:
    seen: list[Any] = []
    for at, (action, arm, label) in enumerate(steps):
        (posterior.book if action == "book" else posterior.credit)(cell(label=label), arm)
        seen.append(posterior.snapshot(cell(label=label), ARMS, at * REFRESH_AFTER_US // 3))
    return seen


@given(bookings, st.randoms(use_true_random=False))
def test_the_order_of_bookings_does_not_matter(steps: list[tuple[str, str, int]], rng: Any) -> None:
    shuffled = list(steps)
    rng.shuffle(shuffled)
    one, other = Posterior(), Posterior()
    for posterior, order in ((one, steps), (other, shuffled)):
        for action, arm, label in order:
            (posterior.book if action == "book" else posterior.credit)(cell(label=label), arm)
    assert text(one) == text(other)


@given(bookings, bookings)
def test_a_restart_between_two_decisions_changes_nothing(
    before: list[tuple[str, str, int]], after: list[tuple[str, str, int]]
) -> None:
    posterior = Posterior()
    play(posterior, before)
    copy = reloaded(posterior)
    assert text(copy) == text(posterior)
    assert play(copy, after) == play(posterior, after)
    assert text(copy) == text(posterior)


def test_a_state_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="format 99"):
        Posterior().load({"format": 99, "cells": []})
