"""Snapshots of the reducer's state, so that a restart replays seconds and not hours."""

from __future__ import annotations

import errno
import json
import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
import structlog

from eitp_server.storage.refusal import storage_full

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from io import BufferedReader, BufferedWriter
    from pathlib import Path

    Array = np.ndarray[Any, np.dtype[Any]]

_MAGIC = b"EITPSNP1"
_FRAME = struct.Struct("<8sQI")
"""Magic, length of the head, CRC-32 of the head."""
_KEPT = 2

_logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The reducer's state right after a tick."""

    tick: int
    arrays: dict[str, Array]
    """Writable, with the types and shapes that were written."""
    document: dict[str, Any]
    """What is not an array, as JSON gives it back."""


class MemorySnapshots:
    """Keeps the newest snapshot, for a server that keeps everything in memory."""

    def __init__(self) -> None:
        self._latest: Snapshot | None = None

    def write(self, tick: int, arrays: Mapping[str, Array], document: Mapping[str, Any]) -> None:
        """Keep copies of the arrays and the document."""
        copies = {name: array.copy() for name, array in arrays.items()}
        kept = json.loads(json.dumps(document))
        self._latest = Snapshot(tick=tick, arrays=copies, document=kept)

    def latest(self) -> Snapshot | None:
        """Return the newest snapshot, None before the first."""
        return self._latest

    def latest_of_any_version(self) -> Snapshot | None:
        """Return the same: nothing here outlives the process and its version."""
        return self._latest


class Snapshots:
    """The newest snapshots of one log by one version of the reducer, each a file.

    A file is a frame, a head in JSON (whose state this is, after which tick, and the type, shape
    and CRC-32 of each array) and then the bytes of the arrays in the order of the head.
    """

    def __init__(self, directory: Path, *, incarnation: str, reducer_version: str) -> None:
        """Use `directory`, creating it when there is none."""
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._owner = {"incarnation": incarnation, "reducer_version": reducer_version}

    def write(self, tick: int, arrays: Mapping[str, Array], document: Mapping[str, Any]) -> Path:
        """Write a snapshot so that a crash at any moment leaves the previous ones; return its file.

        Blocks for as long as the disk takes, mostly without holding the interpreter: run it in a
        thread, on arrays that nobody changes meanwhile.
        Raises `Exhausted(STORAGE_FULL)` when there is no room.
        """
        path = self._directory / f"{tick:020d}.snapshot"
        partial = path.with_suffix(".partial")
        try:
            with partial.open("wb") as file:
                _put(file, {**self._owner, "tick": tick, "document": document}, arrays)
            partial.replace(path)
            self._synchronise()
        except BaseException as error:
            partial.unlink(missing_ok=True)
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise storage_full() from error
            raise
        self._remove_others(path)
        return path

    def latest(self) -> Snapshot | None:
        """Return the newest snapshot that is whole and of this log and reducer, if there is one."""
        return self._latest_of(self._owner)

    def latest_of_any_version(self) -> Snapshot | None:
        """Return the newest whole snapshot of this log, whatever reducer wrote it."""
        return self._latest_of({"incarnation": self._owner["incarnation"]})

    def _latest_of(self, owner: Mapping[str, str]) -> Snapshot | None:
        for path in self._newest_first():
            try:
                with path.open("rb") as file:
                    return _get(file, owner)
            except _Unusable as problem:
                _logger.warning("snapshot.skipped", file=path.name, problem=str(problem))
        return None

    def _newest_first(self) -> list[Path]:
        return sorted(self._directory.glob("*.snapshot"), reverse=True)

    def _remove_others(self, newest: Path) -> None:
        # Ticks only ascend, so a file above the newest one is left from another life of the log.
        kept = [path for path in self._newest_first() if path <= newest][:_KEPT]
        for path in self._directory.iterdir():
            if path.suffix in (".snapshot", ".partial") and path not in kept:
                path.unlink()

    def _synchronise(self) -> None:
        descriptor = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class _Unusable(Exception):
    """The file is torn, changed, or another's."""


def _put(file: BufferedWriter, facts: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    types = [_type_of(array) for array in arrays.values()]
    blocks = [_bytes_of(array) for array in arrays.values()]
    described = [
        [name, type_, array.shape, crc32(block)]
        for (name, array), type_, block in zip(arrays.items(), types, blocks, strict=True)
    ]
    head = json.dumps({**facts, "arrays": described}).encode()
    file.write(_FRAME.pack(_MAGIC, len(head), crc32(head)) + head)
    file.writelines(blocks)
    file.flush()
    os.fsync(file.fileno())


def _get(file: BufferedReader, owner: Mapping[str, str]) -> Snapshot:
    head = _head(file)
    for fact, wanted in owner.items():
        if head[fact] != wanted:
            raise _Unusable(f"its {fact} is {head[fact]}, not {wanted}")
    return Snapshot(
        tick=head["tick"],
        arrays={name: _array(file, name, *described) for name, *described in head["arrays"]},
        document=head["document"],
    )


def _head(file: BufferedReader) -> dict[str, Any]:
    frame = file.read(_FRAME.size)
    if len(frame) < _FRAME.size:
        raise _Unusable("it ends within its frame")
    magic, length, crc = _FRAME.unpack(frame)
    whole = magic == _MAGIC and length <= os.fstat(file.fileno()).st_size
    head = file.read(length) if whole else b""
    if not head or crc32(head) != crc:
        raise _Unusable("its head is damaged")
    return json.loads(head)


def _array(file: BufferedReader, name: str, type_: str, shape: Sequence[int], crc: int) -> Array:
    array = np.empty(shape, np.dtype(type_))
    block = _bytes_of(array)
    if file.readinto(block) != len(block) or crc32(block) != crc:
        raise _Unusable(f"its array {name} is damaged")
    return array


def _bytes_of(array: Array) -> memoryview:
    """Return the array's bytes, its own when it is contiguous."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _type_of(array: Array) -> str:
    if array.dtype.hasobject or array.dtype.names:
        raise TypeError(f"a snapshot cannot hold an array of {array.dtype}")
    return array.dtype.str
