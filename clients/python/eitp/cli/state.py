"""`eitp state`: what a server believes about one session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from google.protobuf.json_format import MessageToJson
from rich.table import Table

from .. import render
from .terminal import LOCAL, PATIENCE, Key, Server, Timeout, Tls, out, run

if TYPE_CHECKING:
    from ..client import Client
    from ..v1.packet_pb2 import Packet

WIDTH = 24


def state(
    session: Annotated[str, typer.Argument(help="The session's id.", show_default=False)],
    server: Server = LOCAL,
    key: Key = "",
    tls: Tls = False,
    timeout: Timeout = PATIENCE,
    json: Annotated[bool, typer.Option("--json", help="Print the packet as JSON.")] = False,
) -> None:
    """Show what the server believes about a session right now, and why.

    ```
    eitp state ses_2c7f --json | jq .label
    ```
    """

    async def show(client: Client) -> None:
        packet = await client.state(session)
        if json:
            typer.echo(MessageToJson(packet))
        else:
            out.print(table(packet))

    run(show, server, key, tls=tls, timeout=timeout)


def table(packet: Packet) -> Table:
    """Return a packet as a table: its label, its risk, seven dimensions, all evidence."""
    rows = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    rows.add_column(style="dim")
    rows.add_column()
    rows.add_column(style="dim")
    rows.add_row("session", packet.session_id, f"batch {packet.sequence}")
    rows.add_row("label", render.label(packet))
    rows.add_row("risk", render.risk(packet), packet.provenance.calibration_version)
    for name, short in render.DIMENSIONS.items():
        value = "unknown"
        if packet.state.HasField(name):
            estimate = getattr(packet.state, name)
            value = f"{estimate.value:+.2f} ± {estimate.uncertainty:.2f}"
        rows.add_row(short, render.dimension(packet.state, name, WIDTH), value)
    for number, found in enumerate(packet.evidence):
        weight = f"{found.weight:+.1f} logits, {found.rule_version}"
        rows.add_row("" if number else "evidence", render.evidence(found), weight)
    return rows
