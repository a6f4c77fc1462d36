"""Plays recordings through the server's own reducer, as if their clients had sent them."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby, pairwise
from math import ceil
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from eitp.recording import cut
from eitp.recording.batch import SPAN_MS
from eitp.telemetry import Encoder

from eitp_server.bandit.choice import Experiment
from eitp_server.ingest.input import Command, CommandKind, Receipt, Telemetry
from eitp_server.ingest.reducer import IDLE_US, Reducer
from eitp_server.interventions.desk import Desk
from eitp_server.interventions.policy import Policy, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from eitp.recording import Batch, Recording

    from eitp_server.bandit.decision import Decision
    from eitp_server.classification.packet import Packet
    from eitp_server.errors import Violation
    from eitp_server.ingest.input import Input
    from eitp_server.ingest.reducer import Effects
    from eitp_server.storage.log import Writes

TICK_MS: Final = 50
"""What arrives within so long is applied in one tick, about as a server at ease does it."""
COARSE_TICK_MS: Final = 250
"""The same where it does not matter exactly when something is noticed: a third of the work."""
MOST_EVENTS: Final = 250_000
MOST_RECORDINGS: Final = 256
"""Recordings are played side by side, so many events and so many of them at a time: that bounds
memory, and a tick costs little more for many sessions than for one."""
_EPILOGUE_MS: Final = 20_000
"""How long the last silence is followed."""
_START_US: Final = 1_790_000_000_000_000
_MOUSE: Final = 1
_KEY: Final = b"lab"


@dataclass(frozen=True, slots=True)
class Cut:
    """What a browser client would have sent of a recording: moves thinned to 20 Hz, in batches."""

    name: str
    person: str
    batches: tuple[Batch, ...]
    reports_answers: bool

    @classmethod
    def of(cls, recording: Recording) -> Cut:
        """Cut a recording."""
        batches = tuple(cut(recording))
        return cls(recording.name, recording.person, batches, recording.reports_answers)


@dataclass(slots=True)
class Played:
    """What the server made of one recording; times are ms since the recording's start."""

    cut: Cut
    sessions: int = 0
    """One, and another one after every silence that closes a session."""
    packets: list[tuple[float, Packet]] = field(default_factory=list["tuple[float, Packet]"])
    """(when it was emitted, packet)"""
    decisions: list[tuple[Packet, Decision]] = field(
        default_factory=list["tuple[Packet, Decision]"]
    )
    """Moments at which an intervention was eligible, whatever was then chosen."""


class _Arrival(NamedTuple):
    tick: int
    actor: _Actor
    batch: Batch


class PlaybackError(RuntimeError):
    """The server refused a batch that was cut from a recording."""


def groups(recordings: Iterable[Recording]) -> Iterator[list[Cut]]:
    """Yield recordings, cut, in groups that are worth playing side by side.

    One recording more than a group holds is read before the group is yielded.
    """
    group: list[Cut] = []
    events = 0
    for recording in recordings:
        if group and (events >= MOST_EVENTS or len(group) == MOST_RECORDINGS):
            yield group
            group, events = [], 0
        group.append(Cut.of(recording))
        events += sum(len(batch.kind) for batch in group[-1].batches)
    if group:
        yield group


