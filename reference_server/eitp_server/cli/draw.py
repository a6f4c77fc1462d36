"""`eitp-server lab draw`: a recording as a picture, with what the signals see in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from eitp.recording import RecordingError, read

from eitp_server.cli.evaluate import ERRORS, Recordings, check_picture, refuse


def draw(
    recordings: Recordings,
    recording: Annotated[str, typer.Option(metavar="NAME", help="Which one to draw.")],
    plot: Annotated[Path, typer.Option(metavar="FILE", help="A .png, .svg or .pdf to write.")],
    colour: Annotated[
        Literal["speed", "time"], typer.Option(help="What the colour of the path says.")
    ] = "speed",
) -> None:
    """Draw a recording: its path, its clicks, and which signals fired where and when."""
    from eitp_server.lab.evaluation.stream import stream
    from eitp_server.lab.plot.recording import draw as picture

    check_picture(plot)
    names: list[str] = []
    try:
        for found in read(recordings):
            if found.name == recording:
                picture(stream(found), plot, colour=colour)
                ERRORS.print(f"drawn: {plot}", markup=False, soft_wrap=True)
                return
            names.append(found.name)
    except (RecordingError, OSError) as error:
        refuse(str(error))
    there = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    refuse(f"{recordings} has no recording {recording!r}; there are {there}")
