"""Connect's calls with one request and one response, which are most of a web server's work.

They are plain HTTP, so they are answered here; everything else that a browser may speak goes
through the general implementation, which takes three times as long.
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING, Any

from google.protobuf.json_format import MessageToDict
from grpc import StatusCode

from eitp_server.transport import refusal
from eitp_server.transport.codec import JSON
from eitp_server.transport.cors import allow
from eitp_server.transport.status import CONNECT_CODES, Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.message import Message
    from starlette.types import Receive, Send

    from eitp_server.transport.boundary import Boundary
    from eitp_server.transport.codec import Codec
    from eitp_server.transport.cors import CrossOrigin, Header
    from eitp_server.transport.method import Method

HTTP_STATUS = {
    StatusCode.INVALID_ARGUMENT: 400,
    StatusCode.NOT_FOUND: 404,
    StatusCode.ALREADY_EXISTS: 409,
    StatusCode.PERMISSION_DENIED: 403,
    StatusCode.RESOURCE_EXHAUSTED: 429,
    StatusCode.FAILED_PRECONDITION: 400,
    StatusCode.ABORTED: 409,
    StatusCode.OUT_OF_RANGE: 400,
    StatusCode.UNIMPLEMENTED: 501,
    StatusCode.UNAVAILABLE: 503,
    StatusCode.INTERNAL: 500,
    StatusCode.UNAUTHENTICATED: 401,
}
"""HTTP's name of every code in use, as Connect fixes it."""
_CONTENT_TYPE = {"proto": b"application/proto", "json": b"application/json"}
_GZIP = 31
_to_json = json.JSONEncoder(ensure_ascii=False).encode


class UnaryCalls:
    """Answers calls whose content type names a codec."""

    def __init__(self, boundary: Boundary, cross_origin: CrossOrigin) -> None:
        self._boundary = boundary
        self._cross_origin = cross_origin

    async def answer(
        self,
        method: Method,
        codec: Codec,
        headers: Mapping[bytes, bytes],
        receive: Receive,
        send: Send,
    ) -> None:
        """Read the body, let the boundary answer, and send what it says."""
        call = _Call(codec, headers, receive)
        try:
            body = await self._boundary.unary(method, call)
        except Failure as failed:
            await self.refuse(failed, call.origin, send, readable=codec is JSON)
            return
        # Who got past the boundary may read the answer: no need to ask all tenants again.
        readers = [allow(call.origin)] if call.origin else []
        await _send(200, _CONTENT_TYPE[codec.name], body, readers, send)

    async def refuse(self, failed: Failure, origin: str, send: Send, *, readable: bool) -> None:
        """Send an error; a `readable` one repeats its details in words."""
        body = _to_json(_error(failed, readable=readable)).encode()
        status = HTTP_STATUS[failed.code]
        readers = self._cross_origin.headers(origin)
        await _send(status, _CONTENT_TYPE["json"], body, readers, send)


class _Call:
    __slots__ = ("_headers", "_receive", "authorization", "codec", "deadline", "origin")

    def __init__(self, codec: Codec, headers: Mapping[bytes, bytes], receive: Receive) -> None:
        self.codec = codec
        self.authorization = headers.get(b"authorization", b"").decode("latin-1")
        self.origin = headers.get(b"origin", b"").decode("latin-1")
        timeout = headers.get(b"connect-timeout-ms")
        self.deadline = None if timeout is None else _seconds(timeout)
        self._headers = headers
        self._receive = receive

    async def read(self, limit: int) -> bytes | None:
        announced = self._headers.get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > limit:
            raise refusal.too_large(limit)
        event = await self._receive()
        body = event.get("body", b"")
        while event.get("more_body"):
            event = await self._receive()
            body += event.get("body", b"")
            if len(body) > limit:
                raise refusal.too_large(limit)
        if event["type"] != "http.request":
            raise refusal.malformed("The request ended before its body did.")
        encoding = self._headers.get(b"content-encoding")
        return body if encoding is None else _decompressed(encoding, body, limit)


async def _send(
    status: int, content_type: bytes, body: bytes, headers: list[Header], send: Send
) -> None:
    headers += (b"content-type", content_type), (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _seconds(milliseconds: bytes) -> float:
    """Read Connect's timeout; what is no number of at most ten digits leaves no time at all."""
    valid = milliseconds.isdigit() and len(milliseconds) <= 10
    return int(milliseconds) / 1000 if valid else 0.0


def _decompressed(encoding: bytes, body: bytes, limit: int) -> bytes:
    if encoding == b"identity":
        return body
    if encoding == b"gzip":
        return _inflate(body, limit)
    raise refusal.unknown_encoding(encoding.decode("latin-1"))


def _inflate(body: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj(_GZIP)
    try:
        message = inflater.decompress(body, limit + 1)
    except zlib.error as error:
        raise refusal.malformed(f"The body is not gzip: {error}") from None
    if len(message) > limit:
        raise refusal.too_large(limit)
    if not inflater.eof:
        raise refusal.malformed("The gzip body ends before its end mark.")
    return message


def _error(failed: Failure, *, readable: bool) -> dict[str, Any]:
    return {
        "code": CONNECT_CODES[failed.code].value,
        "message": failed.message,
        "details": [_detail(detail, readable=readable) for detail in failed.details],
    }


def _detail(detail: Message, *, readable: bool) -> dict[str, Any]:
    value = base64.b64encode(detail.SerializeToString()).rstrip(b"=").decode()
    entry: dict[str, Any] = {"type": detail.DESCRIPTOR.full_name, "value": value}
    if readable:
        entry["debug"] = MessageToDict(detail)
    return entry
