"""One ASGI application: calls by Connect, JSON and gRPC-Web, and the pages beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from eitp_server.transport import refusal
from eitp_server.transport.codec import BINARY, JSON
from eitp_server.transport.connect_general import GeneralCalls
from eitp_server.transport.connect_unary import UnaryCalls
from eitp_server.transport.cors import CrossOrigin
from eitp_server.transport.status import failure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute
    from starlette.types import Message, Receive, Scope, Send

    from eitp_server.transport.boundary import Boundary
    from eitp_server.transport.cors import Header

_CALLS = "/eitp.v1."
_MAX_HEADER_BYTES = 32 * 1024
_UNARY = {b"application/proto": BINARY, b"application/json": JSON}


class WebApp:
    """Sends calls to the boundary and everything else to Starlette."""

    def __init__(
        self,
        boundary: Boundary,
        *,
        ready: Callable[[], bool] = lambda: True,
        metrics: CollectorRegistry | None = None,
        routes: Sequence[BaseRoute] = (),
    ) -> None:
        """Answer calls, `/healthz`, `/readyz`, `/metrics`, and then `routes`.

        `ready` says whether the server can take calls; `metrics` is shown beside the boundary's.
        """
        self._boundary = boundary
        self._ready = ready
        self._metrics = metrics or CollectorRegistry()
        self._metrics.register(boundary.tally)
        self._cross_origin = CrossOrigin(boundary.authenticator.allows_browser)
        self._unary = UnaryCalls(boundary, self._cross_origin)
        self._general = GeneralCalls(boundary)
        own = [
            Route("/healthz", self._show_health),
            Route("/readyz", self._show_readiness),
            Route("/metrics", self._show_metrics),
        ]
        self._pages = Starlette(routes=[*own, *routes])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["path"].startswith(_CALLS):
            await self._call(scope, receive, send)
        else:
            await self._pages(scope, receive, send)

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        if sum(map(len, headers.values())) > _MAX_HEADER_BYTES:
            await _send(431, [], send)
            return
        content_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        codec = _UNARY.get(content_type) if scope["method"] == "POST" else None
        method = self._boundary.methods.get(scope["path"])
        if codec is not None and method is not None and method.is_unary:
            await self._unary.answer(method, codec, headers, receive, send)
            return
        origin = headers.get(b"origin", b"").decode("latin-1")
        if scope["method"] == "OPTIONS":
            await _send(*self._cross_origin.preflight(origin), send)
        elif codec is not None and method is None:
            failed = failure(refusal.not_implemented(scope["path"]))
            await self._unary.refuse(failed, origin, send, readable=codec is JSON)
        elif content_type == b"application/grpc" or content_type.startswith(b"application/grpc+"):
            # Native gRPC needs trailers, which this server's HTTP/1.1 does not have.
            await _send(415, [], send)
        else:
            await self._general(scope, receive, self._marked(origin, send))

    def _marked(self, origin: str, send: Send) -> Send:
        added = self._cross_origin.headers(origin)

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *added]
            await send(message)

        return marked if added else send

    async def _show_health(self, _: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def _show_readiness(self, _: Request) -> Response:
        if self._boundary.draining or not self._ready():
            return PlainTextResponse("not ready\n", status_code=503)
        return PlainTextResponse("ready\n")

    async def _show_metrics(self, _: Request) -> Response:
        return Response(generate_latest(self._metrics), media_type=CONTENT_TYPE_LATEST)


async def _send(status: int, headers: list[Header], send: Send) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
