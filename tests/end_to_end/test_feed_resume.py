"""Cursors: a reader goes on where it was, or is told why it cannot."""

from __future__ import annotations

import asyncio
import base64
import shutil
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from eitp.v1.cursor_pb2 import DeliveryMode, StartPosition
from eitp.v1.emotion_service_pb2 import WatchPacketsRequest
from eitp.v1.intervention_service_pb2 import WatchInterventionsRequest
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.sqlite_log import SQLiteLog
from end_to_end.live import BOTH, Refused, items, started, stream_refusal
from end_to_end.shopper import emit, ingest, stuck, visit, visits
from transport.wire import fields, info, retry_seconds

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from end_to_end.live import Live, Premises, Transport

OLDEST = StartPosition.START_POSITION_OLDEST
LOSSLESS = DeliveryMode.DELIVERY_MODE_LOSSLESS
OUT_OF_RANGE = grpc.StatusCode.OUT_OF_RANGE.value[0]


async def read(live: Live, count: int, by: Transport = "grpc", **fields: Any) -> list[Any]:
    """Return the next responses of a watch of the shop's packets, without heartbeats."""
    chosen: dict[str, Any] = {"start": OLDEST, **fields}
    request = WatchPacketsRequest(**chosen)
    async with aclosing(live.watch(request, live.shop.secret, by=by)) as watch:
        return await items(watch, count)


def names(messages: list[Any]) -> list[tuple[str, int]]:
    return [(message.packet.session_id, message.packet.sequence) for message in messages]


@pytest.mark.parametrize("by", BOTH)
async def test_a_watch_goes_on_right_behind_any_cursor(own: Live, by: Transport) -> None:
    shoppers = await visits(own, 5)
    for sequence in (1, 2):
        await emit(own, shoppers, sequence)
    whole = await read(own, 10, by)
    assert len(set(names(whole))) == 10
    for position in (0, 4, 8):
        rest = await read(own, 9 - position, by, cursor=whole[position].cursor)
        assert rest == whole[position + 1 :]


@pytest.mark.parametrize("by", BOTH)
async def test_a_watch_without_a_cursor_begins_now(own: Live, by: Transport) -> None:
    shoppers = await visits(own, 3)
    await emit(own, shoppers, 1)
    request = WatchPacketsRequest()
    async with aclosing(own.watch(request, own.shop.secret, by=by)) as watch:
        begun = await asyncio.wait_for(anext(watch), 5)
        assert begun.WhichOneof("item") == "heartbeat"
        await emit(own, shoppers, 2)
        found = await items(watch, 3)
    assert {sequence for _, sequence in names(found)} == {2}


async def test_a_reader_misses_nothing_while_the_server_is_restarted(premises: Premises) -> None:
    seen: list[Any] = []

    async def follow(live: Live) -> None:
        request = WatchPacketsRequest(start=OLDEST, cursor=seen[-1].cursor if seen else b"")
        async with aclosing(live.watch(request, live.shop.secret)) as watch:
            async for message in watch:
                if message.HasField("packet"):
                    seen.append(message)

    for life in range(1, 4):
        async with started(premises) as live:
            shoppers = await visits(live, 10)
            await emit(live, shoppers, 1)
            reader = asyncio.ensure_future(follow(live))
            for sequence in range(2, 12):
                await emit(live, shoppers, sequence)
            assert len(await read(live, 110 * life)) == 110 * life
        with pytest.raises(Refused) as ended:
            await asyncio.wait_for(reader, 5)
        assert info(ended.value.status).reason == "DRAINING"
    async with started(premises) as live:
        whole = await read(live, 330)
        if len(seen) < 330:
            seen += await read(live, 330 - len(seen), cursor=seen[-1].cursor)
    assert seen == whole
    assert len(set(names(seen))) == 330


async def test_a_cursor_of_another_shop_is_foreign(own: Live) -> None:
    await emit(own, await visits(own, 1), 1)
    (message,) = await read(own, 1)
    request = WatchPacketsRequest(cursor=message.cursor)
    status = await stream_refusal(own, request, own.rival.secret)
    assert status.code == grpc.StatusCode.PERMISSION_DENIED.value[0]
    assert info(status).reason == "CURSOR_FOREIGN"
    assert retry_seconds(status) is None


async def test_a_cursor_of_another_feed_is_foreign(own: Live) -> None:
    await emit(own, await visits(own, 1), 1)
    (message,) = await read(own, 1)
    request = WatchInterventionsRequest(cursor=message.cursor)
    status = await stream_refusal(own, request, own.shop.secret)
    assert info(status).reason == "CURSOR_FOREIGN"


