"""Batches read straight from their bytes say what the protobuf runtime says, or are left to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from eitp.v1.telemetry_pb2 import TelemetryBatch
from eitp.v1.telemetry_service_pb2 import IngestRequest
from eitp_server.ingest.wire import read_plain, split
from google.protobuf.message import DecodeError
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ingest.batches import details, move_batch, sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

UINT32 = st.one_of(st.integers(0, 300), st.integers(0, 2**32 - 1))
SINT32 = st.one_of(st.integers(-300, 300), st.integers(-(2**31), 2**31 - 1))
UINT64 = st.one_of(st.integers(0, 300), st.integers(0, 2**64 - 1))


@st.composite
def batches(draw: st.DrawFn) -> TelemetryBatch:
    """Draw a batch of any content whose columns may differ in length."""
    count = draw(st.integers(0, 5))
    lengths = [count] * 3 + [draw(st.sampled_from((0, count)))]
    if draw(st.integers(0, 9)) == 0:
        lengths[draw(st.integers(0, 3))] += 1
    batch = TelemetryBatch(
        session_id=draw(st.text(max_size=70)),
        sequence=draw(UINT64),
        clock_ms=draw(UINT64),
        origin_x=draw(SINT32),
        origin_y=draw(SINT32),
        dt_ms=draw(st.lists(UINT32, min_size=lengths[0], max_size=lengths[0])),
        dx=draw(st.lists(SINT32, min_size=lengths[1], max_size=lengths[1])),
        dy=draw(st.lists(SINT32, min_size=lengths[2], max_size=lengths[2])),
        kind=draw(st.lists(st.integers(-3, 300), min_size=lengths[3], max_size=lengths[3])),  # pyright: ignore[reportArgumentType]
        dropped=draw(UINT32),
        pointer_type=draw(st.integers(-1, 5)),  # pyright: ignore[reportArgumentType]
    )
    if draw(st.integers(0, 9)) == 0:
        batch.page.view = 1
    return batch


def columns(batch: TelemetryBatch) -> tuple[Any, ...]:
    """Return what the protobuf runtime reads of a batch."""
    return (
        batch.sequence,
        batch.clock_ms,
        batch.origin_x,
        batch.origin_y,
        batch.dropped,
        batch.pointer_type,
        list(batch.dt_ms),
        list(batch.dx),
        list(batch.dy),
        list(batch.kind) or [1] * len(batch.dt_ms),
    )


def read(payloads: Sequence[bytes]) -> list[tuple[Any, ...] | None]:
    """Return what is read of each batch straight from its bytes, None where it is not plain."""
    found = read_plain(payloads)
    ends = np.cumsum(found.count)
    rows = iter(range(len(found.count)))
    read: list[tuple[Any, ...] | None] = []
    for plain in found.plain.tolist():
        if not plain:
            read.append(None)
            continue
        row = next(rows)
        span = slice(int(ends[row] - found.count[row]), int(ends[row]))
        events = (found.dt_ms, found.dx, found.dy, found.kind)
        read.append((*found.scalars[:, row].tolist(), *(e[span].tolist() for e in events)))
    return read


@given(st.lists(batches(), max_size=6))
def test_what_is_read_is_what_the_runtime_reads(drawn: list[TelemetryBatch]) -> None:
    for batch, found in zip(drawn, read([b.SerializeToString() for b in drawn]), strict=True):
        if found is not None:
            assert found == columns(batch)
            assert len(batch.dt_ms) == len(batch.dx) == len(batch.dy) > 0


def test_ordinary_batches_are_read() -> None:
    drawn = [
        move_batch("ses_1", 7, clock_ms=2**40, origin_x=-5, dropped=3, pointer_type=1),
        move_batch("ses_2", 2**52, dt_ms=[60_000], dx=[-100_000], dy=[100_000], kind=[4]),
        move_batch("", 1, dt_ms=[0], dx=[0], dy=[0]),
    ]
    assert read([b.SerializeToString() for b in drawn]) == [columns(b) for b in drawn]


def test_whatever_has_more_to_it_is_left_to_the_runtime() -> None:
    detailed = move_batch("a", details=details(scroll_y=sparse((0, 1))))
    uneven = move_batch("a", dx=[1])
    plain = move_batch("a")
    repeated = plain.SerializeToString() + TelemetryBatch(sequence=9).SerializeToString()
    unknown = plain.SerializeToString() + bytes([0xF8, 0x07, 0x01])
    unpacked = move_batch("a", dt_ms=[], dx=[], dy=[]).SerializeToString() + bytes([0x30, 0x05])
    payloads = [
        detailed.SerializeToString(),
        uneven.SerializeToString(),
        repeated,
        unknown,
        unpacked,
        b"",
        plain.SerializeToString(),
    ]
    assert [found is not None for found in read(payloads)] == [False] * 6 + [True]


@given(st.lists(st.binary(max_size=40), max_size=5), batches())
@settings(max_examples=300)
@example([bytes([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F])], TelemetryBatch())
@example([bytes([0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])], TelemetryBatch())
@example([bytes([0x32, 0x80])], TelemetryBatch())
def test_bytes_that_the_runtime_refuses_are_never_read(
    junk: list[bytes], neighbour: TelemetryBatch
) -> None:
    alone = read([neighbour.SerializeToString()])
    found = read([*junk, neighbour.SerializeToString()])
    assert found[-1:] == alone
    for payload, one in zip(junk, found, strict=False):
        if one is not None:
            assert one == columns(TelemetryBatch.FromString(payload))


@given(batches(), st.data())
def test_a_batch_cut_short_is_never_read_as_something_else(
    batch: TelemetryBatch, data: st.DataObject
) -> None:
    payload = batch.SerializeToString()
    cut = payload[: data.draw(st.integers(0, len(payload)))]
    (found,) = read([cut])
    if found is not None:
        assert found == columns(TelemetryBatch.FromString(cut))


@given(st.lists(batches(), min_size=1, max_size=5))
def test_a_request_is_split_into_the_bytes_of_its_batches(drawn: list[TelemetryBatch]) -> None:
    request = IngestRequest(batches=drawn).SerializeToString()
    assert split(request) == [batch.SerializeToString() for batch in drawn]


def test_a_request_with_more_than_batches_is_left_to_the_runtime() -> None:
    assert split(IngestRequest(include_packets=True).SerializeToString()) is None


def decodes(payload: bytes) -> bool:
    """Return whether the runtime takes the bytes for a batch."""
    try:
        TelemetryBatch.FromString(payload)
    except DecodeError:
        return False
    return True


@given(st.binary(max_size=60))
def test_bytes_that_split_are_a_request(data: bytes) -> None:
    parts = split(data)
    if parts is None:
        return
    try:
        request = IngestRequest.FromString(data)
    except DecodeError:
        assert not all(map(decodes, parts))
        return
    assert list(request.batches) == [TelemetryBatch.FromString(part) for part in parts]
