"""The pointer's state per session: where it was, how it rested, and its last ten seconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from eitp_server.signals.clock import NEVER
from eitp_server.signals.slot_table import SlotTable, column
from eitp_server.signals.window import UNUSED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BUCKET_MS = 1000
BUCKETS = 10
SUBPIXELS = 16
"""Distances are summed in sixteenths of a px."""


class Measure(IntEnum):
    """What is summed over the pointer's steps."""

    PATH = 0
    """Sixteenths of a px, moving."""
    DX = 1
    """px to the right, moving."""
    DY = 2
    """px downward, moving."""
    MOVING_MS = 3
    STILL_MS = 4
    PAUSE_MS = 5
    """The part of STILL_MS that belongs to pauses."""
    PAUSES = 6
    FLIPS = 7
    """Reversals, x and y together."""
    STEPS = 8
    """Moving steps: the achieved sampling rate is STEPS over MOVING_MS."""


@dataclass(slots=True)
class MotionTable(SlotTable):
    """The pointer of every session."""

    sums: NDArray[np.int32] = column("i4", shape=(BUCKETS, len(Measure)))
    """(capacity, buckets, measures) of a second each."""
    epochs: NDArray[np.int32] = column("i4", shape=(BUCKETS,), fill=UNUSED)
    """(capacity, buckets) second that a bucket holds."""
    totals: NDArray[np.int32] = column("i4", shape=(len(Measure),))
    """(capacity, measures) since the session began."""
    t_ms: NDArray[np.int32] = column("i4", fill=NEVER)
    """(capacity,) time of the latest sample."""
    x: NDArray[np.int32] = column("i4")
    y: NDArray[np.int32] = column("i4")
    """(capacity,) px, position of the latest sample."""
    still_since_ms: NDArray[np.int32] = column("i4", fill=NEVER)
    """(capacity,) end of the latest movement."""
    adrift: NDArray[np.bool_] = column("?", fill=True)
    """(capacity,) whether the next sample has no predecessor to measure a step from."""
    heading: NDArray[np.uint8] = column("u1", shape=(2,))
    """(capacity, 2) last significant direction in x and y of this stroke: 0 none, 1 back, 2 on."""
