"""`eitp-server lab contagion-stream` and `contagion-trial`: edges that are known, and found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from eitp_server.cli.console import CONSOLE
from eitp_server.cli.contagion import Horizon, Lags, Level
from eitp_server.cli.evaluate import refuse
from eitp_server.cli.false_alarms import AsJson
from eitp_server.cli.progress import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eitp_server.lab.contagion.stream import Scenario

Regions = Annotated[int, typer.Option(min=2, max=500, help="Regions, the columns.")]
Minutes = Annotated[int, typer.Option(min=10, max=100_000, help="Minutes, the rows.")]
Put = Annotated[
    int | None,
    typer.Option(
        "--edges", min=0, show_default=False, help="Edges to put in. (Default: as many as regions.)"
    ),
]
Size = Annotated[float, typer.Option(help="Coefficient of an edge.")]
Common = Annotated[
    float, typer.Option(min=0, help="Shock that all feel: what it receives a minute; noise: 0.3.")
]
Opposite = Annotated[float, typer.Option(min=0, max=1, help="Share of edges that push down.")]


def draw_stream(
    folder: Annotated[Path, typer.Argument(help="Where series.csv and edges.csv go; is made.")],
    regions: Regions = 20,
    minutes: Minutes = 1_440,
    edges: Put = None,
    size: Size = 0.25,
    common: Common = 0.1,
    opposite: Opposite = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Another one draws another stream.")] = 1,
) -> None:
    """Draw regions whose edges are known, to try `contagion` on.

    Each region keeps 0.5 and 0.1 of its last two minutes, feels a common
    shock, its own daily cycle and noise, and follows others along the edges,
    1 to 3 minutes later.

    Example:

      eitp-server lab contagion-stream demo --regions 10 --seed 7
    """
    import numpy as np

    from eitp_server.lab.contagion.known import write_stream
    from eitp_server.lab.contagion.stream import draw

    scenario = _scenario(regions, minutes, edges, size, common, opposite)
    try:
        stream = draw(scenario, np.random.default_rng(seed))
        written = write_stream(stream, folder)
    except (OSError, ValueError) as error:
        refuse(str(error))
    what = f"{regions} regions, {minutes:,} minutes", f"{len(stream.edges)} edges"
    for path, content in zip(written, what, strict=True):
        CONSOLE.print(f"{path}: {content}", highlight=False, markup=False, soft_wrap=True)


def measure_trial(
    seeds: Annotated[int, typer.Option(min=1, help="Windows, each of its own seed.")] = 12,
    first: Annotated[int, typer.Option(min=0, help="The first seed.")] = 1,
    regions: Regions = 20,
    minutes: Minutes = 1_440,
    edges: Put = None,
    size: Size = 0.25,
    common: Common = 0.1,
    opposite: Opposite = 0.0,
    lags: Lags = 3,
    horizon: Horizon = 10,
    level: Level = 0.05,
    as_json: AsJson = False,
) -> None:
    """Count how many known edges are found, and how many are made up.

    Examples:

      eitp-server lab contagion-trial

      eitp-server lab contagion-trial --regions 10 --edges 0 --seeds 100
    """
    from eitp_server.intelligence.contagion.analysis import Settings
    from eitp_server.intelligence.contagion.refusal import Refused
    from eitp_server.lab.contagion.trial import measure

    settings = Settings(lags=lags, horizon=horizon, fdr_level=level)
    scenario = _scenario(regions, minutes, edges, size, common, opposite)
    try:
        with counted("windows", seeds) as advance:
            report = measure(scenario, range(first, first + seeds), settings, advance).as_json()
    except (Refused, ValueError) as error:
        refuse(str(error))
    if as_json:
        typer.echo(json.dumps(report, indent=2, allow_nan=False))
    else:
        CONSOLE.print(_trial(report))
        CONSOLE.print(report["method"], style="dim")


def _scenario(
    regions: int, minutes: int, edges: int | None, size: float, common: float, opposite: float
) -> Scenario:
    from eitp_server.lab.contagion.stream import Scenario

    if edges is not None and edges > regions * (regions - 1):
        refuse(f"{edges} edges do not fit {regions} regions; there are {regions * (regions - 1)}")
    return Scenario(
        regions=regions,
        minutes=minutes,
        edges=edges,
        size=size,
        common=common,
        opposite=opposite,
    )


def _trial(report: Mapping[str, Any]) -> Table:
    table = Table(
        title=f"{report['windows']} windows of {report['regions']} regions, "
        f"{report['minutes']:,} minutes",
        title_justify="left",
    )
    table.add_column("")
    table.add_column("EITP", justify="right")
    table.add_column("pairwise Granger", justify="right")
    for name, key in (("false among edges", "fdr"), ("found of those put in", "recall")):
        table.add_row(name, _percent(report[key]), _percent(report["control"][key]))
    quiet = report["quiet"]
    interval = f"{100 * quiet['low']:.0f} to {100 * quiet['high']:.0f}"
    table.add_row("windows without a false edge", f"{_percent(quiet['share'])} ({interval})", "")
    for name, key in (("strength of an edge", "strength"), ("total", "total")):
        if report[key]:
            estimated, true = (_percent(report[key][which]) for which in ("estimated", "true"))
            table.add_row(name, f"{estimated} (true {true})", "")
    table.add_row("seconds a window", f"{report['seconds']:.3g}", "")
    table.add_row("peak memory", f"{report['peak_mb']:.0f} MB", "")
    return table


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"
