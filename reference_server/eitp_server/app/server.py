"""Brings a server up and takes it down in order."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eitp_server.apart import Apart
from eitp_server.app.beside import keep_running, slow_paths
from eitp_server.app.core import recover_core
from eitp_server.app.roster import roster
from eitp_server.app.stores import open_stores
from eitp_server.services.token import SigningKey, Tokens
from eitp_server.transport.boundary import Boundary
from eitp_server.transport.credential import Authenticator
from eitp_server.transport.grpc_server import GrpcServer
from eitp_server.transport.keyring import Keyring
from eitp_server.transport.web_app import WebApp
from eitp_server.transport.web_server import WebServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from eitp_server.config import Settings
    from eitp_server.ingest.tick import Counters, Ticker
    from eitp_server.interventions.proving import Proving
    from eitp_server.services.intelligence_parts import Intelligence
    from eitp_server.storage.accounts import Accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server."""

    grpc_address: str
    web_address: str
    accounts: Accounts
    ticker: Ticker
    proving: Proving
    learned: Intelligence

    @property
    def counters(self) -> Counters:
        """What happened since the start."""
        return self.ticker.counters


@asynccontextmanager
async def running(settings: Settings) -> AsyncGenerator[Server]:
    """Run the server until the block ends, then drain it.

    Raises `DirectoryInUse` when another process has the data directory and `OSError` when a port
    is taken.
    """
    async with AsyncExitStack() as stack:
        stores = await open_stores(settings, stack)
        core = await recover_core(settings, stores)
        apart = await stack.enter_async_context(Apart())
        beside = await slow_paths(settings, stores, core, apart)
        tokens = Tokens(
            [SigningKey.from_seed(stores.signing_seed)],
            lifetime_us=settings.token_lifetime_seconds * 1_000_000,
        )
        keyring = Keyring(stores.accounts, core.now_us)
        services = roster(settings, stores, core, beside, tokens, keyring)
        authenticator = Authenticator(keyring, tokens, core.now_us)
        boundary = Boundary(services, authenticator, gate=core.inbox)
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        tasks.create_task(core.ticker.run())
        for name, job in beside.jobs().items():
            stack.callback(tasks.create_task(keep_running(name, job)).cancel)
        stack.callback(core.ticker.stop)
        grpc_server = GrpcServer(boundary, settings.host, settings.grpc_port)
        await stack.enter_async_context(grpc_server)
        web_server = WebServer(WebApp(boundary), settings.host, settings.web_port)
        await stack.enter_async_context(web_server)
        stack.push_async_callback(_drain, boundary, grpc_server, settings.drain_seconds)
        yield Server(
            grpc_address=f"{settings.host}:{grpc_server.port}",
            web_address=f"http://{settings.host}:{web_server.port}",
            accounts=stores.accounts,
            ticker=core.ticker,
            proving=beside.proving,
            learned=beside.learned,
        )


async def _drain(boundary: Boundary, grpc_server: GrpcServer, seconds: float) -> None:
    await grpc_server.announce_end()
    await boundary.drain(min(seconds, 1.0))
