"""`eitp-server tenants`: the shops that the server serves."""

from __future__ import annotations

import re
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.table import Table

from eitp_server.cli.accounts import change_tenant, read_tenant, read_tenants
from eitp_server.cli.console import CONSOLE, run, with_accounts
from eitp_server.cli.learning import learning
from eitp_server.config import Settings
from eitp_server.signals.rule import DEFAULTS

if TYPE_CHECKING:
    from eitp_server.storage.accounts import Accounts
    from eitp_server.storage.tenant import Tenant

_NAME: Final = re.compile("[a-z0-9][a-z0-9-]{0,62}")

app = typer.Typer(no_args_is_help=True, help="The shops that this server serves.")
app.command("learning")(learning)


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

    if not _NAME.fullmatch(tenant_id):
        raise typer.BadParameter(
            f"{tenant_id!r} is no name; one has up to 63 lower-case letters, digits and hyphens "
            "and begins with a letter or digit, as my-shop",
            param_hint="TENANT_ID",
        )
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

    run(with_accounts(create, creating=True))
    CONSOLE.print(f"Created tenant [bold]{tenant_id}[/]. Next: eitp-server keys create {tenant_id}")


@app.command("list")
def list_tenants() -> None:
    """List the shops, also while the server runs."""
    table = Table("tenant", "name", "trade", "region", "origins of its pages")
    for tenant in run(read_tenants()):
        origins = "\n".join(tenant.allowed_origins) or "none"
        table.add_row(
            tenant.tenant_id, tenant.display_name, tenant.vertical, tenant.region, origins
        )
    CONSOLE.print(table)


@app.command("rules")
def set_rules(
    tenant_id: Annotated[str, typer.Argument(help="The tenant.")],
    thresholds: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="NAME=NUMBER, as rage_clicks=4 or slow_click_ms=1500. May be repeated."
        ),
    ] = None,
    published: Annotated[
        bool, typer.Option("--published", help="Go back to the published rules first.")
    ] = False,
) -> None:
    """Show or set when clicks and returns count as friction on a tenant's pages.

    Sessions keep the rules that they began with. Evidence that another threshold produced says so:
    its rule version ends in +own. To set anything the server must not be running.
    """
    chosen = dict(map(_threshold, thresholds or ()))

    def change(tenant: Tenant) -> Tenant:
        return tenant.with_rules({**({} if published else tenant.rules), **chosen})

    asked = chosen or published
    own = run(change_tenant(tenant_id, change) if asked else read_tenant(tenant_id)).rules
    table = Table("threshold", "value", "published", title=f"Rules of {tenant_id}")
    for name, value in asdict(DEFAULTS).items():
        table.add_row(name, str(own.get(name, value)), str(value))
    CONSOLE.print(table)


def _threshold(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    if not number.isdecimal():
        raise typer.BadParameter(
            f"{text!r} is not NAME=NUMBER, as rage_clicks=4", param_hint="--set"
        )
    return name, int(number)
