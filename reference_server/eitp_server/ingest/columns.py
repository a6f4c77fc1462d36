"""Wire to numpy: all batches of a tick become a few flat columns.

Read-out of the messages is the one loop over batches on the hot path, and it is written for speed:
everything that can wait for numpy does. The rules of `telemetry.proto` are checked on the columns;
a batch that breaks one is only named here, and explained by the schema's own validator.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from zlib import crc32

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp.v1.page_pb2 import PageContext
    from eitp.v1.telemetry_pb2 import EventDetails, SparseColumn, TelemetryBatch
    from numpy.typing import NDArray

MAX_EVENTS: Final = 512
MAX_TARGETS: Final = 128
_MAX_EXACT: Final = 2**53 - 1
_MAX_DT_MS: Final = 60_000
_MAX_STEP_PX: Final = 100_000
_MAX_ORIGIN_PX: Final = 1_000_000
_KINDS: Final = 19
_ROW: Final = (
    "slot",
    "sequence",
    "clock_ms",
    "origin_x",
    "origin_y",
    "count",
    "pointer",
    "dropped",
    "digest",
)


@dataclass(slots=True)
class Sparse:
    """Values of one sparse column over all batches of a tick."""

    event: list[int] = field(default_factory=list[int])
    """Index into the flat event columns."""
    value: list[int] = field(default_factory=list[int])

    def scatter(self, size: int, fill: int) -> NDArray[np.int32]:
        """Return the dense column of `size` events."""
        dense = np.full(size, fill, np.int32)
        if self.event:
            dense[self.event] = np.clip(self.value, -(2**31), 2**31 - 1)
        return dense


@dataclass(slots=True)
class Columns:
    """The batches of a tick in arrival order: B batches, E events."""

    rows: list[tuple[int, ...]] = field(default_factory=list["tuple[int, ...]"])
    """Per batch: what `Arrays` holds of it, in the order of `_ROW`."""
    payload: list[bytes] = field(default_factory=list[bytes])
    """The batch as the log keeps it."""
    dt_ms: list[int] = field(default_factory=list[int])
    dx: list[int] = field(default_factory=list[int])
    dy: list[int] = field(default_factory=list[int])
    kind_event: list[int] = field(default_factory=list[int])
    """Index of each event whose kind is spelled out; all others are moves."""
    kind: list[int] = field(default_factory=list[int])
    scroll_x: Sparse = field(default_factory=Sparse)
    scroll_y: Sparse = field(default_factory=Sparse)
    target: Sparse = field(default_factory=Sparse)
    response_ms: Sparse = field(default_factory=Sparse)
    untrusted: Sparse = field(default_factory=Sparse)
    target_identity: list[int] = field(default_factory=list[int])
    target_role: list[int] = field(default_factory=list[int])
    target_section: list[int] = field(default_factory=list[int])
    pages: list[tuple[int, PageContext]] = field(default_factory=list["tuple[int, PageContext]"])
    """(batch, page) of the batches that name a page."""

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, batch: TelemetryBatch, slot: int) -> bool:
        """Append a batch; False, with nothing appended, when its shape breaks the schema."""
        dt_ms, dx, dy, kind = batch.dt_ms, batch.dx, batch.dy, batch.kind
        count = len(dt_ms)
        if not (0 < count <= MAX_EVENTS and count == len(dx) == len(dy)):
            return False
        if kind and len(kind) != count:
            return False
        detailed = batch.HasField("details")
        if detailed and not _sound(batch.details, count, len(batch.targets)):
            return False
        sequence, clock_ms = batch.sequence, batch.clock_ms
        if not (0 < sequence <= _MAX_EXACT and clock_ms <= _MAX_EXACT):
            return False
        first = len(self.dt_ms)
        self.dt_ms.extend(dt_ms)
        self.dx.extend(dx)
        self.dy.extend(dy)
        if kind:
            self.kind_event.extend(range(first, first + count))
            self.kind.extend(kind)
        if detailed:
            self._add_details(batch, first)
        if batch.HasField("page"):
            self.pages.append((len(self.rows), batch.page))
        payload = batch.SerializeToString()
        self.payload.append(payload)
        self.rows.append(
            (
                slot,
                sequence,
                clock_ms,
                batch.origin_x,
                batch.origin_y,
                count,
                batch.pointer_type,
                batch.dropped,
                crc32(payload),
            )
        )
        return True

    def _add_details(self, batch: TelemetryBatch, first: int) -> None:
        details, base = batch.details, len(self.target_identity)
        for target in batch.targets:
            self.target_identity.append(_signed(target.identity))
            self.target_role.append(target.role)
            self.target_section.append(target.section)
        for column, sparse, shift in (
            (details.scroll_x, self.scroll_x, 0),
            (details.scroll_y, self.scroll_y, 0),
            (details.target, self.target, base),
            (details.response_ms, self.response_ms, 0),
            (details.untrusted, self.untrusted, 0),
        ):
            sparse.event.extend([first + index for index in column.event])
            sparse.value.extend([value + shift if value >= 0 else value for value in column.value])

    def arrays(self) -> Arrays:
        """Return the columns as numpy arrays."""
        return Arrays.of(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrays:
    """`Columns` as arrays, batches (B,) and events (E,) in arrival order."""

    slot: NDArray[np.int64]
    sequence: NDArray[np.int64]
    clock_ms: NDArray[np.int64]
    origin_x: NDArray[np.int64]
    origin_y: NDArray[np.int64]
    count: NDArray[np.int64]
    pointer: NDArray[np.int64]
    dropped: NDArray[np.int64]
    digest: NDArray[np.int64]
    """(B,) CRC-32 of the payload."""
    start: NDArray[np.int64]
    """(B,) first event of each batch."""
    dt_ms: NDArray[np.int64]
    dx: NDArray[np.int64]
    dy: NDArray[np.int64]
    kind: NDArray[np.uint8]
    """(E,) 0 where the event is of an unknown kind or was made by a script."""
    broken: NDArray[np.bool_]
    """(B,) a value of the batch breaks a rule of the schema."""

    @classmethod
    def of(cls, columns: Columns) -> Arrays:
        """Build the arrays and check every value against its bounds."""
        row = dict(
            zip(_ROW, np.array(columns.rows, np.int64).reshape(-1, len(_ROW)).T, strict=True)
        )
        count = row["count"]
        dt_ms = np.array(columns.dt_ms, np.int64)
        dx = np.array(columns.dx, np.int64)
        dy = np.array(columns.dy, np.int64)
        far = np.maximum(np.abs(row["origin_x"]), np.abs(row["origin_y"])) > _MAX_ORIGIN_PX
        wrong = (dt_ms > _MAX_DT_MS) | (np.maximum(np.abs(dx), np.abs(dy)) > _MAX_STEP_PX)
        kind = _kinds(columns, wrong)
        if wrong.any():
            far[np.repeat(np.arange(len(count)), count)[wrong]] = True
        return cls(
            **row,
            start=np.cumsum(count) - count,
            dt_ms=dt_ms,
            dx=dx,
            dy=dy,
            kind=kind,
            broken=far,
        )


def _kinds(columns: Columns, wrong: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the kind of every event and mark the unspecified ones as wrong."""
    kind = np.ones(len(wrong), np.uint8)
    if columns.kind:
        spelled = np.array(columns.kind, np.int64)
        known = (spelled > 0) & (spelled < _KINDS)
        kind[columns.kind_event] = np.where(known, spelled, 0)
        wrong[columns.kind_event] |= spelled == 0
    for index, value in zip(columns.untrusted.event, columns.untrusted.value, strict=True):
        if value:
            kind[index] = 0
    return kind


def _sound(details: EventDetails, count: int, targets: int) -> bool:
    columns: Sequence[SparseColumn] = (
        details.button,
        details.scroll_x,
        details.scroll_y,
        details.target,
        details.response_ms,
        details.untrusted,
    )
    if not all(_ascending(column, count) for column in columns):
        return False
    return targets <= MAX_TARGETS and all(-1 <= value < targets for value in details.target.value)


def _ascending(column: SparseColumn, count: int) -> bool:
    event = column.event
    if not event:
        return not column.value
    if len(event) != len(column.value) or event[-1] >= count:
        return False
    return all(a < b for a, b in itertools.pairwise(event))


def _signed(identity: int) -> int:
    return identity - 2**64 if identity >= 2**63 else identity
