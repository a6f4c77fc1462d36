"""Easy and hard choices between two buttons: 60 people, 19 paths each, at 100 Hz.

Source: Kieslich and Henninger 2017, Behavior Research Methods 49, 1652-1667; the set `KH2017` of
the R package mousetrap. One recording per choice, as its label (typical or atypical animal) is.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from ..event import Event, Recording
from ..vocabulary import Kind, Role
from .source import SourceRow, source_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = ("trials.csv",)

_COLUMNS = ("subject", "trial", "condition", "response_time_ms", "correct", "dt_ms", "x", "y")
_CENTRE_X, _CENTRE_Y = 840, 525
"""The source counts from the middle of its 1680 x 1050 screen."""


def recordings(source: Path) -> Iterator[Recording]:
    """Yield a recording per choice: the page begins, the hand moves, a button is clicked."""
    for trial in source_rows(source / FILES[0], _COLUMNS):
        yield Recording(
            name=_name(trial), person=f"s{trial.number('subject'):02.0f}", events=_events(trial)
        )


def labels(source: Path) -> dict[str, dict[str, str]]:
    """Return condition, response_time_ms, correct and trial of every choice."""
    return {
        _name(trial): trial.labels(
            condition="condition",
            response_time_ms="response_time_ms",
            correct="correct",
            trial="trial",
        )
        for trial in source_rows(source / FILES[0], _COLUMNS)
    }


def _name(trial: SourceRow) -> str:
    return f"s{trial.number('subject'):02.0f}-t{trial.number('trial'):02.0f}"


def _events(trial: SourceRow) -> tuple[Event, ...]:
    times = list(accumulate(trial.numbers("dt_ms")))
    xs = [_CENTRE_X + x for x in trial.numbers("x")]
    ys = [_CENTRE_Y + y for y in trial.numbers("y")]
    if not len(times) == len(xs) == len(ys) > 0:
        raise trial.error(f"has {len(times)} times, {len(xs)} x, {len(ys)} y; they belong together")
    start = Event(t_ms=times[0], kind=Kind.NAVIGATE, x=xs[0], y=ys[0])
    moves = (
        Event(t_ms=t_ms, kind=Kind.MOVE, x=x, y=y) for t_ms, x, y in zip(times, xs, ys, strict=True)
    )
    click = Event(
        t_ms=times[-1],
        kind=Kind.CLICK,
        x=xs[-1],
        y=ys[-1],
        target="left" if xs[-1] < _CENTRE_X else "right",
        role=Role.BUTTON,
    )
    return (start, *moves, click)
