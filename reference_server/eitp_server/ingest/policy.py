"""What the reducer asks of the intervention policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from eitp_server.bandit.decision import Decision
    from eitp_server.classification.packet import Packet
    from eitp_server.ingest.session_table import SessionInfo
    from eitp_server.storage.log import (
        AcknowledgementRow,
        CensoredRow,
        InterventionRow,
        OutcomeRow,
        StoppedRow,
    )


class Choice(Protocol):
    """What the policy made of a moment."""

    @property
    def decision(self) -> Decision: ...

    @property
    def intervention(self) -> InterventionRow | None:
        """What to deliver, None for nothing."""
        ...


class Reported(Protocol):
    """An outcome as it is kept."""

    @property
    def row(self) -> OutcomeRow: ...

    @property
    def duplicate(self) -> bool:
        """The same had been reported before."""
        ...


class Policy(Protocol):
    """Decides, learns, and keeps the catalogue; documents are those of the commands.

    Deterministic: time comes as an argument, and the same calls give the same `dump`.
    """

    def decide(self, packet: Packet, session: SessionInfo, now_us: int) -> Choice | None:
        """Choose for a session that has just emitted a packet; None when nothing is eligible."""
        ...

    def hold_out(self, tenant_id: str, share: float) -> None:
        """Hold out so many of a tenant's visitors, 0..1, from now on."""
        ...

    def held_out(self, session: SessionInfo) -> bool:
        """Return whether chance has chosen the visitor never to get an intervention."""
        ...

    def outcome(self, tenant_id: str, document: Mapping[str, Any], now_us: int) -> Reported:
        """Credit an outcome, once."""
        ...

    def acknowledge(
        self, tenant_id: str, document: Mapping[str, Any], now_us: int
    ) -> AcknowledgementRow | None:
        """Keep what became of an intervention; None when that was known."""
        ...

    def withdraw(self, session: SessionInfo, now_us: int) -> list[CensoredRow]:
        """Give up what is open of a session that takes its consent back."""
        ...

    def stop(self, tenant_id: str, document: Mapping[str, Any], now_us: int) -> StoppedRow:
        """Take an intervention out of the choice because of the harm that it does."""
        ...

    def install(self, document: Mapping[str, Any]) -> None:
        """Decide from now on by what was learnt."""
        ...

    def put_definition(self, tenant_id: str, document: Mapping[str, Any], now_us: int) -> Any:
        """Create or replace a catalogue entry and return it."""
        ...

    def delete_definition(self, tenant_id: str, definition_id: str) -> None:
        """Remove a catalogue entry."""
        ...

    def expire(self, now_us: int) -> None:
        """Forget what is too old to matter."""
        ...

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return the state; the same calls in the same order give the same bytes."""
        ...

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `dump` returned."""
        ...
