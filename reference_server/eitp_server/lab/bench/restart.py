"""Measures a restart after kill -9: the time until a client's batch is acknowledged again."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import statistics
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import grpc
from eitp.v1.telemetry_pb2 import TelemetryBatch
from eitp.v1.telemetry_service_pb2 import IngestRequest
from eitp.v1.telemetry_service_pb2_grpc import TelemetryServiceStub

from eitp_server.ingest.envelope import read_envelope
from eitp_server.ingest.input import Telemetry
from eitp_server.lab.bench.ingest import LoadFailedError, run_load
from eitp_server.lab.bench.machine import Machine, cpu_seconds, load_average, machine
from eitp_server.lab.bench.plan import Phase, Plan
from eitp_server.lab.bench.server import SERVER, serving
from eitp_server.lab.bench.shopper import natural_rate, shoppers
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.sqlite_log import SQLiteLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from concurrent.futures import Future

    from eitp_server.lab.bench.plan import Outcome
    from eitp_server.lab.bench.server import Server

_LANES: Final = 4
_RECOVERED: Final = re.compile(r"recovered .*\bseconds=([0-9.]+)")
_PATIENCE_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.01
_LATE: Final = 0.95
"""Part of the time between two snapshots after which the server is killed."""
_MOST_SECONDS: Final = 60.0
"""Time that a few snapshots take at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartOptions:
    """What to prepare, and how often to restart."""

    sessions: int = 10_000
    history: int = 100_000
    """Batches that the snapshot covers, at least."""
    tail: int | None = None
    """Batches after it. None leaves snapshots to the server's settings, and kills it when the next
    one is nearly due: then there is most to replay."""
    runs: int = 3
    """Restarts from the same remains."""
    data_dir: Path | None = None
    """Where the data directories are made: the disk that the figures are about. None is the
    system's folder for temporary files."""


