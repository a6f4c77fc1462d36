"""`eitp-server lab contagion`: what spreads between the series of a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text

from eitp_server.cli.console import CONSOLE
from eitp_server.cli.evaluate import ERRORS, check_picture, refuse
from eitp_server.cli.false_alarms import AsJson, Picture
from eitp_server.cli.progress import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp_server.lab.contagion.known import Pair
    from eitp_server.lab.contagion.peers import Peer
    from eitp_server.lab.contagion.report import Found, Options, Report
    from eitp_server.lab.contagion.series import Series

WIDE = 8
"""More series than this do not fit a screen as a table."""
SHOWN = 20

Lags = Annotated[int, typer.Option(min=1, max=60, help="Rows of the past that may foretell.")]
Horizon = Annotated[int, typer.Option(min=1, max=1_000, help="Rows that are foretold.")]
Level = Annotated[
    float, typer.Option("--fdr", min=0.0001, max=0.5, help="Allowed share of false edges.")
]


def contagion(
    series: Annotated[
        Path,
        typer.Option(metavar="CSV", help="A column of times and one per series; empty: no value."),
    ],
    lags: Lags = 3,
    horizon: Horizon = 10,
    method: Annotated[
        Literal["generalized", "lagged", "pipeline"] | None,
        typer.Option(
            metavar="NAME",
            help="The table: generalized, lagged or pipeline. Edges are always the pipeline's. "
            "(Default: generalized, or pipeline where there can be none.)",
            show_default=False,
        ),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column of the times: ISO, or numbers: minutes, from 1e8 on seconds since 1970, "
            "from 1e11 on milliseconds. (Default: the first.)",
            show_default=False,
        ),
    ] = None,
    edges: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Known edges, columns source and target: judge by them.",
            show_default=False,
        ),
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(
            min=10,
            metavar="ROWS",
            help="Only the last rows; the two windows before confirm edges. (Default: all rows.)",
            show_default=False,
        ),
    ] = None,
    day: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="ROWS",
            help="Rows of the daily cycle that is taken out before edges are sought; 0: none. "
            "(Default: by the times.)",
            show_default=False,
        ),
    ] = None,
    level: Level = 0.05,
    compare: Annotated[
        bool, typer.Option("--compare", help="Run statsmodels beside it, when it is installed.")
    ] = False,
    as_json: AsJson = False,
    plot: Picture = None,
) -> None:
    """Tell which series foretell which others, and by how much.

    The table has a row per receiver and a column per source, in percent of
    the receiver's forecast error. `generalized` is that of Diebold and
    Yilmaz (2012), where movement in the same row counts; `lagged` counts only
    what passes with a delay; `pipeline` only what passes along edges.

    Edges are tested beside own past, daily cycle and what all series do at
    once, and the false discovery rate is controlled. They are predictive
    spread, not proof of a cause. They take 240 rows; among fewer than 10
    series they are marked exploratory: about one in five is false.

    Examples:

      eitp-server lab contagion-stream demo --regions 20

      eitp-server lab contagion --series demo/series.csv
      --edges demo/edges.csv --plot spread.png

      eitp-server lab contagion --series volatilities.csv --lags 4 --json
    """
    from dataclasses import replace

    from eitp_server.intelligence.contagion.analysis import Settings
    from eitp_server.intelligence.contagion.refusal import Reason, Refused
    from eitp_server.lab.contagion.error import ContagionError
    from eitp_server.lab.contagion.known import read_edges, score
    from eitp_server.lab.contagion.report import Method, Options, examine
    from eitp_server.lab.contagion.series import read_series

    check_picture(plot)
    settings = Settings(lags=lags, horizon=horizon, fdr_level=level)
    options = Options(
        method=Method(method) if method else None, settings=settings, window=window, day=day
    )
    try:
        read = read_series(series, time)
        if window is not None and window > len(read.values):
            refuse(f"{series} has {len(read.values)} rows; a window of {window} is longer")
        known = None if edges is None else read_edges(edges, read.names)
        report = examine(read, options)
        if known is not None:
            pairs = ((found.edge.source, found.edge.target) for found in report.edges)
            report = replace(report, score=score(pairs, known))
        peers = _compared(read, options, report.day) if compare else None
    except Refused as error:
        wide = error.reason in (Reason.UNDERDETERMINED, Reason.UNSTABLE)
        other = wide and method in ("generalized", "lagged")
        refuse(f"{error}; or take --method pipeline" if other else str(error))
    except (ContagionError, OSError) as error:
        refuse(str(error))
    if as_json:
        shown = {**report.as_json(), "times": read.unit}
        if peers is not None:
            shown["compared"] = [peer.as_json(known) for peer in peers]
        typer.echo(json.dumps(shown, indent=2, allow_nan=False))
    else:
        _show(report, read)
        if peers is not None:
            CONSOLE.print(_peers(peers, known))
    if plot:
        from eitp_server.lab.plot.contagion import draw

        draw(report, plot)
        ERRORS.print(f"drawn: {plot}", markup=False, soft_wrap=True)


def _compared(series: Series, options: Options, day: int) -> tuple[Peer, ...]:
    from eitp_server.lab.contagion.peers import compare

    with counted("pairs", len(series.names) * (len(series.names) - 1)) as advance:
        return compare(series, options, day, advance)


def _show(report: Report, series: Series) -> None:
    if len(report.names) <= WIDE:
        CONSOLE.print(_shares(report))
    else:
        CONSOLE.print(_sums(report))
    text = f"Total {100 * report.table.total:.2f} %, corrected {100 * report.table.corrected:.2f} %"
    CONSOLE.print(f"{text}; {report.rows:,} rows.", highlight=False)
    if report.edges:
        CONSOLE.print(_edges(report.edges))
    _explain(report, series)


def _explain(report: Report, series: Series) -> None:
    if report.analysis:
        totals = report.analysis.totals
        CONSOLE.print(
            f"{len(report.edges)} edges among {report.analysis.tests:,} pairs. From others with a "
            f"delay, whatever is significant: {100 * totals.lagged:.1f} % of a series. With all "
            f"others in the same row: {100 * totals.common_share:.0f} %.",
            highlight=False,
        )
    if report.score:
        recall = report.score.recall
        found = "there are none to be found" if recall is None else f"{100 * recall:.0f} % found"
        CONSOLE.print(
            f"Of {len(report.score.known)} known edges: {found}; "
            f"{100 * report.score.false_discovery_rate:.1f} % of those reported are false.",
            style="bold",
            highlight=False,
        )
    for note in _notes(report, series):
        ERRORS.print(Text.assemble(("note: ", "yellow"), note), soft_wrap=True)


def _notes(report: Report, series: Series) -> list[str]:
    notes = [_timed(report, series)]
    if report.table_refused:
        notes.append(f"the table is that of the edges; of all pairs: {report.table_refused}")
    if report.refused:
        notes.append(f"no edges were sought. {report.refused}")
    if report.status == "EXPLORATORY":
        notes.append("fewer than 10 series: about one edge in five is false (exploratory)")
    notes.extend(
        f"{name} is not part of the search for edges: {why}"
        for name, why in report.excluded.items()
    )
    if series.uneven:
        notes.append(
            f"{series.uneven} steps between rows are not the usual one; rows are taken as they "
            "follow each other. Add rows with empty cells where minutes are missing"
        )
    return notes


def _timed(report: Report, series: Series) -> str:
    cycle = f"a daily cycle of {report.day:,} rows is" if report.day else "no daily cycle is"
    return f"times are read as {series.unit}; before edges are sought {cycle} taken out"


def _shares(report: Report) -> Table:
    table = Table(title=f"{_titled(report)}: % of row from column", title_justify="left")
    table.add_column("receiver")
    for name in report.names:
        table.add_column(name, justify="right")
    table.add_column("from", justify="right", style="bold")
    rows, last = (100 * report.table.shares).tolist(), len(report.names) - 1
    received = (100 * report.table.from_others).tolist()
    for number, (name, row, of) in enumerate(zip(report.names, rows, received, strict=True)):
        cells = (f"{value:.2f}" for value in row)
        table.add_row(Text(name), *cells, f"{of:.2f}", end_section=number == last)
    for name, sums in (("to", report.table.to_others), ("net", report.table.net)):
        table.add_row(name, *(f"{100 * value:.2f}" for value in sums.tolist()), "", style="bold")
    return table


def _sums(report: Report) -> Table:
    shown = f", {SHOWN} that give most" if len(report.names) > SHOWN else ""
    table = Table(title=f"{_titled(report)}: %{shown}", title_justify="left")
    table.add_column("series")
    for name in ("from others", "to others", "net"):
        table.add_column(name, justify="right")
    of = report.table
    sums = zip(
        report.names,
        of.from_others.tolist(),
        of.to_others.tolist(),
        of.net.tolist(),
        strict=True,
    )
    for name, *figures in sorted(sums, key=lambda row: -row[3])[:SHOWN]:
        table.add_row(Text(name), *(f"{100 * figure:.2f}" for figure in figures))
    return table


def _titled(report: Report) -> str:
    settings = report.options.settings
    return f"{report.method}, {settings.lags} lags, horizon {settings.horizon}"


def _edges(edges: Sequence[Found]) -> Table:
    left = f" (the {SHOWN} strongest of {len(edges)})" if len(edges) > SHOWN else ""
    table = Table(title=f"Edges{left}", title_justify="left")
    for name in ("source", "target"):
        table.add_column(name)
    for name in ("lag", "strength", "sign", "q", "status"):
        table.add_column(name, justify="right" if name != "status" else "left")
    for found in edges[:SHOWN]:
        edge = found.edge
        table.add_row(
            Text(edge.source),
            Text(edge.target),
            str(edge.lag),
            f"{100 * edge.strength:.1f} %",
            "+" if edge.sign > 0 else "−",
            f"{edge.q_value:.1g}",
            found.status.lower(),
        )
    return table


def _peers(peers: Sequence[Peer], known: frozenset[Pair] | None) -> Table:
    table = Table(title="In the same run", title_justify="left")
    table.add_column("what")
    for name in ("seconds", "edges", "false", "recall", "total"):
        table.add_column(name, justify="right")
    for peer in peers:
        judged = peer.score(known)
        recall = judged.recall if judged else None
        table.add_row(
            Text.assemble(peer.name, (f"\n{peer.note}" if peer.note else "", "dim")),
            "" if peer.seconds is None else f"{peer.seconds:.3g}",
            "" if peer.found is None else str(len(peer.found)),
            f"{100 * judged.false_discovery_rate:.0f} %" if judged else "",
            "" if recall is None else f"{100 * recall:.0f} %",
            "" if peer.total is None else f"{peer.total:.1f} %",
        )
    return table
