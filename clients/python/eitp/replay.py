"""Plays recordings as live sessions through the public interface."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .recording import cut
from .v1.common_pb2 import POINTER_TYPE_MOUSE
from .v1.session_pb2 import Consent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .client import Client
    from .recording import Batch, Recording
    from .relay import Relay, RelayCount
    from .retry import Retry
    from .v1.telemetry_pb2 import BatchRejection, TelemetryBatch

CONSENT = Consent(telemetry=True, interventions=True, reference="recorded with consent")
"""People in the recordings agreed to be recorded."""


@dataclass(slots=True)
class Played:
    """What has been played so far."""

    recordings: int = 0
    batches: int = 0
    events: int = 0
    milliseconds: float = 0
    """Recorded time."""


class Watcher(Protocol):
    """Who wants to know how a replay goes."""

    def advanced(self, played: Played) -> None:
        """Learn that a batch was played."""
        ...

    def rejected(self, batch: TelemetryBatch, rejection: BatchRejection) -> None:
        """Learn that a batch was given up."""
        ...


class Pace:
    """Tells when a moment of a recording is due."""

    def __init__(self, retry: Retry, speed: float | None, *, head_start_ms: float = 0) -> None:
        """Begin now; moments before `head_start_ms` are due at once, `speed` 1 is real time."""
        self._retry = retry
        self._speed = speed
        self._head_start_ms = head_start_ms
        self._start = retry.now()

    async def until(self, t_ms: float) -> None:
        """Wait until the moment, at once when there is no speed to keep."""
        if self._speed is None:
            return
        due = self._start + (t_ms - self._head_start_ms) / 1000 / self._speed
        if (delay := due - self._retry.now()) > 0:
            await self._retry.sleep(delay)


class Replay:
    """A player of recordings: one relay, and a session of its own for each recording."""

    def __init__(
        self,
        client: Client,
        *,
        speed: float | None,
        sessions: int,
        watcher: Watcher,
    ) -> None:
        """Prepare to play `sessions` recordings at a time.

        `speed` 1 is real time, None as fast as the server takes it.
        """
        self.played = Played()
        self._client = client
        self._speed = speed
        self._sessions = sessions
        self._watcher = watcher
        self._relay = client.relay(on_rejection=watcher.rejected)

    @property
    def count(self) -> RelayCount:
        """What became of the batches so far."""
        return self._relay.count

    async def run(self, recordings: Iterator[Recording]) -> None:
        """Play them all. Raises the first error of the client."""
        async with self._relay as relay:
            players = [
                asyncio.create_task(self._play_on(relay, recordings)) for _ in range(self._sessions)
            ]
            try:
                await asyncio.gather(*players)
            finally:
                for player in players:
                    player.cancel()
                await asyncio.gather(*players, return_exceptions=True)

    async def _play_on(self, relay: Relay, recordings: Iterator[Recording]) -> None:
        for recording in recordings:
            await self._play(relay, recording)

    async def _play(self, relay: Relay, recording: Recording) -> None:
        async with self._client.open_session(
            visitor_id=recording.person,
            consent=CONSENT,
            pointer_type=POINTER_TYPE_MOUSE,
            reports_answers=recording.reports_answers,
        ) as session:
            pace = Pace(self._client.retry, self._speed)
            reached = 0
            for batch in cut(recording):
                end = batch.clock_ms + sum(batch.dt_ms)
                await pace.until(end)
                await relay.send([session.encode(batch)])
                self._note(batch, end - reached)
                reached = end
            await relay.flush(session.session_id)
        self.played.recordings += 1

    def _note(self, batch: Batch, milliseconds: float) -> None:
        self.played.batches += 1
        self.played.events += len(batch.dt_ms)
        self.played.milliseconds += milliseconds
        self._watcher.advanced(self.played)
