"""`eitp-server lab model`: what the estimator makes of each piece of evidence."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from eitp_server.cli.console import CONSOLE


def show_model(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the page docs/estimator.md.")
    ] = False,
) -> None:
    """Print the whole estimator: evidence, readings, weights, sources, and what labels mean."""
    from eitp_server.lab import model_table

    if markdown:
        typer.echo(model_table.markdown(), nl=False)
        return
    weights = Table(*model_table.COLUMNS, title="Evidence and weights")
    for cells in model_table.rows():
        weights.add_row(*cells)
    labels = Table("label", "definition", title="Labels")
    for cells in model_table.definitions():
        labels.add_row(*cells)
    CONSOLE.print(weights, labels)
