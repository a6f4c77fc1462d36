"""`eitp-server report evi`: the volatility index as a server published it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Column, Table
from rich.text import Text

from eitp_server.cli.console import CONSOLE, run
from eitp_server.cli.evaluate import ERRORS, check_picture, refuse
from eitp_server.cli.records import data_directory, require_tenant

if TYPE_CHECKING:
    from eitp_server.lab.evi.stored import StoredFeed
    from eitp_server.volatility.bar import Bar, BarPeriod

_SHOWN: Final = 20
"""Bars that the table has at most."""
_PERIODS: Final = {"1m": 1, "5m": 2, "1h": 3, "1d": 4}


def evi(
    tenant: Annotated[str, typer.Option(help="The shop whose feed is shown.")],
    data_dir: Annotated[
        Path | None, typer.Option(help="The server's data directory; EITP_DATA_DIR when left out.")
    ] = None,
    feed: Annotated[
        str, typer.Option(metavar="ID", help="A feed of the shop; else that of all its sessions.")
    ] = "",
    hours: Annotated[float, typer.Option(min=0.1, help="How far back from the newest tick.")] = 24,
    bar: Annotated[Literal["1m", "5m", "1h", "1d"], typer.Option(help="Length of bars.")] = "5m",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print feed, base, ticks and bars as JSON.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A .png, .svg or .pdf to write.")
    ] = None,
) -> None:
    """Show how restless a shop's shoppers were, as the server published it.

    The index puts the level on 0 to 100 against what is usual for the feed: 50 is
    usual, 73 one spread above. Without a base only the level is known. Ticks are
    kept for a week, bars for longer.

    The server may be running.

    Example:

      eitp-server report evi --tenant demo --hours 6 --plot evi.png
    """
    from eitp_server.volatility.bar import BarPeriod

    check_picture(plot)
    found = run(_read(data_directory(data_dir), tenant, feed, hours))
    period = BarPeriod(_PERIODS[bar])
    if as_json:
        typer.echo(json.dumps(_as_json(found, period), indent=2, allow_nan=False))
    else:
        _print(found, period)
    if plot is not None:
        if not found.ticks:
            refuse(f"{found.feed.feed_id} has no tick to draw")
        from eitp_server.lab.plot.evi import draw_index

        draw_index(found.report(), plot)
        ERRORS.print(f"drawn: {plot}", markup=False, soft_wrap=True)


async def _read(directory: Path, tenant: str, name: str, hours: float) -> StoredFeed:
    from eitp_server.classification.estimator import ESTIMATOR_VERSION
    from eitp_server.ingest.index.series import Choice, feed_id
    from eitp_server.lab.evi.stored import read_feed
    from eitp_server.storage.index_reader import IndexReader
    from eitp_server.storage.sqlite_reader import reading
    from eitp_server.volatility.base import BaseKind

    whole = feed_id(Choice(tenant_id=tenant), BaseKind.ROLLING, ESTIMATOR_VERSION)
    async with reading(directory) as database:
        require_tenant(tenant, await database.tenant_ids())
        index = IndexReader(database)
        feeds = {row.feed_id: row for row in await index.feeds() if row.tenant_id in (tenant, "")}
        if (name or whole) not in feeds:
            there = ", ".join(sorted(feeds)[:5]) or "none"
            raise typer.BadParameter(
                f"no such feed: {name or whole}; there are: {there}", param_hint="--feed"
            )
        return await read_feed(index, feeds[name or whole], hours)


def _as_json(found: StoredFeed, period: BarPeriod) -> dict[str, Any]:
    return {
        "feed": asdict(found.feed) | {"audience": found.feed.audience.name},
        "base": found.base and asdict(found.base),
        "reasons": found.reasons(),
        "ticks": [asdict(row) for row in found.ticks],
        "bars": [
            asdict(one) | {"period": one.period.name, "expected_ticks": one.expected_ticks}
            for one in found.bars(period)
        ],
    }


def _print(found: StoredFeed, period: BarPeriod) -> None:
    values = sum(row.index is not None for row in found.ticks)
    CONSOLE.print(Text(found.feed.feed_id, style="bold"), soft_wrap=True)
    CONSOLE.print(f"{len(found.ticks):,} ticks, {values:,} with a value.", highlight=False)
    for reason, number in found.reasons().items():
        CONSOLE.print(f"  {number:,} without: {reason}", highlight=False)
    if found.base:
        base = found.base
        told = f"Base {base.base_id}: median {base.median:.4f}, spread {base.spread:.4f}."
        CONSOLE.print(told, highlight=False)
    bars = found.bars(period)
    if bars:
        CONSOLE.print(_table(bars))


def _table(bars: list[Bar]) -> Table:
    table = Table(
        "start, UTC",
        *(
            Column(name, justify="right")
            for name in ("open", "high", "low", "close", "level", "ticks", "sessions")
        ),
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    if left_out := len(bars) - len(bars[-_SHOWN:]):
        table.caption = f"{left_out:,} earlier bars are left out; --json has all of them"
        table.caption_justify = "left"
    for one in bars[-_SHOWN:]:
        table.add_row(*_cells(one))
    return table


def _cells(one: Bar) -> tuple[str, ...]:
    from eitp_server.lab.evi.csv_table import iso

    run_ = one.index and (one.index.open, one.index.high, one.index.low, one.index.close)
    return (
        iso(one.start_us)[:16].replace("T", " "),
        *([f"{value:.1f}" for value in run_] if run_ else ["–"] * 4),
        f"{one.level.close:.3f}",
        f"{one.ticks}/{one.expected_ticks}",
        f"{one.min_sessions:,}",
    )
