"""What a load process is told, and what it has to say; both travel as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from pydantic import TypeAdapter

from eitp_server.lab.bench.measurement import Measurement  # noqa: TC001 - read by pydantic
from eitp_server.lab.bench.shopper import Load  # noqa: TC001 - read by pydantic

Mode = Literal["relay", "http"]
"""Streams of relays over gRPC, or calls of browsers over HTTP."""

INGEST: Final = "/eitp.v1.TelemetryService/Ingest"
BARE: Final = "/bare"
"""Path at which the empty server answers without the Connect library."""
_PATIENCE_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A stretch of the load at one rate; its window begins when it is warm."""

    warmup: float
    seconds: float
    batches_per_second: float = 0
    """0 is as many as the server takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to send, where, and how."""

    mode: Mode
    grpc_address: str
    web_address: str
    key: str
    """Secret key; empty for a server that takes any session."""
    server_pid: int
    sessions: int
    load: Load
    events: int
    """In every batch of moves."""
    batches_per_message: int
    lanes: int
    """Streams or connections."""
    age: int
    """Batches that each session has behind it when the load begins: young ones make more news."""
    in_flight: int
    """Messages of a stream that may wait for their acknowledgement."""
    stock: int
    """Batches to encode beforehand; without a key they are sent over and over."""
    path: str = INGEST
    """Of the calls of browsers."""
    phases: tuple[Phase, ...]
    """When there are none, the stock is sent to its end."""

    @property
    def longest_seconds(self) -> float:
        """Time after which the server cannot be said to keep up."""
        return sum(phase.warmup + phase.seconds for phase in self.phases) + _PATIENCE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a load process has to say."""

    measurements: tuple[Measurement, ...]
    """One for each phase."""
    batches: int
    """Acknowledged in all."""
    events_per_batch: float
    plain_share: float
    """Share of the batches that were moves and nothing else."""


PLAN: Final = TypeAdapter(Plan)
OUTCOME: Final = TypeAdapter(Outcome)
