"""The shape of tables of figures: a name, then numbers, in 80 columns."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.table import Table


def figures(title: str, name: str, *numbers: str, caption: str | None = None) -> Table:
    """Return an empty table; names are never cut, numbers are aligned to the right."""
    table = Table(
        title=title,
        title_justify="left",
        caption=caption,
        caption_justify="left",
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column(name, no_wrap=True, vertical="bottom")
    for heading in numbers:
        table.add_column(heading, justify="right")
    return table
