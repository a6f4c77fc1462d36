"""Whatever is sent, no call fails by the server's fault, and the server goes on."""

from __future__ import annotations

from contextlib import aclosing
from random import Random
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from eitp.v1.session_service_pb2 import OpenSessionRequest
from eitp.v1.telemetry_pb2 import TelemetryBatch
from eitp.v1.telemetry_service_pb2 import IngestRequest
from end_to_end.live import BOTH, Refused, items
from end_to_end.noise import noise
from end_to_end.schema import METHODS
from end_to_end.shopper import CONSENT, goes_on, visits
from end_to_end.test_offer import NOT_OFFERED

if TYPE_CHECKING:
    from end_to_end.live import Live, Transport
    from google.protobuf.message import Message

INTERNAL = grpc.StatusCode.INTERNAL.value[0]
OVERLOADED = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
OFFERED = [path for path in METHODS if path.removeprefix("/eitp.v1.") not in NOT_OFFERED]
UNARY = [path for path in OFFERED if METHODS[path].server_streaming is False]
WATCHES = [path for path in OFFERED if path.split("/")[2].startswith("Watch")]


async def code_of(live: Live, request: Message, credential: str, by: Transport = "grpc") -> int:
    """Return the code with which a call ends."""
    try:
        await live.call(request, credential, by=by)
    except Refused as refused:
        return refused.status.code
    return 0


@pytest.mark.parametrize("by", BOTH)
@pytest.mark.parametrize("path", UNARY)
async def test_no_request_is_too_strange_to_be_answered(
    live: Live, path: str, by: Transport
) -> None:
    random = Random(path)
    codes = set[int]()
    for _ in range(12):
        request: Any = noise(METHODS[path].input_type, random, json=by == "json")
        if isinstance(request, OpenSessionRequest):
            request.consent.CopyFrom(CONSENT)
        for credential in (live.shop.secret, live.shop.publishable):
            codes.add(await code_of(live, request, credential, by))
    assert not codes & {INTERNAL, OVERLOADED}
    await goes_on(live)


@pytest.mark.parametrize("path", WATCHES)
async def test_no_watch_is_too_strange_to_be_answered(live: Live, path: str) -> None:
    random = Random(path)
    codes = set[int]()
    for _ in range(20):
        request = noise(METHODS[path].input_type, random)
        async with aclosing(live.watch(request, live.shop.secret)) as watch:
            try:
                await items(watch, 1, seconds=0.02)
            except TimeoutError:
                pass
            except Refused as refused:
                codes.add(refused.status.code)
    assert not codes & {INTERNAL, OVERLOADED}
    await goes_on(live)


def strange_batch(session_id: str, sequence: int, random: Random) -> TelemetryBatch:
    """Return a batch that has a chance to be taken although its values are at the edges."""
    kind: Any = TelemetryBatch.DESCRIPTOR
    batch: Any = noise(kind, random)
    columns = {
        "dt_ms": (0, 1, 50, 60_000),
        "dx": (0, 1, -100_000, 100_000),
        "dy": (0, 1, -100_000, 100_000),
        "kind": (1, 4, 5, 10, 13, 14, 15, 99, -1),
    }
    for name, values in columns.items():
        batch.ClearField(name)
        getattr(batch, name).extend(random.choices(values, k=3))
    batch.session_id, batch.sequence = session_id, sequence
    batch.clock_ms = random.randrange(2**53)
    batch.origin_x, batch.origin_y = random.choices((0, -1_000_000, 1_000_000), k=2)
    for name in ("page", "details"):
        if random.random() < 0.7:
            batch.ClearField(name)
    return batch


@pytest.mark.parametrize("seed", range(2))
async def test_no_telemetry_is_too_strange_to_be_taken(live: Live, seed: int) -> None:
    random = Random(seed)
    reached = dict.fromkeys((shopper.session_id for shopper in await visits(live, 4)), 0)
    for _ in range(60):
        batches = [strange_batch(name, at + 1, random) for name, at in reached.items()]
        request = IngestRequest(batches=batches, include_packets=True)
        try:
            answer = await live.call(request, live.shop.secret)
        except Refused as refused:
            assert refused.status.code != INTERNAL  # noqa: PT017 (being refused is fine)
        else:
            reached |= {p.session_id: p.acknowledged_sequence for p in answer.progress}
    assert min(reached.values()) > 5
    await goes_on(live)
