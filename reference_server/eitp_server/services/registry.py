"""The registry of error reasons: names of the domain to numbers of the protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from eitp.v1.error_pb2 import ErrorReason

if TYPE_CHECKING:
    from eitp_server.errors import Reason


def reason_number(reason: Reason) -> ErrorReason:
    """Return the protocol's enum value of a reason."""
    return cast("ErrorReason", ErrorReason.Value(f"ERROR_REASON_{reason.value}"))
