"""Rebuild the state after a restart: the last snapshot, then every later envelope."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from eitp_server.errors import Reason, Unavailable
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

    def latest_of_any_version(self) -> Snapshot | None:
        """Return the newest whole snapshot of this log, whatever reducer version wrote it."""
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
    """Return the state that the log stands for.

    What another version of the reducer wrote is not replayed, because it would come out otherwise:
    what outlives a session is taken over from the snapshot of its clean end, and the sessions that
    were alive then have ended. Raises `Unavailable(RECOVERING)` when there is no such snapshot.
    """
    reducer, tick, now_us, replayed = new_reducer(), 0, 0, 0
    snapshot = snapshots.latest()
    if snapshot is None and log.committed_by not in {"", REDUCER_VERSION}:
        snapshot = await _taken_over(log, snapshots, reducer)
        reducer = new_reducer()
    if snapshot is not None and snapshot.document.get("version") == REDUCER_VERSION:
        reducer.load(snapshot.arrays, snapshot.document)
        tick, now_us = snapshot.tick, snapshot.document["now_us"]
    async for number, envelope in log.read(tick):
        tick = number
        now_us, inputs = read_envelope(envelope)
        reducer.apply(inputs, now_us)
        replayed += 1
    return Recovered(reducer=reducer, tick=tick, now_us=now_us, replayed=replayed)


async def _taken_over(log: Log, snapshots: Snapshots, reducer: Reducer) -> Snapshot | None:
    """Write, and return, the snapshot from which this version of the reducer goes on."""
    before, last = snapshots.latest_of_any_version(), await log.last()
    if before is None or before.tick != last:
        message = (
            f"the data were written by version {log.committed_by} of the reducer, this is "
            f"{REDUCER_VERSION}, and no snapshot covers them to the end; start the server that "
            "wrote them once more, stop it with SIGTERM, and start this one again"
        )
        raise Unavailable(Reason.RECOVERING, message)
    reducer.inherit(before.arrays, before.document)
    arrays, document = reducer.dump()
    document["now_us"] = before.document["now_us"]
    await asyncio.to_thread(snapshots.write, last, arrays, document)
    return snapshots.latest()
