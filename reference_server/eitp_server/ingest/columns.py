"""All batches of a tick as a few flat columns.

Plain batches come straight from their bytes; the others, which have details or a page, are read
through the protobuf runtime, one by one. The rules of `telemetry.proto` are checked on the columns;
a batch that breaks one is only named here, and explained by the schema's own validator.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from eitp.v1.telemetry_pb2 import TelemetryBatch
from google.protobuf.message import DecodeError

from eitp_server.ingest.wire import read_plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp.v1.page_pb2 import PageContext
    from eitp.v1.telemetry_pb2 import EventDetails, SparseColumn
    from numpy.typing import NDArray

    from eitp_server.ingest.wire import Plain

MAX_EVENTS: Final = 512
MAX_TARGETS: Final = 128
_MAX_EXACT: Final = 2**53 - 1
_MAX_DT_MS: Final = 60_000
_MAX_STEP_PX: Final = 100_000
_MAX_ORIGIN_PX: Final = 1_000_000
_KINDS: Final = 19
_ROW: Final = (
    "arrival",
    "sequence",
    "clock_ms",
    "origin_x",
    "origin_y",
    "dropped",
    "pointer",
    "count",
)


@dataclass(slots=True)
class Sparse:
    """Values of one sparse column over all batches of a tick."""

    event: list[int] = field(default_factory=list[int])
    """Index into the events of the detailed batches."""
    value: list[int] = field(default_factory=list[int])

    def scatter(self, size: int, first: int, fill: int) -> NDArray[np.int32]:
        """Return the dense column of `size` events; those of detailed batches begin at `first`."""
        dense = np.full(size, fill, np.int32)
        if self.event:
            dense[np.array(self.event) + first] = np.clip(self.value, -(2**31), 2**31 - 1)
        return dense


@dataclass(slots=True)
class Detailed:
    """The batches that are not plain, in arrival order."""

    rows: list[tuple[int, ...]] = field(default_factory=list["tuple[int, ...]"])
    """Per batch, in the order of `_ROW`."""
    dt_ms: list[int] = field(default_factory=list[int])
    dx: list[int] = field(default_factory=list[int])
    dy: list[int] = field(default_factory=list[int])
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
    """(arrival, page) of the batches that name a page."""
    refused: list[int] = field(default_factory=list[int])
    """Arrivals whose bytes or shape break the schema; nothing of them is in the columns."""

    def add(self, arrival: int, payload: bytes) -> None:
        """Append a batch, or refuse it."""
        try:
            batch = TelemetryBatch.FromString(payload)
        except DecodeError:
            self.refused.append(arrival)
            return
        if not _well_formed(batch):
            self.refused.append(arrival)
            return
        first, count = len(self.dt_ms), len(batch.dt_ms)
        self.dt_ms.extend(batch.dt_ms)
        self.dx.extend(batch.dx)
        self.dy.extend(batch.dy)
        self.kind.extend(batch.kind or [1] * count)
        if batch.HasField("details"):
            self._add_details(batch, first)
        if batch.HasField("page"):
            self.pages.append((arrival, batch.page))
        self.rows.append(
            (
                arrival,
                batch.sequence,
                batch.clock_ms,
                batch.origin_x,
                batch.origin_y,
                batch.dropped,
                batch.pointer_type,
                count,
            )
        )

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """B batches in arrival order and their E events; plain batches' events come first."""

    arrival: NDArray[np.int64]
    """(B,) position of the batch in what was read, ascending; refused ones are missing."""
    sequence: NDArray[np.int64]
    clock_ms: NDArray[np.int64]
    origin_x: NDArray[np.int64]
    origin_y: NDArray[np.int64]
    dropped: NDArray[np.int64]
    pointer: NDArray[np.int64]
    count: NDArray[np.int64]
    start: NDArray[np.int64]
    """(B,) first event of each batch."""
    broken: NDArray[np.bool_]
    """(B,) a value of the batch breaks a rule of the schema."""
    dt_ms: NDArray[np.int64]
    dx: NDArray[np.int64]
    dy: NDArray[np.int64]
    kind: NDArray[np.uint8]
    """(E,) 0 where the event is of an unknown kind or was made by a script."""
    first_detailed: int
    """Index of the first event of a detailed batch."""
    detailed: Detailed


def read_columns(payloads: Sequence[bytes]) -> Columns:
    """Read serialised batches and check every value against its bounds."""
    plain, detailed = read_plain(payloads), Detailed()
    for arrival in np.flatnonzero(~plain.plain).tolist():
        detailed.add(arrival, payloads[arrival])
    rows = _rows(plain, detailed)
    events = [
        np.concatenate((column, np.array(more, np.int64)))
        for column, more in (
            (plain.dt_ms, detailed.dt_ms),
            (plain.dx, detailed.dx),
            (plain.dy, detailed.dy),
            (plain.kind, detailed.kind),
        )
    ]
    start = np.cumsum(rows["count"]) - rows["count"]
    order = np.argsort(rows["arrival"])
    dt_ms, dx, dy, kind = events
    known = np.where((kind > 0) & (kind < _KINDS), kind, 0).astype(np.uint8)
    known[_untrusted(detailed, len(plain.dt_ms))] = 0
    return Columns(
        **{name: values[order] for name, values in rows.items()},
        start=start[order],
        broken=_broken(rows, events)[order],
        dt_ms=dt_ms,
        dx=dx,
        dy=dy,
        kind=known,
        first_detailed=len(plain.dt_ms),
        detailed=detailed,
    )


def _rows(plain: Plain, detailed: Detailed) -> dict[str, NDArray[np.int64]]:
    arrival = np.flatnonzero(plain.plain)
    rows = np.concatenate(
        (
            np.vstack((arrival, plain.scalars, plain.count)),
            np.array(detailed.rows, np.int64).reshape(-1, len(_ROW)).T,
        ),
        axis=1,
    )
    return dict(zip(_ROW, rows, strict=True))


def _broken(
    rows: dict[str, NDArray[np.int64]], events: Sequence[NDArray[np.int64]]
) -> NDArray[np.bool_]:
    dt_ms, dx, dy, kind = events
    wrong = (dt_ms > _MAX_DT_MS) | (np.maximum(np.abs(dx), np.abs(dy)) > _MAX_STEP_PX) | (kind == 0)
    broken = np.maximum(np.abs(rows["origin_x"]), np.abs(rows["origin_y"])) > _MAX_ORIGIN_PX
    broken |= (rows["sequence"] < 1) | (rows["sequence"] > _MAX_EXACT)
    broken |= (rows["clock_ms"] > _MAX_EXACT) | (rows["count"] > MAX_EVENTS)
    if wrong.any():
        broken[np.repeat(np.arange(len(broken)), rows["count"])[wrong]] = True
    return broken


def _untrusted(detailed: Detailed, first: int) -> list[int]:
    pairs = zip(detailed.untrusted.event, detailed.untrusted.value, strict=True)
    return [first + event for event, value in pairs if value]


def _well_formed(batch: TelemetryBatch) -> bool:
    count = len(batch.dt_ms)
    if not (0 < count <= MAX_EVENTS and count == len(batch.dx) == len(batch.dy)):
        return False
    if len(batch.kind) not in (0, count):
        return False
    if not (0 < batch.sequence <= _MAX_EXACT and batch.clock_ms <= _MAX_EXACT):
        return False
    return not batch.HasField("details") or _sound(batch.details, count, len(batch.targets))


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
