"""What the tests read from and write to the wire, without the server's own code."""

from __future__ import annotations

import base64
import json
import struct
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

if TYPE_CHECKING:
    import grpc
    import httpx
    from google.protobuf.message import Message

    Detail = TypeVar("Detail", bound=Message)
else:
    Detail = TypeVar("Detail")

TRAILERS = 0x80
END_STREAM = 0x02


def metadata(credential: str, origin: str = "") -> tuple[tuple[str, str], ...]:
    """Return the headers of a call."""
    shown = (("authorization", f"Bearer {credential}"),) if credential else ()
    return (*shown, ("origin", origin)) if origin else shown


def grpc_status(error: grpc.aio.AioRpcError) -> Status:
    """Return the whole status of a failed gRPC call."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            assert isinstance(value, bytes)
            return Status.FromString(value)
    return Status(code=error.code().value[0], message=error.details() or "")


def connect_status(error: dict[str, Any]) -> Status:
    """Return the status that Connect writes as JSON."""
    name = "CANCELLED" if error["code"] == "canceled" else error["code"].upper()
    details = [
        AnyMessage(
            type_url=f"type.googleapis.com/{detail['type']}",
            value=base64.b64decode(detail["value"] + "=="),
        )
        for detail in error.get("details", [])
    ]
    return Status(code=code_pb2.Code.Value(name), message=error.get("message", ""), details=details)


def refused(response: httpx.Response) -> Status:
    """Return the status of a failed Connect call with one response."""
    assert response.status_code >= 400
    assert response.headers["content-type"] == "application/json"
    return connect_status(response.json())


def frame(message: bytes, flags: int = 0) -> bytes:
    """Return a message as gRPC-Web and Connect streams carry it."""
    return struct.pack(">BI", flags, len(message)) + message


def frames(body: bytes) -> list[tuple[int, bytes]]:
    """Return the flags and the content of each frame."""
    found: list[tuple[int, bytes]] = []
    while body:
        flags, length = struct.unpack(">BI", body[:5])
        found.append((flags, body[5 : 5 + length]))
        body = body[5 + length :]
    return found


def web_status(response: httpx.Response) -> Status:
    """Return the status of a gRPC-Web call, from its headers or its last frame."""
    trailers = dict(response.headers)
    for flags, content in frames(response.content):
        if flags & TRAILERS:
            lines = content.decode().split("\r\n")
            trailers |= dict(line.split(": ", 1) for line in lines if line)
    if details := trailers.get("grpc-status-details-bin"):
        return Status.FromString(base64.b64decode(details + "=="))
    message = unquote(trailers.get("grpc-message", ""))
    return Status(code=int(trailers["grpc-status"]), message=message)


def stream_status(response: httpx.Response) -> Status:
    """Return the status of a Connect stream, from its last frame."""
    flags, content = frames(response.content)[-1]
    assert flags & END_STREAM
    end = json.loads(content)
    return connect_status(end["error"]) if "error" in end else Status()


def detail(status: Status, kind: type[Detail]) -> Detail | None:
    """Return the only detail of that kind, if there is one."""
    name = f"type.googleapis.com/{kind.DESCRIPTOR.full_name}"
    found = [item for item in status.details if item.type_url == name]
    assert len(found) <= 1
    return kind.FromString(found[0].value) if found else None


def info(status: Status) -> ErrorInfo:
    """Return the ErrorInfo that every status has."""
    found = detail(status, ErrorInfo)
    assert found is not None, f"no ErrorInfo in {status}"
    assert found.domain == "eitp.dev"
    return found


def fields(status: Status) -> dict[str, str]:
    """Return the broken rules by field."""
    found = detail(status, BadRequest)
    return {item.field: item.reason for item in found.field_violations} if found else {}


def retry_seconds(status: Status) -> float | None:
    """Return the wait that is asked for; None when a retry cannot help."""
    found = detail(status, RetryInfo)
    return found.retry_delay.ToNanoseconds() / 1e9 if found else None
