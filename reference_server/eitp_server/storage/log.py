"""The log port: what the tick needs from durable storage, in either deployment."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from eitp_server.bandit.decision import Decision
    from eitp_server.classification.packet import Packet


@dataclass(frozen=True, slots=True, kw_only=True)
class InterventionRow:
    """One intervention for one session: pending until it is acknowledged or expires."""

    intervention_id: str
    decision_id: str
    tenant_id: str
    session_id: str
    definition_id: str
    definition_revision: int
    number: int
    """Position in the server's intervention feed, ascending by one over all tenants."""
    created_at_us: int
    expires_at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgementRow:
    """What the page did with an intervention."""

    intervention_id: str
    tenant_id: str
    disposition: int
    """A `eitp.v1.InterventionDisposition`."""
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRow:
    """One reported outcome and the decision it was credited to."""

    outcome_id: str
    tenant_id: str
    session_id: str
    decision_id: str
    """Empty when no decision was open for the session."""
    kind: int
    """A `eitp.v1.OutcomeKind`."""
    value_micros: int
    currency: str
    occurred_at_us: int
    received_at_us: int


class Resolution(IntEnum):
    """How it became known how a foretold session ended."""

    SUCCESS = 1
    """A conversion or a lead was reported."""
    REPORTED = 2
    """An abandonment or a bounce was reported, and no success."""
    SILENCE = 3
    """The session ended and nothing was reported."""
    TOO_LATE = 4
    """The outcome had happened before the forecast was made, which therefore proves nothing."""
    FORGOTTEN = 5
    """Too many sessions were open; nobody knows how this one ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRow:
    """The first forecast of one session, and how the session ended."""

    tenant_id: str
    packet_id: str
    """The packet that carried it."""
    session_id: str
    forecast_at_us: int
    label: int
    """A `eitp.v1.EmotionLabel`, as shipped; 0 when there was none."""
    risk_logit: float
    """Shipped logit of abandonment, from state, label and place."""
    page_only_logit: float
    """The same from page, cart and time on site alone."""
    duration_only_logit: float
    """The same from time on site alone."""
    risk: float
    """Probability of abandonment as the packet gave it."""
    risk_model: str
    estimator_version: str
    holdout: bool
    """Chance had chosen the visitor to get no intervention."""
    treated: bool
    """An intervention was sent to the session after the forecast."""
    abandoned: bool | None
    """Whether the session ended without success; None when the forecast does not count."""
    resolution: int
    """A `Resolution`."""
    resolved_at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CensoredRow:
    """A decision whose outcome can never be known, because consent was withdrawn."""

    tenant_id: str
    decision_id: str
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppedRow:
    """An intervention that a guardrail stopped, until what it shows is changed."""

    tenant_id: str
    definition_id: str
    epoch: int
    """The revision at which what the shopper sees was last changed."""
    metric: int
    """A `eitp.v1.GuardrailMetric`."""
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterRow:
    """An input that the reducer could not apply, kept so that it can be looked at and replayed."""

    tenant_id: str
    tick: int
    error: str
    payload: bytes


@dataclass(slots=True, kw_only=True)
class Writes:
    """What one tick writes beside its envelope, all in the same transaction."""

    packets: list[Packet] = field(default_factory=list["Packet"])
    decisions: list[Decision] = field(default_factory=list["Decision"])
    interventions: list[InterventionRow] = field(default_factory=list[InterventionRow])
    acknowledgements: list[AcknowledgementRow] = field(default_factory=list[AcknowledgementRow])
    outcomes: list[OutcomeRow] = field(default_factory=list[OutcomeRow])
    forecasts: list[ForecastRow] = field(default_factory=list[ForecastRow])
    censored: list[CensoredRow] = field(default_factory=list[CensoredRow])
    stopped: list[StoppedRow] = field(default_factory=list[StoppedRow])
    dead_letters: list[DeadLetterRow] = field(default_factory=list[DeadLetterRow])


class Log(Protocol):
    """Envelopes in order, committed together with what they caused.

    One writer. `commit` returns only when the envelope and the writes are as durable as
    `durability` says, all or nothing.
    """

    @property
    def incarnation(self) -> str:
        """Identity of this log's life: a re-created log has another one."""
        ...

    @property
    def durability(self) -> int:
        """What an acknowledgement promises, a `eitp.v1.Durability`: 1 PROCESS, 2 DISK, 3 QUORUM."""
        ...

    @property
    def committed_by(self) -> str:
        """The reducer version that committed the newest tick, empty when none is on record."""
        ...

    async def commit(self, tick: int, envelope: bytes, writes: Writes) -> None:
        """Append `envelope` as number `tick`, which must be the last one plus one.

        Raises `Exhausted(STORAGE_FULL)` when there is no room; nothing is written then.
        """
        ...

    def read(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        """Yield (tick, envelope) above `after` in order.

        Raises `OutOfRange(CURSOR_COMPACTED)` when envelopes right above `after` were trimmed.
        """
        ...

    async def last(self) -> int:
        """Return the highest committed tick, 0 when there is none."""
        ...

    async def trim(self, before: int) -> None:
        """Forget envelopes with a tick below `before`."""
        ...

    async def packets(
        self, tenant_id: str, after: int, limit: int, *, session_id: str = ""
    ) -> Sequence[Packet]:
        """Return stored packets of a tenant with a feed number above `after`, ascending.

        Raises `OutOfRange(CURSOR_COMPACTED)` with metadata `oldest` when some of them are gone.
        """
        ...

    async def interventions(
        self, tenant_id: str, after: int, limit: int, *, session_id: str = ""
    ) -> Sequence[InterventionRow]:
        """Return stored interventions with a feed number above `after`, ascending."""
        ...

    async def last_numbers(self) -> tuple[int, int]:
        """Return the highest packet number and the highest intervention number, 0 when none."""
        ...

    async def close(self) -> None:
        """Finish what was begun and let go of the files."""
        ...
