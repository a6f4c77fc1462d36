"""What a failed call looks like on the wire: one table of codes, one shape of details."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectrpc.code import Code
from connectrpc.errors import ConnectError, ErrorDetail
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode
from protobuf.wkt import Any as WireAny

from eitp_server.errors import DomainError, Reason
from eitp_server.services.moment import duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from google.protobuf.message import Message

    from eitp_server.errors import Violation

DOMAIN = "eitp.dev"
"""Domain of every `google.rpc.ErrorInfo`."""
DETAILS_KEY = "grpc-status-details-bin"
"""Trailing metadata that carries the whole status in gRPC."""

REASONS = {
    StatusCode.INVALID_ARGUMENT: (
        Reason.MALFORMED_MESSAGE,
        Reason.FIELD_INVALID,
        Reason.COLUMN_LENGTH_MISMATCH,
        Reason.TARGET_INDEX_OUT_OF_RANGE,
        Reason.EVENT_INDEX_OUT_OF_RANGE,
        Reason.PAGE_TOKEN_INVALID,
    ),
    StatusCode.UNAUTHENTICATED: (
        Reason.CREDENTIAL_MISSING,
        Reason.CREDENTIAL_INVALID,
        Reason.TOKEN_EXPIRED,
    ),
    StatusCode.PERMISSION_DENIED: (
        Reason.KEY_KIND_NOT_ALLOWED,
        Reason.SCOPE_MISSING,
        Reason.ORIGIN_NOT_ALLOWED,
        Reason.CONSENT_REQUIRED,
        Reason.POOLING_REQUIRED,
        Reason.CURSOR_FOREIGN,
    ),
    StatusCode.NOT_FOUND: (
        Reason.SESSION_UNKNOWN,
        Reason.DECISION_UNKNOWN,
        Reason.INTERVENTION_UNKNOWN,
        Reason.DEFINITION_UNKNOWN,
        Reason.RESOURCE_UNKNOWN,
    ),
    StatusCode.ALREADY_EXISTS: (
        Reason.SEQUENCE_CONFLICT,
        Reason.DEFINITION_EXISTS,
        Reason.RESOURCE_EXISTS,
        Reason.OUTCOME_CONFLICT,
        Reason.REQUEST_ID_REUSED,
    ),
    StatusCode.FAILED_PRECONDITION: (Reason.SESSION_CLOSED, Reason.TENANT_SUSPENDED),
    StatusCode.ABORTED: (Reason.REVISION_MISMATCH,),
    StatusCode.OUT_OF_RANGE: (
        Reason.SEQUENCE_TOO_FAR_AHEAD,
        Reason.SEQUENCE_TOO_LATE,
        Reason.CURSOR_UNKNOWN,
        Reason.CURSOR_COMPACTED,
    ),
    StatusCode.RESOURCE_EXHAUSTED: (
        Reason.MESSAGE_TOO_LARGE,
        Reason.SUBSCRIBER_TOO_SLOW,
        Reason.OVERLOADED,
        Reason.QUOTA_EXCEEDED,
        Reason.STORAGE_FULL,
    ),
    StatusCode.UNAVAILABLE: (
        Reason.DRAINING,
        Reason.RECOVERING,
        Reason.MODEL_UNAVAILABLE,
    ),
    StatusCode.UNIMPLEMENTED: (Reason.NOT_IMPLEMENTED,),
    StatusCode.INTERNAL: (Reason.INTERNAL,),
}
CODES = {reason: code for code, reasons in REASONS.items() for reason in reasons}
"""The code of every reason, as `eitp.v1.ErrorReason` fixes it."""
CONNECT_CODES = {code: Code[code.name] for code in REASONS}
"""Connect's name of every code in use."""

# A gRPC client refuses trailers of more than 8 KiB, so a status says the first few things only.
_MAX_VIOLATIONS = 10
_MAX_TEXT = 300


class Failure(Exception):
    """A call that ends with a status."""

    def __init__(self, code: StatusCode, message: str, details: Sequence[Message]) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = tuple(details)

    def status(self) -> status_pb2.Status:
        """Return the same as one message, which gRPC sends beside the code."""
        status = status_pb2.Status(code=self.code.value[0], message=self.message)
        for detail in self.details:
            status.details.add().Pack(detail)
        return status

    def connect_error(self) -> ConnectError:
        """Return the same as Connect and gRPC-Web send it."""
        details = [ErrorDetail(_connect_any(detail)) for detail in self.details]
        return ConnectError(CONNECT_CODES[self.code], self.message, details)


def failure(error: DomainError) -> Failure:
    """Return the status of an error that was raised on purpose."""
    return Failure(CODES[error.reason], _clipped(error.message), list(_details(error)))


def internal(incident: str) -> Failure:
    """Return the status of every other error: nothing but where to look for it."""
    info = error_details_pb2.ErrorInfo(
        reason=Reason.INTERNAL, domain=DOMAIN, metadata={"incident": incident}
    )
    message = f"The server failed; its log has the details under incident {incident}."
    return Failure(StatusCode.INTERNAL, message, [info])


def _details(error: DomainError) -> Iterator[Message]:
    yield error_details_pb2.ErrorInfo(
        reason=error.reason,
        domain=DOMAIN,
        metadata={name: _clipped(value) for name, value in error.metadata.items()},
    )
    if error.violations:
        broken = [_field_violation(item) for item in error.violations[:_MAX_VIOLATIONS]]
        yield error_details_pb2.BadRequest(field_violations=broken)
    if error.retry_after is not None:
        yield error_details_pb2.RetryInfo(retry_delay=duration(error.retry_after))


def _field_violation(broken: Violation) -> error_details_pb2.BadRequest.FieldViolation:
    return error_details_pb2.BadRequest.FieldViolation(
        field=_clipped(broken.field), reason=broken.rule, description=_clipped(broken.description)
    )


def _connect_any(message: Message) -> WireAny:
    type_url = f"type.googleapis.com/{message.DESCRIPTOR.full_name}"
    return WireAny(type_url=type_url, value=message.SerializeToString())


def _clipped(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1]}…"
