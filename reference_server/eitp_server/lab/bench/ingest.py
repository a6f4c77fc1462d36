"""Measures telemetry in, from a client's send to the durable acknowledgement and the packet."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import grpc
from eitp.v1.capability_service_pb2 import GetCapabilitiesRequest
from eitp.v1.capability_service_pb2_grpc import CapabilityServiceStub
from eitp.v1.common_pb2 import Durability

from eitp_server.lab.bench.machine import load_average, machine, resident_bytes
from eitp_server.lab.bench.plan import BARE, INGEST, OUTCOME, PLAN, Mode, Outcome, Phase, Plan
from eitp_server.lab.bench.report import Comparison, Memory, ModeReport, Report
from eitp_server.lab.bench.server import EMPTY, SERVER, Server, running
from eitp_server.lab.bench.shopper import Load, natural_rate, shoppers

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

_LANES: Final = {"relay": 4, "http": 512}
"""Streams of relays; connections of browsers."""
_IN_FLIGHT: Final = 80
_MOST_PACED: Final = {"relay": 1_000_000, "http": 1_500}
"""Most people whose batches set the rate of the calm phase."""
_CEILING: Final = {"relay": 150_000, "http": 25_000}
"""Batches per second that are encoded beforehand; a faster server ends its window early."""
_EMPTY_STOCK: Final = 200_000
_EMPTY_SECONDS: Final = 8.0
_FEW_SESSIONS: Final = 256
_MEMORY_BATCHES: Final = {"relay": 16, "http": 4}
"""Batches of each session whose memory is measured; by then every table has its row in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to measure."""

    modes: tuple[Mode, ...] = ("relay", "http")
    batches_per_message: int = 16
    """Of a relay; a browser sends one at a time."""
    load: Load = "moves"
    events: int = 10
    """In every batch of moves."""
    sessions: int = 5_000
    seconds: float = 20
    warmup: float = 5
    memory_sessions: int = 20_000
    """Sessions whose memory is measured, in a server of their own."""
    age: int = 120
    """Batches that each session has sent when the load begins, with ten events a minute's worth."""
    settle: float = 3
    """Seconds after a load in which a snapshot or a closing connection may end."""
    data_dir: Path | None = None
    """Where the fresh data directories are made: the disk that the figures are about. None is the
    system's folder for temporary files."""
    in_memory: bool = False
    """Keep nothing on disk, which shows what durability costs."""

    @property
    def folder(self) -> Path:
        """The folder of the data directories."""
        return self.data_dir or Path(tempfile.gettempdir())


def bench_ingest(options: Options, say: Callable[[str], None] = lambda _: None) -> Report:
    """Run the real server and a load process, and report what came of it; `say` hears progress.

    Raises `ServerFailedError` when the server does not start, and `LoadFailedError` when it does
    not take the load.
    """
    return Report(
        machine=machine(options.folder),
        modes=tuple(_Bench(options, mode, say).report() for mode in options.modes),
    )


class LoadFailedError(RuntimeError):
    """The load process ended early; the message has what it wrote."""


