"""When a call is repeated, after how long, and when no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from client.script import AWAY, DRAINING, Failure, Script
from eitp.client import Client
from eitp.errors import EITPError, Exhausted, ServerFault, Unavailable, Unreachable
from eitp.retry import Retry, is_idempotent
from eitp.v1 import (
    capability_service_pb2,
    emotion_service_pb2,
    intervention_service_pb2,
    pattern_service_pb2,
    session_service_pb2,
    telemetry_service_pb2,
)
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from client.conftest import Clock
    from google.protobuf.descriptor import MethodDescriptor

OVERLOADED = Failure(code=grpc.StatusCode.RESOURCE_EXHAUSTED, reason="OVERLOADED", retry_after=2.0)
USED_UP = Failure(code=grpc.StatusCode.RESOURCE_EXHAUSTED, reason="QUOTA_EXCEEDED")
FAULT = Failure(code=grpc.StatusCode.INTERNAL, reason="INTERNAL", metadata={"incident": "7f3a"})

UNARY = [
    method
    for file in (
        capability_service_pb2,
        emotion_service_pb2,
        intervention_service_pb2,
        pattern_service_pb2,
        session_service_pb2,
        telemetry_service_pb2,
    )
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
    if not method.client_streaming and not method.server_streaming
]


async def test_a_call_is_repeated_no_sooner_than_the_server_asks(
    client: Client, script: Script, clock: Clock
) -> None:
    script.answers["GetState"].extend([OVERLOADED, OVERLOADED])
    assert (await client.state("session-1")).packet_id == ""
    assert clock.waits == [2.05, 2.1]


async def test_an_exhausted_limit_without_a_wait_is_not_tried_again(
    client: Client, script: Script
) -> None:
    script.answers["GetState"].append(USED_UP)
    with pytest.raises(Exhausted, match="QUOTA_EXCEEDED"):
        await client.state("session-1")
    assert len(script.requests["GetState"]) == 1


async def test_a_fault_of_the_server_is_not_tried_again(client: Client, script: Script) -> None:
    script.answers["GetState"].append(FAULT)
    with pytest.raises(ServerFault) as caught:
        await client.state("session-1")
    assert caught.value.incident == "7f3a"
    assert len(script.requests["GetState"]) == 1


async def test_a_call_whose_server_went_away_is_repeated_with_growing_waits(
    client: Client, script: Script, clock: Clock
) -> None:
    script.answers["GetState"].extend([AWAY, AWAY, AWAY])
    await client.state("session-1")
    assert clock.waits == [0.05, 0.1, 0.2]


async def test_a_call_is_given_up_when_the_next_attempt_would_be_too_late(
    client: Client, script: Script, clock: Clock
) -> None:
    script.answers["GetState"].extend([DRAINING] * 100)
    with pytest.raises(Unavailable, match="DRAINING"):
        await client.state("session-1")
    assert sum(clock.waits) < 10.0


async def test_a_server_that_is_not_there_is_unreachable(clock: Clock) -> None:
    async with Client("127.0.0.1:1", key="k", timeout=0.5, retry=clock.retry()) as client:
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1"):
            await client.state("session-1")
    assert clock.waits


@pytest.mark.parametrize("method", UNARY, ids=lambda method: method.full_name)
def test_the_schema_lets_every_unary_call_be_repeated(method: MethodDescriptor) -> None:
    assert is_idempotent(GetMessageClass(method.input_type)())


def test_the_schema_does_not_let_a_stream_be_repeated_blindly() -> None:
    assert not is_idempotent(session_service_pb2.ExportSubjectRequest())


@given(failures=st.integers(1, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_a_wait_is_never_longer_than_the_longest_nor_shorter_than_half_the_first(
    failures: int, chance: float
) -> None:
    retry = Retry(random=lambda: chance)
    assert 0.05 <= retry.delay(failures, EITPError()) <= retry.longest_delay


def test_pinging_more_often_than_servers_allow_is_refused() -> None:
    with pytest.raises(ValueError, match="keepalive is 5 s"):
        Client("localhost:1", keepalive=5.0)


async def test_a_client_knows_whether_its_server_is_out_of_reach(
    client: Client, clock: Clock
) -> None:
    assert not client.is_out_of_reach
    await client.capabilities()
    assert not client.is_out_of_reach
    async with Client("127.0.0.1:1", retry=clock.retry(), timeout=1.0) as lost:
        assert not lost.is_out_of_reach
        with pytest.raises(Unreachable):
            await lost.capabilities()
        assert lost.is_out_of_reach
