"""Runs of scenarios, dealt out to processes: what is found does not depend on how many."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eitp_server.lab.simulation import delay, pooling, promotion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from eitp_server.lab.simulation.table import Table

    Found = NDArray[np.float64]

RUNS_AT_ONCE: Final = 20
"""Runs that are played together; fixed, so that the same ones are in any pool."""
METHOD: Final = (
    "Each run has a seed of its own, spawned from --seed and the scenario. An error is the "
    "standard error of a mean over runs; the arms of a run share their holdout and are not "
    "independent. The selection, the pooling, the bounds, e-values and counts are computed by the "
    "server's own functions. Visitors are independent, there are no guardrails, and a promotion "
    "does not wait for seven days. A median of units is over all runs, those that never promoted "
    "included."
)


class SimulationError(ValueError):
    """What was asked cannot be simulated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A world, and how much of it is played."""

    name: str
    runs: int
    """By default."""
    length: int
    """Units, decisions or minutes of one run."""
    shortest: int
    play: Callable[[str, Sequence[np.random.SeedSequence], int], Found]
    tabulate: Callable[[str, Found], Table]


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """All tables of one command."""

    seed: int
    tables: Sequence[Table]

    @property
    def held(self) -> bool:
        """Whether every bar was met."""
        return all(bar.held for table in self.tables for bar in table.bars)

    def as_json(self) -> dict[str, Any]:
        """Return the tables as JSON values."""
        return {
            "seed": self.seed,
            "held": self.held,
            "scenarios": [table.as_json() for table in self.tables],
            "method": METHOD,
        }


def _promotions(name: str, seeds: Sequence[np.random.SeedSequence], length: int) -> Found:
    return promotion.promotions(promotion.TRUTHS[name], seeds, length)


def _gains(name: str, seeds: Sequence[np.random.SeedSequence], length: int) -> Found:
    return pooling.gains(pooling.TRUTHS[name], seeds, length)


def _beliefs(_name: str, seeds: Sequence[np.random.SeedSequence], length: int) -> Found:
    return delay.beliefs(seeds, length)


def _scenarios() -> Iterator[Scenario]:
    for name, runs in (("null", 1_000), ("drift", 1_000), ("lift30", 400), ("lift50", 400)):
        yield Scenario(
            name=name,
            runs=runs,
            length=promotion.HORIZON,
            shortest=promotion.BATCH_UNITS,
            play=_promotions,
            tabulate=promotion.tabulate,
        )
    for name, runs in (("pooling", 120), ("pooling-strong", 60), ("pooling-none", 60)):
        yield Scenario(
            name=name,
            runs=runs,
            length=pooling.DECISIONS,
            shortest=pooling.BATCH,
            play=_gains,
            tabulate=pooling.tabulate,
        )
    yield Scenario(
        name="delay",
        runs=200,
        length=delay.MINUTES,
        shortest=delay.JUDGED_AT + 1,
        play=_beliefs,
        tabulate=delay.tabulate,
    )


SCENARIOS: Final[Mapping[str, Scenario]] = {one.name: one for one in _scenarios()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    scenario: str
    first: int
    seeds: Sequence[np.random.SeedSequence]
    length: int


def simulate(
    names: Sequence[str],
    *,
    seed: int,
    runs: int | None = None,
    workers: int = 1,
    length: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Simulation:
    """Play the scenarios called `names`; `progress` is told how many runs are done.

    `runs` and `length` replace those of every scenario. Raises SimulationError for an unknown name
    or for runs too short to judge.
    """
    plan = [_planned(name, length) for name in names]
    tasks = [
        task for scenario in plan for task in _tasks(scenario, seed, runs or scenario.runs, length)
    ]
    found: dict[str, dict[int, Found]] = {scenario.name: {} for scenario in plan}
    done = 0
    for task, own in _played(tasks, workers):
        found[task.scenario][task.first] = own
        done += len(task.seeds)
        progress(done)
    return Simulation(seed=seed, tables=[_table(one, found[one.name]) for one in plan])


def total_runs(names: Sequence[str], runs: int | None) -> int:
    """Return how many runs `simulate` will play."""
    return sum(runs or _planned(name, None).runs for name in names)


def _planned(name: str, length: int | None) -> Scenario:
    scenario = SCENARIOS.get(name)
    if scenario is None:
        raise SimulationError(f"there is no scenario {name!r}; there are {', '.join(SCENARIOS)}")
    if length is not None and length < scenario.shortest:
        raise SimulationError(
            f"scenario {name} takes a length of {scenario.shortest} or more, not {length}"
        )
    return scenario


def _tasks(scenario: Scenario, seed: int, runs: int, length: int | None) -> Iterator[_Task]:
    place = list(SCENARIOS).index(scenario.name)
    seeds = np.random.SeedSequence(seed, spawn_key=(place,)).spawn(runs)
    for first in range(0, runs, RUNS_AT_ONCE):
        yield _Task(
            scenario=scenario.name,
            first=first,
            seeds=seeds[first : first + RUNS_AT_ONCE],
            length=length or scenario.length,
        )


def _played(tasks: Sequence[_Task], workers: int) -> Iterable[tuple[_Task, Found]]:
    if workers == 1 or len(tasks) == 1:
        yield from ((task, _play(task)) for task in tasks)
        return
    # Not forked: the progress bar has a thread, which a fork would copy half of.
    with ProcessPoolExecutor(min(workers, len(tasks)), mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(_play, task): task for task in tasks}
        try:
            for one in as_completed(waiting):
                yield waiting[one], one.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _play(task: _Task) -> Found:
    return SCENARIOS[task.scenario].play(task.scenario, task.seeds, task.length)


def _table(scenario: Scenario, found: Mapping[int, Found]) -> Table:
    parts = np.concatenate([found[first] for first in sorted(found)])
    return scenario.tabulate(scenario.name, parts)
