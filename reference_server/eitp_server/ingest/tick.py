"""The tick: take the inbox, reduce, commit, then acknowledge and publish."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog

from eitp_server.errors import DomainError, Reason, Unavailable
from eitp_server.ingest.envelope import EnvelopeWriter
from eitp_server.ingest.input import Command, CommandKind, Telemetry
from eitp_server.ingest.recovery import recover
from eitp_server.storage.log import DeadLetterRow, Writes

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from numpy.typing import NDArray

    from eitp_server.classification.packet import Packet
    from eitp_server.ingest.feed import Feed
    from eitp_server.ingest.inbox import Inbox
    from eitp_server.ingest.input import Input
    from eitp_server.ingest.recovery import Recovered, Snapshots
    from eitp_server.ingest.reducer import Effects, Reducer
    from eitp_server.storage.log import InterventionRow, Log

_LOG: Final = structlog.get_logger(__name__)
_TIMER_SECONDS: Final = 0.25
"""How often timers are looked at when nothing arrives."""
_SKIP: Final = Command(tenant_id="", kind=CommandKind.SKIP_TIMERS, document={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How ticks follow each other."""

    max_pause: float = 0.05
    """Longest time in s that an input waits for its tick to begin."""
    min_pause: float = 0.002
    """Shortest pause in s between ticks, in which the network is served."""
    snapshot_work: float = 0.7
    """Time in s spent on inputs after which a snapshot is due: a restart does that work again."""
    snapshot_batches: int = 100_000
    """Batches after which a snapshot is due, however little work they were."""
    snapshot_seconds: float = 60.0
    """Time in s after which a snapshot is due when there was any change."""
    retention_seconds: float = 3600.0
    """Time in s for which envelopes are kept although a snapshot covers them."""


@dataclass(slots=True, kw_only=True)
class Counters:
    """What happened since the start, for the metrics and the view."""

    ticks: int = 0
    batches: int = 0
    duplicates: int = 0
    rejected: int = 0
    packets: int = 0
    decisions: int = 0
    interventions: int = 0
    outcomes: int = 0
    dead_letters: int = 0


