"""Runs of clicks, and the peers' rules that call some of them rage."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot
from typing import TYPE_CHECKING, Final

from eitp_server.lab.rules.sight import within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from eitp.recording import Role

    from eitp_server.lab.rules.sight import Click, Sight

APPROXIMATE_PX: Final = 30
"""Clicks at most this far apart stand for clicks on one element where elements are not known."""
BY_DISTANCE: Final = f"clicks at most {APPROXIMATE_PX} px apart count as clicks on one element"


def runs(
    clicks: Sequence[Click], joins: Callable[[Click, Click], bool]
) -> Iterator[Sequence[Click]]:
    """Yield the clicks in runs: each next one joins the one before."""
    begin = 0
    for end in range(1, len(clicks) + 1):
        if end == len(clicks) or not joins(clicks[end - 1], clicks[end]):
            yield clicks[begin:end]
            begin = end


def same_element(one: Click, other: Click, px: float = APPROXIMATE_PX) -> bool:
    """Tell whether two clicks are on one element; by their distance when that is not known."""
    if one.target and other.target:
        return one.target == other.target
    return hypot(other.x - one.x, other.y - one.y) <= px


@dataclass(frozen=True, slots=True, kw_only=True)
class NearBy:
    """`count` clicks, each less than `gap_ms` and `px` (|dx| + |dy|) after the one before."""

    count: int
    gap_ms: float
    px: float
    excluded: frozenset[Role] = frozenset()
    """Clicks on these are not seen at all."""

    def __call__(self, sight: Sight) -> int:
        """Return how often: once per run."""
        clicks = [click for click in sight.clicks if click.role not in self.excluded]
        return sum(len(run) >= self.count for run in runs(clicks, self._joins))

    def _joins(self, before: Click, click: Click) -> bool:
        apart = abs(click.x - before.x) + abs(click.y - before.y)
        return click.t_ms - before.t_ms < self.gap_ms and apart < self.px


@dataclass(frozen=True, slots=True, kw_only=True)
class SameLabel:
    """`count` clicks on one element, each less than `gap_ms` after the one before."""

    count: int
    gap_ms: float

    def __call__(self, sight: Sight) -> int:
        """Return how often: once per run."""
        return sum(len(run) >= self.count for run in runs(sight.clicks, self._joins))

    def _joins(self, before: Click, click: Click) -> bool:
        return click.t_ms - before.t_ms < self.gap_ms and same_element(before, click)


@dataclass(frozen=True, slots=True, kw_only=True)
class WithinSpan:
    """`count` clicks on one element within `span_ms`, the first and the last included."""

    count: int
    span_ms: float

    def __call__(self, sight: Sight) -> int:
        """Return how often; the clicks that made one make no second one."""
        fired = 0
        for run in runs(sight.clicks, same_element):
            first = 0
            for last, click in enumerate(run):
                while click.t_ms - run[first].t_ms > self.span_ms:
                    first += 1
                if last - first + 1 == self.count:
                    fired += 1
                    first = last + 1
        return fired


@dataclass(frozen=True, slots=True, kw_only=True)
class Unexplained:
    """`count` clicks of a run within `span_ms`, unless a selection or a scroll explains the run.

    A run is clicks on one element, each within `gap_ms` and `px` of the one before. A selection or
    a scroll explains it from its first click until `gap_ms` after its last.
    """

    count: int
    span_ms: float
    gap_ms: float
    px: float

    def __call__(self, sight: Sight) -> int:
        """Return how often: once per run."""
        return sum(
            self._dense(run) and not self._explained(run, sight)
            for run in runs(sight.clicks, self._joins)
        )

    def _joins(self, before: Click, click: Click) -> bool:
        apart = hypot(click.x - before.x, click.y - before.y)
        near = click.t_ms - before.t_ms <= self.gap_ms and apart <= self.px
        return near and same_element(before, click, self.px)

    def _dense(self, run: Sequence[Click]) -> bool:
        behind = run[self.count - 1 :]
        spans = (last.t_ms - first.t_ms for first, last in zip(run, behind, strict=False))
        return any(span_ms <= self.span_ms for span_ms in spans)

    def _explained(self, run: Sequence[Click], sight: Sight) -> bool:
        begin_ms, end_ms = run[0].t_ms, run[-1].t_ms + self.gap_ms
        return within(sight.selections, begin_ms, end_ms) or within(sight.scrolls, begin_ms, end_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadAndRepeated:
    """A click that nothing answered, on an element clicked `count` times within `span_ms` of it."""

    count: int
    span_ms: float
    only: frozenset[Role]
    """Elements that count, where the role is known."""

    def __call__(self, sight: Sight) -> int:
        """Return how often; the clicks that made one make no second one."""
        fired, through = 0, -1.0
        clicks = [c for c in sight.clicks if c.role is None or c.role in self.only]
        for number, first in enumerate(clicks):
            if first.t_ms <= through or first.answer_ms is None or first.answer_ms < self.span_ms:
                continue
            within_span = (c for c in clicks[number:] if c.t_ms - first.t_ms <= self.span_ms)
            again = [click for click in within_span if same_element(first, click)]
            if len(again) >= self.count:
                fired, through = fired + 1, again[-1].t_ms
        return fired
