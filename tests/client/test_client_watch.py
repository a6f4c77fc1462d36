"""Watches: they go on where they were, and say what they could not deliver."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import grpc
import pytest
from client.script import (
    AWAY,
    DRAINING,
    EXPIRED,
    FOREIGN,
    RESET,
    Failure,
    cursor,
    heartbeat,
    intervention,
    lagged,
    packet,
)
from client.scripted_server import scripted
from eitp.client import Client
from eitp.errors import CursorLost, Forbidden, TokenExpired, Unreachable
from eitp.retry import Retry
from eitp.v1.cursor_pb2 import DELIVERY_MODE_LATEST, START_POSITION_OLDEST
from eitp.v1.session_pb2 import Consent
from eitp.watch import Item, Lagged, Watch

if TYPE_CHECKING:
    from client.conftest import Clock
    from client.script import Script
    from eitp.v1.packet_pb2 import Packet

SLOW = Failure(
    code=grpc.StatusCode.RESOURCE_EXHAUSTED, reason="SUBSCRIBER_TOO_SLOW", retry_after=1.0
)
COMPACTED = Failure(code=grpc.StatusCode.OUT_OF_RANGE, reason="CURSOR_COMPACTED")


async def take(watch: Watch[Packet], number: int) -> list[Item[Packet]]:
    """Return the next items of a watch."""
    return [await anext(watch) for _ in range(number)]


@pytest.mark.parametrize("failure", [AWAY, RESET, DRAINING, SLOW])
async def test_a_watch_goes_on_right_behind_the_last_item_when_the_stream_breaks(
    client: Client, script: Script, failure: Failure
) -> None:
    script.feed = [packet(1), packet(2), failure, packet(3), failure, packet(4)]
    items = await take(client.watch_packets(), 4)
    assert [item.value.packet_id for item in items] == ["p-1", "p-2", "p-3", "p-4"]
    assert [item.cursor for item in items] == [cursor(number) for number in (1, 2, 3, 4)]
    cursors = [request.cursor for request in script.requests["WatchPackets"]]
    assert cursors == [b"", cursor(2), cursor(3)]


async def test_a_heartbeat_is_not_delivered_and_moves_the_cursor(
    client: Client, script: Script
) -> None:
    script.feed = [heartbeat(7), AWAY, packet(8)]
    watch = client.watch_packets()
    assert (await anext(watch)).value.packet_id == "p-8"
    assert [request.cursor for request in script.requests["WatchPackets"]] == [b"", cursor(7)]


async def test_a_skipped_stretch_comes_with_the_item_behind_it(
    client: Client, script: Script
) -> None:
    script.feed = [packet(1), lagged(1, 9), packet(10)]
    items = await take(client.watch_packets(latest=True), 2)
    assert [item.lagged for item in items] == [None, Lagged(8, cursor(1))]
    assert script.requests["WatchPackets"][0].mode == DELIVERY_MODE_LATEST


async def test_a_watch_starts_where_it_is_told(client: Client, script: Script) -> None:
    script.feed = [packet(1), packet(2)]
    watch = client.watch_packets(cursor=cursor(1), oldest=True, session_id="session-1")
    assert (await anext(watch)).value.packet_id == "p-2"
    (request,) = script.requests["WatchPackets"]
    assert (request.start, request.session_id) == (START_POSITION_OLDEST, "session-1")


@pytest.mark.parametrize(("failure", "error"), [(COMPACTED, CursorLost), (FOREIGN, Forbidden)])
async def test_a_watch_that_cannot_go_on_says_so(
    client: Client, script: Script, failure: Failure, error: type[Exception]
) -> None:
    script.feed = [packet(1), failure]
    watch = client.watch_packets()
    await anext(watch)
    with pytest.raises(error):
        await anext(watch)


async def test_a_reader_that_was_interrupted_misses_nothing(client: Client, script: Script) -> None:
    script.feed = [packet(1)]
    watch = client.watch_packets()
    await anext(watch)
    reading = asyncio.ensure_future(anext(watch))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    script.feed.append(packet(2))
    assert (await anext(watch)).value.packet_id == "p-2"


async def test_a_closed_watch_opens_again_at_its_cursor(client: Client, script: Script) -> None:
    script.feed = [packet(1), packet(2)]
    watch = client.watch_packets()
    await anext(watch)
    await watch.aclose()
    assert (await anext(watch)).value.packet_id == "p-2"


async def test_a_feed_out_of_reach_for_longer_than_patience_is_unreachable(
    client: Client, script: Script, clock: Clock
) -> None:
    script.feed = [packet(1), *[AWAY] * 50]
    watch = client.watch_packets(patience=20.0)
    await anext(watch)
    with pytest.raises(Unreachable):
        await anext(watch)
    assert 15.0 < sum(clock.waits) <= 20.0


async def test_a_watch_survives_a_restart_of_the_server(script: Script) -> None:
    script.feed = [packet(1), packet(2)]
    retry = Retry(first_delay=0.01, longest_delay=0.01)
    async with AsyncExitStack() as stack:
        async with scripted(script) as address:
            client = await stack.enter_async_context(Client(address, key="k", retry=retry))
            watch = client.watch_packets()
            await anext(watch)
        async with scripted(script, port=int(address.rpartition(":")[2])):
            assert (await anext(watch)).value.packet_id == "p-2"


async def test_interventions_are_watched_like_packets(client: Client, script: Script) -> None:
    script.feed = [intervention(1), AWAY, intervention(2)]
    watch = client.watch_interventions()
    assert [(await anext(watch)).value.intervention_id for _ in "ab"] == ["i-1", "i-2"]


async def test_a_session_watches_its_interventions_with_a_token_that_stays_fresh(
    client: Client, script: Script
) -> None:
    script.feed = [EXPIRED, intervention(1)]
    async with client.open_session(consent=Consent(telemetry=True)) as session:
        shown = await anext(session.interventions())
    assert shown.intervention_id == "i-1"
    assert script.credentials("WatchInterventions") == ["Bearer token-1", "Bearer token-2"]


async def test_a_token_that_stays_expired_ends_the_watch(client: Client, script: Script) -> None:
    script.feed = [EXPIRED, EXPIRED]
    async with client.open_session(consent=Consent(telemetry=True)) as session:
        with pytest.raises(TokenExpired):
            await anext(session.interventions())
