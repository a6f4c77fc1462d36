"""`eitp-server serve`, `demo` and `settings`."""

from __future__ import annotations

import asyncio
import gc
import signal
from typing import Annotated

import typer
from rich.table import Table

from eitp_server.cli.console import CONSOLE, configure_logs, run
from eitp_server.config import Settings

app = typer.Typer()


@app.command()
def serve(
    development: Annotated[
        bool, typer.Option(help="Create the development tenant with its fixed, public keys.")
    ] = False,
) -> None:
    """Run the server until SIGINT or SIGTERM, then drain it.

    gRPC listens on 127.0.0.1:50051; Connect, gRPC-Web and JSON on 127.0.0.1:8080.
    """
    settings = Settings()
    configure_logs(settings.log_level)
    # Sessions live long and make no cycles: to search them all for garbage again and again costs a
    # tenth of the throughput, in pauses that everybody feels.
    gc.set_threshold(20_000, 20, 100)
    run(_serve(settings, development=development))


@app.command()
def demo() -> None:
    """Start a server, replay recorded shoppers through its API, and show what happens.

    Runs until Ctrl-C, or for DEMO_SECONDS. Uses the recordings under EITP_DATA when there are any,
    else a bundled set that is synthetic and says so. Needs no network, no key and no broker.
    """
    from eitp_server.demo import run_demo

    configure_logs("warning")
    run(run_demo())


@app.command()
def settings() -> None:
    """List every setting, its value now, and what it does."""
    table = Table("variable", "value", "meaning", title="Settings")
    current = Settings()
    for name in Settings.model_fields:
        table.add_row(f"EITP_{name.upper()}", str(getattr(current, name)), _doc(name))
    CONSOLE.print(table)


async def _serve(settings: Settings, *, development: bool) -> None:
    from eitp_server.app import create_development_tenant, running

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with running(settings) as server:
        typer.echo(f"gRPC on {server.grpc_address}, Connect and JSON on {server.web_address}")
        if development:
            keys = await create_development_tenant(server.accounts)
            typer.echo(f"export EITP_KEY={keys.secret}")
            typer.echo(f"export EITP_PUBLISHABLE_KEY={keys.publishable}")
        await stopped.wait()
        typer.echo("draining")


def _doc(name: str) -> str:
    return Settings.model_fields[name].description or ""
