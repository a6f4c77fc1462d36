"""What a caller catches for each reason of the registry."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import grpc
import pytest
from client.script import Failure
from eitp import errors
from eitp.v1.error_pb2 import ErrorReason
from google.rpc.error_details_pb2 import BadRequest

if TYPE_CHECKING:
    from client.script import Script
    from eitp.client import Client

Code = grpc.StatusCode

REGISTRY = {
    "MALFORMED_MESSAGE": (Code.INVALID_ARGUMENT, errors.Invalid),
    "MESSAGE_TOO_LARGE": (Code.RESOURCE_EXHAUSTED, errors.Invalid),
    "FIELD_INVALID": (Code.INVALID_ARGUMENT, errors.Invalid),
    "COLUMN_LENGTH_MISMATCH": (Code.INVALID_ARGUMENT, errors.Invalid),
    "TARGET_INDEX_OUT_OF_RANGE": (Code.INVALID_ARGUMENT, errors.Invalid),
    "EVENT_INDEX_OUT_OF_RANGE": (Code.INVALID_ARGUMENT, errors.Invalid),
    "CREDENTIAL_MISSING": (Code.UNAUTHENTICATED, errors.Unauthenticated),
    "CREDENTIAL_INVALID": (Code.UNAUTHENTICATED, errors.Unauthenticated),
    "TOKEN_EXPIRED": (Code.UNAUTHENTICATED, errors.TokenExpired),
    "KEY_KIND_NOT_ALLOWED": (Code.PERMISSION_DENIED, errors.Forbidden),
    "SCOPE_MISSING": (Code.PERMISSION_DENIED, errors.Forbidden),
    "ORIGIN_NOT_ALLOWED": (Code.PERMISSION_DENIED, errors.Forbidden),
    "CONSENT_REQUIRED": (Code.PERMISSION_DENIED, errors.ConsentRequired),
    "SESSION_UNKNOWN": (Code.NOT_FOUND, errors.SessionGone),
    "SESSION_CLOSED": (Code.FAILED_PRECONDITION, errors.SessionGone),
    "SEQUENCE_CONFLICT": (Code.ALREADY_EXISTS, errors.Conflict),
    "SEQUENCE_TOO_FAR_AHEAD": (Code.OUT_OF_RANGE, errors.Conflict),
    "DECISION_UNKNOWN": (Code.NOT_FOUND, errors.Missing),
    "INTERVENTION_UNKNOWN": (Code.NOT_FOUND, errors.Missing),
    "DEFINITION_UNKNOWN": (Code.NOT_FOUND, errors.Missing),
    "DEFINITION_EXISTS": (Code.ALREADY_EXISTS, errors.Conflict),
    "REVISION_MISMATCH": (Code.ABORTED, errors.Conflict),
    "OUTCOME_CONFLICT": (Code.ALREADY_EXISTS, errors.Conflict),
    "REQUEST_ID_REUSED": (Code.ALREADY_EXISTS, errors.Conflict),
    "PAGE_TOKEN_INVALID": (Code.INVALID_ARGUMENT, errors.Invalid),
    "CURSOR_UNKNOWN": (Code.OUT_OF_RANGE, errors.CursorLost),
    "CURSOR_FOREIGN": (Code.PERMISSION_DENIED, errors.Forbidden),
    "POOLING_REQUIRED": (Code.PERMISSION_DENIED, errors.Forbidden),
    "CURSOR_COMPACTED": (Code.OUT_OF_RANGE, errors.CursorLost),
    "SUBSCRIBER_TOO_SLOW": (Code.RESOURCE_EXHAUSTED, errors.Exhausted),
    "OVERLOADED": (Code.RESOURCE_EXHAUSTED, errors.Exhausted),
    "QUOTA_EXCEEDED": (Code.RESOURCE_EXHAUSTED, errors.Exhausted),
    "STORAGE_FULL": (Code.RESOURCE_EXHAUSTED, errors.Exhausted),
    "DRAINING": (Code.UNAVAILABLE, errors.Unavailable),
    "RECOVERING": (Code.UNAVAILABLE, errors.Unavailable),
    "NOT_IMPLEMENTED": (Code.UNIMPLEMENTED, errors.Unsupported),
    "INTERNAL": (Code.INTERNAL, errors.ServerFault),
    "RESOURCE_UNKNOWN": (Code.NOT_FOUND, errors.Missing),
    "RESOURCE_EXISTS": (Code.ALREADY_EXISTS, errors.Conflict),
    "TENANT_SUSPENDED": (Code.FAILED_PRECONDITION, errors.Forbidden),
    "MODEL_UNAVAILABLE": (Code.UNAVAILABLE, errors.Unavailable),
    "SEQUENCE_TOO_LATE": (Code.OUT_OF_RANGE, errors.Conflict),
}


async def failed(client: Client, script: Script, failure: Failure) -> errors.EITPError:
    """Return what a call raises that is answered with a failure until it gives up."""
    script.answers["GetState"].extend([failure] * 100)
    with pytest.raises(errors.EITPError) as caught:
        await client.state("session-1")
    return caught.value


@pytest.mark.parametrize("reason", REGISTRY)
async def test_every_reason_has_its_exception(client: Client, script: Script, reason: str) -> None:
    code, expected = REGISTRY[reason]
    failure = Failure(code=code, reason=reason, metadata={"limit": "streams"})
    error = await failed(client, script, failure)
    assert type(error) is expected
    assert isinstance(error, errors.Refused)
    assert (error.code, error.reason, error.metadata) == (code, reason, {"limit": "streams"})


def test_no_reason_of_the_registry_is_forgotten() -> None:
    names = {name.removeprefix("ERROR_REASON_") for name in ErrorReason.keys()}  # noqa: SIM118
    assert REGISTRY.keys() == names - {"UNSPECIFIED"}


async def test_each_field_that_breaks_a_rule_is_named(client: Client, script: Script) -> None:
    violation = BadRequest.FieldViolation(
        field="batches[3].dx", reason="repeated.max_items", description="at most 512 items"
    )
    failure = Failure(code=Code.INVALID_ARGUMENT, reason="FIELD_INVALID", violations=(violation,))
    error = await failed(client, script, failure)
    assert isinstance(error, errors.Invalid)
    found = errors.Violation("batches[3].dx", "repeated.max_items", "at most 512 items")
    assert error.violations == (found,)
    assert "batches[3].dx: at most 512 items" in str(error)


async def test_a_compacted_cursor_says_where_to_go_on(client: Client, script: Script) -> None:
    oldest = base64.b64encode(b"\x00place").decode()
    failure = Failure(
        code=Code.OUT_OF_RANGE, reason="CURSOR_COMPACTED", metadata={"oldest": oldest}
    )
    error = await failed(client, script, failure)
    assert isinstance(error, errors.CursorLost)
    assert error.oldest == b"\x00place"


async def test_a_foreign_error_keeps_its_code_and_has_no_reason(
    client: Client, script: Script
) -> None:
    error = await failed(client, script, Failure(code=Code.UNIMPLEMENTED))
    assert isinstance(error, errors.Unsupported)
    assert (error.code, error.reason) == (Code.UNIMPLEMENTED, "")


async def test_the_error_of_grpc_stays_its_cause(client: Client, script: Script) -> None:
    error = await failed(client, script, Failure(code=Code.INTERNAL))
    assert isinstance(error.__cause__, grpc.aio.AioRpcError)