@pytest.mark.parametrize("cursor", [b"x", b"nonsense" * 8, bytes(26), b"\x01" * 26, b"\xff" * 26])
async def test_a_cursor_of_nobody_is_unknown(live: Live, cursor: bytes) -> None:
    status = await stream_refusal(live, WatchPacketsRequest(cursor=cursor), live.shop.secret)
    assert info(status).reason in {"CURSOR_UNKNOWN", "CURSOR_FOREIGN"}
    assert retry_seconds(status) is None


async def test_a_cursor_beyond_all_size_breaks_the_rule_of_its_field(live: Live) -> None:
    request = WatchPacketsRequest(cursor=b"x" * 257)
    status = await stream_refusal(live, request, live.shop.secret)
    assert fields(status) == {"cursor": "bytes.max_len"}


async def test_a_cursor_of_a_log_that_was_created_anew_is_unknown(
    premises: Premises, template: Premises, tmp_path: Path
) -> None:
    async with started(premises) as live:
        await emit(live, await visits(live, 1), 1)
        (message,) = await read(live, 1)
    anew = replace(premises, folder=tmp_path / "anew")
    shutil.copytree(template.folder, anew.folder)
    async with started(anew) as live:
        request = WatchPacketsRequest(cursor=message.cursor)
        status = await stream_refusal(live, request, live.shop.secret)
    assert status.code == OUT_OF_RANGE
    assert info(status).reason == "CURSOR_UNKNOWN"


async def test_a_cursor_beyond_the_end_of_the_log_is_unknown(premises: Premises) -> None:
    backup = premises.folder.with_name("backup")
    async with started(premises) as live:
        shoppers = await visits(live, 3)
        await emit(live, shoppers, 1)
        await read(live, 3)
    shutil.copytree(premises.folder, backup)
    async with started(premises) as live:
        await emit(live, shoppers, 2)
        lost = (await read(live, 6))[-1]
    async with started(replace(premises, folder=backup)) as live:
        request = WatchPacketsRequest(cursor=lost.cursor)
        status = await stream_refusal(live, request, live.shop.secret, seconds=1)
    assert info(status).reason == "CURSOR_UNKNOWN"


@pytest.fixture
async def compacted(premises: Premises) -> AsyncGenerator[tuple[Live, list[Any]]]:
    """A server that has forgotten the first six of ten packets, and all ten."""
    async with started(premises) as live:
        shoppers = await visits(live, 5)
        await emit(live, shoppers, 1)
        await emit(live, shoppers, 2)
        whole = await read(live, 10)
    database = await SQLiteDatabase.open(premises.folder)
    log = await SQLiteLog.open(database)
    await log.forget_packets(7)
    await log.close()
    async with started(premises) as live:
        yield live, whole


async def test_a_cursor_before_what_is_kept_is_compacted(
    compacted: tuple[Live, list[Any]],
) -> None:
    live, whole = compacted
    for message in whole[:5]:
        request = WatchPacketsRequest(cursor=message.cursor)
        status = await stream_refusal(live, request, live.shop.secret)
        assert status.code == OUT_OF_RANGE
        assert info(status).reason == "CURSOR_COMPACTED"
        assert retry_seconds(status) is None


async def test_a_cursor_right_before_what_is_kept_goes_on(
    compacted: tuple[Live, list[Any]],
) -> None:
    live, whole = compacted
    assert await read(live, 4, cursor=whole[5].cursor) == whole[6:]


async def test_who_comes_too_late_is_given_the_oldest_cursor(
    compacted: tuple[Live, list[Any]],
) -> None:
    live, whole = compacted
    request = WatchPacketsRequest(cursor=whole[0].cursor)
    status = await stream_refusal(live, request, live.shop.secret)
    oldest = base64.b64decode(info(status).metadata["oldest"], validate=True)
    assert await read(live, 4, cursor=oldest) == whole[6:]


async def test_the_oldest_start_is_the_oldest_item_that_is_kept(
    compacted: tuple[Live, list[Any]],
) -> None:
    live, whole = compacted
    assert await read(live, 4, start=OLDEST) == whole[6:]


async def test_interventions_are_resumed_across_a_restart(premises: Premises) -> None:
    request = WatchInterventionsRequest(start=OLDEST)
    async with started(premises) as live:
        for shopper in await visits(live, 16):
            await ingest(live, shopper.token, stuck(1))
        async with aclosing(live.watch(request, live.shop.secret)) as watch:
            (first,) = await items(watch, 1)
    async with started(premises) as live:
        for shopper in [await visit(live) for _ in range(16)]:
            await ingest(live, shopper.token, stuck(1))
        async with aclosing(live.watch(request, live.shop.secret)) as watch:
            whole = await items(watch, 3)
        again = WatchInterventionsRequest(cursor=first.cursor)
        async with aclosing(live.watch(again, live.shop.secret)) as watch:
            rest = await items(watch, 2)
    assert whole == [first, *rest]
    assert len({message.intervention.intervention_id for message in whole}) == 3
