"""The policy as the tick sees it: commands arrive as documents that the log can keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eitp_server.interventions.definition import from_json
from eitp_server.interventions.disposition import InterventionDisposition
from eitp_server.interventions.outcome import OutcomeKind, OutcomeReport
from eitp_server.interventions.policy import Policy, Shopper

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from numpy.typing import NDArray

    from eitp_server.classification.packet import Packet
    from eitp_server.interventions.definition import Definition
    from eitp_server.interventions.outcome import Recorded
    from eitp_server.interventions.policy import Choice
    from eitp_server.storage.log import AcknowledgementRow, CensoredRow, OutcomeRow, StoppedRow

    class Visitor(Protocol):
        """What a decision needs to know of a session."""

        @property
        def session_id(self) -> str: ...

        @property
        def tenant_id(self) -> str: ...

        @property
        def visitor_hash(self) -> str: ...

        @property
        def consent_interventions(self) -> bool: ...


class Desk:
    """Translates the commands of the log for one policy."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def decide(self, packet: Packet, session: Visitor, now_us: int) -> Choice | None:
        """Choose for a session that has just emitted a packet."""
        return self.policy.decide(packet, _shopper(session), now_us)

    def hold_out(self, tenant_id: str, share: float) -> None:
        """Hold out so many of a tenant's visitors from now on."""
        self.policy.holdouts.tell(tenant_id, share)

    def held_out(self, session: Visitor) -> bool:
        """Return whether the visitor never gets an intervention."""
        return self.policy.held_out(_shopper(session))

    def outcome(
        self, tenant_id: str, document: Mapping[str, Any], now_us: int
    ) -> Recorded[OutcomeRow]:
        """Credit an outcome; `document` holds the fields of `OutcomeReport` but the tenant."""
        facts: dict[str, Any] = {**document, "kind": OutcomeKind(document["kind"])}
        return self.policy.outcome(OutcomeReport(tenant_id=tenant_id, **facts), now_us)

    def acknowledge(
        self, tenant_id: str, document: Mapping[str, Any], now_us: int
    ) -> AcknowledgementRow | None:
        """Keep what became of an intervention; None when that was known."""
        recorded = self.policy.acknowledge(
            tenant_id,
            document["session_id"],
            document["intervention_id"],
            InterventionDisposition(document["disposition"]),
            now_us,
        )
        return None if recorded.duplicate else recorded.row

    def put_definition(
        self, tenant_id: str, document: Mapping[str, Any], now_us: int
    ) -> Definition:
        """Create or replace a catalogue entry and return it as it is kept.

        A request that repeats an earlier one by its id changes nothing and gets the same answer.
        Raises Conflict(REQUEST_ID_REUSED) when the earlier one had another content.
        """
        catalogue = self.policy.catalogue
        request_id = document.get("request_id", "")
        made = self.policy.requests.find(tenant_id, request_id, document)
        if made:
            return catalogue.get(tenant_id, made.definition_id, made.revision)
        definition = from_json({**document["definition"], "tenant_id": tenant_id})
        put = catalogue.replace if document["replace"] else catalogue.create
        kept = put(definition)
        if kept.epoch == kept.revision > 1:
            self.policy.renew(tenant_id, kept.definition_id, now_us)
        self.policy.requests.keep(tenant_id, request_id, document, kept)
        return kept

    def withdraw(self, session: Visitor, now_us: int) -> list[CensoredRow]:
        """Give up what is open of a session that takes its consent back."""
        return self.policy.withdraw(session.tenant_id, session.session_id, now_us)

    def stop(self, tenant_id: str, document: Mapping[str, Any], now_us: int) -> StoppedRow:
        """Take an intervention out of the choice because of the harm that it does."""
        return self.policy.stop(tenant_id, document["definition_id"], document["metric"], now_us)

    def install(self, document: Mapping[str, Any]) -> None:
        """Decide from now on by what was learnt."""
        self.policy.install(document)

    def delete_definition(self, tenant_id: str, definition_id: str) -> None:
        """Remove a catalogue entry."""
        self.policy.catalogue.delete(tenant_id, definition_id)

    def expire(self, now_us: int) -> None:
        """Forget what is too old to matter; the last call of every tick that is logged."""
        self.policy.expire(now_us)
        self.policy.requests.expire(now_us)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return the policy's state."""
        return self.policy.dump()

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `dump` returned."""
        self.policy.load(arrays)


def _shopper(session: Visitor) -> Shopper:
    return Shopper(
        session_id=session.session_id,
        tenant_id=session.tenant_id,
        visitor_hash=session.visitor_hash,
        consent_interventions=session.consent_interventions,
    )
