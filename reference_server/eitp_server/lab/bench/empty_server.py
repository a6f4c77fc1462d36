"""The same listeners with handlers that decode nothing: what the transport alone can carry."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING, Any, Final

import grpc
import grpc.aio
import uvicorn
import uvloop
from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from connectrpc.server import ConnectASGIApplication, Endpoint
from eitp.v1.telemetry_service_pb2 import IngestRequest, IngestResponse, IngestStreamResponse

from eitp_server.lab.bench.plan import BARE, INGEST

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    Context = grpc.aio.ServicerContext[bytes, bytes]
    MethodHandler = grpc.RpcMethodHandler[bytes, bytes]

GRPC_OPTIONS: Final = (
    ("grpc.max_concurrent_streams", 100),
    ("grpc.max_receive_message_length", 4 * 1024 * 1024),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.max_connection_age_ms", 15 * 60_000),
    ("grpc.max_connection_age_grace_ms", 60_000),
    ("grpc.http2.bdp_probe", 0),
    ("grpc.so_reuseport", 0),
)
"""Those of the server; a test holds them together."""
ACKNOWLEDGE_SECONDS: Final = 0.01
"""Time between two acknowledgements of a stream, which are cumulative as the server's are."""
_END: object = vars(grpc.aio)["EOF"]
_BODY: Final = IngestResponse(applied=1).SerializeToString()
_HEADERS: Final = [
    (b"content-type", b"application/proto"),
    (b"content-length", b"%d" % len(_BODY)),
]


class Undecoded:
    """Leaves the bytes of messages as they are."""

    def name(self) -> str:
        """Return the subtype of `application/` that this is for."""
        return "proto"

    def decode(self, data: bytes | bytearray, message_class: object) -> bytes:
        """Return the bytes."""
        return bytes(data)

    def encode(self, message: bytes) -> bytes:
        """Return the bytes."""
        return message


class ConnectCalls(ConnectASGIApplication[None]):
    """The Connect library with a unary handler that says that one batch was applied."""

    @property
    def path(self) -> str:
        """Where the application is mounted."""
        return "/"

    def __init__(self) -> None:
        super().__init__(service=None, endpoints=_endpoints, codecs=[Undecoded()])  # pyright: ignore[reportUnknownMemberType] (the library leaves it bare)


def _endpoints(_: None) -> dict[str, Any]:
    async def ingest(_: bytes, _context: object) -> bytes:
        return _BODY

    method: MethodInfo[Any, Any] = MethodInfo(
        name="Ingest",
        service_name="eitp.v1.TelemetryService",
        input=IngestRequest,
        output=IngestResponse,
        idempotency_level=IdempotencyLevel.IDEMPOTENT,
        stream_type=StreamType.UNARY,
    )
    return {INGEST: Endpoint.unary(method, ingest)}


_CONNECT: Final = ConnectCalls()


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a call by the Connect library, or at BARE without it."""
    if scope["path"] == BARE:
        await _answer_barely(receive, send)
    else:
        await _CONNECT(scope, receive, send)


async def _answer_barely(receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _BODY})


async def acknowledge(_: object, context: Context) -> None:
    """Answer a stream: read the requests, say every now and then how many there were."""
    messages = said = 0

    async def speak() -> None:
        nonlocal said
        if messages > said:
            said = messages
            response = IngestStreamResponse(acknowledged_messages=said)
            await context.write(response.SerializeToString())

    async def keep_speaking() -> None:
        while True:
            await asyncio.sleep(ACKNOWLEDGE_SECONDS)
            await speak()

    async with asyncio.TaskGroup() as tasks:
        speaking = tasks.create_task(keep_speaking())
        while await context.read() is not _END:
            messages += 1
        speaking.cancel()
    await speak()


class Calls(grpc.GenericRpcHandler):
    """Treats every path alike."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> MethodHandler:
        """Return the handler that does nothing."""
        return grpc.stream_stream_rpc_method_handler(acknowledge)


def web_config() -> uvicorn.Config:
    """Return uvicorn's configuration, the server's but for the application and the port."""
    return uvicorn.Config(
        answer,
        host="127.0.0.1",
        port=0,
        http="httptools",
        ws="none",
        lifespan="off",
        interface="asgi3",
        proxy_headers=False,
        server_header=False,
        date_header=False,
        access_log=False,
        log_config=None,
        backlog=2048,
        timeout_keep_alive=75,
    )


async def main() -> None:
    """Serve until SIGTERM, which uvicorn handles."""
    listener = grpc.aio.server(options=GRPC_OPTIONS)
    listener.add_generic_rpc_handlers((Calls(),))
    grpc_port = listener.add_insecure_port("127.0.0.1:0")
    await listener.start()
    config = web_config()
    listening = config.bind_socket()
    web_port = listening.getsockname()[1]
    address = f"gRPC on 127.0.0.1:{grpc_port}, Connect and JSON on http://127.0.0.1:{web_port}\n"
    sys.stdout.write(address)
    sys.stdout.flush()
    await uvicorn.Server(config).serve(sockets=[listening])
    await listener.stop(0)


if __name__ == "__main__":
    # uvicorn raises the signal again once it has shut down; by then all is done.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
