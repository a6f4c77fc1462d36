"""`eitp-server report contagion`: what spreads between regions, from a server's own data."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from eitp_server.cli.console import CONSOLE, run
from eitp_server.cli.evaluate import check_picture, refuse
from eitp_server.cli.records import data_directory, require_tenant
from eitp_server.cli.table import figures

if TYPE_CHECKING:
    from rich.table import Table

    from eitp_server.ingest.contagion.window import Window
    from eitp_server.storage.contagion_value import KeptProfile, Series, Snapshot, State

_STYLES = {"OK": "bold green", "EXPLORATORY": "yellow"}
_CAPTION = (
    "An edge: movement of the source foretells movement of the target, beyond what the target's "
    "own past and all regions together foretell. It is no proof of a cause. share: of the "
    "target's forecast error over 10 minutes. q: p after control of the false discovery rate."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    series: Series
    estimator_version: str
    state: State | None
    window: Window
    profile: KeptProfile | None


def contagion(
    tenant: Annotated[
        str, typer.Option(help="The shop whose sessions are analysed.", show_default=False)
    ] = "",
    shared: Annotated[
        bool, typer.Option("--shared", help="The shops that agreed to pooling, together.")
    ] = False,
    vertical: Annotated[
        str, typer.Option(help="Only this vertical; with --shared.", show_default=False)
    ] = "",
    data_dir: Annotated[
        Path | None, typer.Option(help="The server's data directory; EITP_DATA_DIR when left out.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what GetContagion answers, as JSON.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A .png, .svg or .pdf to write.")
    ] = None,
) -> None:
    """Say what spreads between regions, by the newest analysis.

    A server counts the volatility of each region every minute and looks every
    five minutes, in the last 24 hours, for movement of one region that foretells
    movement of another. The picture is drawn from the same minutes anew.

    Example:

      eitp-server report contagion --tenant acme --plot contagion.png
    """
    if bool(tenant) == shared:
        raise typer.BadParameter("give one of --tenant and --shared", param_hint="--tenant")
    if vertical and not shared:
        raise typer.BadParameter("a tenant has one vertical", param_hint="--vertical")
    check_picture(plot)
    found = run(_read(data_directory(data_dir), tenant, vertical))
    if plot is not None:
        _draw(found, plot)
    if as_json:
        _print_json(found)
    else:
        _print(found)


async def _read(directory: Path, tenant_id: str, vertical: str) -> _Read:
    from eitp_server.classification.estimator import ESTIMATOR_VERSION
    from eitp_server.ingest.contagion.window import MINUTE_US, WINDOW, window_of
    from eitp_server.storage.contagion import KeptContagion
    from eitp_server.storage.contagion_value import Series
    from eitp_server.storage.sqlite_reader import reading

    async with reading(directory) as database:
        if tenant_id:
            require_tenant(tenant_id, await database.tenant_ids())
        series = Series(tenant_id=tenant_id, vertical=vertical)
        kept = KeptContagion(database, ESTIMATOR_VERSION)
        state = await kept.state(series)
        end_us = state.snapshot.basis.end_us if state else 0
        minutes = await kept.minutes(series, end_us - WINDOW * MINUTE_US, end_us)
        return _Read(
            series=series,
            estimator_version=ESTIMATOR_VERSION,
            state=state,
            window=window_of(minutes, end_us),
            profile=await kept.profile(series),
        )


def _print_json(found: _Read) -> None:
    from google.protobuf.json_format import MessageToDict

    from eitp_server.services.contagion import analysis_message, series_message

    named = series_message(found.series, found.series.vertical, found.estimator_version)
    message = analysis_message(found.state, named, time.time_ns() // 1000)
    document = MessageToDict(message, preserving_proto_field_name=True)
    typer.echo(json.dumps(document, indent=2, allow_nan=False))


def _draw(found: _Read, path: Path) -> None:
    from eitp_server.ingest.contagion.analysis import SETTINGS, look
    from eitp_server.intelligence.contagion.history import Status
    from eitp_server.lab.contagion.report import Found, Method, Options, Report
    from eitp_server.lab.plot.contagion import draw

    seen = look(found.window, found.profile)
    if seen.analysis is None or found.state is None:
        refuse(f"there is nothing to draw: {_why(found)}")
    status = {edge.pair: Status(edge.status) for edge in found.state.edges}
    draw(
        Report(
            options=Options(method=Method.PIPELINE, settings=SETTINGS),
            method=Method.PIPELINE,
            table_refused=None,
            names=seen.analysis.names,
            table=seen.analysis.spread,
            rows=seen.analysis.observations,
            analysis=seen.analysis,
            refused=None,
            excluded=seen.excluded,
            edges=tuple(
                Found(edge=edge, status=status.get((edge.source, edge.target), Status.CANDIDATE))
                for edge in seen.analysis.edges
            ),
            ended=(),
            day=1_440,
        ),
        path,
    )


def _print(found: _Read) -> None:
    whose = found.series.tenant_id or "the shops that share"
    heading = Text(f"What spreads between the regions of {whose}?  ", style="bold")
    state = found.state
    status = state.snapshot.status if state else "INSUFFICIENT"
    CONSOLE.print(heading.append(status.lower(), style=_STYLES.get(status, "yellow")))
    if state is None or state.snapshot.totals is None:
        CONSOLE.print(Text(f"There is no analysis: {_why(found)}."))
    else:
        CONSOLE.print(Text(_summary(state.snapshot)))
        CONSOLE.print()
        if state.edges:
            CONSOLE.print(_edges(state))
            CONSOLE.print(Text(f"{_CAPTION}\n", style="dim"))
        else:
            CONSOLE.print(Text("No movement of a region foretells that of another.\n"))
    if state and state.snapshot.excluded:
        CONSOLE.print(Text(_left_out(state.snapshot), style="dim"))


def _why(found: _Read) -> str:
    if found.state is None:
        return "no minute of a region was counted in the last day"
    if found.state.snapshot.status == "UNSTABLE":
        return "the fitted system does not settle"
    minutes, regions = found.window.minutes, len(found.window.seen)
    left = regions - len(found.state.snapshot.excluded)
    return (
        f"{left} of {regions} regions have enough sessions in nine of ten of {minutes} minutes, "
        "and it takes 2 regions and 240 minutes"
    )


def _summary(snapshot: Snapshot) -> str:
    totals, basis = snapshot.totals, snapshot.basis
    assert totals is not None
    begin, end = (time.gmtime(us / 1e6) for us in (basis.start_us, basis.end_us))
    seasonal = basis.seasonal_profile_id or "a daily cycle fitted to this window alone"
    return (
        f"{time.strftime('%d %b %H:%M', begin)} to {time.strftime('%d %b %H:%M', end)} UTC, "
        f"{len(snapshot.regions)} regions, {basis.observations:,} minutes. "
        f"{totals['lagged']:.1%} of what moves a region comes from others through their past; "
        f"{totals['common_share']:.0%} of its movement all regions make at the same minute. "
        f"Taken out: {seasonal}."
    )


def _edges(state: State) -> Table:
    table = figures("", "source → target", "after", "share", "way", "q", "status", "since")
    for edge in state.edges:
        assert edge.q_value is not None
        table.add_row(
            f"{edge.source_region} → {edge.target_region}",
            f"{edge.lag_minutes} min",
            f"{edge.strength:.1%}",
            "opposite" if edge.sign < 0 else "same",
            f"{edge.q_value:.2g}",
            edge.status.lower(),
            time.strftime("%d %b %H:%M", time.gmtime(edge.first_seen_us / 1e6)),
        )
    return table


def _left_out(snapshot: Snapshot) -> str:
    by_reason: dict[str, list[str]] = {}
    for name, reason in snapshot.excluded:
        by_reason.setdefault(reason.lower().replace("_", " "), []).append(name)
    told = [
        f"{reason}: {', '.join(names[:8])}" + (f" and {len(names) - 8} more" if names[8:] else "")
        for reason, names in sorted(by_reason.items())
    ]
    return "Left out: " + "; ".join(told) + "."
