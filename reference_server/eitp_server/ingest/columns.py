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
    from numpy.typing import NDArray

    from eitp_server.ingest.wire import Plain

    _Details = list[tuple[str, list[int], list[int]]]
    """Name, events and values of each sparse column that a batch has."""

MAX_EVENTS: Final = 512
MAX_TARGETS: Final = 128
_MAX_EXACT: Final = 2**53 - 1
_MAX_DT_MS: Final = 60_000
_MAX_STEP_PX: Final = 100_000
_MAX_ORIGIN_PX: Final = 1_000_000
_KINDS: Final = 19
_SPARSE: Final = ("button", "scroll_x", "scroll_y", "target", "response_ms", "untrusted")
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
    sparse: dict[str, Sparse] = field(default_factory=lambda: {name: Sparse() for name in _SPARSE})
    """By name of the column in `EventDetails`."""
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
        count = len(batch.dt_ms)
        details = _details(batch, count) if _well_formed(batch, count) else None
        if details is None:
            self.refused.append(arrival)
            return
        first = len(self.dt_ms)
        self.dt_ms.extend(batch.dt_ms)
        self.dx.extend(batch.dx)
        self.dy.extend(batch.dy)
        self.kind.extend(batch.kind or [1] * count)
        if details:
            self._add_details(details, batch, first)
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

    def _add_details(self, details: _Details, batch: TelemetryBatch, first: int) -> None:
        base = len(self.target_identity)
        for target in batch.targets:
            self.target_identity.append(_signed(target.identity))
            self.target_role.append(target.role)
            self.target_section.append(target.section)
        for name, event, value in details:
            sparse = self.sparse[name]
            sparse.event += [first + index for index in event]
            sparse.value += (
                [base + v if v >= 0 else v for v in value] if name == "target" else value
            )


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
    untrusted = detailed.sparse["untrusted"]
    pairs = zip(untrusted.event, untrusted.value, strict=True)
    return [first + event for event, value in pairs if value]


def _well_formed(batch: TelemetryBatch, count: int) -> bool:
    return (
        0 < count <= MAX_EVENTS
        and count == len(batch.dx) == len(batch.dy)
        and len(batch.kind) in (0, count)
        and 0 < batch.sequence <= _MAX_EXACT
        and batch.clock_ms <= _MAX_EXACT
        and len(batch.targets) <= MAX_TARGETS
    )


def _details(batch: TelemetryBatch, count: int) -> _Details | None:
    """Return the sparse columns that a batch has, None when one points where nothing is."""
    found: _Details = []
    if not batch.HasField("details"):
        return found
    targets = len(batch.targets)
    for descriptor, column in batch.details.ListFields():
        event, value = list(column.event), list(column.value)
        if len(event) != len(value) or not _ascends(event, count):
            return None
        if descriptor.name == "target" and value and not -1 <= min(value) <= max(value) < targets:
            return None
        found.append((descriptor.name, event, value))
    return found


def _ascends(event: list[int], count: int) -> bool:
    if len(event) < 2:
        return not event or event[0] < count
    return event[-1] < count and all(a < b for a, b in itertools.pairwise(event))


def _signed(identity: int) -> int:
    return identity - 2**64 if identity >= 2**63 else identity
