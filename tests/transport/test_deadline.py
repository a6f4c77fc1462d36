"""One timer ends every call that takes too long."""

from __future__ import annotations

import asyncio

import pytest
from eitp_server.transport.deadline import Deadline, Deadlines


async def hang(deadline: Deadline) -> None:
    with deadline:
        await asyncio.Event().wait()


async def test_a_call_that_hangs_is_ended_and_no_other() -> None:
    deadlines, released = Deadlines(), asyncio.Event()

    async def patient() -> str:
        with deadlines.within(60.0):
            await released.wait()
        return "answer"

    waiting = asyncio.create_task(patient())
    hanging = deadlines.within(0.01)
    with pytest.raises(TimeoutError):
        await hang(hanging)
    released.set()

    assert hanging.expired
    assert await waiting == "answer"


async def test_a_task_that_was_ended_can_go_on() -> None:
    deadlines = Deadlines()

    for _ in range(2):
        with pytest.raises(TimeoutError):
            await hang(deadlines.within(0.0))
    task = asyncio.current_task()

    assert task is not None
    assert task.cancelling() == 0


async def test_a_call_without_a_deadline_is_not_watched() -> None:
    deadline = Deadlines().within(None)
    with deadline:
        await asyncio.sleep(0)

    assert not deadline.expired


async def test_an_error_of_the_call_is_its_own() -> None:
    deadline = Deadlines().within(1.0)
    with pytest.raises(TimeoutError, match="mine"), deadline:
        raise TimeoutError("mine")

    assert not deadline.expired


async def test_a_cancellation_by_others_stays_one() -> None:
    deadlines = Deadlines()
    deadline = deadlines.within(0.0)
    task = asyncio.create_task(hang(deadline))
    other = asyncio.create_task(hang(deadlines.within(0.0)))
    with pytest.raises(TimeoutError):
        await other
    lonely = asyncio.create_task(hang(deadlines.within(60.0)))
    await asyncio.sleep(0)
    lonely.cancel()

    with pytest.raises(asyncio.CancelledError):
        await lonely
    with pytest.raises(TimeoutError):
        await task
