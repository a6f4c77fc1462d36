"""What a benchmark of ingest found, for machines and for people."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from eitp_server.lab.bench.machine import Machine
    from eitp_server.lab.bench.measurement import Latency, Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The same load on the handlers that do nothing."""

    measurement: Measurement

    def rate_ratio(self, full: Measurement) -> float:
        """Return the server's rate by theirs."""
        return full.batches_per_second / self.measurement.batches_per_second

    def cpu_ratio(self, full: Measurement) -> float:
        """Return the ratio of processor time for a batch, which neighbours distort less."""
        return self.measurement.server_us_per_batch / full.server_us_per_batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What sessions cost."""

    sessions: int
    batches_per_session: int
    bytes_before: int
    bytes_after: int

    @property
    def bytes_per_session(self) -> float:
        """Growth of the process by session."""
        return (self.bytes_after - self.bytes_before) / self.sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeReport:
    """One way in."""

    mode: str
    sessions: int
    load: str
    events_per_batch: float
    batches_per_message: int
    lanes: int
    saturated: Measurement
    paced: Measurement
    """At the rate that the sessions' people make in real life."""
    empty: Comparison
    bare: Comparison | None
    """HTTP without Connect, the least that the web server can do; None for relays."""
    memory: Memory
    durability: str
    plain_share: float
    load_average: float

    def as_json(self) -> dict[str, Any]:
        """Return the figures, those that are compared first."""
        full = self.saturated
        return {
            "mode": self.mode,
            "batches_per_second": round(full.batches_per_second),
            "events_per_second": round(full.batches_per_second * self.events_per_batch),
            "ack_ms": asdict(full.ack_ms),
            "packet_ms": asdict(full.packet_ms),
            "bytes_per_session": round(self.memory.bytes_per_session),
            "empty_handler_ratio": round(self.empty.rate_ratio(full), 3),
            "sessions": self.sessions,
            "seconds": full.seconds,
            "durability": self.durability,
            "empty_handler_cpu_ratio": round(self.empty.cpu_ratio(full), 3),
            "empty_handler": _load(self.empty.measurement),
            **self._bare_as_json(),
            "saturated": _load(full),
            "paced": _load(self.paced),
            "memory": asdict(self.memory),
            "load": self.load,
            "events_per_batch": self.events_per_batch,
            "batches_per_message": self.batches_per_message,
            "connections": self.lanes,
            "plain_share": self.plain_share,
            "load_average": self.load_average,
        }

    def _bare_as_json(self) -> dict[str, Any]:
        if self.bare is None:
            return {}
        return {
            "bare_handler_ratio": round(self.bare.rate_ratio(self.saturated), 3),
            "bare_handler_cpu_ratio": round(self.bare.cpu_ratio(self.saturated), 3),
            "bare_handler": _load(self.bare.measurement),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All ways in that were asked for."""

    machine: Machine
    modes: tuple[ModeReport, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the first mode's figures, and the others' under their names."""
        first, *others = self.modes
        return {
            **first.as_json(),
            **{other.mode: other.as_json() for other in others},
            "machine": asdict(self.machine),
        }

    def as_table(self) -> Table:
        """Return the figures for people."""
        table = Table("figure", *(mode.mode for mode in self.modes), title="Ingest, end to end")
        for name, cells in _rows(self.modes).items():
            table.add_row(name, *cells)
        table.caption = (
            f"{self.machine.processor}, {self.machine.cores} cores for server and load together; "
            f"fsync {self.machine.fsync_ms} ms on {self.machine.filesystem}"
        )
        return table


def _load(measurement: Measurement) -> dict[str, Any]:
    return {
        "batches_per_second": round(measurement.batches_per_second),
        **asdict(measurement),
        "server_us_per_batch": round(measurement.server_us_per_batch, 2),
        "server_cores": _cores(measurement.server_cpu_seconds, measurement),
        "loader_cores": _cores(measurement.loader_cpu_seconds, measurement),
    }


def _cores(cpu_seconds: float, measurement: Measurement) -> float:
    return round(cpu_seconds / measurement.seconds, 2)


def _rows(modes: tuple[ModeReport, ...]) -> dict[str, list[str]]:
    return {
        "batches/s, durable": [f"{m.saturated.batches_per_second:,.0f}" for m in modes],
        "  events/s": [
            f"{m.saturated.batches_per_second * m.events_per_batch:,.0f}" for m in modes
        ],
        "  acknowledged after, p50 / p99": [_ms(m.saturated.ack_ms) for m in modes],
        "  packet at a subscriber after": [_ms(m.saturated.packet_ms) for m in modes],
        "  server, µs of processor a batch": [
            f"{m.saturated.server_us_per_batch:.1f}" for m in modes
        ],
        "of the empty handler's rate": [f"{m.empty.rate_ratio(m.saturated):.2f}" for m in modes],
        "at real pace, batches/s": [f"{m.paced.batches_per_second:,.0f}" for m in modes],
        "  acknowledged after, p50 / p99 ": [_ms(m.paced.ack_ms) for m in modes],
        "  packet at a subscriber after ": [_ms(m.paced.packet_ms) for m in modes],
        "bytes a live session": [f"{m.memory.bytes_per_session:,.0f}" for m in modes],
        "sessions": [f"{m.sessions:,}" for m in modes],
        "durability": [m.durability for m in modes],
    }


def _ms(latency: Latency) -> str:
    if latency.p50 is None:
        return "–"
    return f"{latency.p50:.0f} / {latency.p99:.0f} ms"
