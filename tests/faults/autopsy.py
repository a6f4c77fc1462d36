"""What a dead server left on its disk, read from a copy so that the next one finds it untouched."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from eitp.v1.telemetry_pb2 import TelemetryBatch
from eitp_server.bandit.choice import Experiment
from eitp_server.ingest.envelope import read_envelope
from eitp_server.ingest.input import Telemetry
from eitp_server.ingest.recovery import recover
from eitp_server.ingest.reducer import REDUCER_VERSION, Reducer
from eitp_server.interventions.desk import Desk
from eitp_server.interventions.policy import Policy, Settings
from eitp_server.services.validation import violations
from eitp_server.storage.snapshot import Snapshots
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.sqlite_log import SQLiteLog
from faults.checker import Remains, Table

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

    from eitp_server.ingest.input import Input

_HOLDOUT_SHARE: Final = 0.1
"""The server's own default."""
_TABLES: Final = {
    "emotional_events": "packet_id",
    "decisions": "decision_id",
    "interventions": "intervention_id",
    "outcomes": "outcome_id",
}
_FEEDS: Final = ("emotional_events", "interventions")


class Autopsy:
    """Looks at one data directory after each of its server's deaths.

    The replay of the whole log goes on where it stood at the death before.
    """

    def __init__(self, data: Path, scratch: Path) -> None:
        self.replayed = 0
        """Envelopes on top of the snapshot that the last recovery took."""
        self.snapshot_tick = 0
        """Tick of that snapshot, 0 when there was none."""
        self._data = data
        self._scratch = scratch
        self._reducer: Reducer | None = None
        self._tick = 0
        self._logged: list[tuple[str, int, bytes]] = []
        self._written: dict[str, list[str]] = {name: [] for name in _TABLES}

    async def examine(self) -> Remains:
        """Return what is there now."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        shutil.copytree(self._data, self._scratch)
        database = await SQLiteDatabase.open(self._scratch)
        log = await SQLiteLog.open(database, reducer_version=REDUCER_VERSION)
        try:
            tables = await database.view(_tables)
            assert await database.view(_integrity) == "ok"
            snapshots = Snapshots(
                self._scratch / "snapshots",
                incarnation=log.incarnation,
                reducer_version=REDUCER_VERSION,
            )
            recovered = await recover(log, snapshots, self._new_reducer)
            self.replayed = recovered.replayed
            self.snapshot_tick = recovered.tick - recovered.replayed
            replay = await self._replay(log)
        finally:
            await log.close()
        return Remains(
            logged=self._logged,
            tables=tables,
            replayed=self._written,
            digests={"snapshot": recovered.reducer.digest(), "whole log": replay.digest()},
        )

    async def _replay(self, log: SQLiteLog) -> Reducer:
        reducer = self._reducer = self._reducer or self._new_reducer()
        async for tick, envelope in log.read(self._tick):
            now_us, inputs = read_envelope(envelope)
            self._logged += _batches(inputs)
            writes = reducer.apply(inputs, now_us).writes
            self._written["emotional_events"] += [row.packet_id for row in writes.packets]
            self._written["decisions"] += [row.decision_id for row in writes.decisions]
            self._written["interventions"] += [row.intervention_id for row in writes.interventions]
            self._written["outcomes"] += [row.outcome_id for row in writes.outcomes]
            self._tick = tick
        return reducer

    def _new_reducer(self) -> Reducer:
        key = (self._scratch / "secret.key").read_bytes()[:32]
        experiment = Experiment(key=key, holdout_share=_HOLDOUT_SHARE)
        return Reducer(Desk(Policy(Settings(experiment=experiment))), violations)


def _batches(inputs: Sequence[Input]) -> list[tuple[str, int, bytes]]:
    found: list[tuple[str, int, bytes]] = []
    for item in inputs:
        if not isinstance(item, Telemetry):
            continue
        for payload in item.batches:
            batch = TelemetryBatch.FromString(payload)
            found.append((batch.session_id or item.session_id, batch.sequence, payload))
    return found


def _tables(connection: sqlite3.Connection) -> dict[str, Table]:
    return {name: _table(connection, name, identity) for name, identity in _TABLES.items()}


def _table(connection: sqlite3.Connection, name: str, identity: str) -> Table:
    order = "number" if name in _FEEDS else identity
    found = connection.execute(
        f"SELECT {identity}, {order} FROM {name} ORDER BY {order}"
    ).fetchall()
    numbers = [row[1] for row in found] if name in _FEEDS else []
    return Table([row[0] for row in found], numbers)


def _integrity(connection: sqlite3.Connection) -> str:
    return connection.execute("PRAGMA integrity_check").fetchone()[0]
