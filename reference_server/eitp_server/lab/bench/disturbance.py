"""Measures what learning about many cells, beside the tick, does to acknowledgements."""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from eitp_server.bandit.choice import Experiment
from eitp_server.bandit.learning import learn
from eitp_server.ingest.recovery import recover
from eitp_server.ingest.reducer import REDUCER_VERSION, Reducer
from eitp_server.interventions.desk import Desk
from eitp_server.interventions.policy import Policy
from eitp_server.interventions.policy import Settings as PolicySettings
from eitp_server.lab.bench.filled import filled
from eitp_server.lab.bench.ingest import run_load
from eitp_server.lab.bench.measurement import Latency
from eitp_server.lab.bench.plan import Phase, Plan
from eitp_server.lab.bench.server import SERVER, serving
from eitp_server.lab.bench.shopper import natural_rate, shoppers
from eitp_server.storage.snapshot import Snapshots
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.sqlite_log import SQLiteLog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eitp_server.lab.bench.filled import DecideOptions
    from eitp_server.lab.bench.measurement import Measurement

_LEARNT: Final = re.compile(r"learnt .*\bcells=(\d+) .*\bseconds=([0-9.]+)")
_LANES: Final = 4
_EVENTS: Final = 10
_WARMUP: Final = 8.0
NEVER: Final = {"EITP_LEARNING_SECONDS": "86400", "EITP_LEARNING_EVENTS": "1000000000"}
ALWAYS: Final = {"EITP_LEARNING_SECONDS": f"{_WARMUP + 2}", "EITP_LEARNING_EVENTS": "1000000000"}
"""The first lesson, in which everything is new, begins when the load is warm."""
_SEEN_OF_EACH: Final = 60
ROUNDS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One load on one server."""

    measurement: Measurement
    lessons: tuple[tuple[int, float], ...]
    """Cells and seconds of each lesson that ended while it ran; the first is about everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """The same load on servers with the same counts, of which every second one learns."""

    sessions: int
    quiet: tuple[Load, ...]
    learning: tuple[Load, ...]
    """As many, in turn with the others: what differs among equals is noise."""

    @property
    def quiet_ms(self) -> Latency:
        """How long acknowledgements take: medians over the loads."""
        return _median(self.quiet)

    @property
    def learning_ms(self) -> Latency:
        """The same while the server learns."""
        return _median(self.learning)

    @property
    def ratio(self) -> float | None:
        """What learning makes of the slowest acknowledgements; None when there were none."""
        quiet, learning = self.quiet_ms.p99, self.learning_ms.p99
        return round(learning / quiet, 3) if quiet and learning else None

    def as_json(self) -> dict[str, Any]:
        """Return the figures, the ratio first."""
        quiet, learning = self.quiet_ms, self.learning_ms
        lessons = [lesson for load in self.learning for lesson in load.lessons]
        return {
            "ack_p99_ratio": self.ratio,
            "ack_ms": asdict(quiet),
            "ack_ms_while_learning": asdict(learning),
            "ack_p99_ms_of_each": [load.measurement.ack_ms.p99 for load in self.quiet],
            "ack_p99_ms_of_each_while_learning": [
                load.measurement.ack_ms.p99 for load in self.learning
            ],
            "batches_per_second": round(
                median(load.measurement.batches_per_second for load in self.quiet)
            ),
            "sessions": self.sessions,
            "lessons_seconds": [seconds for _, seconds in lessons],
            "lessons_cells": [cells for cells, _ in lessons],
        }


def disturb(
    options: DecideOptions,
    *,
    sessions: int,
    seconds: float,
    folder: Path,
    rounds: int = ROUNDS,
    say: Callable[[str], None] = lambda _: None,
) -> Disturbance:
    """Run the load, at the pace of that many people, without and with learning, `rounds` times.

    `say` hears progress.
    """
    say(f"filling {options.cells:,} cells, of all of which there is something to learn")
    policy = outdated(options, time.time_ns() // 1000)
    found: dict[str, list[Load]] = {"not learning": [], "learning": []}
    for number in range(2 * rounds):
        what, settings = (("not learning", NEVER), ("learning", ALWAYS))[number % 2]
        say(f"load {number + 1} of {2 * rounds}: ingest while {what}, {_WARMUP + seconds:.0f} s")
        with tempfile.TemporaryDirectory(prefix="eitp-bench-", dir=folder) as name:
            found[what].append(_loaded(policy, settings, sessions, seconds, Path(name)))
    learning = tuple(found["learning"])
    if not all(any(cells >= options.cells for cells, _ in load.lessons) for load in learning):
        say("no lesson about every cell ended while the load ran: measure for longer")
    return Disturbance(sessions=sessions, quiet=tuple(found["not learning"]), learning=learning)


def _median(loads: Sequence[Load]) -> Latency:
    taken = [load.measurement.ack_ms for load in loads]
    p50, p99 = (
        round(median(getattr(each, name) or 0.0 for each in taken), 2) for name in ("p50", "p99")
    )
    return Latency(p50=p50, p99=p99)


def outdated(options: DecideOptions, now_us: int) -> Policy:
    """Return a filled policy that has something new to learn about every cell.

    What it knows and decides by was learnt from other counts than those that it has now.
    """
    before, _ = filled(replace(options, seed=options.seed + 1), now_us)
    document = learn(before.lesson({}, now_us))
    assert document is not None, "a filled policy has something to learn"
    policy, _ = filled(options, now_us)
    policy.table.install(document)
    return policy


def _loaded(
    policy: Policy, settings: dict[str, str], sessions: int, seconds: float, home: Path
) -> Load:
    with serving(SERVER, home):
        pass
    asyncio.run(_fill(policy, home / "data"))
    with serving(SERVER, home, {**settings, "EITP_LOG_LEVEL": "debug"}) as server:
        rate = sessions * natural_rate(shoppers("visits", _EVENTS))
        plan = Plan(
            mode="relay",
            grpc_address=server.grpc_address,
            web_address=server.web_address,
            key=server.key,
            server_pid=server.pid,
            sessions=sessions,
            load="visits",
            events=_EVENTS,
            batches_per_message=16,
            lanes=_LANES,
            age=0,
            in_flight=128,
            stock=round(rate * (seconds + _WARMUP) * 1.2) + _SEEN_OF_EACH,
            phases=(Phase(warmup=_WARMUP, seconds=seconds, batches_per_second=rate),),
        )
        [measurement] = run_load(plan).measurements
        said = (home / "stderr").read_text()
    lessons = tuple((int(cells), float(took)) for cells, took in _LEARNT.findall(said))
    return Load(measurement=measurement, lessons=lessons)


async def _fill(policy: Policy, data: Path) -> None:
    """Put an outdated policy into the snapshot that a server has left."""
    async with await SQLiteDatabase.open(data) as database:
        log = await SQLiteLog.open(database, reducer_version=REDUCER_VERSION)
        snapshots = Snapshots(
            data / "snapshots", incarnation=log.incarnation, reducer_version=REDUCER_VERSION
        )

        def new_reducer() -> Reducer:
            experiment = Experiment(key=b"bench")
            return Reducer(Desk(Policy(PolicySettings(experiment=experiment))), lambda _: [])

        found = await recover(log, snapshots, new_reducer)
        desk = found.reducer.policy
        assert isinstance(desk, Desk)
        desk.policy.tallies.load(policy.tallies.dump())
        desk.policy.table.load(policy.table.dump())
        arrays, document = found.reducer.dump()
        snapshots.write(found.tick, arrays, {**document, "now_us": found.now_us})
