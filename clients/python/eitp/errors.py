"""What can go wrong with a call, one exception for each thing a caller would do about it.

EITPError
├── Unreachable          nobody answered in time: look at the address, the network, the server
└── Refused              the server answered with an error; carries its reason and metadata
    ├── Invalid          the request can never succeed as sent: mend the fields in `violations`
    ├── Unauthenticated  the key is missing, unknown or revoked: get another one
    │   └── TokenExpired the session's token is past its end: resume the session
    ├── Forbidden        the key does not reach this far: another kind, scope or origin is needed,
    │   │                or a tenant that is not suspended
    │   └── ConsentRequired  the shopper has not agreed: ask, or leave it
    ├── Missing          nothing of that name is visible to this key
    │   └── SessionGone  the session is unknown or closed: open a new one
    ├── Conflict         the server keeps something else under that name, number or revision
    ├── CursorLost       what follows the cursor is not kept: start again from `oldest`
    ├── Exhausted        a limit is used up: wait `retry_after`, or do less
    ├── Unavailable      the server cannot answer now: try again later
    ├── Unsupported      the server does not offer the call
    └── ServerFault      the server's own fault: report `incident` to whoever runs it
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc
from google.rpc import error_details_pb2, status_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.message import Message

DOMAIN = "eitp.dev"
_DETAILS_KEY = "grpc-status-details-bin"


@dataclass(frozen=True, slots=True)
class Violation:
    """One field that breaks a rule."""

    field: str
    """Path of the field, as `batches[3].dx`."""
    rule: str
    """Identifier of the broken rule, as `repeated.max_items`."""
    description: str
    """What was wrong and what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A server's error in parts."""

    code: grpc.StatusCode
    message: str
    """For people; may change between versions."""
    reason: str = ""
    """Name of an `eitp.v1.ErrorReason` without its prefix; empty when no EITP server answered."""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    """The variable parts of the message, by name."""
    violations: tuple[Violation, ...] = ()
    retry_after: float | None = None
    """Seconds to wait before a retry; None when a retry cannot help."""


class EITPError(Exception):
    """Whatever a call can fail with; catch it where the cause makes no difference."""

    retry_after: float | None = None


class Unreachable(EITPError):
    """Nobody answered in time."""


class Refused(EITPError):
    """The server answered with an error."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(_sentence(answer))
        self.code = answer.code
        self.reason = answer.reason
        self.message = answer.message
        self.metadata = answer.metadata
        self.violations = answer.violations
        self.retry_after = answer.retry_after


class Invalid(Refused):
    """The request can never succeed as sent."""


class Unauthenticated(Refused):
    """The credential is missing, unknown or revoked."""


class TokenExpired(Unauthenticated):
    """The session's token is past its end; sessions renew theirs before you see this."""


class Forbidden(Refused):
    """The credential does not reach this far."""


class ConsentRequired(Forbidden):
    """The shopper's consent does not cover the call."""


class Missing(Refused):
    """Nothing of that name is visible to this credential."""


class SessionGone(Missing):
    """The session was never there, ended or was closed."""


class Conflict(Refused):
    """The server keeps something else under that name, number or revision."""


class CursorLost(Refused):
    """What follows the cursor is not kept."""

    @property
    def oldest(self) -> bytes:
        """Cursor from which everything is kept; empty, which starts anew, when there is none."""
        return base64.b64decode(self.metadata.get("oldest", ""))


class Exhausted(Refused):
    """A limit is used up."""


class Unavailable(Refused):
    """The server cannot answer now."""


class Unsupported(Refused):
    """The server does not offer the call."""


class ServerFault(Refused):
    """Something failed that is the server's fault."""

    @property
    def incident(self) -> str:
        """What finds the fault in the server's log; empty when the server said nothing."""
        return self.metadata.get("incident", "")


_BY_REASON: Mapping[str, type[Refused]] = {
    "MESSAGE_TOO_LARGE": Invalid,
    "TOKEN_EXPIRED": TokenExpired,
    "CONSENT_REQUIRED": ConsentRequired,
    "SESSION_UNKNOWN": SessionGone,
    "SESSION_CLOSED": SessionGone,
    "SEQUENCE_TOO_FAR_AHEAD": Conflict,
    "SEQUENCE_TOO_LATE": Conflict,
    "CURSOR_UNKNOWN": CursorLost,
    "CURSOR_COMPACTED": CursorLost,
    "TENANT_SUSPENDED": Forbidden,
}
"""Reasons that say more than their status code; the code decides for all others."""

_BY_CODE: Mapping[grpc.StatusCode, type[Refused]] = {
    grpc.StatusCode.INVALID_ARGUMENT: Invalid,
    grpc.StatusCode.OUT_OF_RANGE: Invalid,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.PERMISSION_DENIED: Forbidden,
    grpc.StatusCode.NOT_FOUND: Missing,
    grpc.StatusCode.ALREADY_EXISTS: Conflict,
    grpc.StatusCode.ABORTED: Conflict,
    grpc.StatusCode.FAILED_PRECONDITION: Conflict,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Exhausted,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.UNIMPLEMENTED: Unsupported,
}

_BROKEN = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.INTERNAL,
    }
)
"""What gRPC itself says when a connection or a deadline, and not the server, ended the call.

A server's own INTERNAL has a reason; one without is a stream that was reset.
"""


def from_rpc(error: grpc.aio.AioRpcError, address: str) -> EITPError:
    """Return what a failed call to `address` means to its caller."""
    answer = _parse(error)
    if not answer.reason and answer.code in _BROKEN:
        return Unreachable(f"no answer from {address}: {answer.message or answer.code.name}")
    default = _BY_CODE.get(answer.code, ServerFault)
    return _BY_REASON.get(answer.reason, default)(answer)


def _parse(error: grpc.aio.AioRpcError) -> Answer:
    info, request, retry = (
        error_details_pb2.ErrorInfo(),
        error_details_pb2.BadRequest(),
        error_details_pb2.RetryInfo(),
    )
    found = _unpack(error, info, request, retry)
    return Answer(
        code=error.code(),
        message=error.details() or "",
        reason=info.reason if info.domain == DOMAIN else "",
        metadata=dict(info.metadata),
        violations=tuple(
            Violation(violation.field, violation.reason, violation.description)
            for violation in request.field_violations
        ),
        retry_after=retry.retry_delay.ToTimedelta().total_seconds() if retry in found else None,
    )


def _unpack(error: grpc.aio.AioRpcError, *details: Message) -> list[Message]:
    """Fill the details that the error has and return those."""
    status = status_pb2.Status()
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS_KEY and isinstance(value, bytes):
            status.ParseFromString(value)
    return [message for message in details for packed in status.details if packed.Unpack(message)]


def _sentence(answer: Answer) -> str:
    fields = "".join(f"\n  {found.field}: {found.description}" for found in answer.violations)
    return f"{answer.reason or answer.code.name}: {answer.message}{fields}"
