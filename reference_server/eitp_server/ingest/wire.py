"""Plain batches straight from their bytes, thousands at a time.

A batch is plain when it holds nothing but the fields that nearly every batch has, each at most
once, in ascending order and packed, which is how every protobuf runtime writes them. For those,
numpy walks all batches of a tick in step, one field after the other. Whatever looks different in
any way is not read here but by the protobuf runtime, so nothing is accepted that it would refuse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_MORE: Final = 0x80
"""Set in every byte of a varint but its last."""
_BATCHES: Final = 0x0A
"""Tag of `IngestRequest.batches`, and of `IngestStreamRequest.batches`."""
_SESSION_ID: Final = 0x0A
_SCALARS_BEFORE: Final = (0x10, 0x18, 0x20, 0x28)
"""Tags of sequence, clock_ms, origin_x, origin_y."""
_PACKED: Final = (0x32, 0x3A, 0x42, 0x4A)
"""Tags of dt_ms, dx, dy, kind."""
_SCALARS_AFTER: Final = (0x68, 0x70)
"""Tags of dropped, pointer_type."""
_MAX_BYTES: Final = 9
"""Bytes of the longest varint outside of a column: 63 bits."""
_COLUMN_BYTES: Final = 4
"""Bytes of the longest varint of a column, more than any valid value takes."""
_NARROW: Final = 1 << 32
"""Bound of the scalars that the schema makes 32 bits wide."""
_PADDING: Final = bytes(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """What was read from B batches; arrays of those that are plain, P of them with E events."""

    plain: NDArray[np.bool_]
    """(B,) whether the batch is plain."""
    scalars: NDArray[np.int64]
    """(6, P) sequence, clock_ms, origin_x, origin_y, dropped, pointer_type."""
    count: NDArray[np.int64]
    """(P,) events of each batch, at least 1."""
    dt_ms: NDArray[np.int64]
    """(E,)"""
    dx: NDArray[np.int64]
    """(E,)"""
    dy: NDArray[np.int64]
    """(E,)"""
    kind: NDArray[np.int64]
    """(E,) 1, a move, where the batch spells out no kinds."""


def split(request: bytes) -> list[bytes] | None:
    """Return the batches of a request that holds nothing else, None for any other bytes."""
    batches: list[bytes] = []
    position, size = 0, len(request)
    try:
        while position < size:
            if request[position] != _BATCHES:
                return None
            length = request[position + 1]
            position += 2
            if length & _MORE:
                high = request[position]
                if high & _MORE:
                    return None
                length = length & 0x7F | high << 7
                position += 1
            end = position + length
            if end > size:
                return None
            batches.append(request[position:end])
            position = end
    except IndexError:
        return None
    return batches


def read_plain(batches: Sequence[bytes]) -> Plain:
    """Read the plain ones of the serialised `TelemetryBatch`es."""
    data = np.frombuffer(b"".join((*batches, _PADDING)), np.uint8)
    length = np.fromiter(map(len, batches), np.int64, len(batches))
    end = np.cumsum(length)
    walk = _Walk(data, end - length, end)
    walk.skip(_SESSION_ID)
    scalars = [walk.scalar(tag) for tag in _SCALARS_BEFORE]
    ranges = [walk.packed(tag) for tag in _PACKED]
    scalars += [walk.scalar(tag) for tag in _SCALARS_AFTER]
    counts = _counts(data, ranges)
    plain = walk.arrived() & (counts[0] > 0) & (counts[0] == counts[1]) & (counts[0] == counts[2])
    plain &= (counts[3] == 0) | (counts[3] == counts[0])
    for narrow in scalars[2:]:
        plain &= narrow < _NARROW
    count = counts[0][plain]
    columns = [_unpacked(data, start[plain], stop[plain]) for start, stop in ranges]
    kept = np.stack([values[plain] for values in scalars])
    kept[2:4] = _zigzag(kept[2:4])
    kind = np.ones(len(columns[0]), np.int64)
    kind[np.repeat(counts[3][plain] > 0, count)] = columns[3]
    return Plain(
        plain=plain,
        scalars=kept,
        count=count,
        dt_ms=columns[0],
        dx=_zigzag(columns[1]),
        dy=_zigzag(columns[2]),
        kind=kind,
    )


class _Walk:
    """A position in each of B batches; a batch that is off the path never arrives."""

    def __init__(
        self, data: NDArray[np.uint8], start: NDArray[np.int64], end: NDArray[np.int64]
    ) -> None:
        self._data = data
        self._position = start
        self._end = end
        self._lost = np.zeros(len(start), np.bool_)

    def scalar(self, tag: int) -> NDArray[np.int64]:
        """Return the varint of a field, 0 where it is absent, and go past it."""
        at = np.flatnonzero(self._is_next(tag))
        values = np.zeros(len(self._position), np.int64)
        values[at] = self._varint(at)
        return values

    def skip(self, tag: int) -> None:
        """Go past a field of bytes."""
        self.packed(tag)

    def packed(self, tag: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the range of a field's bytes, an empty one where it is absent; go past it."""
        at = np.flatnonzero(self._is_next(tag))
        length = self._varint(at)
        start, stop = self._position.copy(), self._position
        stop[at] += np.minimum(length, len(self._data))
        self._lost[at[stop[at] > self._end[at]]] = True
        stop[self._lost] = self._end[self._lost]
        return np.minimum(start, stop), stop.copy()

    def arrived(self) -> NDArray[np.bool_]:
        """Return which batches ended where their last field did."""
        return ~self._lost & (self._position == self._end)

    def _is_next(self, tag: int) -> NDArray[np.bool_]:
        # The padding lets every position be read; its zeros are no tag.
        return (self._data[self._position] == tag) & (self._position < self._end) & ~self._lost

    def _varint(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        """Go past a tag and the varint behind it, in the batches `at`; return the varints."""
        position = self._position[at] + 1
        value = np.zeros(len(at), np.int64)
        reading = np.arange(len(at))
        for shift in range(0, 7 * _MAX_BYTES, 7):
            byte = self._data[position[reading]].astype(np.int64)
            value[reading] |= (byte & 0x7F) << shift
            position[reading] += 1
            reading = reading[byte >= _MORE]
            if not len(reading):
                break
            inside = position[reading] < self._end[at[reading]]
            self._lost[at[reading[~inside]]] = True
            reading = reading[inside]
        self._lost[at[reading]] = True
        self._lost[at[position > self._end[at]]] = True
        self._position[at] = np.minimum(position, self._end[at])
        return value


def _counts(
    data: NDArray[np.uint8], ranges: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]
) -> list[NDArray[np.int64]]:
    """Return how many varints lie within each range, -1 where they are cut off or too long."""
    more = data >= _MORE
    runs = more[:-3] & more[1:-2] & more[2:-1] & more[3:]
    long = np.cumsum(runs) if runs.any() else None
    found: list[NDArray[np.int64]] = []
    for start, stop in ranges:
        count = stop - start - _within(more, start, stop)
        bad = (stop > start) & more[stop - 1]
        if long is not None:
            bad |= (stop > start) & (
                long[np.maximum(stop - _COLUMN_BYTES, start)] > long[start - 1]
            )
        found.append(np.where(bad, -1, count))
    return found


def _within(
    flags: NDArray[np.bool_], start: NDArray[np.int64], stop: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return how many flags are set in each range."""
    edges = np.stack((start, stop), axis=1).reshape(-1)
    sums = np.add.reduceat(flags.view(np.uint8), edges, dtype=np.int64)[::2]
    return np.where(stop > start, sums, 0)


def _unpacked(
    data: NDArray[np.uint8], start: NDArray[np.int64], stop: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the varints of all ranges, one range after the other."""
    length = stop - start
    before = np.cumsum(length) - length
    packed = data[np.repeat(start - before, length) + np.arange(length.sum())]
    last = np.flatnonzero(packed < _MORE)
    first = np.empty_like(last)
    first[:1] = 0
    first[1:] = last[:-1] + 1
    values = packed[first].astype(np.int64) & 0x7F
    longer = np.flatnonzero(last > first)
    for byte in range(1, _COLUMN_BYTES):
        if not len(longer):
            break
        values[longer] |= (packed[first[longer] + byte].astype(np.int64) & 0x7F) << (7 * byte)
        longer = longer[last[longer] > first[longer] + byte]
    return values


def _zigzag(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return (values >> 1) ^ -(values & 1)
