"""Batches of many sessions that are not acknowledged: to be written, written, or held back."""

from __future__ import annotations

from collections import Counter, deque
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .v1.telemetry_pb2 import BatchRejection, TelemetryBatch
    from .v1.telemetry_service_pb2 import IngestStreamResponse

MOST_IN_A_MESSAGE = 64
ENOUGH_BYTES = 32_768
"""A message that has so many gets no further batch, so that it stays small for every server."""


class Backlog:
    """Keeps the batches of each session in order, whatever happens to the stream."""

    def __init__(self) -> None:
        self._ready: deque[TelemetryBatch] = deque()
        self._written: deque[list[TelemetryBatch]] = deque()
        self._held: dict[str, list[TelemetryBatch]] = {}
        self._acknowledged = 0
        self._sizes: Counter[str] = Counter()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def size(self, session_id: str) -> int:
        """Return the number of batches of one session."""
        return self._sizes[session_id]

    @property
    def has_ready(self) -> bool:
        """Whether there is something to write."""
        return bool(self._ready)

    def add(self, batch: TelemetryBatch) -> None:
        """Take a batch, behind those of its session that are here already."""
        self._sizes[batch.session_id] += 1
        self._size += 1
        self._ready.append(batch)

    def next_message(self) -> list[TelemetryBatch]:
        """Return the batches to write next, empty when all that were ready are held back."""
        message: list[TelemetryBatch] = []
        size = 0
        while self._ready and len(message) < MOST_IN_A_MESSAGE and size < ENOUGH_BYTES:
            batch = self._ready.popleft()
            size += batch.ByteSize()
            self._held.get(batch.session_id, message).append(batch)
        if message:
            self._written.append(message)
        return message

    def rewind(self) -> None:
        """Begin a new stream: what was written and not acknowledged is to be written again."""
        self._ready = deque(chain(chain.from_iterable(self._written), self._ready))
        self._written.clear()
        self._acknowledged = 0

    def settle(self, response: IngestStreamResponse) -> list[tuple[TelemetryBatch, BatchRejection]]:
        """Forget what is acknowledged and return what was rejected.

        Batches that may be sent again are held back, and with them all later ones of their
        session, until it is released.
        """
        rejected = [
            (self._find(found.message, found.rejection.batch_index), found.rejection)
            for found in response.rejections
        ]
        for batch, rejection in rejected:
            if rejection.retryable:
                self._held.setdefault(batch.session_id, []).append(batch)
                self._count(batch, 1)
        while self._acknowledged < response.acknowledged_messages:
            self._acknowledged += 1
            for batch in self._written.popleft():
                self._count(batch, -1)
        return rejected

    def release(self, session_id: str) -> None:
        """Let the held batches of a session be written, before all others."""
        held = sorted(self._held.pop(session_id, ()), key=lambda batch: batch.sequence)
        self._ready.extendleft(reversed(held))

    def _find(self, message: int, index: int) -> TelemetryBatch:
        return self._written[message - self._acknowledged - 1][index]

    def _count(self, batch: TelemetryBatch, change: int) -> None:
        self._size += change
        self._sizes[batch.session_id] += change
        if not self._sizes[batch.session_id]:
            del self._sizes[batch.session_id]