class Ticker:
    """Runs ticks one after the other for as long as the server lives."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        log: Log,
        snapshots: Snapshots,
        recovered: Recovered,
        new_reducer: Callable[[], Reducer],
        packets: Feed[Packet],
        interventions: Feed[InterventionRow],
        clock_us: Callable[[], int],
        pace: Pace,
        give_back: Callable[[], None] = lambda: None,
    ) -> None:
        """`give_back` is called in a thread whenever a copy of the state was let go."""
        self.reducer = recovered.reducer
        self.counters = Counters()
        self._inbox = inbox
        self._log = log
        self._snapshots = snapshots
        self._new_reducer = new_reducer
        self._packets = packets
        self._interventions = interventions
        self._clock_us = clock_us
        self._pace = pace
        self._give_back = give_back
        self._tick = recovered.tick
        self._now_us = recovered.now_us
        self._snapshot_tick = recovered.tick - recovered.replayed
        self._snapshot_at = asyncio.get_running_loop().time()
        self._since_snapshot = 0
        self._work_since_snapshot = 0.0
        self._snapshotting = False
        self._snapshots_kept: deque[tuple[float, int]] = deque()
        """(loop time, tick) of the snapshots whose envelopes are still kept."""
        self._stopping = False

    def now_us(self) -> int:
        """Return log time: UTC in µs, never going back."""
        return max(self._clock_us(), self._now_us)

    async def run(self) -> None:
        """Tick until `stop`; then apply what is left and write a snapshot."""
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as tasks:
            while not self._stopping:
                if not await self._something_to_do():
                    continue
                begun = loop.time()
                await self._step(self._inbox.take())
                if self._snapshot_due(loop.time()):
                    tasks.create_task(self._snapshot(loop.time()))
                # The pause is as long as the tick was, so that under any load the network gets at
                # least as much time as the ticks, and a quiet server answers at once.
                pause = min(max(loop.time() - begun, self._pace.min_pause), self._pace.max_pause)
                await self._inbox.full(pause)
        await self._step(self._inbox.take())
        if self._tick != self._snapshot_tick:
            await self._snapshot(loop.time())

    def stop(self) -> None:
        """Let `run` end after the inputs that have arrived."""
        self._stopping = True

    async def _something_to_do(self) -> bool:
        arrived = await self._inbox.arrived(_TIMER_SECONDS)
        return arrived or self.reducer.due(self.now_us())

    async def _step(self, inputs: Sequence[Input]) -> None:
        self._now_us = max(self._clock_us(), self._now_us + 1)
        try:
            effects = self._reduce(inputs)
        except Exception:  # noqa: BLE001 # one bad input must not stop the others
            _LOG.exception("an input broke the reducer", inputs=len(inputs))
            await self._isolate(inputs)
            return
        try:
            if effects.changed:
                await self._commit(effects.envelope.finish(self._now_us), effects.writes)
        except DomainError as error:
            _LOG.warning("a tick could not be committed", reason=error.reason, inputs=len(inputs))
            # What came meanwhile may follow what is refused here: its sender must repeat both.
            _fail((*inputs, *self._inbox.take()), error)
            await self._rebuild()
            return
        except Exception:  # noqa: BLE001 # nor may one that cannot be stored
            _LOG.exception("a tick could not be stored", inputs=len(inputs))
            await self._isolate(inputs)
            return
        self._count(effects)
        self._answer(effects)
        self._publish(effects)

    def _reduce(self, inputs: Sequence[Input]) -> Effects:
        clock = asyncio.get_running_loop().time
        begun = clock()
        effects = self.reducer.apply(inputs, self._now_us)
        self._work_since_snapshot += clock() - begun
        return effects

    def _publish(self, effects: Effects) -> None:
        self._packets.publish(effects.writes.packets)
        self._interventions.publish(effects.writes.interventions)

    async def _commit(self, envelope: bytes, writes: Writes) -> None:
        await self._log.commit(self._tick + 1, envelope, writes)
        self._tick += 1

    async def _isolate(self, inputs: Sequence[Input]) -> None:
        """Find out what breaks a tick, and leave that out: an input, or what was due by now."""
        await self._rebuild()
        if len(inputs) > 1:
            for item in inputs:
                await self._step([item])
            return
        try:
            if not await self._applied([]):
                await self._applied([_SKIP])
                _LOG.error("what was due broke the reducer and was skipped")
                if inputs:
                    await self._step(inputs)
                return
            for item in inputs:
                await self._set_aside(item)
        except DomainError as error:
            _LOG.warning("a broken tick could not be mended", reason=error.reason)
            _fail(inputs, error)
            await self._rebuild()

    async def _applied(self, inputs: Sequence[Input], letter: DeadLetterRow | None = None) -> bool:
        """Apply and commit inputs of the server's own; return False, as before, when they break it.

        Raises the `DomainError` of a commit that is refused.
        """
        try:
            effects = self.reducer.apply(inputs, self._now_us)
        except Exception:  # noqa: BLE001 # whatever it is, the server lives on without it
            await self._rebuild()
            return False
        if letter is not None:
            effects.writes.dead_letters.append(letter)
        if effects.changed or letter is not None:
            await self._commit(effects.envelope.finish(self._now_us), effects.writes)
            self._publish(effects)
        return True

    async def _set_aside(self, item: Input) -> None:
        """Keep an input that breaks the reducer as a dead letter, and tell its sender."""
        self.counters.dead_letters += 1
        letter = DeadLetterRow(
            tenant_id=item.tenant_id,
            tick=self._tick + 1,
            error="reducer",
            payload=_as_envelope(item, self._now_us),
        )
        try:
            await self._applied([], letter)
        except DomainError:
            _LOG.warning("a dead letter could not be kept", tenant=item.tenant_id)
            await self._rebuild()
        if item.result is not None and not item.result.done():
            item.result.set_exception(RuntimeError("an input broke the reducer"))

    async def _rebuild(self) -> None:
        recovered = await recover(self._log, self._snapshots, self._new_reducer)
        self.reducer = recovered.reducer
        self._tick = recovered.tick

    def _count(self, effects: Effects) -> None:
        counters = self.counters
        counters.ticks += 1
        counters.packets += len(effects.writes.packets)
        counters.decisions += len(effects.writes.decisions)
        counters.interventions += len(effects.writes.interventions)
        counters.outcomes += len(effects.writes.outcomes)
        for item, result in effects.results:
            if isinstance(item, Telemetry):
                counters.batches += result.applied
                counters.duplicates += result.duplicates
                counters.rejected += len(result.rejections)
                self._since_snapshot += result.applied

    def _answer(self, effects: Effects) -> None:
        for item, result in effects.results:
            if item.result is None or item.result.done():
                continue
            if isinstance(result, DomainError):
                item.result.set_exception(result)
            else:
                item.result.set_result(result)

    def _snapshot_due(self, now: float) -> bool:
        if self._snapshotting or self._tick == self._snapshot_tick:
            return False
        pace = self._pace
        aged = now - self._snapshot_at >= pace.snapshot_seconds
        laborious = self._work_since_snapshot >= pace.snapshot_work
        return aged or laborious or self._since_snapshot >= pace.snapshot_batches

    def _snapshot(self, now: float) -> Coroutine[Any, Any, None]:
        """Copy the state now, between two ticks; return what writes the copy down."""
        arrays, document = self.reducer.dump()
        document["now_us"] = self._now_us
        self._snapshot_tick, self._snapshot_at = self._tick, now
        self._since_snapshot, self._work_since_snapshot = 0, 0.0
        return self._write_snapshot(self._tick, arrays, document)

    async def _write_snapshot(
        self, tick: int, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]
    ) -> None:
        self._snapshotting = True
        try:
            await asyncio.to_thread(self._snapshots.write, tick, arrays, document)
            del arrays, document
            await asyncio.to_thread(self._give_back)
            await self._trim(tick)
        except (OSError, DomainError):
            _LOG.exception("a snapshot could not be written; restarts take longer until one can")
        finally:
            self._snapshotting = False

    async def _trim(self, tick: int) -> None:
        now = asyncio.get_running_loop().time()
        self._snapshots_kept.append((now, tick))
        covered = 0
        while now - self._snapshots_kept[0][0] >= self._pace.retention_seconds:
            if len(self._snapshots_kept) == 1:
                break
            covered = self._snapshots_kept.popleft()[1]
        if covered:
            await self._log.trim(covered)


def _fail(inputs: Sequence[Input], error: DomainError) -> None:
    for item in inputs:
        result: asyncio.Future[Any] | None = item.result
        if result is not None and not result.done():
            result.set_exception(error)


def _as_envelope(item: Input, now_us: int) -> bytes:
    writer = EnvelopeWriter()
    if isinstance(item, Telemetry):
        writer.telemetry(item.tenant_id, item.session_id, item.batches)
    else:
        writer.command(item)
    return writer.finish(now_us)


def draining() -> Unavailable:
    """Return the error for inputs that come after the end."""
    message = "the server is shutting down; try another one, or this one again after a moment"
    return Unavailable(Reason.DRAINING, message, retry_after=1.0)
