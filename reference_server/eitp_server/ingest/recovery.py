"""Rebuild the state after a restart: the last snapshot, then every later envelope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from eitp_server.ingest.envelope import read_envelope
from eitp_server.ingest.reducer import REDUCER_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from eitp_server.ingest.reducer import Reducer
    from eitp_server.storage.log import Log


class Snapshot(Protocol):
    """State as it was behind one tick."""

    @property
    def tick(self) -> int: ...

    @property
    def arrays(self) -> Mapping[str, NDArray[Any]]: ...

    @property
    def document(self) -> Mapping[str, Any]: ...


class Snapshots(Protocol):
    """Where snapshots are kept."""

    def latest(self) -> Snapshot | None:
        """Return the newest whole snapshot of this log and reducer version."""
        ...

    def write(
        self, tick: int, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]
    ) -> object:
        """Keep a snapshot; returns when it is durable. Raises `Exhausted` without room."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """State rebuilt, and how."""

    reducer: Reducer
    tick: int
    now_us: int
    """Log time of the last tick, 0 when there was none."""
    replayed: int
    """Envelopes applied on top of the snapshot."""


async def recover(log: Log, snapshots: Snapshots, new_reducer: Callable[[], Reducer]) -> Recovered:
    """Return the state that the log stands for."""
    reducer, tick, now_us, replayed = new_reducer(), 0, 0, 0
    snapshot = snapshots.latest()
    if snapshot is not None and snapshot.document.get("version") == REDUCER_VERSION:
        reducer.load(snapshot.arrays, snapshot.document)
        tick, now_us = snapshot.tick, snapshot.document["now_us"]
    async for number, envelope in log.read(tick):
        tick = number
        now_us, inputs = read_envelope(envelope)
        reducer.apply(inputs, now_us)
        replayed += 1
    return Recovered(reducer=reducer, tick=tick, now_us=now_us, replayed=replayed)
