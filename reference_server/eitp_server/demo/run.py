"""Starts the server of the demo, puts shoppers in front of it and shows what happens."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from eitp.client import Client
from eitp.v1.common_pb2 import DURABILITY_PROCESS, DURABILITY_QUORUM
from rich.console import Console
from rich.live import Live

from eitp_server.app import create_development_tenant, running
from eitp_server.config import Settings

from .board import Board, Place
from .cast import assemble, casting
from .stage import Stage
from .view import in_a_line, picture

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Sequence

    from eitp_server.app import Server

    from .cast import Part

SEATS = 10
FRAME_SECONDS = 0.125
SIGNALS = (signal.SIGINT, signal.SIGTERM)

SURVIVES = {DURABILITY_PROCESS: "nothing", DURABILITY_QUORUM: "the loss of a server"}
"""What acknowledged data survives; by default a power cut."""


async def run_demo(*, speed: float = 1.0) -> None:
    """Run the demo until Ctrl-C, or for DEMO_SECONDS, and sum it up.

    The server uses the usual ports when they are free, and a temporary folder unless EITP_DATA_DIR
    names one. Shoppers play the public data under EITP_DATA, as far as there is any, and the
    bundled synthetic visits.
    """
    console = Console()
    seconds = _seconds(os.environ.get("DEMO_SECONDS", "0"))
    data = os.environ.get("EITP_DATA")
    sets = await asyncio.to_thread(assemble, Path(data) if data else None)
    with TemporaryDirectory(prefix="eitp-demo-") as scratch:
        async with running(_settings(scratch)) as server, _client(server) as client:
            board = Board(
                await _place(client, server, sets),
                seats=SEATS,
                announce=(lambda _: None)
                if console.is_terminal
                else partial(console.print, soft_wrap=True),
            )
            stage = Stage(client, board, casting(sets), speed=speed)
            async with _shown(board, console):
                with _stopping(seconds) as stopped:
                    await stage.play(stopped)
    console.print(str(board.count), soft_wrap=True)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds < float("inf"):
        message = f"DEMO_SECONDS is {text!r}; write a number of seconds, 0 for until Ctrl-C"
        raise OSError(message)
    return seconds


@asynccontextmanager
async def _client(server: Server) -> AsyncGenerator[Client]:
    keys = await create_development_tenant(server.accounts)
    async with Client(server.grpc_address, key=keys.secret) as client:
        yield client


async def _place(client: Client, server: Server, sets: Sequence[Sequence[Part]]) -> Place:
    durability = (await client.capabilities()).durability
    return Place(
        grpc_address=server.grpc_address,
        web_address=server.web_address,
        survives=SURVIVES.get(durability, "a power cut"),
        people=sum(len(parts) for parts in sets[1:]),
    )


@asynccontextmanager
async def _shown(board: Board, console: Console) -> AsyncGenerator[None]:
    """Paint the board on a terminal for as long as the block runs; elsewhere say who plays."""
    if not console.is_terminal:
        console.print(in_a_line(board.place), soft_wrap=True)
        yield
        return
    with Live(console=console, screen=True, auto_refresh=False) as live:
        painter = asyncio.create_task(_paint(board, live))
        try:
            yield
        finally:
            painter.cancel()
            await asyncio.gather(painter, return_exceptions=True)


async def _paint(board: Board, live: Live) -> None:
    while True:
        live.update(
            picture(board, width=live.console.width, height=live.console.height), refresh=True
        )
        await asyncio.sleep(FRAME_SECONDS)


def _settings(scratch: str) -> Settings:
    """Return the settings, with a folder and ports of their own where nothing was asked for."""
    asked = Settings()
    own: dict[str, object] = {}
    if "data_dir" not in asked.model_fields_set:
        own["data_dir"] = Path(scratch)
    for port in ("grpc_port", "web_port"):
        if port not in asked.model_fields_set and not _is_free(asked.host, getattr(asked, port)):
            own[port] = 0
    return asked.model_copy(update=own)


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex((host, port)) != 0


@contextmanager
def _stopping(seconds: float) -> Generator[asyncio.Event]:
    """Yield an event that is set by Ctrl-C, by SIGTERM, or after a time that is not 0."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    timer = loop.call_later(seconds, stopped.set) if seconds else None
    for number in SIGNALS:
        loop.add_signal_handler(number, stopped.set)
    try:
        yield stopped
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
        if timer:
            timer.cancel()
