"""Tallies: what is counted when, and that neither order, repetition nor a restart changes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from bandit.lessons import (
    DAY,
    HALF_LIFE_US,
    HOUR,
    MINUTE,
    SECOND,
    START_US,
    WINDOW_US,
    cell,
    content,
    counted,
    delays_of,
    faded,
    tallies,
    waiting,
)
from eitp_server.bandit.open_decisions import WAITING
from eitp_server.bandit.tally import Tallies
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Step = tuple[str, int, int, int]

CLOSED_US = START_US + WINDOW_US + MINUTE


def booked(*arms: str) -> Tallies:
    """One decision for each arm, a second apart."""
    kept = tallies()
    for second, arm in enumerate(arms):
        kept.book(cell(), arm, START_US + second * SECOND)
    return kept


def credit(kept: Tallies, arm: str, *, second: int = 0, delay_us: int = HOUR) -> bool:
    return kept.credit(cell(), arm, decided_us=START_US + second * SECOND, delay_us=delay_us)


def state(kept: Tallies) -> dict[str, bytes]:
    """The state, to the last bit."""
    return {name: array.tobytes() for name, array in kept.dump().items()}


def reloaded(kept: Tallies) -> Tallies:
    copy = tallies()
    copy.load(kept.dump())
    return copy


def test_a_decision_is_open_until_its_window_closes() -> None:
    kept = booked("comparison", "comparison")
    assert credit(kept, "comparison", second=1)
    kept.mature(START_US + WINDOW_US)
    before = kept.frame()
    key = cell(), "comparison"
    assert faded(before) == {}
    assert waiting(before) == {key: [(START_US, WAITING), (START_US + SECOND, HOUR)]}
    kept.mature(CLOSED_US)
    after = kept.frame()
    assert waiting(after) == {}
    found = faded(after)[key]
    assert found.trials == pytest.approx(2.0, abs=1e-5)
    assert found.successes == pytest.approx(1.0, abs=1e-5)
    assert counted(kept, *key) == (found.successes, found.trials)


def test_what_has_matured_weighs_half_after_the_half_life() -> None:
    kept = booked("comparison")
    kept.mature(CLOSED_US)
    found = faded(kept.frame())[cell(), "comparison"]
    later_s = (START_US + HALF_LIFE_US) / SECOND
    assert found.read(now=later_s, half_life=HALF_LIFE_US / SECOND) == pytest.approx((0.0, 0.5))


@pytest.mark.parametrize("arm", ["comparison", "discount"])
def test_what_is_not_open_cannot_succeed(arm: str) -> None:
    kept = booked("comparison")
    before = state(kept)
    assert not credit(kept, "discount")
    assert not credit(kept, "comparison", second=7)
    assert not kept.censor(cell(), "comparison", decided_us=START_US + 7 * SECOND)
    assert state(kept) == before
    kept.mature(CLOSED_US)
    before = state(kept)
    assert not credit(kept, arm)
    assert not kept.censor(cell(), arm, decided_us=START_US)
    assert state(kept) == before


def test_a_decision_succeeds_once() -> None:
    kept = booked("comparison")
    assert credit(kept, "comparison")
    before = state(kept)
    assert not credit(kept, "comparison", delay_us=2 * HOUR)
    assert state(kept) == before
    assert counted(kept, cell(), "comparison") == (1, 1)


def test_an_earlier_success_that_is_heard_of_later_takes_the_place_of_the_first() -> None:
    kept, straight = booked("comparison"), booked("comparison")
    credit(kept, "comparison", delay_us=2 * HOUR)
    kept.credit(cell(), "comparison", decided_us=START_US, delay_us=HOUR, known_us=2 * HOUR)
    credit(straight, "comparison")
    assert state(kept) == state(straight)


def test_a_censored_decision_counts_as_if_it_had_never_been_taken() -> None:
    kept = booked("comparison", "discount")
    assert kept.censor(cell(), "discount", decided_us=START_US + SECOND)
    kept.mature(CLOSED_US)
    never = booked("comparison")
    never.mature(CLOSED_US)
    assert content(kept) == content(never)
    assert not credit(kept, "discount", second=1)


def test_a_restarted_arm_is_forgotten_in_all_cells_of_its_tenant_and_nowhere_else() -> None:
    kept = tallies()
    for tenant_id in ("shop", "rival"):
        for arm in ("comparison", "discount"):
            for label in (4, 5):
                for at_us in (START_US, START_US + 12 * HOUR):
                    kept.book(cell(tenant_id, label=label), arm, at_us)
    kept.mature(CLOSED_US)
    kept.restart("shop", "discount")
    left = kept.frame()
    assert len(faded(left)) == len(waiting(left)) == 6
    for keys in (faded(left).keys(), waiting(left).keys()):
        assert ("shop", "discount") not in {(key[0].tenant_id, key[1]) for key in keys}
    assert state(reloaded(kept)) == state(kept)


def test_the_outcome_of_a_decision_from_before_a_restart_counts_for_nobody() -> None:
    kept = booked("discount")
    kept.restart("shop", "discount")
    kept.book(cell(), "discount", START_US + HOUR)
    before = state(kept)
    assert not credit(kept, "discount")
    assert state(kept) == before
    assert counted(kept, cell(), "discount") == (0, 1)


def test_only_the_delays_of_matured_successes_are_known_and_only_to_their_tenant() -> None:
    kept = booked("comparison", "discount", "discount")
    kept.book(cell("rival"), "discount", START_US)
    credit(kept, "comparison")
    credit(kept, "discount", second=1, delay_us=2 * HOUR)
    kept.book(cell(), "comparison", START_US + HOUR)
    kept.credit(cell(), "comparison", decided_us=START_US + HOUR, delay_us=SECOND)
    assert delays_of(kept.frame()) == {}
    kept.mature(CLOSED_US)
    found = {
        tenant_id: delays.conversions(now_s=CLOSED_US / SECOND)
        for tenant_id, delays in delays_of(kept.frame()).items()
    }
    assert found == {"shop": 2, "rival": 0}


def test_a_frame_is_a_copy_that_later_decisions_do_not_reach() -> None:
    kept = booked("comparison")
    before = kept.frame()
    credit(kept, "comparison")
    kept.book(cell(), "comparison", START_US + HOUR)
    kept.mature(CLOSED_US)
    assert waiting(before) == {(cell(), "comparison"): [(START_US, WAITING)]}
    assert faded(before) == {}


def test_asking_for_counts_leaves_no_trace() -> None:
    kept = tallies()
    assert counted(kept, cell(), "comparison") == (0, 0)
    assert state(kept) == state(tallies())


@dataclass(slots=True)
class Player:
    """Acts a stream of steps out as the policy does: it looks what has matured before each."""

    kept: Tallies = field(default_factory=tallies)
    now_us: int = START_US
    decisions: list[tuple[int, str, int]] = field(default_factory=list[tuple[int, str, int]])
    answers: list[object] = field(default_factory=list[object])

    def play(self, steps: Sequence[Step], looks: Sequence[int] = ()) -> None:
        """Act out; `looks` are times at which somebody looks in between."""
        for action, label, which, gap_us in steps:
            then_us = self.now_us + gap_us
            for at_us in looks:
                if self.now_us < at_us < then_us:
                    self.kept.mature(at_us)
            self.now_us = then_us
            self.kept.mature(then_us)
            self.answers.append(self._step(action, label, which))

    def _step(self, action: str, label: int, which: int) -> object:
        if action == "book":
            arm = ("", "comparison")[which % 2]
            self.kept.book(cell(label=label), arm, self.now_us)
            self.decisions.append((label, arm, self.now_us))
        elif action == "restart":
            self.kept.restart("shop", ("", "comparison")[which % 2])
        elif self.decisions:
            label, arm, at_us = self.decisions[which % len(self.decisions)]
            if self.now_us - at_us <= WINDOW_US:
                if action == "censor":
                    return self.kept.censor(cell(label=label), arm, decided_us=at_us)
                delay_us = self.now_us - at_us
                return self.kept.credit(cell(label=label), arm, decided_us=at_us, delay_us=delay_us)
        return counted(self.kept, cell(label=label), "comparison")


GAPS = (1, SECOND // 3, 7 * SECOND, 25 * SECOND, HOUR, 12 * HOUR, DAY - 20 * SECOND, DAY, 40 * DAY)
streams = st.lists(
    st.tuples(
        st.sampled_from(["book", "book", "book", "credit", "credit", "censor", "restart"]),
        st.integers(4, 5),
        st.integers(0, 9),
        st.sampled_from(GAPS),
    ),
    max_size=30,
)
parts = st.lists(st.floats(0.0, 1.0), max_size=12)


@given(streams, streams)
def test_a_restart_of_the_server_anywhere_changes_nothing(
    before: list[Step], after: list[Step]
) -> None:
    straight = Player()
    straight.play(before)
    again = Player(
        reloaded(straight.kept), straight.now_us, list(straight.decisions), list(straight.answers)
    )
    assert state(again.kept) == state(straight.kept)
    straight.play(after)
    again.play(after)
    assert again.answers == straight.answers
    assert state(again.kept) == state(straight.kept)
    assert content(again.kept) == content(straight.kept)


def looking_matters(
    make: Callable[[], Tallies], steps: Sequence[Step], looks: Sequence[float]
) -> bool:
    total = sum(step[3] for step in steps)
    busy, quiet = Player(make()), Player(make())
    busy.play(steps, sorted(START_US + int(part * total) for part in looks))
    quiet.play(steps)
    return state(busy.kept) != state(quiet.kept)


@given(streams, parts)
def test_how_often_somebody_looks_what_has_matured_does_not_matter(
    steps: list[Step], looks: list[float]
) -> None:
    assert not looking_matters(tallies, steps, looks)


class ByTheClock(Tallies):
    """A mutant: what has matured depends on when exactly somebody looked within the second."""

    def mature(self, now_us: int) -> None:
        window_us = self._window_us
        self._window_us -= now_us % SECOND
        super().mature(now_us)
        self._window_us = window_us


def test_a_look_that_leaves_a_trace_would_be_noticed() -> None:
    def mutant() -> Tallies:
        return ByTheClock(window_us=WINDOW_US, half_life_us=HALF_LIFE_US)

    # Somebody looks in the second in which the window closes, just before it does.
    part = SECOND // 20
    steps: list[Step] = [("book", 4, 1, 5 * part), ("book", 4, 0, DAY + 10 * part)]
    looks = [(DAY + 2 * part) / (DAY + 15 * part)]
    assert looking_matters(mutant, steps, looks)
    assert not looking_matters(tallies, steps, looks)


@given(st.permutations(range(12)), st.data())
def test_the_order_of_successes_does_not_matter(order: list[int], data: st.DataObject) -> None:
    delays = data.draw(st.lists(st.integers(0, WINDOW_US), min_size=12, max_size=12), "delays")
    one, other = (booked(*["comparison", "discount"] * 6) for _ in range(2))
    for kept, numbers in ((one, range(12)), (other, order)):
        for number in numbers:
            arm = ("comparison", "discount")[number % 2]
            assert credit(kept, arm, second=number, delay_us=delays[number])
            state(kept)
    assert state(one) == state(other)
    one.mature(CLOSED_US)
    other.mature(CLOSED_US)
    assert state(one) == state(other)
