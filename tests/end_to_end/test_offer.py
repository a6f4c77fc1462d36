"""What a stranger can find out: services, health, capabilities, and what is not offered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import grpc
import pytest
from eitp.v1.capability_pb2 import Profile
from eitp.v1.capability_service_pb2 import GetCapabilitiesRequest
from eitp.v1.common_pb2 import Durability
from end_to_end.live import BOTH, raw_refusal, started
from end_to_end.schema import METHODS, SERVICES
from end_to_end.shopper import brief, ingest, visit
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from transport.wire import END_STREAM, connect_status, frame, frames, info, refused, retry_seconds

if TYPE_CHECKING:
    from eitp.v1.capability_pb2 import Capabilities
    from eitp.v1.capability_service_pb2 import GetCapabilitiesResponse
    from end_to_end.live import Live, Premises, Transport
    from google.rpc.status_pb2 import Status

NOT_OFFERED = frozenset(
    {
        "SessionService/EraseSubject",
        "SessionService/ExportSubject",
        *(
            path.removeprefix("/eitp.v1.")
            for path in METHODS
            if path.split("/")[1].removeprefix("eitp.v1.")
            in {
                "AdminService",
                "SeerService",
            }
        ),
    }
)
"""Calls that this server does not offer yet."""


async def capabilities(live: Live, by: Transport = "grpc", credential: str = "") -> Capabilities:
    answer: GetCapabilitiesResponse = await live.call(GetCapabilitiesRequest(), credential, by=by)
    assert answer.server_time.seconds > 0
    return answer.capabilities


async def reflected(live: Live, **request: Any) -> Any:
    """Return the answer to one reflection request."""
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(cast("Any", live.channel))
    message = reflection_pb2.ServerReflectionRequest(**request)
    (answer,) = [answer async for answer in stub.ServerReflectionInfo(iter([message]), timeout=5)]
    return answer


async def test_reflection_lists_every_service(live: Live) -> None:
    answer = await reflected(live, list_services="")
    names = {service.name for service in answer.list_services_response.service}
    assert set(SERVICES) <= names
    assert "grpc.health.v1.Health" in names


async def test_reflection_describes_every_service_with_all_that_it_refers_to(live: Live) -> None:
    files: dict[str, FileDescriptorProto] = {}
    for name in SERVICES:
        answer = await reflected(live, file_containing_symbol=name)
        for data in answer.file_descriptor_response.file_descriptor_proto:
            file = FileDescriptorProto.FromString(data)
            files[file.name] = file
    missing = [name for file in files.values() for name in file.dependency if name not in files]
    while missing:
        answer = await reflected(live, file_by_filename=missing.pop())
        (data,) = answer.file_descriptor_response.file_descriptor_proto[:1]
        file = FileDescriptorProto.FromString(data)
        files[file.name] = file
        missing += [name for name in file.dependency if name not in files]
    described = {
        f"/{file.package}.{service.name}/{method.name}"
        for file in files.values()
        for service in file.service
        for method in service.method
    }
    assert set(METHODS) <= described
    assert "buf/validate/validate.proto" in files


async def test_every_offered_service_is_healthy(live: Live) -> None:
    stub: Any = health_pb2_grpc.HealthStub(live.channel)
    for name in ("", *(await capabilities(live)).services):
        request = health_pb2.HealthCheckRequest(service=name)
        answer = await stub.Check(request, timeout=5)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING, name
    for path in ("/healthz", "/readyz"):
        assert (await live.web.get(path)).status_code == 200


@pytest.mark.parametrize("path", METHODS)
async def test_every_call_is_either_answered_or_listed_as_not_offered(
    live: Live, path: str
) -> None:
    by_grpc = await raw_refusal(live, path, b"\xff", live.shop.secret)
    by_json = await _json_refusal(live, path)
    name = path.removeprefix("/eitp.v1.")
    if name not in NOT_OFFERED:
        assert info(by_grpc).reason == info(by_json).reason == "MALFORMED_MESSAGE"
        return
    for status in (by_grpc, by_json):
        assert status.code == grpc.StatusCode.UNIMPLEMENTED.value[0]
        assert info(status).reason == "NOT_IMPLEMENTED"
        assert info(status).metadata["method"] == path
        assert retry_seconds(status) is None


async def _json_refusal(live: Live, path: str) -> Status:
    method = METHODS[path]
    if not (method.client_streaming or method.server_streaming):
        return refused(await live.post(path, "nonsense", live.shop.secret))
    headers = {
        "content-type": "application/connect+json",
        "authorization": f"Bearer {live.shop.secret}",
    }
    response = await live.web.post(path, content=frame(b"nonsense"), headers=headers, timeout=5)
    ((flags, content),) = frames(response.content)
    assert flags & END_STREAM
    return connect_status(json.loads(content)["error"])


@pytest.mark.parametrize("by", BOTH)
async def test_capabilities_list_what_is_offered_and_nothing_else(
    live: Live, by: Transport
) -> None:
    shown = await capabilities(live, by)
    offered = {path for path in METHODS if path.removeprefix("/eitp.v1.") not in NOT_OFFERED}
    assert list(shown.services) == sorted({path.split("/")[1] for path in offered})
    assert list(shown.profiles) == sorted(shown.profiles)
    assert Profile.PROFILE_CORE in shown.profiles
    assert Profile.PROFILE_STATE in shown.profiles
    assert Profile.PROFILE_INTERVENTION in shown.profiles
    assert Profile.PROFILE_EXPERIMENT in shown.profiles
    assert Profile.PROFILE_VOLATILITY in shown.profiles
    assert Profile.PROFILE_INTELLIGENCE in shown.profiles
    assert not {Profile.PROFILE_SEER, Profile.PROFILE_ADMIN} & set(shown.profiles)
    assert shown.durability == Durability.DURABILITY_DISK


async def test_capabilities_are_told_to_whoever_asks_and_do_not_change(live: Live) -> None:
    shown = await capabilities(live)
    for credential in ("nonsense", live.shop.publishable, live.rival.secret):
        assert await capabilities(live, credential=credential) == shown


async def test_the_limits_that_are_told_are_the_limits_that_hold(live: Live) -> None:
    limits = (await capabilities(live)).limits
    shopper = await visit(live)
    answer = await ingest(
        live,
        live.shop.secret,
        *(brief(i, shopper.session_id) for i in range(1, limits.max_batches_per_message + 1)),
    )
    column = [1] * limits.max_events_per_batch
    longest = brief(257, dt_ms=column, dx=column, dy=column)
    last = await ingest(live, shopper.token, longest)
    assert limits.max_message_bytes == 64 * 1024
    assert limits.reorder_window.ToSeconds() == 2
    assert limits.reorder_window_batches == 8
    assert limits.emotional_events_per_hour == 100
    assert limits.session_idle_timeout.ToSeconds() == 30 * 60
    assert limits.session_token_lifetime.ToSeconds() == 15 * 60
    assert limits.heartbeat_interval.ToSeconds() <= 5
    assert answer.applied == limits.max_batches_per_message
    assert last.applied == 1


async def test_a_server_without_a_disk_says_so(premises: Premises) -> None:
    async with started(premises, synchronous="NORMAL") as live:
        assert (await capabilities(live)).durability == Durability.DURABILITY_PROCESS
