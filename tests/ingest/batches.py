"""Batches for tests, and the naive reader that the columns are compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eitp.v1.telemetry_pb2 import EventDetails, SparseColumn, TelemetryBatch

if TYPE_CHECKING:
    from collections.abc import Sequence


def move_batch(
    session_id: str = "s",
    sequence: int = 1,
    *,
    clock_ms: int = 0,
    dt_ms: Sequence[int] = (50, 50, 50),
    dx: Sequence[int] = (1, 2, 3),
    dy: Sequence[int] = (0, -1, 1),
    **fields: Any,
) -> TelemetryBatch:
    """Return a batch of moves."""
    return TelemetryBatch(
        session_id=session_id,
        sequence=sequence,
        clock_ms=clock_ms,
        dt_ms=dt_ms,
        dx=dx,
        dy=dy,
        **fields,
    )


def sparse(*pairs: tuple[int, int]) -> SparseColumn:
    """Return a sparse column of (event, value) pairs."""
    return SparseColumn(event=[event for event, _ in pairs], value=[value for _, value in pairs])


def details(**columns: SparseColumn) -> EventDetails:
    """Return details with the given columns."""
    return EventDetails(**columns)
