"""A real gRPC server in the test's own process, which answers as the test tells it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
from client.script import Failure
from eitp.v1 import (
    capability_service_pb2,
    decision_pb2,
    emotion_service_pb2,
    intervention_service_pb2,
    session_pb2,
    session_service_pb2,
    telemetry_pb2,
    telemetry_service_pb2,
)
from google.protobuf.message_factory import GetMessageClass

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence

    from client.script import Context, Script
    from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
    from google.protobuf.message import Message

_FILES = (
    capability_service_pb2,
    emotion_service_pb2,
    intervention_service_pb2,
    session_service_pb2,
    telemetry_service_pb2,
)


@asynccontextmanager
async def scripted(script: Script, *, port: int = 0) -> AsyncGenerator[str]:
    """Run a server of all services that clients call and yield its address."""
    server = grpc.aio.server()
    for file in _FILES:
        for service in file.DESCRIPTOR.services_by_name.values():
            server.add_generic_rpc_handlers((_handler(service, script),))
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


def _handler(service: ServiceDescriptor, script: Script) -> grpc.GenericRpcHandler:
    methods = {method.name: _method(method, script) for method in service.methods}
    return grpc.method_handlers_generic_handler(service.full_name, methods)


def _method(method: MethodDescriptor, script: Script) -> grpc.RpcMethodHandler[Any, Any]:
    make: Any
    if method.client_streaming:
        make, behaviour = grpc.stream_stream_rpc_method_handler, _ingest_stream
    elif method.server_streaming:
        make, behaviour = grpc.unary_stream_rpc_method_handler, _watch
    else:
        make, behaviour = grpc.unary_unary_rpc_method_handler, _call
    return make(
        partial(behaviour, method, script),
        request_deserializer=GetMessageClass(method.input_type).FromString,
        response_serializer=GetMessageClass(method.output_type).SerializeToString,
    )


async def _call(
    method: MethodDescriptor, script: Script, request: Any, context: Context
) -> Message:
    script.see(method.name, request, context)
    usual = _USUAL.get(method.name)
    answer = usual(request, script) if usual else GetMessageClass(method.output_type)()
    return await script.answer(method.name, answer, context)


async def _watch(
    method: MethodDescriptor, script: Script, request: Any, context: Context
) -> AsyncIterator[Message]:
    """Deliver what follows the request's cursor, then stay silent."""
    script.see(method.name, request, context)
    for message in list(script.feed):
        if isinstance(message, Failure):
            script.feed.remove(message)
            await message.abort(context)
        if _place(message) > int(request.cursor or 0):
            yield message
    await asyncio.Event().wait()


async def _ingest_stream(
    method: MethodDescriptor, script: Script, requests: AsyncIterator[Any], context: Context
) -> AsyncIterator[Message]:
    """Acknowledge each message, or answer it as scripted; an empty answer is not sent."""
    number = applied = 0
    async for request in requests:
        script.see(method.name, request, context)
        number += 1
        applied += len(request.batches)
        usual = telemetry_service_pb2.IngestStreamResponse(
            acknowledged_messages=number, applied=applied
        )
        answer = await script.answer(method.name, usual, context)
        if answer.ByteSize():
            yield answer


def _open_session(_: Any, script: Script) -> session_service_pb2.OpenSessionResponse:
    number = len(script.requests["OpenSession"])
    return session_service_pb2.OpenSessionResponse(
        session=session_pb2.Session(session_id=f"session-{number}"),
        session_token=f"token-{number}",
        target_salt=b"salt",
        next_sequence=1,
    )


def _ingest(request: Any, _: Script) -> telemetry_service_pb2.IngestResponse:
    batches: Sequence[telemetry_pb2.TelemetryBatch] = request.batches
    last = {batch.session_id: batch.sequence for batch in batches}
    return telemetry_service_pb2.IngestResponse(
        applied=len(batches),
        progress=[
            telemetry_pb2.SessionProgress(session_id=session_id, acknowledged_sequence=sequence)
            for session_id, sequence in last.items()
        ],
    )


def _list_decisions(request: Any, _: Script) -> intervention_service_pb2.ListDecisionsResponse:
    """Return three pages of one decision."""
    number = int(request.page_token or 1)
    return intervention_service_pb2.ListDecisionsResponse(
        decisions=[decision_pb2.Decision(decision_id=f"d-{number}", propensity=0.25)],
        next_page_token=str(number + 1) if number < 3 else "",
    )


_USUAL: Mapping[str, Callable[[Any, Script], Message]] = {
    "OpenSession": _open_session,
    "Ingest": _ingest,
    "ListDecisions": _list_decisions,
}


def _place(message: Any) -> int:
    return int(message.cursor or message.heartbeat.cursor or message.lagged.to_cursor)
