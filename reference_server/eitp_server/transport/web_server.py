"""The web listener: uvicorn on the loop that runs already, started and stopped by its owner."""

from __future__ import annotations

import asyncio
import socket
from contextlib import contextmanager
from math import ceil
from typing import TYPE_CHECKING, Final

import uvicorn

from eitp_server.transport.port import port_taken

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType
    from typing import Self

    from starlette.types import ASGIApp

_GRACE_SECONDS: Final = 5.0
"""Time for the last calls, which is what a unary call may take."""
_BACKLOG: Final = 2048
_KEEP_ALIVE_SECONDS: Final = 75
"""Longer than a load balancer keeps an idle connection, so that it never meets a closed one."""


class WebServer:
    """Listens while it is entered."""

    def __init__(self, app: ASGIApp, host: str = "127.0.0.1", port: int = 8080) -> None:
        """Listen at `host` and `port`; port 0 takes any that is free."""
        self._address = (host, port)
        self._server = _Server(
            uvicorn.Config(
                app,
                http="httptools",
                ws="none",
                lifespan="off",
                interface="asgi3",
                proxy_headers=False,
                server_header=False,
                date_header=False,
                access_log=False,
                log_config=None,
                backlog=_BACKLOG,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            )
        )
        self._serving: asyncio.Task[None] | None = None
        self.port = port
        """The port in use, once entered."""

    async def __aenter__(self) -> Self:
        # Bound here, the socket takes connections from now on and a port in use is an OSError.
        try:
            listening = socket.create_server(self._address, backlog=_BACKLOG)
        except OSError as error:
            host, port = self._address
            raise port_taken(f"{host}:{port}", "EITP_WEB_PORT") from error
        self.port = listening.getsockname()[1]
        self._serving = asyncio.create_task(self._server.serve(sockets=[listening]))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop(_GRACE_SECONDS if error is None else 0.0)

    async def stop(self, grace_seconds: float) -> None:
        """Take no new connections, let calls finish for a while, then end them."""
        if self._serving is not None:
            self._server.config.timeout_graceful_shutdown = ceil(grace_seconds)
            self._server.ended.set()
            await self._serving
            self._serving = None


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ended = asyncio.Event()

    async def main_loop(self) -> None:
        """Wait without polling: there is no date header to renew."""
        await self.ended.wait()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals to whoever started the process."""
        yield
