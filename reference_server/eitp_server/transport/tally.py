"""How many calls ended how, and how long they took, for whoever scrapes the server."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator


class Tally(Collector):
    """Plain numbers, because a counter object would cost as much as the rest of the boundary."""

    def __init__(self) -> None:
        self.calls: defaultdict[tuple[str, str], int] = defaultdict(int)
        """Ended calls by path and code."""
        self.seconds: defaultdict[str, float] = defaultdict(float)
        """Time in ended unary calls by path."""
        self.open_streams = 0

    def record(self, path: str, code: str, seconds: float = 0.0) -> None:
        """Count a call that ended."""
        self.calls[path, code] += 1
        self.seconds[path] += seconds

    def collect(self) -> Iterator[Metric]:
        """Yield the numbers in Prometheus' form."""
        calls = CounterMetricFamily(
            "eitp_calls", "Calls that ended, by method and status.", labels=("method", "code")
        )
        for (path, code), count in self.calls.items():
            calls.add_metric((path, code), count)
        yield calls
        seconds = CounterMetricFamily(
            "eitp_call_seconds", "Time in unary calls that ended.", labels=("method",)
        )
        for path, total in self.seconds.items():
            seconds.add_metric((path,), total)
        yield seconds
        yield GaugeMetricFamily("eitp_open_streams", "Streams in progress.", self.open_streams)
