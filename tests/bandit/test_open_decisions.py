"""The queue of open decisions against a plain list of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from eitp_server.bandit.open_decisions import WAITING, OpenColumns, OpenDecisions
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

    Decision = tuple[int, int, int]
    """Moment, row and delay."""
    Step = tuple[str, int, int, int]


class PlainList:
    """The same by the shortest code: a list that is searched from one end to the other."""

    def __init__(self) -> None:
        self.open: list[Decision] = []

    def add(self, row: int, at: int) -> None:
        self.open.append((at, row, WAITING))

    def replace(self, row: int, at: int, *, known_us: int, delay_us: int) -> bool:
        if (at, row, known_us) not in self.open:
            return False
        self.open[self.open.index((at, row, known_us))] = at, row, delay_us
        return True

    def remove(self, row: int, at: int) -> bool:
        if (at, row, WAITING) not in self.open:
            return False
        self.open.remove((at, row, WAITING))
        return True

    def remove_rows(self, rows: set[int]) -> None:
        self.open = [item for item in self.open if item[1] not in rows]

    def take_before(self, limit: int) -> list[Decision]:
        taken = [item for item in self.open if item[0] < limit]
        self.open = [item for item in self.open if item[0] >= limit]
        return taken


def rows_of(columns: OpenColumns) -> list[Decision]:
    parts = columns.decided_us.tolist(), columns.row.tolist(), columns.delay_us.tolist()
    return list(zip(*parts, strict=True))


def same(queue: OpenDecisions, plain: PlainList) -> bool:
    found = rows_of(queue.columns())
    in_time = [item[0] for item in found] == sorted(item[0] for item in found)
    return in_time and sorted(found) == sorted(plain.open) and len(queue) == len(plain.open)


steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["add", "add", "add", "late", "replace", "again", "remove", "rows", "take"]
        ),
        st.integers(0, 3),
        st.integers(0, 2),
        st.integers(0, 5),
    ),
    max_size=60,
)


def play(stream: Sequence[Step]) -> tuple[OpenDecisions, PlainList]:
    queue, plain, now = OpenDecisions(), PlainList(), 100
    for action, row, gap, back in stream:
        now += gap
        at = now - back
        match action:
            case "add":
                for one in (queue, plain):
                    one.add(row, now)
            case "late":
                for one in (queue, plain):
                    one.add(row, at)
            case "replace" | "again":
                known = WAITING if action == "replace" else 7
                answers = [
                    one.replace(row, at, known_us=known, delay_us=7 - gap) for one in (queue, plain)
                ]
                assert answers[0] == answers[1]
            case "remove":
                assert queue.remove(row, at) == plain.remove(row, at)
            case "rows":
                for one in (queue, plain):
                    one.remove_rows({row})
            case _:
                taken = [(t, r, d) for r, t, d in queue.take_before(at)]
                assert [item[0] for item in taken] == sorted(item[0] for item in taken)
                assert sorted(taken) == sorted(plain.take_before(at))
    return queue, plain


@given(steps)
def test_it_does_what_a_plain_list_does(stream: list[Step]) -> None:
    queue, plain = play(stream)
    assert same(queue, plain)
    again = OpenDecisions()
    again.load(queue.columns())
    assert rows_of(again.columns()) == rows_of(queue.columns())
    again.add(1, 90)
    plain.add(1, 90)
    assert same(again, plain)


@given(st.permutations(range(6)), st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_the_order_in_which_alike_decisions_succeed_leaves_no_trace(
    order: list[int], delays: list[int]
) -> None:
    queues = [OpenDecisions(), OpenDecisions()]
    for queue, numbers in zip(queues, (range(6), order), strict=True):
        for _ in range(8):
            queue.add(1, 100)
            queue.add(2, 100)
        for number in numbers:
            assert queue.replace(1, 100, known_us=WAITING, delay_us=delays[number])
    assert rows_of(queues[0].columns()) == rows_of(queues[1].columns())


def test_it_grows_and_makes_use_of_what_became_free() -> None:
    queue, plain = OpenDecisions(), PlainList()
    for number in range(20_000):
        queue.add(number % 7, number)
        plain.add(number % 7, number)
        if number % 1_000 == 999:
            limit = number - 3_000
            assert len(list(queue.take_before(limit))) == len(plain.take_before(limit))
    assert same(queue, plain)


def test_columns_are_a_copy() -> None:
    queue = OpenDecisions()
    queue.add(1, 100)
    before = queue.columns()
    queue.replace(1, 100, known_us=WAITING, delay_us=5)
    queue.add(1, 101)
    assert rows_of(before) == [(100, 1, WAITING)]
    loaded = OpenDecisions()
    loaded.load(before)
    loaded.replace(1, 100, known_us=WAITING, delay_us=5)
    assert before.delay_us.tolist() == [WAITING]
    assert before.row.dtype == np.int32
