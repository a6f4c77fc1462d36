"""`eitp-server keys`: the credentials of a tenant."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from eitp_server.cli.console import CONSOLE, run, with_accounts
from eitp_server.cli.records import require_tenant

if TYPE_CHECKING:
    from eitp_server.storage.accounts import Accounts
    from eitp_server.storage.api_key import ApiKey, IssuedKey

app = typer.Typer(no_args_is_help=True, help="API keys: shown once, stored as hashes.")


@app.command("create")
def create_key(
    tenant_id: Annotated[str, typer.Argument(help="The tenant that the key is for.")],
    publishable: Annotated[
        bool, typer.Option("--publishable", help="A key for web pages: it opens sessions only.")
    ] = False,
    scope: Annotated[
        list[str] | None, typer.Option(help="What a secret key may do; all when left out.")
    ] = None,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "",
    environment: Annotated[str, typer.Option(help="Word that the key shows.")] = "live",
) -> None:
    """Make an API key and show it, this once."""
    from eitp_server.app import ALL_SCOPES
    from eitp_server.storage.api_key import KeyKind

    kind = KeyKind.PUBLISHABLE if publishable else KeyKind.SECRET
    scopes = frozenset(scope or ALL_SCOPES) if kind == KeyKind.SECRET else frozenset[str]()
    if unknown := scopes - ALL_SCOPES:
        raise typer.BadParameter(
            f"no such scope: {', '.join(sorted(unknown))}", param_hint="--scope"
        )

    async def create(accounts: Accounts) -> IssuedKey:
        return await accounts.keys.create(
            tenant_id,
            kind,
            environment=environment,
            scopes=scopes,
            display_name=name,
            now_us=time.time_ns() // 1000,
        )

    issued = run(with_accounts(create))
    CONSOLE.print("Keep it now, it is not shown again:", style="dim")
    typer.echo(issued.secret)


@app.command("list")
def list_keys(tenant_id: Annotated[str, typer.Argument(help="The tenant.")]) -> None:
    """List the keys of a tenant; the keys themselves are not kept."""

    async def read(accounts: Accounts) -> list[ApiKey]:
        require_tenant(tenant_id, [t.tenant_id for t in accounts.tenants.all()], "TENANT_ID")
        return accounts.keys.of(tenant_id)

    table = Table(Column("id and key", no_wrap=True), "kind and state", "scopes", show_lines=True)
    for key in run(with_accounts(read)):
        state = "revoked" if key.revoked_at_us else "works"
        shown = f"{key.key_id}\n{key.prefix}…{key.last_four}"
        named = f"\n{key.display_name}" if key.display_name else ""
        table.add_row(f"{shown}{named}", f"{key.kind}\n{state}", " ".join(sorted(key.scopes)))
    CONSOLE.print(table)


@app.command("revoke")
def revoke_key(
    tenant_id: Annotated[str, typer.Argument(help="The tenant.")],
    key_id: Annotated[str, typer.Argument(help="The id that `keys list` shows.")],
) -> None:
    """End a key at once."""
    now_us = time.time_ns() // 1000

    async def revoke(accounts: Accounts) -> ApiKey:
        return await accounts.keys.revoke(tenant_id, key_id, now_us)

    run(with_accounts(revoke))
    CONSOLE.print(f"Revoked {key_id}.")
