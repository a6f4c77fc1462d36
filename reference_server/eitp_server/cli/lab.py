"""`eitp-server lab`: the server's maths over files."""

from __future__ import annotations

import typer

from eitp_server.cli import bench, draw, evaluate, planted

app = typer.Typer(no_args_is_help=True, help="The same maths over files, and benchmarks.")
app.add_typer(bench.app, name="bench")
app.command("draw")(draw.draw)
app.command("evaluate")(evaluate.evaluate)
app.command("planted")(planted.measure_planted)
