"""Measures what the volatility index costs: one tick over many sessions, and each batch's part."""

from __future__ import annotations

import asyncio
import statistics
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from eitp.v1.telemetry_pb2 import TelemetryBatch
from rich.table import Column, Table

from eitp_server.bandit.choice import Experiment
from eitp_server.ingest import observer
from eitp_server.ingest.census import census
from eitp_server.ingest.index.book import Heard, IndexBook
from eitp_server.ingest.input import Telemetry
from eitp_server.ingest.reducer import Reducer
from eitp_server.ingest.session_table import SessionInfo
from eitp_server.interventions.desk import Desk
from eitp_server.interventions.policy import Policy
from eitp_server.interventions.policy import Settings as PolicySettings
from eitp_server.lab.bench.machine import Machine, load_average, machine
from eitp_server.lab.bench.shopper import Shopper, shoppers
from eitp_server.storage.index_store import IndexStore
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.volatility.base import MINUTE_US
from eitp_server.volatility.increment import update
from eitp_server.volatility.methodology import DIMENSIONS, SECOND_US

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from eitp_server.lab.bench.shopper import Load

NOW_US: Final = 1_800_000_000 // 60 * MINUTE_US // 60 * 60
_TRADES: Final = ("retail", "travel", "automotive", "media", "grocery")
_REGIONS: Final = ("DE-BY", "DE-BE", "FR-75", "US-CA", "US-NY", "")
_SECTIONS: Final = 12
_LOADS: Final[tuple[Load, ...]] = ("moves", "visits")
_IN_A_TICK: Final = 1_000
"""Sessions that send a batch in each tick of the load."""
_TICK_US: Final = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexOptions:
    """What to measure."""

    sessions: int = 100_000
    tenants: int = 40
    runs: int = 15
    """Ticks of the index, and turns of each load with and without the movement."""
    batches: int = 40_000
    """Batches of a turn."""
    events: int = 10
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TickCost:
    """One tick of all feeds, ms; medians."""

    census_ms: float
    """Copying, while everybody waits."""
    sums_ms: float
    """Summing the cells, in a thread."""
    draw_ms: float
    """Making the ticks of all feeds, own and shared, in a thread."""
    store_ms: float
    """Keeping them in one transaction, on disk, on the thread of the writer."""
    longest_ms: float
    """The slowest of all ticks, all parts together."""
    feeds: int
    cells: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCost:
    """What keeping the movement adds to a batch, µs."""

    load: str
    with_us: float
    """A batch in the reducer; the median turn."""
    without_us: float
    inside_us: float
    """What the update itself takes, by a clock around it; the median turn."""
    added_us: float
    """The median of the differences of neighbouring turns."""
    added_quartiles_us: tuple[float, float]
    """The middle half of these differences: what neighbours on the machine do to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexReport:
    """What was measured in one run."""

    options: IndexOptions
    tick: TickCost
    batch: Sequence[BatchCost]
    machine: Machine
    load_average: float

    def as_json(self) -> dict[str, Any]:
        """Return the figures, those that are compared first."""
        tick = self.tick
        return {
            "tick_ms": round(tick.census_ms + tick.sums_ms + tick.draw_ms, 2),
            "tick_on_the_loop_ms": tick.census_ms,
            "added_us_per_batch": {cost.load: cost.added_us for cost in self.batch},
            "update_us_per_batch": {cost.load: cost.inside_us for cost in self.batch},
            "tick": asdict(tick),
            "batch": [asdict(cost) for cost in self.batch],
            "options": asdict(self.options),
            "machine": asdict(self.machine),
            "load_average": self.load_average,
        }

    def as_table(self) -> Table:
        """Return the figures for people."""
        tick, options = self.tick, self.options
        table = Table("figure", Column("", justify="right"), title="The volatility index")
        table.add_row(f"a tick over {options.sessions:,} sessions", "")
        table.add_row("  copying them, on the loop", f"{tick.census_ms:.1f} ms")
        table.add_row("  summing, in a thread", f"{tick.sums_ms:.1f} ms")
        table.add_row(f"  drawing {tick.feeds:,} feeds, in a thread", f"{tick.draw_ms:.1f} ms")
        table.add_row("  keeping them, durable, in a thread", f"{tick.store_ms:.1f} ms")
        table.add_row("  the slowest tick, all parts", f"{tick.longest_ms:.1f} ms")
        for cost in self.batch:
            table.add_row(f"added to a batch of {cost.load}", f"{cost.added_us:.2f} µs")
            low, high = cost.added_quartiles_us
            table.add_row("  middle half of the turns", f"{low:.2f} to {high:.2f} µs")
            table.add_row("  the update alone, by a clock", f"{cost.inside_us:.2f} µs")
            table.add_row("  of all of the batch", f"{cost.with_us:.2f} µs")
        table.caption = f"{self.machine.processor}, load {self.load_average}"
        return table


def bench_index(
    options: IndexOptions, folder: Path, say: Callable[[str], None] = lambda _: None
) -> IndexReport:
    """Measure ticks over made-up sessions, and loads with and without keeping the movement."""
    say(f"opening {options.sessions:,} sessions")
    with TemporaryDirectory(prefix="eitp-bench-", dir=folder) as name:
        tick = asyncio.run(_tick_cost(options, Path(name)))
    costs: list[BatchCost] = []
    for load in _LOADS:
        say(f"reducing {load} with and without the movement, in turns")
        costs.append(_batch_cost(options, load))
    return IndexReport(
        options=options,
        tick=tick,
        batch=costs,
        machine=machine(folder),
        load_average=load_average(),
    )


async def _tick_cost(options: IndexOptions, folder: Path) -> TickCost:
    async with await SQLiteDatabase.open(folder) as database:
        return await _measured_ticks(options, IndexStore(database))


async def _measured_ticks(options: IndexOptions, store: IndexStore) -> TickCost:
    reducer, book = _crowded(options), IndexBook("local/bench", 5 * SECOND_US)
    pooling = frozenset(f"t{number}" for number in range(0, options.tenants, 2))
    parts: list[tuple[float, float, float, float]] = []
    cells = 0
    for run in range(options.runs):
        # Whole minutes: then shared feeds are due too.
        at_us = NOW_US + 60 * SECOND_US * run
        _move(reducer, at_us, options.seed + run)
        began = time.perf_counter()
        copied = census(reducer)
        copied_at = time.perf_counter()
        counted = copied.counted(at_us)
        summed_at = time.perf_counter()
        writes = book.draw(Heard(at_us=at_us, cells=counted.partials), pooling)
        drawn_at = time.perf_counter()
        await store.write(writes)
        stored_at = time.perf_counter()
        book.apply(writes)
        cells = len(counted.partials)
        moments = (began, copied_at, summed_at, drawn_at, stored_at)
        copying, summing, drawing, storing = (b - a for a, b in pairwise(moments))
        parts.append((copying, summing, drawing, storing))
    medians = [1000 * statistics.median(part) for part in zip(*parts, strict=True)]
    return TickCost(
        census_ms=round(medians[0], 2),
        sums_ms=round(medians[1], 2),
        draw_ms=round(medians[2], 2),
        store_ms=round(medians[3], 2),
        longest_ms=round(1000 * max(map(sum, parts)), 2),
        feeds=len(book.feeds),
        cells=cells,
    )


def _crowded(options: IndexOptions) -> Reducer:
    reducer = _reducer(options.sessions)
    for number in range(options.sessions):
        _open(reducer, number, f"t{number % options.tenants}")
    slots = np.arange(options.sessions)
    reducer.sessions.columns.section[slots] = slots % _SECTIONS
    for back in (30, 20, 10):
        _move(reducer, NOW_US - back * SECOND_US, options.seed + back)
    return reducer


def _move(reducer: Reducer, at_us: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = len(reducer.sessions)
    for before_us in (6 * SECOND_US, 1):
        states = rng.uniform(0.0, 1.0, (count, len(DIMENSIONS)))
        moments = np.full(count, at_us - before_us)
        update(reducer.observer.movement, slots=np.arange(count), at_us=moments, states=states)


def _batch_cost(options: IndexOptions, load: Load) -> BatchCost:
    people = shoppers(load, options.events)
    taken: dict[bool, list[float]] = {True: [], False: []}
    inside: list[float] = []
    for turn in range(options.runs):
        # Each turn begins anew, and which comes first alternates: neither finds warmer caches.
        for kept in (True, False) if turn % 2 else (False, True):
            whole_us, inside_us = _turn(options, people, kept=kept)
            taken[kept].append(whole_us)
            inside += [inside_us] if kept else []
    differences = [
        with_ - without for with_, without in zip(taken[True], taken[False], strict=True)
    ]
    quartiles = statistics.quantiles(differences, n=4)
    return BatchCost(
        load=load,
        with_us=round(statistics.median(taken[True]), 3),
        without_us=round(statistics.median(taken[False]), 3),
        inside_us=round(statistics.median(inside), 3),
        added_us=round(statistics.median(differences), 3),
        added_quartiles_us=(round(quartiles[0], 3), round(quartiles[2], 3)),
    )


def _turn(options: IndexOptions, people: Sequence[Shopper], *, kept: bool) -> tuple[float, float]:
    """Return the µs that the reducer takes for a batch, and the update in it."""
    reducer = _reducer(_IN_A_TICK)
    names = [_open(reducer, number, "t0") for number in range(_IN_A_TICK)]
    ticks = [
        [_telemetry(names, people, sequence)] for sequence in range(options.batches // _IN_A_TICK)
    ]
    with _movement(kept=kept) as inside:
        # The thread's own time: a difference of microseconds drowns in what neighbours do.
        began = time.thread_time()
        for place, inputs in enumerate(ticks):
            reducer.apply(inputs, NOW_US + (place + 1) * 10 * _TICK_US)
        seconds = time.thread_time() - began
    count = len(ticks) * _IN_A_TICK
    return 1e6 * seconds / count, 1e6 * sum(inside) / count


def _telemetry(names: Sequence[str], people: Sequence[Shopper], sequence: int) -> Telemetry:
    batches: list[bytes] = []
    for number, name in enumerate(names):
        shopper = people[number % len(people)]
        batch = TelemetryBatch.FromString(shopper.body(sequence))
        batch.session_id, batch.sequence = name, sequence + 1
        batch.clock_ms = shopper.clock_ms(sequence)
        batches.append(batch.SerializeToString())
    return Telemetry(tenant_id="t0", session_id="", batches=batches)


@contextmanager
def _movement(*, kept: bool) -> Generator[list[float]]:
    """Time the update of the observer, or leave it out: nothing else can switch it off."""
    real, seconds = observer.update, list[float]()

    def timed(*arguments: Any, **named: Any) -> Any:
        began = time.thread_time()
        steps = real(*arguments, **named)
        seconds.append(time.thread_time() - began)
        return steps

    def nothing(*_: Any, **__: Any) -> Any:
        return None

    observer.update = timed if kept else nothing
    try:
        yield seconds
    finally:
        observer.update = real


def _reducer(capacity: int) -> Reducer:
    policy = Policy(PolicySettings(experiment=Experiment(key=b"bench")))
    return Reducer(Desk(policy), lambda _: [], capacity=capacity)


def _open(reducer: Reducer, number: int, tenant_id: str) -> str:
    name = f"ses_{number:08d}"
    slot = reducer.sessions.open(
        SessionInfo(
            session_id=name,
            tenant_id=tenant_id,
            visitor_hash="",
            consent_interventions=False,
            vertical=_TRADES[number % len(_TRADES)],
            region=_REGIONS[number % len(_REGIONS)],
            opened_us=NOW_US - MINUTE_US,
        )
    )
    reducer.observer.open(slot, reducer.sessions.capacity)
    reducer.sessions.columns.seen_us[slot] = NOW_US - MINUTE_US
    return name
