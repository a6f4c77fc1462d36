"""The normative table of who may make which call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eitp_server.errors import Forbidden, Reason, Unauthenticated
from eitp_server.services.caller import CredentialKind

if TYPE_CHECKING:
    from eitp_server.services.caller import Caller

_SECRET = frozenset({CredentialKind.SECRET})
_SESSION_OR_SECRET = _SECRET | {CredentialKind.SESSION}
_KEY = _SECRET | {CredentialKind.PUBLISHABLE}


@dataclass(frozen=True, slots=True)
class Access:
    """Which credentials reach a call."""

    kinds: frozenset[CredentialKind]
    """Empty: the call is open to everybody and looks at no credential."""
    scope: str = ""
    """What a secret key or a session token must be allowed."""
    while_suspended: bool = False
    """Whether a tenant may make the call that is not served otherwise."""

    @property
    def is_open(self) -> bool:
        """Whether the call needs no credential."""
        return not self.kinds


OPEN = Access(frozenset())
ACCESS = {
    "AdminService": {
        "CreateTenant": Access(_SECRET, "tenants.write"),
        "GetTenant": Access(_SECRET, "tenants.read"),
        "ListTenants": Access(_SECRET, "tenants.read"),
        "UpdateTenant": Access(_SECRET, "tenants.write"),
        "GetPolicy": Access(_SECRET, "policy.read"),
        "UpdatePolicy": Access(_SECRET, "policy.write"),
        "GetLimits": Access(_SECRET, "limits.read"),
        "CreateApiKey": Access(_SECRET, "keys.write"),
        "ListApiKeys": Access(_SECRET, "keys.read"),
        "RotateApiKey": Access(_SECRET, "keys.write"),
        "RevokeApiKey": Access(_SECRET, "keys.write"),
        "ListDeadLetters": Access(_SECRET, "dead_letters.read"),
        "GetDeadLetter": Access(_SECRET, "dead_letters.read"),
        "ReplayDeadLetters": Access(_SECRET, "dead_letters.write"),
        "DiscardDeadLetters": Access(_SECRET, "dead_letters.write"),
        "ListAuditEntries": Access(_SECRET, "audit.read"),
    },
    "CapabilityService": {"GetCapabilities": OPEN},
    "EmotionService": {
        "GetState": Access(_SESSION_OR_SECRET, "packets.read"),
        "WatchPackets": Access(_SECRET, "packets.read"),
        "ClassifyTelemetry": Access(_SECRET, "packets.read"),
        "GetHypothesis": Access(_SECRET, "packets.read"),
    },
    "IntelligenceService": {
        "GetContagion": Access(_SECRET, "intelligence.read"),
        "WatchContagion": Access(_SECRET, "intelligence.read"),
        "ListTransfers": Access(_SECRET, "intelligence.read"),
    },
    "InterventionService": {
        "WatchInterventions": Access(_SESSION_OR_SECRET, "interventions.read"),
        "AcknowledgeIntervention": Access(_SESSION_OR_SECRET, "interventions.write"),
        "ReportOutcome": Access(_SESSION_OR_SECRET, "outcomes.write"),
        "CreateInterventionDefinition": Access(_SECRET, "catalogue.write"),
        "GetInterventionDefinition": Access(_SECRET, "catalogue.read"),
        "ListInterventionDefinitions": Access(_SECRET, "catalogue.read"),
        "UpdateInterventionDefinition": Access(_SECRET, "catalogue.write"),
        "DeleteInterventionDefinition": Access(_SECRET, "catalogue.write"),
        "ListDecisions": Access(_SECRET, "decisions.read"),
        "GetExperiment": Access(_SECRET, "decisions.read"),
    },
    "PatternService": {
        "ListPatterns": Access(_SECRET, "patterns.read"),
        "GetPattern": Access(_SECRET, "patterns.read"),
    },
    "SeerService": {"Chat": Access(_SESSION_OR_SECRET, "seer.chat")},
    "SessionService": {
        "OpenSession": Access(_KEY, "sessions.write"),
        "CloseSession": Access(_SESSION_OR_SECRET, "sessions.write"),
        "EraseSubject": Access(_SECRET, "subjects.erase", while_suspended=True),
        "ExportSubject": Access(_SECRET, "subjects.export", while_suspended=True),
    },
    "TelemetryService": {
        "Ingest": Access(_SESSION_OR_SECRET, "telemetry.write"),
        "IngestStream": Access(_SESSION_OR_SECRET, "telemetry.write"),
    },
    "VolatilityService": {
        "ListFeeds": Access(_SECRET, "volatility.read"),
        "GetIndex": Access(_SECRET, "volatility.read"),
        "ListBars": Access(_SECRET, "volatility.read"),
        "SubscribeIndex": Access(_SECRET, "volatility.read"),
    },
}
"""Every call of `eitp.v1`, by service and method."""


def require(access: Access, caller: Caller) -> None:
    """Raise `Unauthenticated` or `Forbidden` unless the caller reaches the call."""
    if caller.kind not in access.kinds:
        raise _refused(access, caller)
    # A publishable key has no scopes: what it reaches stands in the table above.
    if access.scope not in caller.scopes and caller.kind is not CredentialKind.PUBLISHABLE:
        raise Forbidden(
            Reason.SCOPE_MISSING,
            f"The call needs the scope {access.scope}, which the {caller.kind.value} lacks.",
            metadata={"scope": access.scope},
        )


def _refused(access: Access, caller: Caller) -> Unauthenticated | Forbidden:
    needed = " or ".join(sorted(kind.value for kind in access.kinds))
    if caller.kind is CredentialKind.ANONYMOUS:
        return Unauthenticated(
            Reason.CREDENTIAL_MISSING,
            f"The call needs a {needed}, sent as `authorization: Bearer …`.",
        )
    return Forbidden(
        Reason.KEY_KIND_NOT_ALLOWED,
        f"The call needs a {needed}; a {caller.kind.value} may not make it.",
        metadata={"credential": caller.kind.value},
    )
