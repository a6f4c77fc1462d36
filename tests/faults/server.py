"""A server in a process of its own, which can be killed and started again on the same data."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REFERENCE: Final = ("-m", "eitp_server")
_TESTS: Final = str(Path(__file__).resolve().parents[1])
_READY: Final = re.compile(
    rb"gRPC on (\S+), .*\n(?:.*\n)*?export EITP_KEY=(\S+)\nexport EITP_PUBLISHABLE_KEY=(\S+)\n",
    re.MULTILINE,
)
_START_SECONDS: Final = 30.0


class StartFailed(Exception):
    """The server ended, or did not get ready; the message has what it said."""


@dataclass(slots=True, kw_only=True)
class Server:
    """What is started, on which data; one process at a time."""

    data: Path
    output: Path
    """Where its log goes."""
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    program: Sequence[str] = REFERENCE
    address: str = ""
    publishable: str = ""
    secret: str = ""
    _process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it and return once it answers. Raises `StartFailed`."""
        with self.output.open("wb") as errors:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self.program,
                "serve",
                "--development",
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env=self._environment(),
            )
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._read_addresses()
        except (TimeoutError, StartFailed):
            await self.kill()
            raise StartFailed(self.said()) from None

    async def kill(self) -> None:
        """Kill it with SIGKILL; a dead one stays dead."""
        if self._process is None:
            return
        if self._process.returncode is None:
            self._process.kill()
        await self.died()

    async def died(self) -> None:
        """Wait until somebody has killed it."""
        assert self._process is not None
        await self._process.communicate()
        self._process = None

    async def stop(self) -> int:
        """Ask it to end, as an operator does, and return its status."""
        assert self._process is not None
        process = self._process
        process.terminate()
        await self.died()
        return process.returncode or 0

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None
        return self._process.pid

    def said(self) -> str:
        """Return what it wrote to its standard error since it was started."""
        return self.output.read_text(errors="replace")[-4_000:]

    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "PYTHONPATH": _TESTS,
            "EITP_DATA_DIR": str(self.data),
            "EITP_GRPC_PORT": "0",
            "EITP_WEB_PORT": "0",
            "EITP_LOG_LEVEL": "info",
            **self.settings,
        }

    async def _read_addresses(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        said = b""
        while not (ready := _READY.search(said)):
            line = await self._process.stdout.readline()
            if not line:
                raise StartFailed
            said += line
        self.address, self.secret, self.publishable = (part.decode() for part in ready.groups())
