"""What a load saw of a server in one window of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from eitp_server.lab.bench.lane import Lane
    from eitp_server.lab.bench.subscriber import Arrival


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Times in ms; None when there was nothing to time."""

    p50: float | None
    p99: float | None

    @classmethod
    def of(cls, seconds: NDArray[np.float64]) -> Latency:
        """Summarise times in seconds."""
        if not len(seconds):
            return cls(p50=None, p99=None)
        p50, p99 = np.percentile(1000 * seconds, (50, 99)).tolist()
        return cls(p50=round(p50, 2), p99=round(p99, 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A span of the load's clock, and the processor time that the two processes used in it."""

    begin: float
    end: float
    server_cpu_seconds: float
    loader_cpu_seconds: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end - self.begin

    def holds(self, at: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which times are within it."""
        return (self.begin <= at) & (at < self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Counts and times of one window."""

    seconds: float
    batches: int
    """Acknowledged in the window."""
    ack_ms: Latency
    """From sending a message to the acknowledgement that covers it."""
    packet_ms: Latency
    """From sending a batch to the packet that accounts for it, at a subscriber."""
    packets: int
    server_cpu_seconds: float
    loader_cpu_seconds: float

    @property
    def batches_per_second(self) -> float:
        """The rate."""
        return self.batches / self.seconds

    @property
    def server_us_per_batch(self) -> float:
        """Processor time of the server for each batch."""
        return 1e6 * self.server_cpu_seconds / max(self.batches, 1)


def measure(lanes: Sequence[Lane], arrivals: Iterable[Arrival], window: Window) -> Measurement:
    """Summarise what was acknowledged, and which packets came, in a window."""
    batches, taken = 0, [np.empty(0)]
    for lane in lanes:
        acknowledged = np.array(lane.acknowledged)
        within = window.holds(acknowledged)
        batches += int(within.sum()) * lane.batches_per_message
        taken.append(acknowledged[within] - np.array(lane.sent)[: len(acknowledged)][within])
    packets = _packet_seconds(lanes, arrivals, window)
    return Measurement(
        seconds=round(window.seconds, 3),
        batches=batches,
        ack_ms=Latency.of(np.concatenate(taken)),
        packet_ms=Latency.of(packets),
        packets=len(packets),
        server_cpu_seconds=round(window.server_cpu_seconds, 2),
        loader_cpu_seconds=round(window.loader_cpu_seconds, 2),
    )


def _packet_seconds(
    lanes: Sequence[Lane], arrivals: Iterable[Arrival], window: Window
) -> NDArray[np.float64]:
    places = {
        session.session_id: (lane, number)
        for lane in lanes
        for number, session in enumerate(lane.sessions)
    }
    taken: list[float] = []
    for arrival in arrivals:
        if window.begin <= arrival.at < window.end and arrival.session_id in places:
            lane, number = places[arrival.session_id]
            sent = lane.sent_at(number, arrival.sequence)
            if sent is not None:
                taken.append(arrival.at - sent)
    return np.array(taken)
