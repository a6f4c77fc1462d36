"""The clock of the process."""

from __future__ import annotations

import time


def clock_us() -> int:
    """Return UTC in µs."""
    return time.time_ns() // 1000
