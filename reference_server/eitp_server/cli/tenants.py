"""`eitp-server tenants`: the shops that the server serves."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from eitp_server.cli.console import CONSOLE, run, with_accounts
from eitp_server.config import Settings

if TYPE_CHECKING:
    from eitp_server.storage.accounts import Accounts

app = typer.Typer(no_args_is_help=True, help="The shops that this server serves.")


@app.command("create")
def create_tenant(
    tenant_id: Annotated[str, typer.Argument(help="Lower case, digits, hyphens; never changes.")],
    vertical: Annotated[str, typer.Option(help="Trade, as `automotive`.")],
    name: Annotated[str, typer.Option(help="Name for people; the id when left out.")] = "",
    region: Annotated[str, typer.Option(help="ISO 3166 code, as DE or US-CA.")] = "",
    origin: Annotated[
        list[str] | None, typer.Option(help="Origin of a page that may use the publishable keys.")
    ] = None,
) -> None:
    """Add a shop. The server must not be running: it owns the data directory."""
    from eitp_server.storage.tenant import Tenant

    tenant = Tenant(
        tenant_id=tenant_id,
        display_name=name or tenant_id,
        vertical=vertical,
        region=region,
        holdout_share=Settings().holdout_share,
        allowed_origins=tuple(origin or ()),
        created_at_us=time.time_ns() // 1000,
    )

    async def create(accounts: Accounts) -> Tenant:
        return await accounts.tenants.create(tenant)

    run(with_accounts(create))
    CONSOLE.print(f"Created tenant [bold]{tenant_id}[/]. Next: eitp-server keys create {tenant_id}")
