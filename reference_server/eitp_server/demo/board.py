"""What is known at any moment of the demo: who plays, what the server said, what came of it."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eitp import render
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from eitp.v1.decision_pb2 import Decision
    from eitp.v1.intervention_pb2 import Intervention
    from eitp.v1.packet_pb2 import Packet

    from .cast import Ending, Part

LOG_LINES = 40
RATE_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The server, its promise, and who there is to play."""

    grpc_address: str
    web_address: str
    survives: str
    """What acknowledged data survives."""
    people: int
    """Recorded people in the cast."""


@dataclass(slots=True)
class Seat:
    """One line of the picture and the shopper who has it now."""

    part: Part | None = None
    session_id: str = ""
    clock_ms: float = 0
    """How far the shopper's recordings have been played."""
    packet: Packet | None = None
    """The state after the latest batch."""
    shown: str = ""
    """The intervention on the shopper's page."""


@dataclass(slots=True)
class Count:
    """How much has happened."""

    sessions: int = 0
    batches: int = 0
    packets: int = 0
    decisions: int = 0
    held_out: int = 0
    interventions: int = 0
    outcomes: int = 0

    def __str__(self) -> str:
        return (
            f"packets={self.packets} interventions={self.interventions} outcomes={self.outcomes} "
            f"decisions={self.decisions} sessions={self.sessions} batches={self.batches}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happened, in words."""

    at: str
    """The time of day."""
    kind: str
    name: str
    """Of the shopper."""
    mark: str = ""
    text: Text

    def line(self) -> Text:
        """Return it with everything in columns, for a wide screen."""
        line = Text().append(f"{self.at} {self.kind:<13}", style="dim")
        return line.append(f"{self.name:<24} {self.mark or ' '} ").append_text(self.text)

    def short(self) -> Text:
        """Return it without columns and kind, which the text tells."""
        line = Text().append(f"{self.at} ", style="dim").append(f"{self.name} ")
        return line.append(f"{self.mark} " if self.mark else "").append_text(self.text)


class Board:
    """Everything that the picture shows."""

    def __init__(self, place: Place, *, seats: int, announce: Callable[[Text], None]) -> None:
        """Begin with nobody; `announce` gets a line for everything that happens."""
        self.place = place
        self.seats = [Seat() for _ in range(seats)]
        self.count = Count()
        self.log: deque[Happening] = deque(maxlen=LOG_LINES)
        self._announce = announce
        self._sent: deque[float] = deque()
        self._names: dict[str, str] = {}

    @property
    def batches_per_second(self) -> float:
        """Batches that were acknowledged in the last seconds."""
        self._forget_old()
        return len(self._sent) / RATE_SECONDS

    def enter(self, seat: Seat, part: Part, session_id: str) -> None:
        """Note that a shopper came."""
        seat.part, seat.session_id, seat.clock_ms = part, session_id, 0
        seat.packet, seat.shown = None, ""
        self._names[session_id] = part.name
        self.count.sessions += 1

    def leave(self, seat: Seat) -> None:
        """Note that a shopper is gone; the line stays until the next one comes."""
        seat.session_id = ""

    def played(self, seat: Seat, clock_ms: float, packet: Packet | None) -> None:
        """Note that a batch was acknowledged, and the state after it."""
        seat.clock_ms = clock_ms
        seat.packet = packet or seat.packet
        self.count.batches += 1
        self._sent.append(time.monotonic())
        self._forget_old()

    def emitted(self, packet: Packet) -> None:
        """Note an emotional event."""
        self.count.packets += 1
        text = render.label(packet)
        if packet.evidence:
            text.append(" · ", style="dim").append_text(render.evidence(packet.evidence[0]))
        self._announce(self._happening("packet", packet.session_id, text).line())

    def decided(self, decision: Decision) -> None:
        """Note a decision, whatever it was."""
        self.count.decisions += 1
        self.count.held_out += decision.holdout

    def chosen(self, intervention: Intervention, decision: Decision | None) -> None:
        """Note an intervention and the decision behind it."""
        self.count.interventions += 1
        seat = self._seat(intervention.session_id)
        if seat:
            seat.shown = intervention.definition.definition_id
        text = Text().append(intervention.definition.definition_id, style="bold green")
        text.append(f" “{intervention.definition.title}”")
        if seat and seat.packet:
            text.append(" after ", style="dim").append_text(render.label(seat.packet))
        if decision:
            text.append(f"  propensity {decision.propensity:.2f}", style="cyan")
        self._keep(self._happening("intervention", intervention.session_id, text, "◆"))

    def reacted(self, intervention: Intervention, *, used: bool) -> None:
        """Note that a shopper used or closed an intervention, which is simulated."""
        what, mark = ("used", "✓") if used else ("closed", "✗")
        if seat := self._seat(intervention.session_id):
            seat.shown = f"{intervention.definition.definition_id} {mark}"
        text = Text(f"{what} {intervention.definition.definition_id} ")
        text.append("(simulated)", style="dim italic")
        self._keep(self._happening("reaction", intervention.session_id, text))

    def ended(self, seat: Seat, ending: Ending, decision_id: str) -> None:
        """Note an outcome and the decision it was credited to."""
        self.count.outcomes += 1
        text = Text()
        if ending.success:
            text.append("lead", style="bold green")
        else:
            text.append("left", style="bold")
        text.append(f" ({ending.source})", style="dim italic")
        if decision_id:
            text.append(f"  credited to decision {decision_id[-8:]}", style="cyan")
        mark = "✓" if ending.success else "✗"
        self._keep(self._happening("outcome", seat.session_id, text, mark))

    def _keep(self, happening: Happening) -> None:
        self.log.append(happening)
        self._announce(happening.line())

    def _happening(self, kind: str, session_id: str, text: Text, mark: str = "") -> Happening:
        return Happening(
            at=time.strftime("%H:%M:%S"),
            kind=kind,
            name=self._names.get(session_id, session_id[-8:]),
            mark=mark,
            text=text,
        )

    def _seat(self, session_id: str) -> Seat | None:
        return next((seat for seat in self.seats if seat.session_id == session_id), None)

    def _forget_old(self) -> None:
        oldest = time.monotonic() - RATE_SECONDS
        while self._sent and self._sent[0] < oldest:
            self._sent.popleft()
