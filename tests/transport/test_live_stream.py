"""A stream that is ended from outside wakes whoever waits, and nobody else."""

from __future__ import annotations

import asyncio

import pytest
from eitp_server.transport.live_stream import LiveStream, Requests


class Source:
    """Messages that a test sends; `waiting` is set once the reader wants more of them."""

    def __init__(self) -> None:
        self.sent = asyncio.Queue[str | None]()
        self.waiting = asyncio.Event()

    async def read(self) -> str | None:
        if self.sent.empty():
            self.waiting.set()
        return await self.sent.get()


async def collect(requests: Requests[str]) -> list[str]:
    return [request async for request in requests]


async def test_a_reader_in_a_task_of_its_own_sees_the_end_that_the_server_makes() -> None:
    live, source = LiveStream(), Source()
    reader = asyncio.create_task(collect(Requests(live, source.read)))
    source.sent.put_nowait("first")
    await source.waiting.wait()

    live.end_input()

    assert await reader == ["first"]
    assert live.interrupted
    assert not reader.cancelling()


async def test_a_reader_that_comes_later_sees_it_too() -> None:
    live, source = LiveStream(), Source()
    source.sent.put_nowait("unread")

    live.end_input()

    assert await collect(Requests(live, source.read)) == []
    assert live.interrupted


async def test_an_end_that_the_client_makes_is_no_interruption() -> None:
    live, source = LiveStream(), Source()
    for message in ("first", "second", None):
        source.sent.put_nowait(message)

    assert await collect(Requests(live, source.read)) == ["first", "second"]
    assert not live.interrupted


async def test_a_reader_that_is_cancelled_by_others_is_cancelled() -> None:
    live, source = LiveStream(), Source()
    reader = asyncio.create_task(collect(Requests(live, source.read)))
    await source.waiting.wait()

    reader.cancel()
    live.end_input()

    with pytest.raises(asyncio.CancelledError):
        await reader


async def test_a_stream_that_is_cut_is_woken_unless_it_writes() -> None:
    async def serve(writing: bool) -> bool:
        live = LiveStream()
        live.writing = writing
        lives.append(live)
        started.release()
        try:
            await released.wait()
        except asyncio.CancelledError:
            return live.absorbs_cancellation()
        return False

    lives: list[LiveStream] = []
    released, started = asyncio.Event(), asyncio.Semaphore(0)
    streams = [asyncio.create_task(serve(writing)) for writing in (False, True)]
    for _ in streams:
        await started.acquire()

    for live in lives:
        live.cut()
    cut = await streams[0]
    unharmed = not streams[1].done()
    released.set()

    assert (cut, unharmed, await streams[1]) == (True, True, False)
    assert all(live.cut_off and live.interrupted for live in lives)
