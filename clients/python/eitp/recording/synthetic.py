"""Makes synthetic recordings, and the bundle of them that the package ships."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from .format import write, write_labels
from .scenario import SCENARIOS
from .shop import HOME
from .visit import Visit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .event import Recording
    from .scenario import Scenario

SYNTHETIC = Path(__file__).with_name("synthetic.csv")
"""The bundle: invented, to be shown and never to be concluded from."""
SEED = 20
"""What the bundle is made from."""


def generate(seed: int, people: int = len(SCENARIOS)) -> Iterator[Recording]:
    """Yield one synthetic visit per person; the scenarios take turns.

    Equal seeds give equal recordings, and more people leave the first ones as they are.
    """
    for number, scenario in _cast(people):
        visit = Visit(Random(f"{seed}/{number}"), HOME)  # noqa: S311 - a repeatable one is wanted
        scenario.script(visit)
        yield visit.recording(_name(number, scenario), person=f"synthetic-p{number:02}")


def scenario_labels(people: int = len(SCENARIOS)) -> dict[str, dict[str, str]]:
    """Return what `generate` has acted out: scenario, plays and outcome of every recording."""
    return {
        _name(number, scenario): {
            "scenario": scenario.name,
            "plays": scenario.plays,
            "outcome": scenario.outcome,
        }
        for number, scenario in _cast(people)
    }


def write_bundle(file: Path = SYNTHETIC) -> None:
    """Write the bundle and its labels anew; the same code and seed give the same bytes."""
    write(file, generate(SEED))
    write_labels(file, scenario_labels())


def _cast(people: int) -> Iterator[tuple[int, Scenario]]:
    for number in range(1, people + 1):
        yield number, SCENARIOS[(number - 1) % len(SCENARIOS)]


def _name(number: int, scenario: Scenario) -> str:
    return f"synthetic-{number:02}-{scenario.name}"
