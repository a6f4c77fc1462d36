"""Functions run in a process of their own, one after the other, whatever becomes of the others."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from chores import hold, promise, refuse, say, summed
from eitp_server.apart import Apart, Broken

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

SERVER = """
import asyncio, os
from chores import hold
from eitp_server.apart import Apart

async def serve():
    async with Apart() as apart:
        print(await apart.run(os.getpid), flush=True)
        await apart.run(hold, *{files}) if {files} else await asyncio.Event().wait()

asyncio.run(serve())
"""


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let another process find the chores."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)


@pytest.fixture
async def apart() -> AsyncGenerator[Apart]:
    """What is tested."""
    async with Apart() as apart:
        yield apart


async def made(file: Path) -> None:
    """Wait until somebody has made a file."""
    async with asyncio.timeout(20):
        while not file.exists():  # noqa: ASYNC110 (the other process tells nobody else)
            await asyncio.sleep(0.005)


async def gone(pid: int) -> None:
    """Wait until a process of ours is gone, and nothing is left of it."""
    async with asyncio.timeout(20):
        while Path(f"/proc/{pid}").exists():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_every_call_has_the_same_other_process(apart: Apart) -> None:
    first = await apart.run(os.getpid)
    assert first != os.getpid()
    assert await apart.run(os.getpid) == first


async def test_the_process_is_one_that_keeps_nobody_waiting(apart: Apart) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert await apart.run(os.getpriority, os.PRIO_PROCESS, 0) == min(own + 10, 19)
    assert await apart.run(os.getenv, "OPENBLAS_NUM_THREADS") == "1"
    assert await apart.run(os.getenv, "OMP_NUM_THREADS") == "1"
    assert not await apart.run(gc.isenabled)
    assert await apart.run(os.getsid, 0) != os.getsid(0)


async def test_calls_are_answered_in_turn(apart: Apart) -> None:
    assert await asyncio.gather(*(apart.run(abs, -n) for n in range(50))) == list(range(50))


async def test_megabytes_go_in_and_come_out_whole(apart: Apart) -> None:
    values, title = np.arange(1_500_000.0), bytes(range(256)) * 8_192
    sums, same = await apart.run(summed, values, title)
    assert np.array_equal(sums, values[::2] + values[1::2])
    assert same == title


async def test_what_a_function_prints_is_no_part_of_the_answer(
    apart: Apart, capfd: pytest.CaptureFixture[str]
) -> None:
    assert await apart.run(say, "three words, printed") == 3
    assert "three words, printed" in capfd.readouterr().err


async def test_an_exception_comes_back_with_where_it_was_raised(apart: Apart) -> None:
    pid = await apart.run(os.getpid)
    with pytest.raises(FileNotFoundError, match="nowhere") as raised:
        await apart.run(os.listdir, "/nowhere")
    assert raised.value.filename == "/nowhere"
    (note,) = raised.value.__notes__
    assert "in _serve" in note
    assert await apart.run(os.getpid) == pid


async def test_an_exception_that_cannot_be_made_again_is_told_in_its_words(apart: Apart) -> None:
    pid = await apart.run(os.getpid)
    with pytest.raises(RuntimeError, match="Fastidious: dust in the corner") as raised:
        await apart.run(refuse, "dust", "the corner")
    assert "in refuse" in raised.value.__notes__[0]
    assert await apart.run(os.getpid) == pid


async def test_what_cannot_be_pickled_is_refused_and_the_next_call_answered(apart: Apart) -> None:
    with pytest.raises(AttributeError, match="local object"):
        await apart.run(promise)
    with pytest.raises(AttributeError, match="local object"):
        await apart.run(print, bytes(100_000), promise())
    assert await apart.run(abs, -1) == 1


async def test_a_process_that_ends_is_broken_and_the_next_call_has_another(apart: Apart) -> None:
    pid = await apart.run(os.getpid)
    with pytest.raises(Broken, match="code 3"):
        await apart.run(os._exit, 3)
    with pytest.raises(Broken, match="code -9"):
        await apart.run(signal.raise_signal, signal.SIGKILL)
    assert await apart.run(os.getpid) != pid


async def test_a_process_that_ends_between_two_calls_is_missed_by_neither(apart: Apart) -> None:
    pid = await apart.run(os.getpid)
    os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(os.waitid, os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert await apart.run(os.getpid) != pid


async def test_the_answer_to_a_call_that_was_cancelled_is_given_to_nobody(
    apart: Apart, tmp_path: Path
) -> None:
    pid = await apart.run(os.getpid)
    begun, over = tmp_path / "begun", tmp_path / "over"
    running = asyncio.ensure_future(apart.run(hold, str(begun), str(over)))
    await made(begun)
    running.cancel()
    over.touch()
    assert await apart.run(abs, -1) == 1
    assert running.cancelled()
    await gone(pid)


async def test_a_caller_that_is_cancelled_in_the_queue_disturbs_nobody(
    apart: Apart, tmp_path: Path
) -> None:
    begun, over = tmp_path / "begun", tmp_path / "over"
    running = asyncio.ensure_future(apart.run(hold, str(begun), str(over)))
    queued = asyncio.ensure_future(apart.run(abs, -1))
    await made(begun)
    queued.cancel()
    await asyncio.wait([queued])
    over.touch()
    assert await running == str(over)


async def test_the_process_ends_with_what_began_it() -> None:
    async with Apart() as apart:
        pid = await apart.run(os.getpid)
    assert not Path(f"/proc/{pid}").exists()


async def test_a_process_that_nobody_calls_is_let_go_and_comes_again() -> None:
    async with Apart(idle_seconds=0.0) as apart:
        pid = await apart.run(os.getpid)
        await gone(pid)
        assert await apart.run(os.getpid) != pid


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
async def test_the_process_outlives_no_server_that_is_killed(tmp_path: Path, busy: bool) -> None:
    begun, over = tmp_path / "begun", tmp_path / "over"
    files = (str(begun), str(over)) if busy else ()
    server: Any = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVER.format(files=files)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    pid = int(await asyncio.wait_for(server.stdout.readline(), 20))
    if busy:
        await made(begun)
    server.kill()
    over.touch()
    # It ends when the last process that has it open does.
    assert await asyncio.wait_for(server.stderr.read(), 20) == b""
    assert await server.wait() == -signal.SIGKILL
    assert pid != server.pid


async def test_after_its_end_no_process_begins() -> None:
    async with Apart() as apart:
        assert await apart.run(abs, -1) == 1
    with pytest.raises(Broken, match="has ended"):
        await apart.run(abs, -1)


async def test_the_wait_for_a_turn_is_not_time_that_a_call_took() -> None:
    async with Apart() as apart:
        first = asyncio.ensure_future(apart.timed(time.sleep, 0.5))
        await asyncio.sleep(0)
        (one, took), (_, slept) = await apart.timed(abs, -1), await first
    assert one == 1
    assert took < slept
