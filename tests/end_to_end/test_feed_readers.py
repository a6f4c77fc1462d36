"""Readers of a feed: the slow one pays for its own slowness, and is told what it missed."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from eitp.v1.cursor_pb2 import DeliveryMode, StartPosition
from eitp.v1.emotion_service_pb2 import WatchPacketsRequest
from eitp.v1.emotion_service_pb2_grpc import EmotionServiceStub
from end_to_end.live import clients, items
from end_to_end.process import spawned
from end_to_end.shopper import emit, visits
from transport.wire import metadata

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from eitp.v1.cursor_pb2 import Heartbeat
    from eitp.v1.emotion_service_pb2 import WatchPacketsResponse
    from end_to_end.live import Live, Premises
    from end_to_end.shopper import Visit

OLDEST = StartPosition.START_POSITION_OLDEST
LATEST = DeliveryMode.DELIVERY_MODE_LATEST
PEOPLE = 240
SMALL_WINDOW = {"http2.bdp_probe": 0, "use_local_subchannel_pool": 1}
"""A client that does not let what it does not read pile up on its side."""
MEBIBYTE = 1024 * 1024


@dataclass(slots=True)
class Crowd:
    """Many sessions that each emit a packet in every round."""

    live: Live
    people: list[Visit]
    rounds: int = 0

    @property
    def packets(self) -> int:
        """Packets emitted so far."""
        return self.rounds * len(self.people)

    async def emit(self, rounds: int) -> None:
        """Emit some more."""
        for _ in range(rounds):
            self.rounds += 1
            await emit(self.live, self.people, self.rounds)


@pytest.fixture
async def crowd(own: Live) -> Crowd:
    return Crowd(own, await visits(own, PEOPLE))


async def read_all(watch: AsyncIterator[Any], through: str) -> list[Any]:
    """Return everything up to the packet `through`, without heartbeats."""
    found: list[Any] = []
    async with asyncio.timeout(20):
        while not found or found[-1].packet.packet_id != through:
            found += await items(watch, 1)
    return found


async def lossless(live: Live, count: int, **fields: Any) -> list[Any]:
    chosen: dict[str, Any] = {"start": OLDEST, **fields}
    request = WatchPacketsRequest(**chosen)
    async with aclosing(live.watch(request, live.shop.secret)) as watch:
        return await items(watch, count, seconds=20)


async def check_gap(live: Live, lag: Any, following: Any, session_id: str = "") -> None:
    """Assert that a gap is as long as it says and ends where the next item begins."""
    skipped = await lossless(live, lag.dropped + 1, cursor=lag.from_cursor, session_id=session_id)
    assert skipped[-1] == following
    (resumed,) = await lossless(live, 1, cursor=lag.to_cursor, session_id=session_id)
    assert resumed == following


async def test_a_reader_that_wants_to_be_current_is_told_exactly_what_it_skipped(
    crowd: Crowd,
) -> None:
    await crowd.emit(5)
    whole = await lossless(crowd.live, crowd.packets)
    request = WatchPacketsRequest(start=OLDEST, mode=LATEST)
    async with aclosing(crowd.live.watch(request, crowd.live.shop.secret)) as watch:
        lag, *rest = await read_all(watch, whole[-1].packet.packet_id)
    assert lag.lagged.dropped + len(rest) == crowd.packets
    assert rest == whole[-len(rest) :]
    await check_gap(crowd.live, lag.lagged, rest[0])


async def test_a_gap_counts_what_the_filter_lets_through(crowd: Crowd) -> None:
    await crowd.emit(5)
    session_id = crowd.people[-1].session_id
    whole = await lossless(crowd.live, crowd.rounds, session_id=session_id)
    request = WatchPacketsRequest(start=OLDEST, mode=LATEST, session_id=session_id)
    async with aclosing(crowd.live.watch(request, crowd.live.shop.secret)) as watch:
        lag, *rest = await read_all(watch, whole[-1].packet.packet_id)
    assert lag.lagged.dropped > 0
    assert lag.lagged.dropped + len(rest) == crowd.rounds
    await check_gap(crowd.live, lag.lagged, rest[0], session_id)


async def test_a_reader_that_stops_reading_gets_a_gap_and_then_the_newest(crowd: Crowd) -> None:
    await crowd.emit(1)
    begun = crowd.packets
    (last,) = (await lossless(crowd.live, crowd.packets))[-1:]
    options = [(f"grpc.{name}", value) for name, value in SMALL_WINDOW.items()]
    request = WatchPacketsRequest(cursor=last.cursor, mode=LATEST)
    async with grpc.aio.insecure_channel(crowd.live.grpc_address, options=options) as channel:
        call = EmotionServiceStub(channel).WatchPackets(
            request, metadata=metadata(crowd.live.shop.secret)
        )
        await crowd.emit(1)
        first = await asyncio.wait_for(anext(aiter(call)), 5)
        await crowd.emit(10)
        newest = (await lossless(crowd.live, crowd.packets))[-1]
        found = [first, *await read_all(aiter(call), newest.packet.packet_id)]
        call.cancel()
    gaps = [message.lagged for message in found if message.HasField("lagged")]
    packets = [message for message in found if message.HasField("packet")]
    assert gaps
    assert len(packets) + sum(gap.dropped for gap in gaps) == crowd.packets - begun
    assert len({message.packet.packet_id for message in packets}) == len(packets)


async def next_beat(watch: AsyncIterator[WatchPacketsResponse]) -> Heartbeat:
    message = await asyncio.wait_for(anext(watch), 12)
    assert message.WhichOneof("item") == "heartbeat"
    assert message.cursor == b""
    return message.heartbeat


async def test_a_heartbeat_moves_the_cursor_of_a_reader_whose_filter_lets_nothing_through(
    crowd: Crowd,
) -> None:
    request = WatchPacketsRequest(start=OLDEST, session_id="ses_nobody")
    key = crowd.live.shop.secret
    async with (
        aclosing(crowd.live.watch(request, key)) as by_grpc,
        aclosing(crowd.live.watch(request, key, by="json")) as by_json,
    ):
        first = [await next_beat(watch) for watch in (by_grpc, by_json)]
        await crowd.emit(1)
        later = [await next_beat(watch) for watch in (by_grpc, by_json)]
    await crowd.emit(1)
    newest = (await lossless(crowd.live, crowd.packets))[-len(crowd.people) :]
    assert {beat.cursor for beat in first}.isdisjoint(beat.cursor for beat in later)
    for beat in later:
        assert beat.at.seconds >= first[0].at.seconds
        assert await lossless(crowd.live, len(newest), cursor=beat.cursor) == newest


async def test_readers_that_never_read_cost_nobody_anything(premises: Premises) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(spawned(premises))
        live = await stack.enter_async_context(
            clients(premises, server.grpc_address, server.web_address)
        )
        crowd = Crowd(live, await visits(live, PEOPLE))
        await crowd.emit(4)
        calm_bytes = server.resident_bytes
        await crowd.emit(4)
        calm_growth = server.resident_bytes - calm_bytes
        request = WatchPacketsRequest(start=OLDEST)
        stalled: list[Any] = []
        for _ in range(20):
            options = [(f"grpc.{name}", value) for name, value in SMALL_WINDOW.items()]
            channel = grpc.aio.insecure_channel(server.grpc_address, options=options)
            await stack.enter_async_context(channel)
            stub = EmotionServiceStub(channel)
            stalled.append(stub.WatchPackets(request, metadata=metadata(live.shop.secret)))
        before = server.resident_bytes
        readers = [asyncio.ensure_future(lossless(live, PEOPLE * 12)) for _ in range(2)]
        await crowd.emit(4)
        whole, *others = await asyncio.gather(*readers)
        growth = server.resident_bytes - before
        assert all(other == whole for other in others)
        assert len({message.packet.packet_id for message in whole}) == crowd.packets
        late = aiter(stalled[0])
        assert await asyncio.wait_for(items(late, len(whole), seconds=20), 20) == whole
        assert growth < calm_growth + 5 * MEBIBYTE
        for call in stalled:
            call.cancel()
        assert await server.terminate() == 0