def play(group: Sequence[Cut], *, tick_ms: int = TICK_MS) -> list[Played]:
    """Play recordings at once, each as its own tenant's only visitor, and return what came of it.

    Log time is recording time: a batch arrives when its client sends it, half a second after its
    first event, or sooner when the next one begins. The catalogue and the policy are the default
    ones, visitors agree to interventions, and nobody is held out. A recording of its own tenant
    shares nothing with the others, so the outcome does not depend on what is played beside it.
    Raises PlaybackError when the server refuses a batch.
    """
    policy = Policy(Settings(experiment=Experiment(key=_KEY, holdout_share=0)))
    reducer = Reducer(Desk(policy), _trusted, capacity=max(len(group), 1))
    actors = [_Actor(number, cut, tick_ms) for number, cut in enumerate(group)]
    by_tenant = {actor.tenant_id: actor for actor in actors}
    arrivals = merge(*(actor.arrivals() for actor in actors), key=attrgetter("tick"))
    last = 0
    for tick, arriving in groupby(arrivals, key=attrgetter("tick")):
        for silent in _silent_ticks(reducer, last, tick, tick_ms):
            effects = reducer.apply([], _log_us(silent * tick_ms))
            _note(effects.writes, by_tenant, float(silent * tick_ms))
        inputs = [item for arrival in arriving for item in arrival.actor.inputs(arrival)]
        effects = reducer.apply(inputs, _log_us(tick * tick_ms))
        _check(effects)
        _note(effects.writes, by_tenant, float(tick * tick_ms))
        last = tick
    for silent in _silent_ticks(reducer, last, last + _EPILOGUE_MS // tick_ms, tick_ms):
        effects = reducer.apply([], _log_us(silent * tick_ms))
        _note(effects.writes, by_tenant, float(silent * tick_ms))
    return [actor.played for actor in actors]


class _Actor:
    """One recording's client."""

    def __init__(self, number: int, cut: Cut, tick_ms: int) -> None:
        self.tenant_id = f"recording-{number}"
        self.played = Played(cut)
        self._tick_ms = tick_ms
        self._encoder = Encoder("")
        self._session_id = ""
        self._last_tick = 0

    def arrivals(self) -> Iterator[_Arrival]:
        """Yield the batches and the ticks that they arrive at."""
        batches = self.played.cut.batches
        for batch, after in pairwise((*batches, None)):
            assert batch is not None
            sent_ms = batch.clock_ms + SPAN_MS
            if after is not None:
                sent_ms = max(min(sent_ms, after.clock_ms), batch.clock_ms + sum(batch.dt_ms))
            yield _Arrival(ceil(sent_ms / self._tick_ms), self, batch)

    def inputs(self, arrival: _Arrival) -> Iterator[Input]:
        """Yield what a batch is to the server, and before it the opening of its session."""
        silent_us = (arrival.tick - self._last_tick) * self._tick_ms * 1000
        if not self._session_id or silent_us >= IDLE_US:
            yield self._opening()
        self._last_tick = arrival.tick
        yield Telemetry(
            tenant_id=self.tenant_id,
            session_id=self._session_id,
            batches=[self._encoder.encode(arrival.batch).SerializeToString()],
        )

    def _opening(self) -> Command:
        self.played.sessions += 1
        self._session_id = f"ses_{self.played.sessions}"
        self._encoder = Encoder(self._session_id)
        document = {
            "session_id": self._session_id,
            "visitor_hash": self.played.cut.person,
            "consent_interventions": True,
            "vertical": "",
            "region": "",
            "page_type": 0,
            "cart": 0,
            "pointer": _MOUSE,
            "reports_answers": self.played.cut.reports_answers,
        }
        kind = CommandKind.OPEN_SESSION
        return Command(tenant_id=self.tenant_id, kind=kind, document=document)


def _silent_ticks(reducer: Reducer, after: int, before: int, tick_ms: int) -> Iterator[int]:
    """Yield the ticks between two others in which time alone changes something."""
    while True:
        due_us = reducer.next_due_us()
        if due_us is None:
            return
        after = max(ceil((due_us - _START_US) / (tick_ms * 1000)), after + 1)
        if after >= before:
            return
        yield after


def _log_us(at_ms: int) -> int:
    return _START_US + at_ms * 1000


def _note(writes: Writes, actors: dict[str, _Actor], at_ms: float) -> None:
    by_id = {packet.packet_id: packet for packet in writes.packets}
    for packet in writes.packets:
        actors[packet.tenant_id].played.packets.append((at_ms, packet))
    for decision in writes.decisions:
        packet = by_id[decision.packet_id]
        actors[packet.tenant_id].played.decisions.append((packet, decision))


def _check(effects: Effects) -> None:
    for _, result in effects.results:
        if isinstance(result, Exception):
            raise PlaybackError(f"the server refused to open a session: {result}") from result
        if isinstance(result, Receipt) and result.rejections:
            raise PlaybackError(f"the server refused a batch: {result.rejections[0].message}")


def _trusted(_: object) -> Sequence[Violation]:
    """Find nothing wrong: `Encoder` keeps the schema's rules, and its tests say so."""
    return ()
