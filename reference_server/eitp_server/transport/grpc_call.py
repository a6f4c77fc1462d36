"""Calls that arrive by gRPC: bytes to the boundary, statuses to trailers."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, NoReturn

import grpc

from eitp_server.transport import refusal
from eitp_server.transport.codec import BINARY
from eitp_server.transport.status import DETAILS_KEY, Failure, failure

if TYPE_CHECKING:
    from eitp_server.transport.boundary import Boundary
    from eitp_server.transport.codec import Codec
    from eitp_server.transport.method import Method

    Context = grpc.aio.ServicerContext[bytes, bytes]
    MethodHandler = grpc.RpcMethodHandler[bytes, bytes]

_END: object = vars(grpc.aio)["EOF"]


class Calls(grpc.GenericRpcHandler):
    """Answers every path; one that the schema does not have with UNIMPLEMENTED."""

    def __init__(self, boundary: Boundary) -> None:
        self._handlers = {
            path: _handler(boundary, method) for path, method in boundary.methods.items()
        }

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> MethodHandler:
        """Return what answers the call."""
        path = handler_call_details.method
        return self._handlers.get(path) or _unknown(path)


class _Call:
    """A call with one request, which has arrived already."""

    __slots__ = ("authorization", "deadline", "message", "origin")
    codec: Codec = BINARY

    def __init__(self, context: Context, message: bytes | None = None) -> None:
        self.authorization = self.origin = ""
        self.message = message
        self.deadline: float | None = context.time_remaining()
        for key, value in context.invocation_metadata() or ():
            if key == "authorization":
                self.authorization = str(value)
            elif key == "origin":
                self.origin = str(value)

    async def read(self, limit: int) -> bytes | None:
        """Return the request."""
        return self.message


class _StreamCall(_Call):
    """A call with many requests."""

    __slots__ = ("_context",)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._context = context

    async def read(self, limit: int) -> bytes | None:
        """Return the next request."""
        message = await self._context.read()
        return None if message is _END else message


def _handler(boundary: Boundary, method: Method) -> MethodHandler:
    if method.client_streaming:
        return _requests_to_responses(boundary, method)
    if method.server_streaming:
        return _request_to_responses(boundary, method)
    return _request_to_response(boundary, method)


def _request_to_response(boundary: Boundary, method: Method) -> MethodHandler:
    async def answer(message: bytes, context: Context) -> bytes:
        try:
            return await boundary.unary(method, _Call(context, message))
        except Failure as failed:
            await _abort(context, failed)

    return grpc.unary_unary_rpc_method_handler(answer)


def _request_to_responses(boundary: Boundary, method: Method) -> MethodHandler:
    async def answer(message: bytes, context: Context) -> None:
        await _stream(boundary, method, _Call(context, message), context)

    return grpc.unary_stream_rpc_method_handler(answer)


def _requests_to_responses(boundary: Boundary, method: Method) -> MethodHandler:
    async def answer(_: object, context: Context) -> None:
        await _stream(boundary, method, _StreamCall(context), context)

    return grpc.stream_stream_rpc_method_handler(answer)


def _unknown(path: str) -> MethodHandler:
    async def refuse(_: object, context: Context) -> None:
        await _abort(context, failure(refusal.not_implemented(path)))

    return grpc.stream_stream_rpc_method_handler(refuse)


async def _stream(boundary: Boundary, method: Method, call: _Call, context: Context) -> None:
    try:
        async with aclosing(boundary.stream(method, call)) as responses:
            async for response in responses:
                await context.write(response)
    except Failure as failed:
        await _abort(context, failed)


async def _abort(context: Context, failed: Failure) -> NoReturn:
    details = (DETAILS_KEY, failed.status().SerializeToString())
    await context.abort(failed.code, failed.message, (details,))
