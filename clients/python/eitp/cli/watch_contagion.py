"""`eitp watch contagion`: what spreads between regions, as it changes."""

from __future__ import annotations

import base64
from json import dumps
from typing import TYPE_CHECKING, Annotated

import typer
from google.protobuf.json_format import MessageToDict

from ..render_contagion import edge_line, snapshot_line
from ..v1.contagion_pb2 import ContagionEdge, ContagionSnapshot
from .terminal import LOCAL, PATIENCE, Key, Server, Timeout, Tls, err, out, run

if TYPE_CHECKING:
    from ..client import Client
    from ..watch import Item, Watch

    Contagion = Watch[ContagionEdge | ContagionSnapshot]


def contagion(
    server: Server = LOCAL,
    key: Key = "",
    tls: Tls = False,
    timeout: Timeout = PATIENCE,
    shared: Annotated[
        bool, typer.Option("--shared", help="Of all shops that agreed to pooling.")
    ] = False,
    vertical: Annotated[str, typer.Option(help="Only this trade.", show_default=False)] = "",
    cursor: Annotated[
        str, typer.Option(help="Go on right behind this place of the feed.", show_default=False)
    ] = "",
    oldest: Annotated[
        bool, typer.Option("--oldest", help="Start with the oldest analysis that is kept.")
    ] = False,
    count: Annotated[
        int, typer.Option(min=0, help="Stop after so many analyses.", show_default=False)
    ] = 0,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line: cursor, kind, item.")
    ] = False,
) -> None:
    """Print what spreads from region to region: edges that change, a line per analysis.

    An edge says that movement of one region foretells movement of another, beyond
    what the other's own past and all regions together foretell. That is no proof
    of a cause. Analyses come every five minutes.

    ```
    eitp watch contagion
    eitp watch contagion --shared --vertical automotive --json > edges.jsonl
    ```
    """
    from .watch import place

    async def show(client: Client) -> None:
        stream = client.watch_contagion(
            cursor=place(cursor), oldest=oldest, shared=shared, vertical=vertical
        )
        try:
            await _print(stream, count, json=json)
        finally:
            await stream.aclose()
            if stream.cursor:
                told = base64.b64encode(stream.cursor).decode()
                err.print(f"go on from here with --cursor {told}", style="dim", soft_wrap=True)

    run(show, server, key, tls=tls, timeout=timeout)


async def _print(stream: Contagion, count: int, *, json: bool) -> None:
    seen = 0
    async for item in stream:
        value = item.value
        if json:
            typer.echo(dumps(_as_json(item)))
        elif isinstance(value, ContagionEdge):
            out.print(edge_line(value), soft_wrap=True)
        else:
            out.print(snapshot_line(value), soft_wrap=True)
        seen += isinstance(value, ContagionSnapshot)
        if seen and seen == count:
            return


def _as_json(item: Item[ContagionEdge | ContagionSnapshot]) -> dict[str, object]:
    return {
        "cursor": base64.b64encode(item.cursor).decode(),
        "kind": "edge" if isinstance(item.value, ContagionEdge) else "snapshot",
        "item": MessageToDict(item.value),
    }
