"""`eitp-server lab evi`: the volatility index over a file of states."""

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

    from eitp_server.lab.evi.report import EviReport
    from eitp_server.lab.evi.scaling import Scaling
    from eitp_server.lab.evi.states import StateStream
    from eitp_server.volatility.bar import Bar
    from eitp_server.volatility.methodology import Methodology

SHOWN = 20
"""Bars that the table has at most."""
PERIODS = {"1m": 1, "5m": 2, "1h": 3, "1d": 4}


def measure_volatility(
    states: Annotated[
        Path, typer.Option(metavar="FILE", help="CSV of states, as described above.")
    ],
    tick: Annotated[
        int | None,
        typer.Option(
            metavar="SECONDS", help="Between two ticks: 5, shared 60.", show_default=False
        ),
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="Only its sessions.")] = None,
    vertical: Annotated[str | None, typer.Option(help="Only of this trade.")] = None,
    region: Annotated[str | None, typer.Option(help="Only from there.")] = None,
    page_section: Annotated[str | None, typer.Option(help="Only in this part of a page.")] = None,
    shared: Annotated[
        bool, typer.Option("--shared", help="As a feed over several tenants: capped and rounded.")
    ] = False,
    base: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JSON with median and spread, or a report.")
    ] = None,
    base_closes: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV of past one-minute closes: time,close."),
    ] = None,
    base_from_data: Annotated[
        bool, typer.Option("--base-from-data", help="Take the base from these states themselves.")
    ] = False,
    scales: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Usual change of each dimension per root second."),
    ] = None,
    scales_from_data: Annotated[
        bool, typer.Option("--scales-from-data", help="Measure the scales in these states.")
    ] = False,
    bar: Annotated[Literal["1m", "5m", "1h", "1d"], typer.Option(help="Length of bars.")] = "1m",
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=COLUMN", help="What a column is called in the file."),
    ] = None,
    as_json: AsJson = False,
    plot: Picture = None,
) -> None:
    """Compute the emotional volatility index of a file of states.

    The file has a row per state, with the columns time (ISO 8601, or seconds
    since 1970), session, valence, arousal, urgency, confusion, interest,
    intent_strength, session_phase; tenant, vertical, region, page_section may
    be missing. Valence lies within -1..1, the others within 0..1; an empty
    cell is an unknown dimension. The rows of a session stand in the order in
    which they came: one that is older than what came before is late, and drops.

    The level is the weighted mean of how restless sessions are, 1 being as
    usual by the scales. The index puts it on 0 to 100 against a base: 50 is
    its median, 73 one spread above. Without a base only the level is given.
    A tick without a value says why.

    Examples:

      eitp-server lab evi-stream --out states.csv

      eitp-server lab evi --states states.csv --base-from-data --plot evi.png

      eitp-server lab evi --states monday.csv --base-closes november.csv
      --column session=visitor_id --json
    """
    from eitp_server.lab.evi.error import EviInputError
    from eitp_server.lab.evi.replay import replay, ticks_between
    from eitp_server.lab.evi.report import report
    from eitp_server.lab.evi.states import read_states
    from eitp_server.volatility.bar import BarPeriod
    from eitp_server.volatility.reason import Audience

    check_picture(plot)
    asked = {
        "tenant": tenant,
        "vertical": vertical,
        "region": region,
        "page_section": page_section,
    }
    only = {name: value for name, value in asked.items() if value is not None}
    try:
        tick_us = _tick_us(tick, shared=shared)
        scaling = _scaling(base, base_closes, from_data=base_from_data)
        with counted("states") as progress:
            stream = read_states(states, as_named=_named(column or ()), progress=progress)
        _check_audience(stream, tenant, page_section, shared=shared)
        methodology, origin = _methodology(scales, stream, measured=scales_from_data)
        with counted("ticks", ticks_between(stream, tick_us)) as progress:
            played = replay(
                stream, tick_us=tick_us, only=only, methodology=methodology, progress=progress
            )
        found = report(
            played,
            methodology=methodology,
            scales_origin=origin,
            audience=Audience.SHARED if shared else Audience.TENANT,
            only=only,
            tick_us=tick_us,
            scaling=scaling,
            period=BarPeriod(PERIODS[bar]),
            sessions=stream.sessions,
        )
    except (EviInputError, OSError) as error:
        refuse(str(error))
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2, allow_nan=False))
    else:
        _show(found)
    if plot:
        from eitp_server.lab.plot.evi import draw_index

        draw_index(found, plot)
        ERRORS.print(f"drawn: {plot}", markup=False, soft_wrap=True)


def _tick_us(tick: int | None, *, shared: bool) -> int:
    from eitp_server.lab.evi.error import EviInputError
    from eitp_server.volatility.methodology import SECOND_US

    seconds = tick if tick is not None else (60 if shared else 5)
    if seconds < 1 or 60 % seconds:
        raise EviInputError(f"--tick {seconds} does not divide a minute; take 1, 5, 10, 15 or 60")
    if shared and seconds < 60:
        raise EviInputError("a shared feed ticks once a minute; leave --tick out with --shared")
    return seconds * SECOND_US


