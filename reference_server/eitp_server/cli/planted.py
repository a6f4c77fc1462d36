"""`eitp-server lab planted`: how many planted acts of frustration the server notices."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from eitp_server.cli.console import CONSOLE
from eitp_server.cli.progress import counted

if TYPE_CHECKING:
    from collections.abc import Mapping


def measure_planted(
    variations: Annotated[int, typer.Option(min=1, help="Planted visits.")] = 200,
    seed: Annotated[int, typer.Option(help="Another one plants others.")] = 1,
    blind: Annotated[
        bool,
        typer.Option(
            "--blind", help="Clients that neither name what is clicked nor report answers."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not a table.")] = False,
) -> None:
    """Plant clicks on dead buttons and hasty steps back in visits; count what is caught."""
    from eitp_server.lab.planted import measure

    with counted("visits", variations) as advance:
        report = measure(variations, seed, advance, blind=blind).as_json()
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        CONSOLE.print(_table(report))
        CONSOLE.print(report["method"], style="dim")


def _table(report: Mapping[str, Any]) -> Table:
    table = Table(title="Caught within 3 s", title_justify="left")
    table.add_column("what was planted")
    for name in ("planted", "caught", "share", "95 % interval"):
        table.add_column(name, justify="right")
    table.add_row("all", *_cells(report, "caught"), end_section=True)
    for split in report["by"].values():
        rows = list(split.items())
        for number, (value, figures) in enumerate(rows, start=1):
            last = number == len(rows)
            table.add_row(value, *_cells(figures, "caught"), end_section=last)
    table.add_row("nothing: false alarms", *_cells(report["control"], "alarms"))
    return table


def _cells(figures: Mapping[str, Any], counted: str) -> tuple[str, ...]:
    interval = f"{figures['share_low']:.3f} to {figures['share_high']:.3f}"
    return str(figures["variations"]), str(figures[counted]), f"{figures['share']:.3f}", interval
