"""`eitp-server tenants learning`: on which terms the policy of a shop learns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.table import Table

from eitp_server.bandit.policy_table import Goal
from eitp_server.bandit.selection import DEFAULT_FLOOR
from eitp_server.bandit.study import DEFAULT_MARGINS
from eitp_server.cli.accounts import change_tenant, read_tenant
from eitp_server.cli.console import CONSOLE, run
from eitp_server.config import Settings
from eitp_server.errors import Invalid

if TYPE_CHECKING:
    from eitp_server.storage.tenant import Learning, Tenant

_DEFAULT: Final = "default"
_FLAGS: Final = {
    "exploration_floor": "--floor",
    "holdout_share": "--holdout",
    "promotion_margin": "--margin",
    "guardrails": "--guardrail",
}
"""By the fields of `eitp.v1.TenantPolicy`."""


def learning(
    tenant_id: Annotated[str, typer.Argument(help="The tenant.")],
    pool: Annotated[
        bool | None,
        typer.Option(help="Share what its sessions teach, and learn from others that do."),
    ] = None,
    floor: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE|default",
            help="Least probability of each intervention, 0 to 0.5; at most 0.5 / arms is used.",
        ),
    ] = None,
    holdout: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE|default",
            help="Share of visitors that never get an intervention, 0 to 0.5; "
            "`default` goes back to the server's.",
        ),
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
            "--guardrail",
            help="METRIC=MARGIN, as bounce=0.01: harm that is tolerated, as a difference of shares "
            "of visitors, 0 to 1. Repeatable.",
        ),
    ] = None,
) -> None:
    """Show or set how the policy of a tenant learns, and what counts as proof.

    What is left out stays as it is. To set anything the server must not be running; without an
    option the terms are shown, also while it runs.

    Example:

      eitp-server tenants learning acme --pool --guardrail complaint=0.002
    """
    changes: dict[str, Any] = {
        "pooling": pool,
        "selection_goal": goal,
        "promotion_margin": margin,
    }
    changes = {name: value for name, value in changes.items() if value is not None}
    for name, text in (("exploration_floor", floor), ("holdout_share", holdout)):
        if text is not None:
            changes[name] = _share(text, _FLAGS[name])
    tolerated = dict(map(_margin, guardrails or ()))

    def change(tenant: Tenant) -> Tenant:
        known = tenant.learning
        kept = {**known.guardrails, **tolerated}
        return tenant.with_learning(replace(known, guardrails=kept, **changes))

    asked = changes or tolerated
    try:
        tenant = run(change_tenant(tenant_id, change) if asked else read_tenant(tenant_id))
    except Invalid as refused:
        raise _as_usage(refused) from None
    _print_terms(tenant.learning, tenant_id)


def _print_terms(terms: Learning, tenant_id: str) -> None:
    table = Table("term", "value", title=f"Learning of {tenant_id}")
    table.add_row("pooling with other tenants", "yes" if terms.pooling else "no")
    floor = DEFAULT_FLOOR if terms.exploration_floor is None else terms.exploration_floor
    table.add_row("exploration floor", f"{floor:g}, at most 0.5 / arms")
    own = terms.holdout_share
    usual = f"the server's, {Settings().holdout_share:g} by the settings here"
    table.add_row("visitors held out", usual if own is None else f"{own:g}")
    table.add_row("goal", terms.selection_goal.value.replace("_", " "))
    table.add_row("lift that a pattern must exceed", str(terms.promotion_margin))
    for metric, default in DEFAULT_MARGINS.items():
        name = metric.name.lower()
        table.add_row(f"tolerated {name}", str(terms.guardrails.get(name, default)))
    CONSOLE.print(table)


def _share(text: str, flag: str) -> float | None:
    """Return the share, None for the default."""
    if text == _DEFAULT:
        return None
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is neither a number, as 0.1, nor `{_DEFAULT}`", param_hint=flag
        ) from None


def _margin(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        return name, float(number)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not METRIC=MARGIN, as bounce=0.01", param_hint="--guardrail"
        ) from None


def _as_usage(refused: Invalid) -> typer.BadParameter:
    """Return the refusal of terms by the options that set them."""
    said = "; ".join(violation.description for violation in refused.violations)
    flags = [_FLAGS[violation.field.split(".")[1]] for violation in refused.violations]
    return typer.BadParameter(said, param_hint=", ".join(dict.fromkeys(flags)))