def _scaling(base: Path | None, closes: Path | None, *, from_data: bool) -> Scaling | None:
    """Return what is known of the base before the states are read, None if they are to give it."""
    from eitp_server.lab.evi.error import EviInputError
    from eitp_server.lab.evi.scaling import Scaling, base_of_closes, given_base

    if (base is not None) + (closes is not None) + from_data > 1:
        raise EviInputError("--base, --base-closes and --base-from-data: choose one of them")
    if base is not None:
        return given_base(base)
    if closes is not None:
        return base_of_closes(closes)
    return None if from_data else Scaling(None, "none")


def _methodology(
    scales: str | None, stream: StateStream, *, measured: bool
) -> tuple[Methodology, str]:
    from dataclasses import replace

    from eitp_server.lab.evi.error import EviInputError
    from eitp_server.lab.evi.scales import measured_scales, parse_scales
    from eitp_server.volatility.methodology import DRAFT

    if scales is not None and measured:
        raise EviInputError("--scales and --scales-from-data: choose one of them")
    if scales is None and not measured:
        return DRAFT, "declared"
    own = parse_scales(scales) if scales is not None else measured_scales(stream)
    named = f"{DRAFT.methodology_id}-own-scales"
    try:
        methodology = replace(DRAFT, dimension_scales=own, methodology_id=named)
    except ValueError as error:
        raise EviInputError(str(error)) from None
    return methodology, "measured" if measured else "given"


def _check_audience(
    stream: StateStream, tenant: str | None, page_section: str | None, *, shared: bool
) -> None:
    from eitp_server.lab.evi.error import EviInputError

    tenants = stream.names["tenant"]
    if shared and (tenant is not None or page_section is not None):
        raise EviInputError("a shared feed is over all tenants and all parts of their pages")
    if not shared and tenant is None and len(tenants) > 1:
        named = ", ".join(sorted(one or "(empty)" for one in tenants)[:5])
        named += ", ..." if len(tenants) > 5 else ""
        raise EviInputError(
            f"the states are of {len(tenants)} tenants ({named}); "
            "choose one by --tenant, or take --shared"
        )


def _named(pairs: Sequence[str]) -> dict[str, str]:
    from eitp_server.lab.evi.error import EviInputError
    from eitp_server.lab.evi.states import COLUMNS

    named: dict[str, str] = {}
    for pair in pairs:
        name, found, called = pair.partition("=")
        if not found or not called or name not in COLUMNS:
            raise EviInputError(
                f"--column {pair!r}: write NAME=COLUMN, NAME one of {', '.join(COLUMNS)}"
            )
        named[name] = called
    return named


def _show(found: EviReport) -> None:
    from eitp_server.volatility.increment import Step

    values = sum(tick.value is not None for tick in found.ticks)
    taken = sum(found.steps.values())
    CONSOLE.print(
        f"{taken:,} states of {found.sessions:,} sessions; {len(found.ticks):,} ticks, "
        f"{values:,} with a value.",
        highlight=False,
    )
    if late := found.steps.get(Step.LATE, 0):
        CONSOLE.print(
            f"  {late:,} of these states dropped: each came after a later one of its session.",
            highlight=False,
        )
    for reason, number in found.reasons().items():
        CONSOLE.print(f"  {number:,} without: {reason}", highlight=False)
    if found.bars:
        CONSOLE.print(_table(found))
    _say_where_it_is_from(found)


def _table(found: EviReport) -> Table:
    based = found.scaling.base is not None
    shown = found.bars[-SHOWN:]
    left_out = len(found.bars) - len(shown)
    title = "Index by bar" if based else "Level by bar (there is no base)"
    table = Table(title=title, title_justify="left")
    if left_out:
        table.caption = f"{left_out:,} earlier bars are left out; --json has all of them"
        table.caption_justify = "left"
    table.add_column("start, UTC")
    for name in ("open", "high", "low", "close", "level", "ticks", "sessions"):
        table.add_column(name, justify="right")
    for one in shown:
        table.add_row(*_cells(one, based=based))
    return table


def _cells(one: Bar, *, based: bool) -> tuple[str, ...]:
    from eitp_server.lab.evi.csv_table import iso

    run = one.index if based and one.index else one.level
    digits = 1 if based else 3
    return (
        iso(one.start_us)[:16].replace("T", " "),
        *(f"{value:.{digits}f}" for value in (run.open, run.high, run.low, run.close)),
        f"{one.level.close:.3f}",
        f"{one.ticks}/{one.expected_ticks}",
        f"{one.min_sessions:,}",
    )


def _say_where_it_is_from(found: EviReport) -> None:
    base = found.scaling.base
    scales = {
        "declared": "Scales are declared, not measured: levels are not yet to be compared with 1.",
        "given": "Scales are those given.",
        "measured": "Scales were measured in these states: their level is near 1 by construction.",
    }
    notes = [scales[found.scales_origin]]
    if base:
        told = f"Base {base.base_id}: median {base.median:.4f}, spread {base.spread:.4f}."
        CONSOLE.print(told, highlight=False)
    if found.scaling.origin == "these data":
        notes.append(
            f"The base is from {base.valid_minutes if base else 0:,} minutes of these same states: "
            "half of them read below 50 by construction."
        )
    if found.scaling.origin == "none":
        notes.append("There is no base; give one by --base, --base-closes or --base-from-data.")
    for note in notes:
        ERRORS.print(Text.assemble(("note: ", "yellow"), note), soft_wrap=True)
