"""The picture of a lift: drawn from any history, the same each time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from bandit.lifts import PROVEN, lift
from eitp_server.bandit.study import Point
from eitp_server.lab.plot.lift import draw

if TYPE_CHECKING:
    from pathlib import Path

    from eitp_server.bandit.lift import Lift

WITHHELD = lift(estimate=None, lower_bound=None, interval_low=None, interval_high=None)
HARMFUL = lift(estimate=-0.01, lower_bound=-0.016, interval_low=-0.017, interval_high=-0.003)
ARMS = {"chat": PROVEN, "badge": WITHHELD, "an-offer-with-a-long-name": HARMFUL}


def history(count: int, found: Lift = PROVEN) -> list[Point]:
    start_us, hour_us = 1_790_000_000_000_000, 3_600_000_000
    return [
        Point(
            decided_at_us=start_us + number * hour_us,
            units=10 * number,
            lift=replace(found, interval_low=-2.0 / (number + 1)) if found.estimate else found,
        )
        for number in range(count)
    ]


CASES: dict[str, tuple[list[Point], dict[str, Lift]]] = {
    "a season": (history(200), ARMS),
    "one look": (history(1), {"chat": PROVEN}),
    "two looks": (history(2), {"chat": HARMFUL}),
    "too early": (history(20, WITHHELD), {"chat": WITHHELD}),
    "nothing": ([], {}),
}


def drawn(kind: str, path: Path) -> bytes:
    points, arms = CASES[kind]
    draw(points, arms, path, heading="Does it help?", statement="It does. " * 60)
    return path.read_bytes()


def said(path: Path, *, holds_out: bool) -> str:
    draw([], {}, path, heading="Does it help?", statement="Who knows?", holds_out=holds_out)
    return path.read_text()


@pytest.mark.parametrize("kind", CASES)
def test_every_history_gives_a_picture(kind: str, tmp_path: Path) -> None:
    assert drawn(kind, tmp_path / "lift.png").startswith(b"\x89PNG\r\n")


def test_equal_histories_give_equal_pictures(tmp_path: Path) -> None:
    assert drawn("a season", tmp_path / "1.png") == drawn("a season", tmp_path / "2.png")


def test_what_is_withheld_is_said_and_not_drawn(tmp_path: Path) -> None:
    assert b"too few visitors yet" in drawn("too early", tmp_path / "lift.svg")
    assert b"too few visitors yet" not in drawn("one look", tmp_path / "lift.svg")


def test_without_a_holdout_the_picture_does_not_promise_one_later(tmp_path: Path) -> None:
    early = said(tmp_path / "early.svg", holds_out=True)
    never = said(tmp_path / "never.svg", holds_out=False)
    assert "Nothing to draw: it takes 100 visitors on either side." in early
    assert "Nothing to compare yet." in early
    assert "Nothing to draw: nobody is held out." in never
    assert "Nothing to compare with: nobody is held out." in never
    assert "100 visitors" not in never
