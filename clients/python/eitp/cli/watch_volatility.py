"""`eitp watch volatility`: candles of the index as they grow, or its ticks line by line."""

from __future__ import annotations

import asyncio
import base64
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from json import dumps
from typing import TYPE_CHECKING, Annotated

import typer
from google.protobuf.json_format import MessageToDict
from rich.live import Live
from rich.text import Text

from ..candle import Chart, number
from ..v1.audience_pb2 import AUDIENCE_TENANT
from ..v1.volatility_pb2 import BASE_KIND_ROLLING, Base, IndexCorrection, IndexTick
from .terminal import LOCAL, PATIENCE, REFUSED, Key, Server, Timeout, Tls, err, fail, out, run

if TYPE_CHECKING:
    from ..client import Client
    from ..v1.volatility_pb2 import Feed
    from ..watch import Item, Watch

    Volatility = Watch[IndexTick | IndexCorrection | Base]

MINUTES = 180
"""Bars that are asked for at the start: as many as a wide terminal has columns."""
_REDRAW_SECONDS = 1.0


def volatility(
    server: Server = LOCAL,
    key: Key = "",
    tls: Tls = False,
    timeout: Timeout = PATIENCE,
    feed: Annotated[
        str, typer.Option(help="A feed; else all sessions of the shop.", show_default=False)
    ] = "",
    cursor: Annotated[
        str, typer.Option(help="Go on right behind this place of the feed.", show_default=False)
    ] = "",
    oldest: Annotated[
        bool, typer.Option("--oldest", help="Start with the oldest tick that is kept.")
    ] = False,
    count: Annotated[
        int, typer.Option(min=0, help="Stop after so many ticks.", show_default=False)
    ] = 0,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line: cursor, kind, item.")
    ] = False,
) -> None:
    """Draw how restless shoppers are, a candle a minute; plain lines when the output is piped.

    Without a feed it is the one over all sessions of the shop. A tick without a
    value says why; a candle is of the level while there is no base yet.

    ```
    eitp watch volatility
    eitp watch volatility --feed own/demo/section/form/rolling/evi-0.1/local-2
    eitp watch volatility --oldest --json > ticks.jsonl
    ```
    """
    from .watch import place

    async def show(client: Client) -> None:
        chosen = await _feed(client, feed)
        stream = client.watch_volatility(
            [chosen.feed_id], cursor=place(cursor), oldest=oldest, latest=out.is_terminal
        )
        try:
            if out.is_terminal and not json:
                await _draw(client, chosen, stream, count)
            else:
                await _print(stream, count, json=json)
        finally:
            await stream.aclose()
            if stream.cursor:
                told = base64.b64encode(stream.cursor).decode()
                err.print(f"go on from here with --cursor {told}", style="dim", soft_wrap=True)

    run(show, server, key, tls=tls, timeout=timeout)


async def _feed(client: Client, name: str) -> Feed:
    """Return the feed of that name, or else the shop's own over all sessions."""
    if name:
        return (await client.index(name)).feed
    whole = [
        feed
        async for feed in client.feeds()
        if feed.audience == AUDIENCE_TENANT
        and feed.base_kind == BASE_KIND_ROLLING
        and not feed.parent_feed_id
    ]
    if not whole:
        fail(
            "there is no feed of this shop yet",
            "A feed begins with the first session; `eitp replay` makes some.",
            REFUSED,
        )
    return whole[0]


async def _draw(client: Client, feed: Feed, stream: Volatility, count: int) -> None:
    start = datetime.now(UTC) - timedelta(minutes=MINUTES)
    chart = Chart(feed, [bar async for bar in client.bars(feed.feed_id, start=start)])
    with Live(_picture(chart), console=out, auto_refresh=False) as live:
        redrawing = asyncio.create_task(_redraw(live, chart))
        try:
            seen = 0
            async for item in stream:
                if isinstance(item.value, IndexTick):
                    chart.add(item.value)
                    seen += 1
                    if seen == count:
                        return
        finally:
            redrawing.cancel()
            with suppress(asyncio.CancelledError):
                await redrawing
            live.update(_picture(chart), refresh=True)


async def _redraw(live: Live, chart: Chart) -> None:
    while True:
        live.update(_picture(chart), refresh=True)
        await asyncio.sleep(_REDRAW_SECONDS)


def _picture(chart: Chart) -> Text:
    return chart.draw(out.width, out.height - 1, time.time())


async def _print(stream: Volatility, count: int, *, json: bool) -> None:
    seen = 0
    async for item in stream:
        if json:
            typer.echo(dumps(_as_json(item)))
        else:
            out.print(_line(item.value), soft_wrap=True)
        seen += isinstance(item.value, IndexTick)
        if seen and seen == count:
            return


def _as_json(item: Item[IndexTick | IndexCorrection | Base]) -> dict[str, object]:
    kind = {IndexTick: "tick", IndexCorrection: "correction", Base: "base"}[type(item.value)]
    return {
        "cursor": base64.b64encode(item.cursor).decode(),
        "kind": kind,
        "item": MessageToDict(item.value),
    }


def _line(value: IndexTick | IndexCorrection | Base) -> Text:
    if isinstance(value, IndexTick):
        return number(value)
    if isinstance(value, Base):
        numbers = f"median {value.median:.4f}, spread {value.spread:.4f}"
        return Text(f"base {value.base_id}: {numbers}", style="dim")
    return Text.assemble(
        ("corrected  ", "bold yellow"), number(value.corrected), f"  {value.explanation}"
    )