class _Bench:
    def __init__(self, options: Options, mode: Mode, say: Callable[[str], None]) -> None:
        self._options = options
        self._mode: Mode = mode
        self._say = say

    def report(self) -> ModeReport:
        options = self._options
        with self._server() as server:
            durability = _durability(server.grpc_address)
            outcome = self._load(server, "the server", self._phases(), self._stock())
        paced, saturated = outcome.measurements
        return ModeReport(
            mode=self._mode,
            sessions=options.sessions,
            load=options.load,
            events_per_batch=outcome.events_per_batch,
            batches_per_message=self._batches_per_message,
            lanes=_LANES[self._mode],
            saturated=saturated,
            paced=paced,
            empty=self._empty("the empty handler", INGEST),
            bare=self._empty("no Connect at all", BARE) if self._mode == "http" else None,
            memory=self._memory(),
            durability=durability,
            plain_share=outcome.plain_share,
            load_average=load_average(),
        )

    def _empty(self, what: str, path: str) -> Comparison:
        phase = Phase(warmup=2, seconds=min(self._options.seconds, _EMPTY_SECONDS))
        with running(EMPTY, self._options.folder) as server:
            outcome = self._load(server, what, (phase,), _EMPTY_STOCK, path=path)
        return Comparison(measurement=outcome.measurements[0])

    @property
    def _batches_per_message(self) -> int:
        return self._options.batches_per_message if self._mode == "relay" else 1

    @property
    def _natural_rate(self) -> float:
        """Batches per second that the sessions' people make in real life."""
        options = self._options
        people = min(options.sessions, _MOST_PACED[self._mode])
        return people * natural_rate(shoppers(options.load, options.events))

    def _phases(self) -> tuple[Phase, ...]:
        options = self._options
        paced = Phase(
            warmup=options.warmup,
            seconds=options.seconds / 2,
            batches_per_second=self._natural_rate,
        )
        return paced, Phase(warmup=options.warmup, seconds=options.seconds)

    def _stock(self) -> int:
        paced, saturated = self._phases()
        calm = (paced.warmup + paced.seconds) * paced.batches_per_second
        return round(calm + (saturated.warmup + saturated.seconds) * _CEILING[self._mode])

    def _memory(self) -> Memory:
        """Compare a server that has worked for few sessions with one that holds many more.

        The first load leaves the process with the buffers and caches that any load of that size
        leaves, so that the growth is the sessions' own.
        """
        count = self._options.memory_sessions
        batches = _MEMORY_BATCHES[self._mode]
        stock = count * batches
        with self._server() as server:
            self._load(server, "few sessions", (), stock, sessions=_FEW_SESSIONS)
            before = self._settled_bytes(server)
            self._load(server, f"{count:,} sessions", (), stock, sessions=count)
            after = self._settled_bytes(server)
        return Memory(
            sessions=count,
            batches_per_session=batches,
            bytes_before=before,
            bytes_after=after,
        )

    def _settled_bytes(self, server: Server) -> int:
        time.sleep(self._options.settle)
        return resident_bytes(server.pid)

    def _server(self) -> AbstractContextManager[Server]:
        settings = {"EITP_DATA_DIR": "none"} if self._options.in_memory else {}
        return running(SERVER, self._options.folder, settings)

    def _load(
        self,
        server: Server,
        what: str,
        phases: tuple[Phase, ...],
        stock: int,
        *,
        sessions: int = 0,
        path: str = INGEST,
    ) -> Outcome:
        options = self._options
        self._say(f"{self._mode}: {what}")
        outcome = run_load(
            Plan(
                mode=self._mode,
                grpc_address=server.grpc_address,
                web_address=server.web_address,
                key=server.key,
                server_pid=server.pid,
                sessions=sessions or options.sessions,
                load=options.load,
                events=options.events,
                batches_per_message=self._batches_per_message,
                lanes=min(_LANES[self._mode], sessions or options.sessions),
                age=options.age if phases and server.key else 0,
                in_flight=_IN_FLIGHT,
                stock=stock,
                path=path,
                phases=phases,
            )
        )
        for measurement in outcome.measurements:
            self._say(
                f"{self._mode}: {what}: {measurement.batches_per_second:,.0f} batches/s, "
                f"load average {load_average()}"
            )
        return outcome


def run_load(plan: Plan) -> Outcome:
    """Carry out a plan in a process of its own. Raises `LoadFailedError`."""
    command = [sys.executable, "-m", "eitp_server.lab.bench.loader"]
    done = subprocess.run(command, input=PLAN.dump_json(plan), capture_output=True, check=False)
    if done.returncode:
        raise LoadFailedError(done.stderr.decode()[-4_000:])
    return OUTCOME.validate_json(done.stdout)


def _durability(grpc_address: str) -> str:
    with grpc.insecure_channel(grpc_address) as channel:
        response = CapabilityServiceStub(channel).GetCapabilities(GetCapabilitiesRequest())
    return Durability.Name(response.capabilities.durability).removeprefix("DURABILITY_")
