"""Everything else that a browser may speak: Connect's streams and GETs, and gRPC-Web."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from connectrpc.server import ConnectASGIApplication, Endpoint

from eitp_server.transport import refusal
from eitp_server.transport.codec import BINARY, CODECS, JSON
from eitp_server.transport.status import Failure, failure

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from connectrpc.request import RequestContext

    from eitp_server.errors import DomainError
    from eitp_server.transport.boundary import Boundary
    from eitp_server.transport.codec import Codec
    from eitp_server.transport.method import Method

    Context = RequestContext[Any, Any]


class GeneralCalls(ConnectASGIApplication["Boundary"]):
    """An ASGI application for every call of the schema."""

    @property
    def path(self) -> str:
        """Where the application is mounted."""
        return "/"

    def __init__(self, boundary: Boundary) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType] (the library leaves it bare)
            service=boundary,
            endpoints=_endpoints,
            interceptors=[_Reasons(boundary.limits.admin_message_bytes)],
            read_max_bytes=boundary.limits.admin_message_bytes,
            codecs=[_Undecoded(codec) for codec in CODECS.values()],
        )


class _Message(NamedTuple):
    data: bytes
    codec: Codec


class _Undecoded:
    """Leaves the bytes as they are: decoding is the boundary's, after it knows who calls."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    def name(self) -> str:
        return self._codec.name

    def decode(self, data: bytes | bytearray, message_class: object) -> _Message:
        return _Message(bytes(data), self._codec)

    def encode(self, message: bytes) -> bytes:
        return message


class _Reasons:
    """Gives the errors that arise before the boundary their reason."""

    def __init__(self, limit: int) -> None:
        self._limit = limit

    async def on_start(self, ctx: Context) -> None:
        """Do nothing yet."""

    async def on_end(self, token: None, ctx: Context, error: Exception | None, /) -> None:
        """Replace an error that has no details."""
        if isinstance(error, ConnectError) and not error.details:
            reasoned = self._reasoned(error)
            if reasoned is not None:
                raise failure(reasoned).connect_error() from error

    def _reasoned(self, error: ConnectError) -> DomainError | None:
        match error.code:
            case Code.RESOURCE_EXHAUSTED:
                return refusal.too_large(self._limit)
            case Code.INVALID_ARGUMENT:
                return refusal.malformed(error.message)
            case Code.UNIMPLEMENTED:
                return refusal.unknown_encoding("another method than those this server knows")
            case _:
                return None


class _Call:
    def __init__(self, ctx: Context, codec: Codec) -> None:
        headers = ctx.request_headers
        self.authorization = headers.get("authorization", "")
        self.origin = headers.get("origin", "")
        self.codec = codec
        left = ctx.timeout_ms
        self.deadline = None if left is None else left / 1000

    async def read(self, limit: int) -> bytes | None:
        raise NotImplementedError


class _SingleCall(_Call):
    def __init__(self, message: _Message, ctx: Context) -> None:
        super().__init__(ctx, message.codec)
        self._message = message

    async def read(self, limit: int) -> bytes | None:
        return self._message.data


class _StreamCall(_Call):
    def __init__(self, messages: AsyncIterator[_Message], ctx: Context) -> None:
        is_json = ctx.request_headers.get("content-type", "").partition(";")[0].endswith("+json")
        super().__init__(ctx, JSON if is_json else BINARY)
        self._messages = messages

    async def read(self, limit: int) -> bytes | None:
        message = await anext(self._messages, None)
        return None if message is None else message.data


def _endpoints(boundary: Boundary) -> dict[str, Any]:
    return {path: _endpoint(boundary, method) for path, method in boundary.methods.items()}


def _endpoint(boundary: Boundary, method: Method) -> Any:
    async def unary(message: _Message, ctx: Context) -> bytes:
        try:
            return await boundary.unary(method, _SingleCall(message, ctx))
        except Failure as failed:
            raise failed.connect_error() from None

    def single(message: _Message, ctx: Context) -> AsyncGenerator[bytes]:
        return _stream(boundary, method, _SingleCall(message, ctx))

    def many(messages: AsyncIterator[_Message], ctx: Context) -> AsyncGenerator[bytes]:
        return _stream(boundary, method, _StreamCall(messages, ctx))

    if method.client_streaming:
        return Endpoint.bidi_stream(_info(method, StreamType.BIDI_STREAM), many)
    if method.server_streaming:
        return Endpoint.server_stream(_info(method, StreamType.SERVER_STREAM), single)
    return Endpoint.unary(_info(method, StreamType.UNARY), unary)


async def _stream(boundary: Boundary, method: Method, call: _Call) -> AsyncGenerator[bytes]:
    responses = boundary.stream(method, call)
    try:
        async for response in responses:
            yield response
    except Failure as failed:
        raise failed.connect_error() from None
    finally:
        await responses.aclose()


def _info(method: Method, stream_type: StreamType) -> MethodInfo[Any, Any]:
    _, service, name = method.path.split("/")
    return MethodInfo(
        name=name,
        service_name=service,
        input=method.request,
        output=method.response,
        idempotency_level=(
            IdempotencyLevel.NO_SIDE_EFFECTS if method.safe else IdempotencyLevel.UNKNOWN
        ),
        stream_type=stream_type,
    )
