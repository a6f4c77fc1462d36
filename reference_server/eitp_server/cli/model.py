"""`eitp-server lab model`: what the estimator makes of each piece of evidence."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Column, Table
from rich.text import Text

from eitp_server.cli.console import CONSOLE


def show_model(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the page docs/estimator.md.")
    ] = False,
) -> None:
    """Print the whole estimator: evidence, readings, weights, sources, and what labels mean.

    Dimensions are in lower case, labels in capitals. The page has a column for each:

      eitp-server lab model --markdown
    """
    from eitp_server.lab import model_table

    if markdown:
        typer.echo(model_table.markdown(), nl=False)
        return
    weights = _table("evidence, rule", "reading, then what it moves, then the source")
    for name, reading, dimensions, labels, source in model_table.rows():
        moved = [each for each in (dimensions, labels) if each != "none"]
        weights.add_row(
            Text("\n").join(map(Text, name.removesuffix(")").split(" ("))),
            Text.assemble(
                f"{reading}\n", "; ".join(moved) or "moves nothing", "\n", (source, "dim")
            ),
        )
    definitions = _table("label", "definition, without which it is never given")
    for cells in model_table.definitions():
        definitions.add_row(*cells)
    CONSOLE.print(weights, definitions, sep="\n")


def _table(name: str, what: str) -> Table:
    return Table(
        Column(name, no_wrap=True),
        what,
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
