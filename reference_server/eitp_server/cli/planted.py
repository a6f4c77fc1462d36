"""`eitp-server lab planted`: how many planted acts of frustration the server notices."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eitp_server.cli.console import CONSOLE
from eitp_server.cli.progress import counted
from eitp_server.cli.table import figures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.table import Table


def measure_planted(
    variations: Annotated[int, typer.Option(min=1, help="Planted visits.")] = 200,
    seed: Annotated[int, typer.Option(help="Another one plants others.")] = 1,
    blind: Annotated[
        bool,
        typer.Option(
            "--blind", help="Clients that neither name what is clicked nor report answers."
        ),
    ] = False,
    splits: Annotated[
        bool, typer.Option("--splits", help="Show the figures also by everything that varied.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not a table.")] = False,
) -> None:
    """Plant clicks on dead buttons and hasty steps back in visits; count what is caught.

    Examples:

      eitp-server lab planted

      eitp-server lab planted --variations 50 --splits
    """
    from eitp_server.lab.planted import measure

    with counted("visits", variations) as advance:
        report = measure(variations, seed, advance, blind=blind).as_json()
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        CONSOLE.print(_table(report, list(report["by"]) if splits else ["kind", "reports"]))
        if not splits:
            CONSOLE.print("By everything that varied: --splits; seconds and more: --json.")
        CONSOLE.print(report["method"], style="dim")


def _table(report: Mapping[str, Any], splits: Sequence[str]) -> Table:
    table = figures(
        "Caught within 3 s", "what was planted", "planted", "caught", "share", "95 % interval"
    )
    table.add_row("all", *_cells(report, "caught"), end_section=True)
    for act, whole in report["by"]["kind"].items():
        table.add_row(act, *_cells(whole, "caught"))
        for split in splits:
            for name, found in report["by"][split].items():
                if name.startswith(f"{act}, "):
                    table.add_row(f"  {name.removeprefix(f'{act}, ')}", *_cells(found, "caught"))
        table.add_section()
    table.add_row("nothing: false alarms", *_cells(report["control"], "alarms"))
    return table


def _cells(found: Mapping[str, Any], counted: str) -> tuple[str, ...]:
    interval = f"{found['share_low']:.3f}–{found['share_high']:.3f}"
    return str(found["variations"]), str(found[counted]), f"{found['share']:.3f}", interval
