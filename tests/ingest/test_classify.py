"""Telemetry that is part of no session: the same estimate, and the shape of its movement."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from eitp.v1.page_pb2 import PageContext
from eitp.v1.telemetry_pb2 import TelemetryBatch
from eitp_server.ingest.classify import classify
from eitp_server.services.validation import violations
from eitp_server.signals.signal import Signal

if TYPE_CHECKING:
    from eitp_server.classification.packet import Packet

NOW_US = 1_790_000_000_000_000
SHAPE = {Signal.SPEED_SD, Signal.TURN, Signal.SPARC, Signal.ACCELERATION_RMS}


def circling(hz: int, seconds: int = 8) -> Packet:
    """Return the packet for a pointer that circles, a batch a second."""
    batches: list[TelemetryBatch] = []
    place = [(200 * math.cos(i / hz * 3), 200 * math.sin(i / hz * 3)) for i in range(hz * seconds)]
    steps = [
        (round(x) - round(a), round(y) - round(b))
        for (a, b), (x, y) in zip([place[0], *place], place, strict=False)
    ]
    for second in range(seconds):
        own = steps[second * hz : (second + 1) * hz]
        batches.append(
            TelemetryBatch(
                sequence=second + 1,
                clock_ms=1000 * second,
                origin_x=round(place[second * hz][0]),
                origin_y=round(place[second * hz][1]),
                dt_ms=[1000 // hz] * hz,
                dx=[dx for dx, _ in own],
                dy=[dy for _, dy in own],
            )
        )
    return classify(batches, PageContext(), violations, NOW_US)


def described(packet: Packet) -> dict[Signal, float]:
    return {item.signal: item.value for item in packet.evidence if item.signal in SHAPE}


def test_the_shape_of_a_movement_is_described_and_nothing_rests_on_it() -> None:
    packet = circling(50)
    assert described(packet).keys() == SHAPE
    assert all(item.weight == 0 for item in packet.evidence if item.signal in SHAPE)
    assert described(packet)[Signal.TURN] == pytest.approx(3 / 50, rel=0.2)


def test_what_does_not_survive_twenty_hertz_is_not_described_at_twenty_hertz() -> None:
    assert described(circling(20)).keys() == {Signal.SPEED_SD, Signal.SPARC}


def test_nothing_is_described_of_a_source_of_one_hertz() -> None:
    assert not described(circling(1))
