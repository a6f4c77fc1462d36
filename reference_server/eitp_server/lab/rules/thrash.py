"""Thrashed cursors as a peer counts them, whose tracker sees every move: nothing is thinned."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp_server.lab.rules.sight import Sight

    Move = tuple[float, float, float]
    """t_ms, x, y."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thrashed:
    """Windows with more than `turns` changes of horizontal direction and a rise in speed."""

    window_ms: float
    turns: int
    rise: float
    """px/ms²: speed (|dx| + |dy| per ms) above the window before, per ms."""

    def __call__(self, sight: Sight) -> int:
        """Return how many windows, counted from the recording's start."""
        fired, before, last_window = 0, 0.0, -1
        for window, steps in groupby(pairwise(sight.moves), key=self._window):
            moved = list(steps)
            speed = sum(abs(b[1] - a[1]) + abs(b[2] - a[2]) for a, b in moved) / self.window_ms
            earlier = before if window == last_window + 1 else 0.0
            rises = (speed - earlier) / self.window_ms > self.rise
            fired += rises and _turns(moved) > self.turns
            before, last_window = speed, window
        return fired

    def _window(self, step: tuple[Move, Move]) -> int:
        return int(step[1][0] // self.window_ms)


def _turns(steps: Sequence[tuple[Move, Move]]) -> int:
    signs = [b[1] > a[1] for a, b in steps if b[1] != a[1]]
    return sum(one != other for one, other in pairwise(signs))
