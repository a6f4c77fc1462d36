"""A server in a process of its own, started as an operator starts it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncGenerator

    from end_to_end.live import Premises

START_SECONDS = 20.0
STOP_SECONDS = 15.0
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spawned:
    """A running process."""

    process: Process
    grpc_address: str
    web_address: str

    @property
    def resident_bytes(self) -> int:
        """Memory that the process has in use."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * _PAGE

    async def terminate(self) -> int:
        """Ask the process to end, wait for it, and return its status."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), STOP_SECONDS)


@asynccontextmanager
async def spawned(premises: Premises, **settings: object) -> AsyncGenerator[Spawned]:
    """Run `eitp-server serve` on the premises, on free ports."""
    usual = {"data_dir": premises.folder, "grpc_port": 0, "web_port": 0, "log_level": "error"}
    chosen = {**usual, "holdout_share": 0.0, **settings}
    environment = {f"EITP_{name.upper()}": str(value) for name, value in chosen.items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "eitp_server",
        "serve",
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    try:
        yield await _ready(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _ready(process: Process) -> Spawned:
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
    # gRPC on 127.0.0.1:50051, Connect and JSON on http://127.0.0.1:8080
    words = line.decode().replace(",", "").split()
    assert words[:2] == ["gRPC", "on"], line
    return Spawned(process=process, grpc_address=words[2], web_address=words[-1])
