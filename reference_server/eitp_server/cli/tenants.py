"""`eitp-server tenants`: the shops that the server serves."""

from __future__ import annotations

import re
import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.table import Table

from eitp_server.bandit.policy_table import Goal
from eitp_server.bandit.study import DEFAULT_MARGINS
from eitp_server.cli.console import CONSOLE, run, with_accounts
from eitp_server.config import Settings
from eitp_server.signals.rule import DEFAULTS
from eitp_server.storage.tenants import unknown_tenant

if TYPE_CHECKING:
    from eitp_server.storage.accounts import Accounts
    from eitp_server.storage.tenant import Tenant

_NAME: Final = re.compile("[a-z0-9][a-z0-9-]{0,62}")

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
    """List the shops. The server must not be running."""

    async def read(accounts: Accounts) -> list[Tenant]:
        return accounts.tenants.all()

    table = Table("tenant", "name", "trade", "region", "origins of its pages")
    for tenant in run(with_accounts(read)):
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
    its rule version ends in +own. The server must not be running.
    """
    chosen = dict(map(_threshold, thresholds or ()))

    async def change(accounts: Accounts) -> Tenant:
        if chosen or published:
            return await accounts.tenants.change(
                tenant_id,
                lambda tenant: tenant.with_rules({**({} if published else tenant.rules), **chosen}),
            )
        tenant = accounts.tenants.get(tenant_id)
        if tenant is None:
            raise unknown_tenant(tenant_id)
        return tenant

    own = run(with_accounts(change)).rules
    table = Table("threshold", "value", "published", title=f"Rules of {tenant_id}")
    for name, value in asdict(DEFAULTS).items():
        table.add_row(name, str(own.get(name, value)), str(value))
    CONSOLE.print(table)


@app.command("learning")
def set_learning(
    tenant_id: Annotated[str, typer.Argument(help="The tenant.")],
    pool: Annotated[
        bool | None,
        typer.Option(help="Share what its sessions teach, and learn from others that do."),
    ] = None,
    floor: Annotated[
        float | None, typer.Option(help="Least probability of each intervention, 0 to 0.5.")
    ] = None,
    holdout: Annotated[
        float | None,
        typer.Option(help="Share of visitors that never get an intervention, 0 to 0.5."),
    ] = None,
    goal: Annotated[
        Goal | None,
        typer.Option(help="As many successes as possible, or to know the best one soon."),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            help="Lift that a pattern must exceed, in absolute rate: 0.001 is 0.1 points."
        ),
    ] = None,
    guardrails: Annotated[
        list[str] | None,
        typer.Option(
            "--guardrail", help="METRIC=MARGIN, as bounce=0.01: harm that is tolerated. Repeatable."
        ),
    ] = None,
) -> None:
    """Show or set how the policy of a tenant learns, and what counts as proof.

    What is left out stays as it is. The server must not be running.

    Example:

      eitp-server tenants learning acme --pool --guardrail complaint=0.002
    """
    changes: dict[str, Any] = {
        "pooling": pool,
        "exploration_floor": floor,
        "holdout_share": holdout,
        "selection_goal": goal,
        "promotion_margin": margin,
    }
    changes = {name: value for name, value in changes.items() if value is not None}
    tolerated = dict(map(_margin, guardrails or ()))

    async def change(accounts: Accounts) -> Tenant:
        if changes or tolerated:
            return await accounts.tenants.change(tenant_id, changed)
        tenant = accounts.tenants.get(tenant_id)
        if tenant is None:
            raise unknown_tenant(tenant_id)
        return tenant

    def changed(tenant: Tenant) -> Tenant:
        known = tenant.learning
        kept = {**known.guardrails, **tolerated}
        return tenant.with_learning(replace(known, guardrails=kept, **changes))

    learning = run(with_accounts(change)).learning
    table = Table("term", "value", title=f"Learning of {tenant_id}")
    table.add_row("pooling with other tenants", "yes" if learning.pooling else "no")
    floor_text = "0.05, less with more than ten arms"
    if learning.exploration_floor is not None:
        floor_text = str(learning.exploration_floor)
    table.add_row("exploration floor", floor_text)
    usual = f"{Settings().holdout_share:g}, the server's"
    own_share = learning.holdout_share
    table.add_row("visitors held out", usual if own_share is None else f"{own_share:g}")
    table.add_row("goal", learning.selection_goal.value.replace("_", " "))
    table.add_row("lift that a pattern must exceed", str(learning.promotion_margin))
    for metric, default in DEFAULT_MARGINS.items():
        name = metric.name.lower()
        value = learning.guardrails.get(name, default)
        table.add_row(f"tolerated {name}", str(value))
    CONSOLE.print(table)


def _margin(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        return name, float(number)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not METRIC=MARGIN, as bounce=0.01", param_hint="--guardrail"
        ) from None


def _threshold(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    if not number.isdecimal():
        raise typer.BadParameter(
            f"{text!r} is not NAME=NUMBER, as rage_clicks=4", param_hint="--set"
        )
    return name, int(number)
