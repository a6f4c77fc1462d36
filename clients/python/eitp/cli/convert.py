"""`eitp convert`: makes recordings of public research data."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer
from rich.progress import Progress

from ..convert import Dataset
from ..convert import convert as convert_dataset
from ..recording import RecordingError
from .terminal import USAGE, err, fail, out


def convert(
    kind: Annotated[Dataset, typer.Argument(help="Which data it is.", show_default=False)],
    source: Annotated[
        Path, typer.Argument(help="The folder it was published as.", show_default=False)
    ],
    target: Annotated[
        Path, typer.Argument(help="The .csv or .parquet file to write.", show_default=False)
    ],
) -> None:
    """Turn public research data into recordings, with their labels beside them.

    ```
    eitp convert stress-pointclick data/stress-pointclick stress.csv
    eitp replay stress.csv --speed 4
    ```
    """
    try:
        with Progress(console=err, transient=True) as progress:
            task = progress.add_task(kind.value, total=None)
            done = convert_dataset(
                kind,
                source,
                target,
                progress=lambda number, total: progress.update(task, completed=number, total=total),
            )
    except (RecordingError, OSError) as error:
        fail(str(error), "", USAGE)
    out.print(
        f"{done.out_path}: {done.recordings} recordings of {done.people} people, "
        f"{done.events:,} events; labels in {done.labels_path}",
        soft_wrap=True,
    )
