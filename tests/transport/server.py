"""A server with both listeners on free ports, and real clients for it."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc
import httpx
from eitp_server.services.token import SigningKey, Tokens
from eitp_server.transport.access import ACCESS
from eitp_server.transport.boundary import Boundary
from eitp_server.transport.credential import Authenticator
from eitp_server.transport.grpc_server import GrpcServer
from eitp_server.transport.web_app import WebApp
from eitp_server.transport.web_server import WebServer
from transport.shop import OPENER, ORIGIN, TENANT, Admin, Emotion, Intervention, KeyBook, Telemetry
from transport.wire import grpc_status, metadata

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from eitp_server.transport.call import Gate, Limits
    from google.protobuf.message import Message
    from google.rpc.status_pb2 import Status

    Stream = grpc.aio.UnaryStreamCall[bytes, bytes] | grpc.aio.StreamStreamCall[bytes, bytes]

NOW_US = 1_800_000_000_000_000
SCOPES = frozenset(row.scope for rows in ACCESS.values() for row in rows.values())


@dataclass(kw_only=True)
class Shop:
    """A server and what is needed to call it."""

    boundary: Boundary
    keys: KeyBook
    tokens: Tokens
    clock: list[int]
    grpc_server: GrpcServer
    web_server: WebServer
    channel: grpc.aio.Channel
    web: httpx.AsyncClient
    emotion: Emotion = field(default_factory=Emotion)

    def token(self, **claims: Any) -> str:
        """Return a session token, for the shop's page unless the claims say otherwise."""
        usual: dict[str, Any] = {
            "tenant_id": TENANT,
            "key_id": OPENER,
            "session_id": "ses_1",
            "origin": ORIGIN,
            "now_us": NOW_US,
        }
        return self.tokens.issue(**{**usual, **claims}).token

    async def call(
        self,
        path: str,
        request: Message | bytes,
        credential: str = "",
        origin: str = "",
        **options: Any,
    ) -> bytes:
        """Make a call with one response by gRPC; raises `grpc.aio.AioRpcError`."""
        data = request if isinstance(request, bytes) else request.SerializeToString()
        method = self.channel.unary_unary(_full(path), _same, _same)
        return await method(data, metadata=metadata(credential, origin), timeout=5, **options)

    def watch(
        self, path: str, request: Message, credential: str
    ) -> grpc.aio.UnaryStreamCall[bytes, bytes]:
        """Start a call with many responses by gRPC."""
        method = self.channel.unary_stream(_full(path), _same, _same)
        return method(request.SerializeToString(), metadata=metadata(credential))

    def exchange(
        self, path: str, credential: str = "", origin: str = ""
    ) -> grpc.aio.StreamStreamCall[bytes, bytes]:
        """Start a call with many requests and responses by gRPC."""
        method = self.channel.stream_stream(_full(path), _same, _same)
        return method(metadata=metadata(credential, origin))

    async def post(
        self,
        path: str,
        content: Message | bytes | str,
        credential: str = "",
        origin: str = "",
        **headers: str,
    ) -> httpx.Response:
        """Make a call with one response by HTTP: text is JSON, anything else binary."""
        kind = "json" if isinstance(content, str) else "proto"
        body = content if isinstance(content, str | bytes) else content.SerializeToString()
        sent = {"content-type": f"application/{kind}", **dict(metadata(credential, origin))}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.web.post(f"/eitp.v1.{path}", content=body, headers=sent)


@asynccontextmanager
async def open_shop(
    services: Mapping[str, object] | None = None,
    *,
    limits: Limits | None = None,
    gate: Gate | None = None,
) -> AsyncGenerator[Shop]:
    """Run a server with the usual services, or with `services`."""
    emotion = Emotion()
    usual = {
        "eitp.v1.AdminService": Admin(),
        "eitp.v1.EmotionService": emotion,
        "eitp.v1.InterventionService": Intervention(),
        "eitp.v1.TelemetryService": Telemetry(),
    }
    keys, clock = KeyBook(SCOPES), [NOW_US]
    tokens = Tokens([SigningKey.from_seed(bytes(32))])
    authenticator = Authenticator(keys, tokens, lambda: clock[0])
    boundary = Boundary(services or usual, authenticator, limits=limits, gate=gate)
    async with AsyncExitStack() as stack:
        grpc_server = await stack.enter_async_context(GrpcServer(boundary, port=0))
        web_server = await stack.enter_async_context(WebServer(WebApp(boundary), port=0))
        options = [("grpc.http2.bdp_probe", 0)]
        address = f"127.0.0.1:{grpc_server.port}"
        yield Shop(
            boundary=boundary,
            keys=keys,
            tokens=tokens,
            clock=clock,
            grpc_server=grpc_server,
            web_server=web_server,
            channel=await stack.enter_async_context(
                grpc.aio.insecure_channel(address, options=options)
            ),
            web=await stack.enter_async_context(
                httpx.AsyncClient(base_url=f"http://127.0.0.1:{web_server.port}")
            ),
            emotion=emotion,
        )


async def read(call: Stream) -> bytes:
    """Return the next message of a stream that goes on."""
    message = await call.read()
    assert isinstance(message, bytes)
    return message


async def rest(call: Stream) -> tuple[int, Status | None]:
    """Read a stream to its end; return how many messages came and how it failed."""
    messages = 0
    try:
        while isinstance(await call.read(), bytes):
            messages += 1
    except grpc.aio.AioRpcError as error:
        return messages, grpc_status(error)
    return messages, None


def _full(path: str) -> str:
    return path if path.startswith("/") else f"/eitp.v1.{path}"


def _same(message: bytes) -> bytes:
    return message
