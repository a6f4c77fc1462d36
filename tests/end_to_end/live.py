"""A whole server with two shops, and plain clients that say what stands in the protocol."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import grpc
import httpx
from eitp_server.app import running
from eitp_server.config import Settings
from end_to_end.schema import METHODS, path_of, rpc
from google.protobuf.json_format import MessageToJson, Parse
from google.protobuf.message_factory import GetMessageClass
from transport.wire import END_STREAM, connect_status, frame, grpc_status, metadata, refused
from unwrapped import unwrapped

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from eitp_server.app import Server
    from google.protobuf.message import Message
    from google.rpc.status_pb2 import Status

Transport = Literal["grpc", "json"]
BOTH: tuple[Transport, ...] = ("grpc", "json")
SECONDS = 5.0
"""Longest wait for anything that is due at once."""


class Refused(Exception):
    """A call that ended with a status, whichever transport carried it."""

    def __init__(self, status: Status) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A tenant, its page and its keys."""

    tenant_id: str
    origin: str
    publishable: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Premises:
    """A data directory with two shops, for servers to be started on."""

    folder: Path
    shop: Shop
    rival: Shop


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A running server, as its clients see it."""

    grpc_address: str
    channel: grpc.aio.Channel
    web: httpx.AsyncClient
    shop: Shop
    rival: Shop

    async def call(
        self,
        request: Message,
        credential: str = "",
        origin: str = "",
        *,
        by: Transport = "grpc",
        seconds: float = SECONDS,
    ) -> Any:
        """Return the one response to a request; raises `Refused`."""
        path = path_of(request)
        if by == "grpc":
            try:
                return await rpc(self.channel, path)(
                    request, metadata=metadata(credential, origin), timeout=seconds
                )
            except grpc.aio.AioRpcError as error:
                raise Refused(grpc_status(error)) from None
        response = await self.post(path, MessageToJson(request), credential, origin)
        if response.is_error:
            raise Refused(refused(response))
        return Parse(response.content, _response(path))

    async def post(
        self, path: str, body: str | bytes, credential: str = "", origin: str = "", **headers: str
    ) -> httpx.Response:
        """Post JSON, or the bytes of a message, as curl would."""
        kind = "json" if isinstance(body, str) else "proto"
        sent = {"content-type": f"application/{kind}", **dict(metadata(credential, origin))}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.web.post(path, content=body, headers=sent, timeout=SECONDS)

    async def watch(
        self, request: Message, credential: str, origin: str = "", *, by: Transport = "grpc"
    ) -> AsyncGenerator[Any]:
        """Yield the responses of a stream; raises `Refused` when it ends with a status."""
        responses = self._read if by == "grpc" else self._read_json
        async with aclosing(responses(request, dict(metadata(credential, origin)))) as messages:
            async for message in messages:
                yield message

    async def _read(self, request: Message, headers: dict[str, str]) -> AsyncGenerator[Any]:
        call = rpc(self.channel, path_of(request))(request, metadata=tuple(headers.items()))
        try:
            async for message in call:
                yield message
        except grpc.aio.AioRpcError as error:
            raise Refused(grpc_status(error)) from None
        finally:
            call.cancel()

    async def _read_json(self, request: Message, headers: dict[str, str]) -> AsyncGenerator[Any]:
        path = path_of(request)
        async with self.web.stream(
            "POST",
            path,
            content=frame(MessageToJson(request).encode()),
            headers={**headers, "content-type": "application/connect+json"},
            timeout=None,
        ) as response:
            async for flags, content in _frames(response.aiter_raw()):
                if not flags & END_STREAM:
                    yield Parse(content, _response(path))
                elif error := json.loads(content).get("error"):
                    raise Refused(connect_status(error))


@asynccontextmanager
async def clients(
    premises: Premises, grpc_address: str, web_address: str, **options: int
) -> AsyncGenerator[Live]:
    """Connect to a server; options are those of the gRPC channel, `_` for `.`."""
    arguments = [(f"grpc.{name}", value) for name, value in options.items()]
    async with AsyncExitStack() as stack:
        channel = grpc.aio.insecure_channel(grpc_address, options=arguments)
        yield Live(
            grpc_address=grpc_address,
            channel=await stack.enter_async_context(channel),
            web=await stack.enter_async_context(httpx.AsyncClient(base_url=web_address)),
            shop=premises.shop,
            rival=premises.rival,
        )


@asynccontextmanager
async def served(premises: Premises, **settings: Any) -> AsyncGenerator[Server]:
    """Run a server on the premises, on free ports."""
    chosen: dict[str, Any] = {
        "data_dir": premises.folder,
        "grpc_port": 0,
        "web_port": 0,
        "holdout_share": 0.0,
        **settings,
    }
    with unwrapped():
        async with running(Settings(**chosen)) as server:
            yield server


@asynccontextmanager
async def started(premises: Premises, **settings: Any) -> AsyncGenerator[Live]:
    """Run a server on the premises and connect to it; the server ends first."""
    async with AsyncExitStack() as connections, served(premises, **settings) as server:
        connected = clients(premises, server.grpc_address, server.web_address)
        yield await connections.enter_async_context(connected)


async def refusal(live: Live, request: Message, credential: str = "", origin: str = "") -> Status:
    """Return the status with which a request is refused, the same by gRPC and by JSON."""
    statuses: list[Status] = []
    for by in BOTH:
        try:
            answer = await live.call(request, credential, origin, by=by)
        except Refused as refused_:
            statuses.append(refused_.status)
        else:
            raise AssertionError(f"answered by {by}: {answer}")
    assert statuses[0] == statuses[1]
    return statuses[0]


async def stream_refusal(
    live: Live,
    request: Message,
    credential: str = "",
    origin: str = "",
    *,
    seconds: float = SECONDS,
) -> Status:
    """Return the status with which a watch ends before its first item, by gRPC and by JSON."""
    statuses: list[Status] = []
    for by in BOTH:
        async with aclosing(live.watch(request, credential, origin, by=by)) as watch:
            try:
                found = await items(watch, 1, seconds)
            except Refused as refused_:
                statuses.append(refused_.status)
            else:
                raise AssertionError(f"answered by {by}: {found}")
    assert statuses[0] == statuses[1]
    return statuses[0]


async def raw_refusal(
    live: Live, path: str, data: bytes, credential: str, **headers: str
) -> Status:
    """Return the status with which gRPC refuses the bytes of a request."""
    shown = (*metadata(credential), *headers.items())
    try:
        await live.channel.unary_unary(path)(data, metadata=shown, timeout=SECONDS)
    except grpc.aio.AioRpcError as error:
        return grpc_status(error)
    raise AssertionError(f"{path} was answered")


async def until(reached: Callable[[], Awaitable[bool]], seconds: float = SECONDS) -> None:
    """Ask again and again until something is so; raises `TimeoutError` when it never is."""
    async with asyncio.timeout(seconds):
        while not await reached():  # noqa: ASYNC110 (another process has no event to wait for)
            await asyncio.sleep(0.01)


async def items(watch: AsyncIterator[Any], count: int, seconds: float = SECONDS) -> list[Any]:
    """Return the next `count` responses of a watch that are no heartbeats."""
    found: list[Any] = []
    async with asyncio.timeout(seconds):
        while len(found) < count:
            message = await anext(watch)
            if message.WhichOneof("item") != "heartbeat":
                found.append(message)
    return found


async def _frames(chunks: AsyncIterator[bytes]) -> AsyncGenerator[tuple[int, bytes]]:
    """Yield flags and content of each frame as soon as it is whole."""
    pending = b""
    async for chunk in chunks:
        pending += chunk
        while len(pending) >= 5 and len(pending) >= (end := 5 + int.from_bytes(pending[1:5])):
            yield pending[0], pending[5:end]
            pending = pending[end:]


def _response(path: str) -> Message:
    return GetMessageClass(METHODS[path].output_type)()
