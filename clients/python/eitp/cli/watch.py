"""`eitp watch`: prints a feed as it comes."""

from __future__ import annotations

import base64
import binascii
from json import dumps
from typing import TYPE_CHECKING, Annotated, Any

import typer
from google.protobuf.json_format import MessageToDict

from .. import render
from . import watch_contagion, watch_volatility
from .terminal import LOCAL, PATIENCE, USAGE, Key, Server, Timeout, Tls, err, fail, out, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.text import Text

    from ..client import Client
    from ..watch import Watch

Cursor = Annotated[
    str,
    typer.Option(help="Go on right behind this place of the feed.", show_default=False),
]
Oldest = Annotated[bool, typer.Option("--oldest", help="Start with the oldest item that is kept.")]
Session = Annotated[str, typer.Option(help="Only this session.", show_default=False)]
Count = Annotated[int, typer.Option(min=0, help="Stop after so many items.", show_default=False)]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object a line: cursor, item, lagged.")
]

watch = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Watch a feed: it goes on by itself when the connection breaks, until Ctrl-C.",
)


@watch.command()
def packets(
    server: Server = LOCAL,
    key: Key = "",
    tls: Tls = False,
    timeout: Timeout = PATIENCE,
    cursor: Cursor = "",
    oldest: Oldest = False,
    session: Session = "",
    count: Count = 0,
    json: Json = False,
) -> None:
    """Print emotional events as they are emitted, in all sessions or in one.

    ```
    eitp watch packets
    eitp watch packets --oldest --json > packets.jsonl
    ```
    """

    async def show(client: Client) -> None:
        feed = client.watch_packets(cursor=place(cursor), oldest=oldest, session_id=session)
        await _print(feed, render.packet_line, count, json)

    run(show, server, key, tls=tls, timeout=timeout)


@watch.command()
def interventions(
    server: Server = LOCAL,
    key: Key = "",
    tls: Tls = False,
    timeout: Timeout = PATIENCE,
    cursor: Cursor = "",
    oldest: Oldest = False,
    session: Session = "",
    count: Count = 0,
    json: Json = False,
) -> None:
    """Print interventions as they are chosen, in all sessions or in one.

    ```
    eitp watch interventions --session ses_2c7f
    ```
    """

    async def show(client: Client) -> None:
        feed = client.watch_interventions(cursor=place(cursor), oldest=oldest, session_id=session)
        await _print(feed, render.intervention_line, count, json)

    run(show, server, key, tls=tls, timeout=timeout)


watch.command("volatility")(watch_volatility.volatility)
watch.command("contagion")(watch_contagion.contagion)


async def _print(feed: Watch[Any], line: Callable[[Any], Text], count: int, json: bool) -> None:
    number = 0
    try:
        async for item in feed:
            if json:
                told = base64.b64encode(item.cursor).decode()
                typer.echo(dumps({"cursor": told, "item": MessageToDict(item.value)}))
            else:
                out.print(line(item.value), soft_wrap=True)
            number += 1
            if number == count:
                break
    finally:
        await feed.aclose()
        if feed.cursor:
            told = base64.b64encode(feed.cursor).decode()
            err.print(f"go on from here with --cursor {told}", style="dim", soft_wrap=True)


def place(cursor: str) -> bytes:
    """Return the cursor that a watch printed; ends the command when it is none."""
    try:
        return base64.b64decode(cursor, validate=True)
    except binascii.Error:
        fail(f"--cursor {cursor!r} is not one", "Copy it from an earlier watch.", USAGE)
