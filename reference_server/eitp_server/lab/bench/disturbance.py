"""Measures what learning about many cells, beside the tick, does to acknowledgements."""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from eitp_server.bandit.choice import Experiment
from eitp_server.bandit.learning import learn
from eitp_server.ingest.recovery import recover
from eitp_server.ingest.reducer import REDUCER_VERSION, Reducer
from eitp_server.interventions.desk import Desk
from eitp_server.interventions.policy import Policy
from eitp_server.interventions.policy import Settings as PolicySettings
from eitp_server.lab.bench.decide import filled
from eitp_server.lab.bench.ingest import run_load
from eitp_server.lab.bench.plan import Phase, Plan
from eitp_server.lab.bench.server import SERVER, serving
from eitp_server.lab.bench.shopper import natural_rate, shoppers
from eitp_server.storage.snapshot import Snapshots
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.sqlite_log import SQLiteLog

if TYPE_CHECKING:
    from collections.abc import Callable

    from eitp_server.lab.bench.decide import DecideOptions
    from eitp_server.lab.bench.measurement import Measurement

_LEARNT: Final = re.compile(r"learnt .*\bcells=(\d+) .*\bseconds=([0-9.]+)")
_LANES: Final = 4
_EVENTS: Final = 10
_WARMUP: Final = 8.0
NEVER: Final = {"EITP_LEARNING_SECONDS": "86400", "EITP_LEARNING_EVENTS": "1000000000"}
ALWAYS: Final = {"EITP_LEARNING_SECONDS": f"{_WARMUP + 2}", "EITP_LEARNING_EVENTS": "1000000000"}
"""The first lesson, in which everything is new, begins when the load is warm."""
_SEEN_OF_EACH: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """The same load on two servers with the same counts, of which one learns."""

    sessions: int
    quiet: Measurement
    learning: Measurement
    lessons: tuple[float, ...]
    """Seconds that learning took, each time that it ended while the load ran."""
    cells: tuple[int, ...]
    """Cells that each lesson sent; the first has something new about all."""

    def as_json(self) -> dict[str, Any]:
        """Return the figures, the ratio first."""
        quiet, learning = self.quiet.ack_ms.p99, self.learning.ack_ms.p99
        ratio = round(learning / quiet, 3) if quiet and learning else None
        return {
            "ack_p99_ratio": ratio,
            "ack_ms": asdict(self.quiet.ack_ms),
            "ack_ms_while_learning": asdict(self.learning.ack_ms),
            "batches_per_second": round(self.quiet.batches_per_second),
            "sessions": self.sessions,
            "lessons_seconds": self.lessons,
            "lessons_cells": self.cells,
        }


def disturb(
    options: DecideOptions,
    *,
    sessions: int,
    seconds: float,
    folder: Path,
    say: Callable[[str], None] = lambda _: None,
) -> Disturbance:
    """Run the load twice, at the pace of that many people; `say` hears progress."""
    found: list[tuple[Measurement, list[tuple[int, float]]]] = []
    for what, settings in (("not learning", NEVER), ("learning", ALWAYS)):
        say(f"ingest while {what}")
        with tempfile.TemporaryDirectory(prefix="eitp-bench-", dir=folder) as name:
            found.append(_measured(options, settings, sessions, seconds, Path(name)))
    (quiet, _), (learning, lessons) = found
    if max((cells for cells, _ in lessons), default=0) < options.cells:
        say("no lesson about every cell ended while the load ran: measure for longer")
    return Disturbance(
        sessions=sessions,
        quiet=quiet,
        learning=learning,
        lessons=tuple(seconds for _, seconds in lessons),
        cells=tuple(cells for cells, _ in lessons),
    )


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


def _measured(
    options: DecideOptions, settings: dict[str, str], sessions: int, seconds: float, home: Path
) -> tuple[Measurement, list[tuple[int, float]]]:
    with serving(SERVER, home):
        pass
    asyncio.run(_fill(options, home / "data"))
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
    return measurement, [(int(cells), float(took)) for cells, took in _LEARNT.findall(said)]


async def _fill(options: DecideOptions, data: Path) -> None:
    """Put an outdated policy into the snapshot that a server has left."""
    async with await SQLiteDatabase.open(data) as database:
        log = await SQLiteLog.open(database, reducer_version=REDUCER_VERSION)
        snapshots = Snapshots(
            data / "snapshots", incarnation=log.incarnation, reducer_version=REDUCER_VERSION
        )
        policy = outdated(options, time.time_ns() // 1000)

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
