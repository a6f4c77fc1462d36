"""How far a long command has come: a line on stderr, gone when it is done."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Advance = Callable[[int], None]
"""Told how many are done."""


@contextmanager
def counted(what: str, of: int | None = None) -> Generator[Advance]:
    """Show how many of `of` things are done; the bar swings while it is not known how many.

    Prints nothing where stderr is no terminal.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    # Rich would print an empty line in place of each bar.
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task(what, total=of)

        def advance(done: int) -> None:
            progress.update(task, completed=done)

        yield advance
