"""When the next message of a lane is due."""

from __future__ import annotations

import time

now = time.perf_counter
"""The clock of the load, in seconds."""


class Pace:
    """Spreads the load evenly over time, or does not hold it back at all."""

    def __init__(self, lanes: int) -> None:
        self.running = True
        self._lanes = lanes
        self._interval = 0.0
        self._due: list[float] = []
        self.set(0)

    def set(self, messages_per_second: float) -> None:
        """Change the rate of all lanes together; 0 is as fast as they go."""
        self._interval = self._lanes / messages_per_second if messages_per_second else 0.0
        begin = now()
        self._due = [begin + lane * self._interval / self._lanes for lane in range(self._lanes)]

    def due(self, lane: int) -> float:
        """Return when the lane's next message is to leave, now or later, and move on.

        A lane that is late catches up: what it sends counts from when it should have been sent.
        """
        if not self._interval:
            return now()
        due = self._due[lane]
        self._due[lane] = due + self._interval
        return due
