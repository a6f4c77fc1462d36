"""Tallies that live on, that are read from a snapshot again and again, and that are replayed."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from bandit.lessons import SECOND, START_US, Tallies, cell
from eitp_server.bandit import open_decisions, tally
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eitp_server.bandit.decision import Cell
    from numpy.typing import NDArray

WINDOW_US = 60 * SECOND
CELLS = [cell(tenant, label=label) for tenant in ("shop", "rival") for label in (1, 2)]
ARMS = ("", "ask", "buy")
arms = st.sampled_from(ARMS)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("book"), st.integers(0, 3), arms, st.integers(-3, 0)),
        st.tuples(st.just("book"), st.integers(0, 1), arms, st.just(0)),
        st.tuples(st.just("wait"), st.sampled_from([1, SECOND // 3, 5 * SECOND, 61 * SECOND])),
        st.tuples(st.just("succeed"), st.integers(0, 99), st.integers(0, 50)),
        st.tuples(st.just("succeed earlier"), st.integers(0, 99), st.integers(0, 10)),
        st.tuples(st.just("censor"), st.integers(0, 99)),
        st.tuples(st.just("restart"), st.sampled_from(["shop", "rival"]), arms),
        st.tuples(st.just("refuse")),
    ),
    max_size=40,
)


def fresh() -> Tallies:
    return Tallies(window_us=WINDOW_US, half_life_us=3_600 * SECOND)


def read_only(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """What a file gives back."""
    found: dict[str, NDArray[Any]] = {}
    for name, array in arrays.items():
        file = io.BytesIO()
        np.save(file, array)
        file.seek(0)
        found[name] = np.load(file)
        found[name].flags.writeable = False
    return found


def state(kept: Tallies) -> dict[str, tuple[str, bytes]]:
    return {name: (array.dtype.str, array.tobytes()) for name, array in kept.dump().items()}


class Three:
    """The same stream for tallies that live on, that are reloaded each time, and that replay.

    The last never see a request that was refused: the log does not have it.
    """

    def __init__(self, live: Tallies) -> None:
        self.live, self.reloaded, self.replayed = live, fresh(), fresh()
        self.now_us = START_US
        self.decisions: list[tuple[Cell, str, int]] = []
        self.known: dict[int, int] = {}

    def play(self, stream: Sequence[Sequence[Any]]) -> bool:
        """Return whether all three stay alike."""
        for step in stream:
            again = fresh()
            again.load(read_only(self.reloaded.dump()))
            self.reloaded = again
            if step[0] == "wait":
                self.now_us += step[1]
            elif step[0] == "refuse":
                self.live.mature(self.now_us)
            elif not self._step(*step):
                return False
        for later_us in (0, 2 * WINDOW_US):
            for one in self._all():
                one.mature(self.now_us + later_us)
            if not state(self.live) == state(self.reloaded) == state(self.replayed):
                return False
        return True

    def _all(self) -> tuple[Tallies, ...]:
        return self.live, self.reloaded, self.replayed

    def _step(self, action: str, *details: Any) -> bool:
        for one in self._all():
            one.mature(self.now_us)
        if action == "book":
            at_us = self.now_us + int(details[2]) * SECOND // 3
            self.decisions.append((CELLS[int(details[0])], str(details[1]), at_us))
            for one in self._all():
                one.book(*self.decisions[-1])
        elif action == "restart":
            for one in self._all():
                one.restart(*details)
        elif self.decisions:
            answers = self._report(action, *details)
            if len(answers) > 1:
                return False
        return state(self.live) == state(self.reloaded)

    def _report(self, action: str, number: int, delay_us: int = 0) -> set[bool]:
        number %= len(self.decisions)
        place, arm, at_us = self.decisions[number]
        if self.now_us - at_us > WINDOW_US:
            return {False}
        if action == "censor":
            return {one.censor(place, arm, decided_us=at_us) for one in self._all()}
        known = self.known.get(number)
        if (known is None) == (action == "succeed earlier"):
            return {False}
        delay_us = delay_us if known is None else max(known - delay_us, 0)
        self.known[number] = delay_us
        before = {} if known is None else {"known_us": known}
        return {
            one.credit(place, arm, decided_us=at_us, delay_us=delay_us, **before)
            for one in self._all()
        }


@pytest.mark.parametrize("least", [4, 1_024])
@given(stream=steps)
def test_a_snapshot_at_any_time_and_a_replay_change_nothing(
    least: int, stream: list[Sequence[Any]]
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(open_decisions, "_LEAST", least)
        patched.setattr(tally, "_LEAST", least)
        assert Three(fresh()).play(stream)


class Stale(Tallies):
    """A mutant that goes on telling the delays that it told before."""

    def mature(self, now_us: int) -> None:
        lines = dict(self._delay_lines)
        super().mature(now_us)
        self._delay_lines.update(lines)


def test_delays_that_are_told_again_although_there_are_new_ones_would_be_noticed() -> None:
    once: list[Sequence[Any]] = [("book", 0, "ask", 0), ("succeed", 0, 7), ("wait", 61 * SECOND)]
    again = [("book", 0, "ask", 0), ("succeed", 1, 7), ("wait", 61 * SECOND)]
    stream = [*once, ("book", 1, "ask", 0), *again, ("book", 1, "ask", 0)]
    assert not Three(Stale(window_us=WINDOW_US, half_life_us=3_600 * SECOND)).play(stream)
    assert Three(fresh()).play(stream)
