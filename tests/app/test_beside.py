"""What runs beside the tick: a job that fails takes no other with it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from eitp_server.app import beside
from eitp_server.app.beside import Beside, keep_running

pytestmark = pytest.mark.anyio


async def test_judging_that_fails_leaves_contagion_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = {"contagion": 0, "transfer": 0}

    async def lasting() -> None:
        begun["contagion"] += 1
        await asyncio.Event().wait()

    async def failing() -> None:
        begun["transfer"] += 1
        raise RuntimeError("a fault of ours")

    idle: Any = SimpleNamespace(run=lasting, pulse=SimpleNamespace(run=lasting))
    learned: Any = SimpleNamespace(
        contagion=SimpleNamespace(run=lasting), transfer=SimpleNamespace(run=failing)
    )
    jobs = Beside(
        learner=idle, proving=idle, index=idle, learned=learned, proving_seconds=1.0
    ).jobs()
    monkeypatch.setattr(beside, "_REST_SECONDS", 0.001)
    running = [
        asyncio.ensure_future(keep_running(name, jobs[name])) for name in ("contagion", "transfer")
    ]
    async with asyncio.timeout(5):
        while begun["transfer"] < 3:  # noqa: ASYNC110 (a job tells nobody that it begins again)
            await asyncio.sleep(0.005)
    for one in running:
        one.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    assert begun["contagion"] == 1
