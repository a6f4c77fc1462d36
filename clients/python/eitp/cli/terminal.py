"""What all commands of the command line share: options, consoles, advice and exit codes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

from ..client import Client
from ..errors import (
    ConsentRequired,
    CursorLost,
    EITPError,
    Exhausted,
    Forbidden,
    ServerFault,
    SessionGone,
    Unauthenticated,
    Unreachable,
    Unsupported,
)
from ..recording import RecordingError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

REFUSED = 1
USAGE = 2
UNREACHABLE = 3

LOCAL = "localhost:50051"
PATIENCE = 5.0
NOTICE = 2.0
"""Seconds without a connection after which people are told that it is being tried."""

Server = Annotated[
    str,
    typer.Option(
        "--server",
        "-s",
        envvar="EITP_SERVER",
        metavar="HOST:PORT",
        help="The server's gRPC address.",
        rich_help_panel="Connection",
    ),
]
Key = Annotated[
    str,
    typer.Option(
        "--key",
        "-k",
        envvar="EITP_KEY",
        metavar="KEY",
        help="A secret key, as `eitp-server keys create` makes them.",
        rich_help_panel="Connection",
        show_default=False,
    ),
]
Tls = Annotated[
    bool, typer.Option("--tls", help="Encrypt the connection.", rich_help_panel="Connection")
]
Timeout = Annotated[
    float,
    typer.Option(
        min=0.0,
        metavar="SECONDS",
        help="How long a call may take, with all its repetitions.",
        rich_help_panel="Connection",
    ),
]

out = Console(highlight=False)
"""Where results go."""
err = Console(stderr=True, highlight=False)
"""Where everything goes that is not a result: errors, progress, hints."""

_ADVICE: tuple[tuple[type[EITPError], str], ...] = (
    (
        Unreachable,
        (
            "Is the server running there? `eitp-server demo` starts one on this machine; "
            "--server or EITP_SERVER names another."
        ),
    ),
    (
        Unauthenticated,
        "Give a secret key with --key or EITP_KEY; `eitp-server keys create` makes one.",
    ),
    (ConsentRequired, "Nothing is collected without the shopper's consent."),
    (Forbidden, "Use a secret key that has the scope."),
    (
        SessionGone,
        "Sessions end when they are closed or idle; `eitp watch packets` shows live ids.",
    ),
    (CursorLost, "Start again without --cursor, or with --oldest for everything that is kept."),
    (Exhausted, "Wait, or send less; `eitp capabilities` shows the limits."),
    (Unsupported, "`eitp capabilities` shows what this server offers."),
    (ServerFault, "Give this message to whoever runs the server: its log says more."),
)


def run(
    job: Callable[[Client], Awaitable[None]], server: str, key: str, *, tls: bool, timeout: float
) -> None:
    """Do a job with a client; Ctrl-C ends it where it stands and is no failure.

    Raises Exit with REFUSED, USAGE or UNREACHABLE when the job fails.
    """

    async def connected() -> None:
        async with Client(server, key=key, tls=tls, timeout=timeout) as client:
            telling = asyncio.create_task(_tell_of_outages(client))
            try:
                await job(client)
            finally:
                telling.cancel()

    try:
        asyncio.run(connected())
    except KeyboardInterrupt:
        err.print("stopped", style="dim")
    except EITPError as error:
        code = UNREACHABLE if isinstance(error, Unreachable) else REFUSED
        fail(
            str(error), next((text for kind, text in _ADVICE if isinstance(error, kind)), ""), code
        )
    except RecordingError as error:
        fail(str(error), "", USAGE)


async def _tell_of_outages(client: Client) -> None:
    """Say once in every outage that the server is being tried, and where."""
    told = False
    while True:
        await asyncio.sleep(NOTICE)
        if client.is_out_of_reach and not told:
            err.print(f"trying to connect to {client.address} …", style="dim", markup=False)
        told = client.is_out_of_reach


def fail(message: str, advice: str, code: int) -> NoReturn:
    """Say what was wrong and what to do, and end with an exit code."""
    err.print("error:", style="bold red", end=" ")
    err.print(message, markup=False, soft_wrap=True)
    if advice:
        err.print(advice, style="dim", markup=False, soft_wrap=True)
    raise typer.Exit(code)
