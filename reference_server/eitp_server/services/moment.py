"""Times and spans between the domain's integers and the protocol's messages."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp


def timestamp(us: int) -> Timestamp:
    """Return microseconds since the epoch as a Timestamp."""
    return Timestamp(seconds=us // 1_000_000, nanos=us % 1_000_000 * 1_000)


def microseconds(moment: Timestamp) -> int:
    """Return a Timestamp as microseconds since the epoch."""
    return moment.seconds * 1_000_000 + moment.nanos // 1_000


def duration(seconds: float) -> Duration:
    """Return seconds as a Duration."""
    us = round(seconds * 1_000_000)
    return Duration(seconds=us // 1_000_000, nanos=us % 1_000_000 * 1_000)


def seconds(span: Duration) -> float:
    """Return a Duration as seconds."""
    return span.seconds + span.nanos / 1e9
