"""Sliding windows: whatever the order and the grouping, the same buckets."""

from __future__ import annotations

import numpy as np
from eitp_server.signals.window import UNUSED, deposit, deposit_each, window_ending
from hypothesis import given
from hypothesis import strategies as st

SLOTS, BUCKETS, MEASURES = 3, 4, 2
_DEPOSITS = st.lists(
    st.tuples(st.integers(0, SLOTS - 1), st.integers(0, 12), st.integers(0, 1), st.integers(-5, 5)),
    min_size=1,
)


def empty() -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.int32]], ...]:
    return (
        np.zeros((SLOTS, BUCKETS, MEASURES), np.int32),
        np.full((SLOTS, BUCKETS), UNUSED, np.int32),
    )


def added(
    *parts: list[tuple[int, int, int, int]],
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.int32]], ...]:
    sums, epochs = empty()
    for part in parts:
        slot, epoch, measure, amount = (np.array(c, np.int32) for c in zip(*part, strict=True))
        deposit_each(sums, epochs, slot=slot, epoch=epoch, measure=measure, amount=amount)
    return sums, epochs


@given(_DEPOSITS)
def test_a_bucket_holds_the_newest_epoch_that_fell_into_it(
    deposits: list[tuple[int, int, int, int]],
) -> None:
    ordered = sorted(deposits, key=lambda one: one[1])
    sums, epochs = added(ordered)
    for slot in range(SLOTS):
        for bucket in range(BUCKETS):
            own = [d for d in ordered if d[0] == slot and d[1] % BUCKETS == bucket]
            newest = max((d[1] for d in own), default=UNUSED)
            assert epochs[slot, bucket] == newest
            for measure in range(MEASURES):
                amounts = [d[3] for d in own if d[1] == newest and d[2] == measure]
                assert sums[slot, bucket, measure] == sum(amounts)


@given(_DEPOSITS, st.data())
def test_one_by_one_is_the_same_as_all_at_once(
    deposits: list[tuple[int, int, int, int]], data: st.DataObject
) -> None:
    ordered = sorted(deposits, key=lambda one: one[1])
    shuffled = data.draw(st.permutations(deposits))
    whole, single, mixed = added(ordered), added(*[[d] for d in ordered]), added(shuffled)
    for left, middle, right in zip(whole, single, mixed, strict=True):
        np.testing.assert_array_equal(left, middle)
        np.testing.assert_array_equal(left, right)


def test_rows_of_amounts_are_added_together() -> None:
    sums, epochs = empty()
    for epoch in (3, 3, 7, 5):
        deposit(
            sums,
            epochs,
            slot=np.array([1]),
            epoch=np.array([epoch], np.int32),
            amounts=np.array([[1, 10]], np.int32),
        )
    window = window_ending(np.array([8], np.int32), sums=sums, epochs=epochs, slots=np.array([1]))
    assert window.total().tolist() == [[2, 20]]
    assert sums[1].sum(axis=0).tolist() == [2, 20]


def test_a_passed_bucket_is_out_of_the_window_although_it_is_still_there() -> None:
    sums, epochs = added([(0, 4, 0, 1), (0, 6, 0, 1)])
    for epoch, expected in ((6, 2), (7, 2), (8, 1), (9, 1), (10, 0)):
        window = window_ending(
            np.array([epoch], np.int32), sums=sums, epochs=epochs, slots=np.array([0])
        )
        assert window.total()[0, 0] == expected