@dataclass(slots=True)
class _Remains:
    """What the killed server left."""

    folder: Path
    snapshot_tick: int
    envelopes: int = 0
    tail_envelopes: int = 0
    batches: int = 0
    tail_batches: int = 0
    sequences: Counter[str] = field(default_factory=Counter[str])
    """Highest sequence of each session."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """Seconds of one restart."""

    first_ack: float
    cpu: float
    recovering: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """Restarts of one kind, times in seconds."""

    replayed_envelopes: int
    replayed_batches: int
    seconds_to_first_ack: float
    """From starting the process to the answer to a client; the median."""
    seconds_recovering: float
    """Of it, reading the snapshot and replaying the log; the median."""
    cpu_seconds_to_first_ack: float
    """Time that the process had a core until then, which neighbours distort less; the median."""
    all_seconds_to_first_ack: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartReport:
    """Restarts from the snapshot, and from the log alone."""

    sessions: int
    snapshot_bytes: int
    log_bytes: int
    from_snapshot: Restart
    full_replay: Restart
    machine: Machine
    load_average: float

    def as_json(self) -> dict[str, Any]:
        """Return the figures, those of the usual restart first."""
        return {
            "sessions": self.sessions,
            **asdict(self.from_snapshot),
            "snapshot_bytes": self.snapshot_bytes,
            "log_bytes": self.log_bytes,
            "full_replay": asdict(self.full_replay),
            "machine": asdict(self.machine),
            "load_average": self.load_average,
        }


def bench_restart(
    options: RestartOptions, say: Callable[[str], None] = lambda _: None
) -> RestartReport:
    """Fill a server, kill it, and restart it from what it left; `say` hears progress.

    Raises `ServerFailedError`, and `LoadFailedError` when the server does not take the load.
    """
    folder = options.data_dir or Path(tempfile.gettempdir())
    with tempfile.TemporaryDirectory(prefix="eitp-bench-", dir=folder) as name:
        home = Path(name)
        say(f"filling a server with {options.sessions:,} sessions")
        remains = _killed(options, home / "killed")
        say(f"restarting from the snapshot and {remains.tail_batches:,} batches")
        usual = [_restart(remains, home / f"snapshot-{run}") for run in range(options.runs)]
        say(f"restarting from the log alone, {remains.batches:,} batches")
        full = [_restart(remains, home / "full", without="snapshots")]
        return RestartReport(
            sessions=len(remains.sequences),
            snapshot_bytes=_newest_snapshot(remains.folder).stat().st_size,
            log_bytes=sum(path.stat().st_size for path in remains.folder.glob("eitp.db*")),
            from_snapshot=_summary(usual, remains.tail_envelopes, remains.tail_batches),
            full_replay=_summary(full, remains.envelopes, remains.batches),
            machine=machine(home),
            load_average=load_average(),
        )


def _killed(options: RestartOptions, home: Path) -> _Remains:
    home.mkdir()
    with serving(SERVER, home, _settings(options)) as server:
        plan = _plan(options, server)
        if options.tail is None:
            _kill_at_the_worst_moment(options, plan, home / "data" / "snapshots")
        else:
            run_load(plan)
            os.kill(server.pid, signal.SIGKILL)
    remains = _Remains(home / "data", int(_newest_snapshot(home / "data").stem))
    copy = home / "copy"
    shutil.copytree(remains.folder, copy)
    asyncio.run(_count(remains, copy))
    shutil.rmtree(copy)
    return remains


def _settings(options: RestartOptions) -> dict[str, str]:
    if options.tail is None:
        return {}
    never = {"EITP_SNAPSHOT_SECONDS": "86400", "EITP_SNAPSHOT_WORK_SECONDS": "86400"}
    return {"EITP_SNAPSHOT_BATCHES": str(options.history), **never}


def _kill_at_the_worst_moment(options: RestartOptions, plan: Plan, snapshots: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(run_load, plan)
        _next_snapshot(snapshots, load)
        time.sleep(options.history / plan.phases[0].batches_per_second)
        _next_snapshot(snapshots, load)
        began = time.monotonic()
        _next_snapshot(snapshots, load)
        interval = time.monotonic() - began
        time.sleep(_LATE * interval)
        os.kill(plan.server_pid, signal.SIGKILL)
        with suppress(LoadFailedError):
            load.result()


def _next_snapshot(snapshots: Path, load: Future[Outcome]) -> None:
    """Return when the server has written another snapshot."""
    known = set(snapshots.glob("*.snapshot"))
    while not set(snapshots.glob("*.snapshot")) - known:
        if load.done():
            load.result()
            raise LoadFailedError("the load ended before a snapshot was due; make it longer")
        time.sleep(_POLL_SECONDS)


def _plan(options: RestartOptions, server: Server) -> Plan:
    """Send at the pace of that many people, so that ticks are as large as theirs."""
    rate = options.sessions * natural_rate(shoppers("visits", 10))
    tail = round(rate * _MOST_SECONDS) if options.tail is None else options.tail
    stock = options.history + tail
    return Plan(
        mode="relay",
        grpc_address=server.grpc_address,
        web_address=server.web_address,
        key=server.key,
        server_pid=server.pid,
        sessions=options.sessions,
        load="visits",
        events=10,
        batches_per_message=16,
        lanes=_LANES,
        age=0,
        in_flight=128,
        stock=stock,
        phases=(Phase(warmup=0, seconds=10 * stock / rate, batches_per_second=rate),),
    )


async def _count(remains: _Remains, folder: Path) -> None:
    log = await SQLiteLog.open(await SQLiteDatabase.open(folder))
    async for tick, envelope in log.read(0):
        payloads = [
            payload
            for item in read_envelope(envelope)[1]
            for payload in (item.batches if isinstance(item, Telemetry) else ())
        ]
        for payload in payloads:
            batch = TelemetryBatch.FromString(payload)
            remains.sequences[batch.session_id] = batch.sequence
        late = tick > remains.snapshot_tick
        remains.envelopes += 1
        remains.batches += len(payloads)
        remains.tail_envelopes += late
        remains.tail_batches += late * len(payloads)
    await log.close()


def _restart(remains: _Remains, home: Path, without: str = "") -> _Taken:
    shutil.copytree(remains.folder, home / "data")
    if without:
        shutil.rmtree(home / "data" / without)
    began = time.perf_counter()
    with serving(SERVER, home, {"EITP_LOG_LEVEL": "info"}) as server:
        _send_one(server, *remains.sequences.most_common(1)[0])
        first_ack, cpu = time.perf_counter() - began, cpu_seconds(server.pid)
        found = _RECOVERED.search((home / "stderr").read_text())
        assert found is not None, "the server does not say how long it took to recover"
        os.kill(server.pid, signal.SIGKILL)
    shutil.rmtree(home)
    return _Taken(first_ack, cpu, float(found[1]))


def _send_one(server: Server, session_id: str, sequence: int) -> None:
    batch = TelemetryBatch(
        session_id=session_id, sequence=sequence + 1, clock_ms=0, dt_ms=[50], dx=[1], dy=[0]
    )
    with grpc.insecure_channel(server.grpc_address) as channel:
        response = TelemetryServiceStub(channel).Ingest(
            IngestRequest(batches=[batch]),
            metadata=(("authorization", f"Bearer {server.key}"),),
            timeout=_PATIENCE_SECONDS,
            wait_for_ready=True,
        )
    assert response.applied == 1, f"the restarted server does not know {session_id}: {response}"


def _summary(runs: Sequence[_Taken], envelopes: int, batches: int) -> Restart:
    return Restart(
        replayed_envelopes=envelopes,
        replayed_batches=batches,
        seconds_to_first_ack=_median(run.first_ack for run in runs),
        seconds_recovering=_median(run.recovering for run in runs),
        cpu_seconds_to_first_ack=_median(run.cpu for run in runs),
        all_seconds_to_first_ack=tuple(round(run.first_ack, 2) for run in runs),
    )


def _median(seconds: Iterable[float]) -> float:
    return round(statistics.median(seconds), 2)


def _newest_snapshot(data: Path) -> Path:
    return max((data / "snapshots").glob("*.snapshot"))
