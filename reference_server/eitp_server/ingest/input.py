"""What enters the tick: telemetry by the batch, everything else as a small command."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Mapping, Sequence

    from eitp_server.errors import DomainError, Reason


class CommandKind(IntEnum):
    """What a command does to the state."""

    OPEN_SESSION = 1
    CLOSE_SESSION = 2
    REPORT_OUTCOME = 3
    ACKNOWLEDGE_INTERVENTION = 4
    PUT_DEFINITION = 5
    DELETE_DEFINITION = 6
    SKIP_TIMERS = 7
    """The server's own: drop what time alone would do now, because it breaks the reducer."""
    INSTALL_POLICY = 8
    """The server's own: decide from now on by what was learnt."""
    STOP_INTERVENTION = 9
    """The server's own: an intervention does more harm than the tenant tolerates."""


@dataclass(slots=True, kw_only=True, eq=False)
class Telemetry:
    """Batches of one request, of one tenant."""

    tenant_id: str
    session_id: str
    """The session of the caller's token, meant by batches that name none; empty for a relay."""
    batches: Sequence[bytes]
    """Serialised `TelemetryBatch`es, not yet read."""
    wants_progress: bool = False
    """The receipt has to say how far each session has come."""
    result: Future[Receipt] | None = None
    """Resolved once the batches are durable; None on replay."""


@dataclass(slots=True, kw_only=True, eq=False)
class Command:
    """One change that is not telemetry."""

    tenant_id: str
    kind: CommandKind
    document: Mapping[str, Any]
    """JSON-able arguments."""
    result: Future[Any] | None = None


Input = Telemetry | Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A batch that was not applied."""

    batch_index: int
    session_id: str
    sequence: int
    reason: Reason
    message: str
    field: str = ""
    retry_after: float | None = None
    """Seconds to wait before sending it again; None when that cannot help."""
    error: DomainError | None = None
    """The same as an exception, with all violations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a session has come."""

    session_id: str
    acknowledged: int
    waiting: int
    lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A session, fresh or resumed."""

    next_sequence: int
    """What the session's next batch has to carry."""
    opened_us: int


@dataclass(slots=True, kw_only=True)
class Receipt:
    """What became of the batches of one request."""

    applied: int = 0
    duplicates: int = 0
    rejections: list[Rejection] = field(default_factory=list[Rejection])
    slots: list[int] = field(default_factory=list[int])
    """Slot of each session that had a batch applied or recognised, in order of first appearance."""
    progress: list[Progress] = field(default_factory=list[Progress])
