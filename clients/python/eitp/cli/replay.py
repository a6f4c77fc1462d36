"""`eitp replay`: plays recordings as live sessions."""

from __future__ import annotations

import time
from collections import Counter
from itertools import chain
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from ..enum_name import name_of
from ..recording import SYNTHETIC, read
from ..replay import Replay
from ..v1.error_pb2 import ErrorReason
from .terminal import LOCAL, PATIENCE, Key, Server, Timeout, Tls, err, out, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..client import Client
    from ..recording import Recording
    from ..replay import Played
    from ..v1.telemetry_pb2 import BatchRejection, TelemetryBatch

MAX = "max"


def _speed(text: str) -> float | None:
    if text == MAX:
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not speed > 0:
        raise typer.BadParameter(f"{text!r} is no speed; write a number above 0, or max")
    return speed


def replay(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE…",
            help="Recordings, or folders of them; a bundled synthetic set when left out.",
            show_default=False,
        ),
    ] = None,
    server: Server = LOCAL,
    key: Key = "",
    tls: Tls = False,
    timeout: Timeout = PATIENCE,
    speed: Annotated[
        str, typer.Option(metavar="FACTOR|max", help="1 is real time, max as fast as it goes.")
    ] = "1",
    sessions: Annotated[int, typer.Option(min=1, max=10_000, help="How many at a time.")] = 8,
    loop: Annotated[bool, typer.Option("--loop", help="Begin again at the end.")] = False,
) -> None:
    """Play recordings as live sessions, each as one, and say what became of them.

    ```
    eitp replay
    eitp replay visits.csv --speed 4 --sessions 20
    eitp replay recordings/ --speed max --loop
    ```
    """
    factor = _speed(speed)
    chosen = files or [SYNTHETIC]
    if not files:
        err.print("playing the bundled set, which is synthetic", style="dim")

    async def play(client: Client) -> None:
        total = sum(recording.events[-1].t_ms for recording in _read(chosen, loop=False))
        screen = Screen(None if loop else total)
        player = Replay(client, speed=factor, sessions=sessions, watcher=screen)
        try:
            with screen.progress:
                await player.run(_read(chosen, loop=loop))
        finally:
            if player.played.batches:
                out.print(screen.summary(player))

    run(play, server, key, tls=tls, timeout=timeout)


class Screen:
    """The progress bar while a replay runs, and the table after it."""

    def __init__(self, total_ms: float | None) -> None:
        self.progress = Progress(
            SpinnerColumn(),
            BarColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
            console=err,
            transient=True,
        )
        self._task = self.progress.add_task("opening sessions", total=total_ms)
        self._began = time.monotonic()
        self._rejections: Counter[str] = Counter()

    def advanced(self, played: Played) -> None:
        """Show how far it is."""
        self.progress.update(
            self._task,
            completed=played.milliseconds,
            description=f"{played.recordings} recordings, {played.batches:,} batches, "
            f"{played.batches / self._seconds():,.0f}/s",
        )

    def rejected(self, batch: TelemetryBatch, rejection: BatchRejection) -> None:
        """Count a batch that was given up."""
        self._rejections[name_of(ErrorReason, rejection.reason, "ERROR_REASON_")] += 1

    def summary(self, player: Replay) -> Table:
        """Return what was played and what became of it."""
        played, count, seconds = player.played, player.count, self._seconds()
        table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        table.add_column(style="dim")
        table.add_column(justify="right")
        table.add_row("recordings", f"{played.recordings:,}")
        table.add_row("batches", f"{played.batches:,}")
        table.add_row("events", f"{played.events:,}")
        table.add_row("seconds", f"{seconds:,.1f}")
        table.add_row("batches/s", f"{played.batches / seconds:,.0f}")
        table.add_row("applied", f"{count.applied:,}", style="green")
        table.add_row("known already", f"{count.duplicates:,}")
        table.add_row("postponed", f"{count.postponed:,}")
        table.add_row("refused", f"{count.rejected:,}", style="red" if count.rejected else "")
        for reason, number in self._rejections.most_common():
            table.add_row(f"  {reason}", f"{number:,}", style="red")
        return table

    def _seconds(self) -> float:
        return max(time.monotonic() - self._began, 1e-3)


def _read(files: Sequence[Path], *, loop: bool) -> Iterator[Recording]:
    while True:
        yield from chain.from_iterable(read(file) for file in files)
        if not loop:
            return
