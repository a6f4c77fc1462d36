"""A shopper's session as its client knows it: what was sent, and what the server vouched for."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Final

from eitp.v1.common_pb2 import POINTER_TYPE_MOUSE
from eitp.v1.outcome_pb2 import Outcome, OutcomeKind
from eitp.v1.page_pb2 import PAGE_TYPE_PRODUCT, PageContext
from eitp.v1.session_pb2 import Consent
from eitp.v1.session_service_pb2 import OpenSessionRequest
from eitp.v1.telemetry_pb2 import TelemetryBatch
from faults.telemetry import batch

REMEMBERED: Final = 64
_MOODS: Final = ("moves", "clicks", "moves", "reading", "answered", "scroll", "clicks", "page")


@dataclass(slots=True)
class Visit:
    """One session, from the request that opens it."""

    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    session_id: str = ""
    """Empty until the server has answered."""
    token: str = ""
    sent: list[TelemetryBatch] = field(default_factory=list[TelemetryBatch])
    """By sequence, from 1."""
    acknowledged: int = 0
    """Batches from the first that the server called durable."""
    written: int = 0
    """Batches from the first that were written to the present connection."""
    outcome_acknowledged: bool = False
    _clock_ms: int = 0

    def opening(self) -> OpenSessionRequest:
        """Return the request that opens the session, the same each time."""
        return OpenSessionRequest(
            visitor_id=self.request_id,
            consent=Consent(telemetry=True, interventions=True),
            page=PageContext(type=PAGE_TYPE_PRODUCT, view=1),
            pointer_type=POINTER_TYPE_MOUSE,
            request_id=self.request_id,
        )

    def outcome(self) -> Outcome:
        """Return the one outcome of the session, the same each time."""
        return Outcome(
            session_id=self.session_id,
            kind=OutcomeKind.OUTCOME_KIND_CONVERSION,
            value_micros=1_000_000,
            currency="EUR",
            outcome_id=self.request_id,
        )

    def next_batches(self, count: int) -> list[TelemetryBatch]:
        """Return the next batches to write: those that were never acknowledged, then new ones."""
        while len(self.sent) < self.written + count:
            self.sent.append(self._new())
        batches = self.sent[self.written : self.written + count]
        self.written += count
        return batches

    def reconnect(self) -> None:
        """Go back to the first batch that is not acknowledged, as a client does."""
        self.written = self.acknowledged

    def latest_acknowledged(self) -> list[TelemetryBatch]:
        """Return the acknowledged batches whose content the server still remembers."""
        return self.sent[max(self.acknowledged - REMEMBERED, 0) : self.acknowledged]

    def _new(self) -> TelemetryBatch:
        sequence = len(self.sent) + 1
        mood = _MOODS[sequence % len(_MOODS)]
        made = batch(self.session_id, sequence, mood=mood, clock_ms=self._clock_ms)
        self._clock_ms += sum(made.dt_ms)
        return made
