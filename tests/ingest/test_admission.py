"""Each batch is applied once, in order, with a bounded wait for missing ones."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
from eitp_server.ingest.admission import MAX_AHEAD, MAX_WAITING, WAIT_US, Admission, Verdict
from eitp_server.ingest.session_table import SessionColumns
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence


class Door:
    """An admission over a few sessions, fed with (slot, sequence) pairs."""

    def __init__(self) -> None:
        self.sessions = SessionColumns.allocate(4)
        self.admission = Admission(self.sessions)
        self.applied: list[tuple[int, int]] = []

    def tick(
        self, batches: Sequence[tuple[int, int]], *, now_us: int = 0, salt: int = 0
    ) -> list[Verdict]:
        """Offer batches whose content follows from slot, sequence and salt."""
        overdue = self.admission.overdue(now_us)
        self.applied += [(slot, sequence) for slot, sequence, _ in overdue]
        if not batches:
            return []
        payload = [f"{slot}/{sequence}/{salt}".encode() for slot, sequence in batches]
        admitted = self.admission.admit(
            np.array([slot for slot, _ in batches], np.int64),
            np.array([sequence for _, sequence in batches], np.int64),
            np.array([hash_of(p) for p in payload], np.uint32),
            np.zeros(len(batches), np.bool_),
            payload,
            now_us,
        )
        verdicts = [Verdict(int(v)) for v in admitted.verdict]
        applied = [b for b, v in zip(batches, verdicts, strict=True) if v == Verdict.APPLIED]
        released = [(slot, sequence) for slot, sequence, _ in admitted.released]
        self.applied += sorted(applied + released)
        return verdicts


def hash_of(payload: bytes) -> int:
    """Return a digest that is never 0."""
    return sum((i + 1) * byte for i, byte in enumerate(payload)) + 1


def test_batches_in_order_are_applied_at_once() -> None:
    door = Door()
    assert door.tick([(0, 1), (1, 1), (0, 2), (0, 3)]) == [Verdict.APPLIED] * 4
    assert door.sessions.next_sequence[:2].tolist() == [4, 2]


def test_a_repeated_batch_is_recognised_within_a_tick_and_across_ticks() -> None:
    door = Door()
    assert door.tick([(0, 1), (0, 1)]) == [Verdict.APPLIED, Verdict.DUPLICATE]
    assert door.tick([(0, 1), (0, 2)]) == [Verdict.DUPLICATE, Verdict.APPLIED]


def test_the_same_sequence_with_other_content_is_a_conflict() -> None:
    door = Door()
    door.tick([(0, 1), (0, 2)])
    assert door.tick([(0, 2), (0, 3)], salt=1) == [Verdict.CONFLICT, Verdict.APPLIED]


def test_a_batch_that_is_early_waits_for_the_missing_one() -> None:
    door = Door()
    assert door.tick([(0, 2), (0, 3)]) == [Verdict.WAITING] * 2
    assert door.tick([(0, 1)]) == [Verdict.APPLIED]
    assert door.applied == [(0, 1), (0, 2), (0, 3)]
    assert door.admission.waiting(0) == 0


def test_a_waiting_batch_that_comes_again_is_a_duplicate_or_a_conflict() -> None:
    door = Door()
    door.tick([(0, 2)])
    assert door.tick([(0, 2)]) == [Verdict.DUPLICATE]
    assert door.tick([(0, 2)], salt=1) == [Verdict.CONFLICT]


def test_a_gap_is_given_up_after_the_wait_and_counted() -> None:
    door = Door()
    door.tick([(0, 3)], now_us=10)
    assert door.admission.next_due_us() == 10 + WAIT_US
    door.tick([], now_us=9 + WAIT_US)
    assert door.applied == []
    door.tick([], now_us=10 + WAIT_US)
    assert door.applied == [(0, 3)]
    assert int(door.sessions.lost[0]) == 2
    assert door.tick([(0, 1), (0, 2)], now_us=11 + WAIT_US) == [Verdict.TOO_LATE] * 2


def test_what_is_skipped_is_lost_and_what_follows_is_applied() -> None:
    door = Door()
    door.tick([(0, 1), (0, 3), (0, 5), (1, 2)], now_us=10)
    door.admission.skip(10 + WAIT_US)
    assert door.admission.next_due_us() is None
    assert door.sessions.lost[:2].tolist() == [4, 2]
    assert door.tick([(0, 6), (1, 3), (0, 3)], now_us=11 + WAIT_US) == [
        Verdict.APPLIED,
        Verdict.APPLIED,
        Verdict.TOO_LATE,
    ]


def test_a_gap_is_given_up_when_too_many_wait() -> None:
    door = Door()
    early = [(0, sequence) for sequence in range(2, MAX_WAITING + 3)]
    door.tick(early)
    assert door.applied == early
    assert int(door.sessions.lost[0]) == 1


def test_a_batch_far_ahead_is_refused_and_changes_nothing() -> None:
    door = Door()
    assert door.tick([(0, MAX_AHEAD + 2)]) == [Verdict.TOO_FAR_AHEAD]
    assert door.tick([(0, 1)]) == [Verdict.APPLIED]


def test_a_session_out_of_order_leaves_its_neighbours_alone() -> None:
    door = Door()
    verdicts = door.tick([(0, 5), (1, 1), (2, 1), (1, 2)])
    assert verdicts == [Verdict.WAITING] + [Verdict.APPLIED] * 3


def test_what_waits_survives_a_snapshot() -> None:
    door, other = Door(), Door()
    door.tick([(0, 2), (1, 3)], now_us=5)
    other.admission.load(door.admission.dump())
    other.tick([(0, 1)])
    assert other.applied == [(0, 1), (0, 2)]
    assert other.admission.next_due_us() == 5 + WAIT_US


@given(
    st.permutations(range(1, 7)),
    st.lists(st.integers(1, 6), max_size=6),
    st.lists(st.integers(0, 12), max_size=4),
)
def test_any_order_with_repeats_applies_each_batch_once_and_in_order(
    order: list[int], repeats: list[int], cuts: list[int]
) -> None:
    door = Door()
    stream = [(0, sequence) for sequence in (*order, *repeats)]
    edges = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    for begin, end in itertools.pairwise(edges):
        door.tick(stream[begin:end])
    assert door.applied == [(0, sequence) for sequence in range(1, 7)]


@pytest.mark.parametrize("age", [1, 63])
def test_a_contradiction_is_seen_within_the_window_of_digests(age: int) -> None:
    door = Door()
    door.tick([(0, sequence) for sequence in range(1, 101)])
    assert door.tick([(0, 100 - age)], salt=1) == [Verdict.CONFLICT]
    assert door.tick([(0, 1)], salt=1) == [Verdict.DUPLICATE]
