"""From events of a hand to the batches that travel."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from .recording import Kind, Recording, RecordingError, cut
from .recording.vocabulary import POINTER_KINDS
from .v1 import page_pb2, telemetry_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .recording import Batch, Event, PageType, Target
    from .recording.batch import Sparse

_KIND: dict[Kind, telemetry_pb2.EventKind] = {
    kind: getattr(telemetry_pb2, f"EVENT_KIND_{kind.name}") for kind in Kind
}


class Encoder:
    """Puts the batches of one session into the protocol's form and numbers them."""

    def __init__(
        self,
        session_id: str,
        *,
        target_salt: bytes = b"",
        next_sequence: int = 1,
        page: page_pb2.PageContext | None = None,
    ) -> None:
        self._session_id = session_id
        self._salt = target_salt
        self._sequences = count(next_sequence)
        self._page = page or page_pb2.PageContext()
        self._visit: tuple[PageType | None, int] = (None, 0)

    def encode(self, batch: Batch, *, dropped: int = 0) -> telemetry_pb2.TelemetryBatch:
        """Return the batch as the session's next one, whatever its own sequence.

        `dropped` is the number of events that were thrown away since the batch before.
        """
        return telemetry_pb2.TelemetryBatch(
            session_id=self._session_id,
            sequence=next(self._sequences),
            clock_ms=batch.clock_ms,
            origin_x=batch.origin_x,
            origin_y=batch.origin_y,
            dt_ms=batch.dt_ms,
            dx=batch.dx,
            dy=batch.dy,
            kind=_kinds(batch),
            details=_details(batch),
            targets=[self._target(target) for target in batch.targets],
            page=self._new_page(batch),
            dropped=dropped,
        )

    def _target(self, target: Target) -> page_pb2.Target:
        return page_pb2.Target(
            identity=self._identity(target.name),
            role=f"TARGET_ROLE_{target.role.name}" if target.role else None,
            section=f"PAGE_SECTION_{target.section.name}" if target.section else None,
        )

    def _identity(self, name: str) -> int:
        if not name:
            return 0
        return int.from_bytes(hashlib.sha256(self._salt + name.encode()).digest()[:8], "big")

    def _new_page(self, batch: Batch) -> page_pb2.PageContext | None:
        """Return the batch's page where it is not that of the batch before."""
        visit = (batch.page_type, batch.view)
        if visit == self._visit:
            return None
        self._visit = visit
        changes = page_pb2.PageContext(
            type=f"PAGE_TYPE_{batch.page_type.name}" if batch.page_type else None, view=batch.view
        )
        page = page_pb2.PageContext()
        page.CopyFrom(self._page)
        page.MergeFrom(changes)
        return page


class Batcher:
    """Collects the events of a hand until a batch of them is due."""

    def __init__(self, *, sample_ms: float, span_ms: float, most_events: int) -> None:
        self._sample_ms = sample_ms
        self._span_ms = span_ms
        self._most_events = most_events
        self._pending: list[Event] = []
        self._page_type: PageType | None = None
        self._view = 0
        self._over_target = False

    def add(self, events: Iterable[Event]) -> list[Batch]:
        """Take events and return the batches that are complete.

        Raises RecordingError when an event is earlier than the one before.
        """
        return [batch for event in events for batch in self._add(event)]

    def flush(self) -> list[Batch]:
        """Return what is collected as batches, complete or not."""
        if not self._pending:
            return []
        events, self._pending = tuple(self._pending), []
        view, page_type = self._view, self._page_type
        return [
            self._continued(batch, view, page_type)
            for batch in cut(
                Recording(name="live", person="live", events=events),
                sample_ms=self._sample_ms,
                span_ms=self._span_ms,
                most_events=self._most_events,
            )
        ]

    def _add(self, event: Event) -> list[Batch]:
        if not self._pending:
            self._pending.append(event)
            return []
        if event.t_ms < self._pending[-1].t_ms:
            raise RecordingError(
                f"{event.t_ms:g} comes after {self._pending[-1].t_ms:g}; send events in time order",
                column="t_ms",
            )
        due = event.t_ms - self._pending[0].t_ms >= self._span_ms
        batches = self.flush() if due or len(self._pending) >= self._most_events else []
        self._pending.append(event)
        return batches

    def _continued(self, batch: Batch, view: int, page_type: PageType | None) -> Batch:
        """Return a batch that was cut by itself as one that follows those before."""
        page_type = batch.page_type or (None if batch.view else page_type)
        self._view, self._page_type = view + batch.view, page_type
        target = self._left(batch) if self._over_target else batch.target
        self._over_target = target[-1][1] >= 0 if target else self._over_target
        return replace(batch, view=self._view, page_type=page_type, target=target)

    def _left(self, batch: Batch) -> Sparse:
        """Return the target column, where the pointer first leaves what it was over before."""
        first = next((i for i, kind in enumerate(batch.kind) if kind in POINTER_KINDS), None)
        if first is None or any(event <= first for event, _ in batch.target):
            return batch.target
        return ((first, -1), *batch.target)


def _kinds(batch: Batch) -> list[telemetry_pb2.EventKind]:
    """Return the kind column, which is left out where every event is a move."""
    if all(kind is Kind.MOVE for kind in batch.kind):
        return []
    return [_KIND[kind] for kind in batch.kind]


def _details(batch: Batch) -> telemetry_pb2.EventDetails | None:
    columns = {
        "scroll_x": batch.scroll_x,
        "scroll_y": batch.scroll_y,
        "target": batch.target,
        "response_ms": batch.response_ms,
    }
    sparse = {name: _column(values) for name, values in columns.items() if values}
    return telemetry_pb2.EventDetails(**sparse) if sparse else None


def _column(values: Sparse) -> telemetry_pb2.SparseColumn:
    return telemetry_pb2.SparseColumn(
        event=[event for event, _ in values], value=[value for _, value in values]
    )
