"""Recordings through a whole reducer, as browsers would send them, and what it made of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eitp.recording import cut
from eitp.telemetry import Encoder
from eitp_server.bandit.choice import Experiment
from eitp_server.ingest.input import Command, CommandKind, Telemetry
from eitp_server.ingest.reducer import Reducer
from eitp_server.interventions.defaults import default_definitions
from eitp_server.interventions.desk import Desk
from eitp_server.interventions.eligibility import History, Limits, assess
from eitp_server.interventions.policy import Policy, Settings
from eitp_server.services.validation import violations

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eitp.recording import Recording
    from eitp_server.bandit.decision import Decision
    from eitp_server.classification.packet import Packet

TICK_MS = 50
START_US = 1_790_000_000_000_000
_CATALOGUE = default_definitions("shop")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the server said, each in the order of time."""

    packets: list[Packet]
    decisions: list[Decision]


def new_reducer() -> Reducer:
    """Return a reducer that holds nobody out."""
    experiment = Experiment(key=b"a key of this test", holdout_share=0.0)
    return Reducer(Desk(Policy(Settings(experiment=experiment))), violations)


def played(recordings: Iterable[Recording]) -> dict[str, Seen]:
    """Play all recordings at once and return what was seen of each, by its name."""
    reducer = new_reducer()
    due: defaultdict[int, list[bytes]] = defaultdict(list)
    names: list[str] = []
    for recording in recordings:
        names.append(recording.name)
        encoder = Encoder(recording.name)
        for batch in cut(recording):
            end_ms = batch.clock_ms + sum(batch.dt_ms)
            due[end_ms // TICK_MS + 1].append(encoder.encode(batch).SerializeToString())
    reducer.apply([opening(name) for name in names], START_US)
    seen = {name: Seen([], []) for name in names}
    for tick in sorted(due):
        item = Telemetry(tenant_id="shop", session_id="", batches=due[tick])
        writes = reducer.apply([item], START_US + 1000 * TICK_MS * tick).writes
        for packet in writes.packets:
            seen[packet.session_id].packets.append(packet)
        for decision in writes.decisions:
            seen[decision.session_id].decisions.append(decision)
    return seen


def said_ms(packet: Packet) -> int:
    """Return when a packet was emitted, ms after the recording's start."""
    return (packet.emitted_at_us - START_US) // 1000


def eligible(packet: Packet) -> tuple[str, ...]:
    """Return what of the default catalogue fits a packet of a session nothing was shown to."""
    return assess(
        _CATALOGUE,
        packet,
        consent=True,
        history=History(),
        limits=Limits(),
        now_us=packet.emitted_at_us,
    ).arms


def opening(session_id: str) -> Command:
    """Return the command that opens a session of a shopper who agrees to everything."""
    document = {
        "session_id": session_id,
        "visitor_hash": session_id,
        "consent_interventions": True,
        "vertical": "",
        "region": "",
        "page_type": 0,
        "cart": 0,
        "pointer": 1,
    }
    return Command(tenant_id="shop", kind=CommandKind.OPEN_SESSION, document=document)
