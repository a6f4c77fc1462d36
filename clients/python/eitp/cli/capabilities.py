"""`eitp capabilities`: what a server can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from google.protobuf.json_format import MessageToJson
from rich.table import Table

from ..enum_name import name_of
from ..v1.capability_pb2 import Profile
from ..v1.common_pb2 import Durability
from .terminal import LOCAL, PATIENCE, Server, Timeout, Tls, out, run

if TYPE_CHECKING:
    from ..client import Client
    from ..v1.capability_pb2 import Capabilities


def capabilities(
    server: Server = LOCAL,
    tls: Tls = False,
    timeout: Timeout = PATIENCE,
    json: Annotated[bool, typer.Option("--json", help="Print the message as JSON.")] = False,
) -> None:
    """Show what a server can do and the limits it keeps; needs no key.

    ```
    eitp capabilities --server eitp.example.com:443 --tls
    ```
    """

    async def show(client: Client) -> None:
        found = await client.capabilities()
        if json:
            typer.echo(MessageToJson(found))
        else:
            out.print(table(found))

    run(show, server, "", tls=tls, timeout=timeout)


def table(found: Capabilities) -> Table:
    """Return the capabilities as a table of names and values."""
    rows = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    rows.add_column(style="dim")
    rows.add_column(overflow="fold")
    profiles = (name_of(Profile, one, "PROFILE_") for one in found.profiles)
    methodologies = (f"{one.subject} {one.methodology_id}" for one in found.methodologies)
    said = {
        "server": f"{found.server.name} {found.server.version}",
        "protocol": found.protocol_revision,
        "durability": name_of(Durability, found.durability, "DURABILITY_"),
        "profiles": ", ".join(profiles),
        "features": ", ".join(feature.feature_id for feature in found.features),
        "methodologies": ", ".join(methodologies),
    }
    for field, value in found.limits.ListFields():
        seconds = value.ToTimedelta().total_seconds() if field.message_type else None
        said[field.name.replace("_", " ")] = f"{value:,}" if seconds is None else f"{seconds:g} s"
    for name, text in said.items():
        if text:
            rows.add_row(name, text)
    return rows
