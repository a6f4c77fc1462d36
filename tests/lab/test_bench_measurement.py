"""What the ingest benchmark makes of times, and how it reports them."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from eitp_server.lab.bench.lane import Lane
from eitp_server.lab.bench.machine import Machine
from eitp_server.lab.bench.measurement import Latency, Measurement, Window, measure
from eitp_server.lab.bench.opening import invented_sessions
from eitp_server.lab.bench.report import Comparison, Memory, ModeReport, Report
from eitp_server.lab.bench.shopper import shoppers
from eitp_server.lab.bench.subscriber import Arrival

KEYS = (
    "mode",
    "batches_per_second",
    "events_per_second",
    "ack_ms",
    "packet_ms",
    "bytes_per_session",
    "empty_handler_ratio",
    "sessions",
    "seconds",
    "durability",
)
"""What comparisons between servers read, in this order."""


def window(begin: float, end: float) -> Window:
    """Return a window in which the server had a core for half of the time."""
    half = (end - begin) / 2
    return Window(begin=begin, end=end, server_cpu_seconds=half, loader_cpu_seconds=0.0)


def timed_lane() -> Lane:
    """Return a lane of two sessions, four batches a message, a message sent each second."""
    people = shoppers("moves", events=2)
    made = Lane(sessions=invented_sessions(2, people), batches_per_message=4)
    made.sent = array("d", [0, 1, 2, 3, 4])
    made.acknowledged = array("d", [0.5, 1.25, 2.25, 3.5])
    return made


def test_only_what_was_acknowledged_in_the_window_counts() -> None:
    measurement = measure([timed_lane()], [], window(1, 3))
    assert (measurement.batches, measurement.batches_per_second) == (8, 4)
    assert measurement.ack_ms == Latency(p50=250, p99=250)
    assert measurement.server_us_per_batch == 125_000


def test_a_packet_is_timed_from_the_batch_that_it_accounts_for() -> None:
    lane = timed_lane()
    known, unknown = lane.sessions[1].session_id, "somebody else's"
    arrivals = [Arrival(known, 3, 1.75), Arrival(unknown, 3, 1.75), Arrival(known, 3, 99)]
    measurement = measure([lane], arrivals, window(1, 3))
    assert (measurement.packets, measurement.packet_ms.p50) == (1, 750)


def test_nothing_timed_is_no_latency_instead_of_zero() -> None:
    assert Latency.of(np.array([])) == Latency(p50=None, p99=None)


def measurement(rate: int, cpu_seconds: float) -> Measurement:
    """Return what a load of ten seconds saw."""
    return Measurement(
        seconds=10,
        batches=10 * rate,
        ack_ms=Latency(p50=10, p99=20),
        packet_ms=Latency(p50=None, p99=None),
        packets=0,
        server_cpu_seconds=cpu_seconds,
        loader_cpu_seconds=1,
    )


def mode_report(mode: str) -> ModeReport:
    """Return the report of one way in."""
    return ModeReport(
        mode=mode,
        sessions=100,
        load="moves",
        events_per_batch=10,
        batches_per_message=16,
        lanes=4,
        saturated=measurement(600, 9),
        paced=measurement(200, 3),
        empty=Comparison(measurement=measurement(1_200, 9)),
        bare=Comparison(measurement=measurement(2_400, 9)) if mode == "http" else None,
        memory=Memory(sessions=10, batches_per_session=16, bytes_before=1_000, bytes_after=41_000),
        durability="DISK",
        plain_share=0.75,
        load_average=1.0,
    )


@pytest.fixture
def report() -> Report:
    """The report of both ways in."""
    box = Machine(
        processor="abacus", cores=2, system="", python="", filesystem="ext4", fsync_ms=1.0
    )
    return Report(machine=box, modes=(mode_report("relay"), mode_report("http")))


def test_json_begins_with_what_is_compared(report: Report) -> None:
    document = report.as_json()
    assert tuple(document)[: len(KEYS)] == KEYS
    assert tuple(document["http"])[: len(KEYS)] == KEYS


def test_the_empty_handler_is_compared_by_rate_and_by_processor_time(report: Report) -> None:
    document = report.as_json()
    assert document["empty_handler_ratio"] == 0.5
    assert document["empty_handler_cpu_ratio"] == 0.5
    assert "bare_handler_ratio" not in document
    assert document["http"]["bare_handler_ratio"] == 0.25
    assert document["bytes_per_session"] == 4_000
    assert document["events_per_second"] == 6_000


def test_the_table_has_a_column_for_each_way_in(report: Report) -> None:
    assert [column.header for column in report.as_table().columns] == ["figure", "relay", "http"]
