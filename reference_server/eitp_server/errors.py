"""The domain's exception tree; the boundary turns each of these into one status on the wire.

DomainError
├── Invalid           the request can never succeed as sent; names the fields
├── Unauthenticated   no credential, or one that is not valid any more
├── Forbidden         a valid credential that does not reach this far
├── Missing           nothing of that name is visible to this caller
├── Conflict          the same name was used for something else
├── Unready           the request is right, the state of its subject is not
├── Exhausted         a limit was reached; retry when told to
├── OutOfRange        a cursor points outside what is kept
├── Unimplemented     this server does not offer the call
└── Unavailable       the server cannot answer now; retry when told to
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Reason(StrEnum):
    """The machine-readable reasons of `eitp.v1.ErrorReason`, without its prefix."""

    MALFORMED_MESSAGE = "MALFORMED_MESSAGE"
    MESSAGE_TOO_LARGE = "MESSAGE_TOO_LARGE"
    FIELD_INVALID = "FIELD_INVALID"
    COLUMN_LENGTH_MISMATCH = "COLUMN_LENGTH_MISMATCH"
    TARGET_INDEX_OUT_OF_RANGE = "TARGET_INDEX_OUT_OF_RANGE"
    EVENT_INDEX_OUT_OF_RANGE = "EVENT_INDEX_OUT_OF_RANGE"
    CREDENTIAL_MISSING = "CREDENTIAL_MISSING"
    CREDENTIAL_INVALID = "CREDENTIAL_INVALID"
    TOKEN_EXPIRED = "TOKEN_EXPIRED"
    KEY_KIND_NOT_ALLOWED = "KEY_KIND_NOT_ALLOWED"
    SCOPE_MISSING = "SCOPE_MISSING"
    ORIGIN_NOT_ALLOWED = "ORIGIN_NOT_ALLOWED"
    CONSENT_REQUIRED = "CONSENT_REQUIRED"
    SESSION_UNKNOWN = "SESSION_UNKNOWN"
    SESSION_CLOSED = "SESSION_CLOSED"
    SEQUENCE_CONFLICT = "SEQUENCE_CONFLICT"
    SEQUENCE_TOO_FAR_AHEAD = "SEQUENCE_TOO_FAR_AHEAD"
    DECISION_UNKNOWN = "DECISION_UNKNOWN"
    INTERVENTION_UNKNOWN = "INTERVENTION_UNKNOWN"
    DEFINITION_UNKNOWN = "DEFINITION_UNKNOWN"
    DEFINITION_EXISTS = "DEFINITION_EXISTS"
    REVISION_MISMATCH = "REVISION_MISMATCH"
    OUTCOME_CONFLICT = "OUTCOME_CONFLICT"
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    PAGE_TOKEN_INVALID = "PAGE_TOKEN_INVALID"
    CURSOR_UNKNOWN = "CURSOR_UNKNOWN"
    CURSOR_FOREIGN = "CURSOR_FOREIGN"
    CURSOR_COMPACTED = "CURSOR_COMPACTED"
    SUBSCRIBER_TOO_SLOW = "SUBSCRIBER_TOO_SLOW"
    OVERLOADED = "OVERLOADED"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    STORAGE_FULL = "STORAGE_FULL"
    DRAINING = "DRAINING"
    RECOVERING = "RECOVERING"
    NOT_IMPLEMENTED = "NOT_IMPLEMENTED"
    INTERNAL = "INTERNAL"
    RESOURCE_UNKNOWN = "RESOURCE_UNKNOWN"
    RESOURCE_EXISTS = "RESOURCE_EXISTS"
    TENANT_SUSPENDED = "TENANT_SUSPENDED"
    MODEL_UNAVAILABLE = "MODEL_UNAVAILABLE"
    SEQUENCE_TOO_LATE = "SEQUENCE_TOO_LATE"
    POOLING_REQUIRED = "POOLING_REQUIRED"


@dataclass(frozen=True, slots=True)
class Violation:
    """One field that breaks a rule."""

    field: str
    """Path of the field, as `batches[3].dx`."""
    rule: str
    """Identifier of the broken rule, as `repeated.max_items`."""
    description: str
    """What was wrong and what would be right."""


class DomainError(Exception):
    """Base of everything the server raises on purpose."""

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        metadata: Mapping[str, str] | None = None,
        violations: Sequence[Violation] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.metadata = dict(metadata or {})
        """Every variable part of the message, by name."""
        self.violations = tuple(violations)
        self.retry_after = retry_after
        """Seconds to wait before a retry; None when a retry cannot help."""


class Invalid(DomainError):
    """The request can never succeed as sent."""


class Unauthenticated(DomainError):
    """No credential, or one that is not valid any more."""


class Forbidden(DomainError):
    """A valid credential that does not reach this far."""


class Missing(DomainError):
    """Nothing of that name is visible to this caller."""


class Conflict(DomainError):
    """The same name was used for something else."""


class Unready(DomainError):
    """The request is right, the state of its subject is not."""


class Exhausted(DomainError):
    """A limit was reached."""


class OutOfRange(DomainError):
    """A cursor points outside what is kept."""


class Unimplemented(DomainError):
    """This server does not offer the call."""


class Unavailable(DomainError):
    """The server cannot answer now."""
