"""`eitp-server feeds`: the series of the volatility index in a data directory."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Column, Table

from eitp_server.cli.console import CONSOLE, require_data, run
from eitp_server.cli.evaluate import refuse
from eitp_server.cli.records import data_directory, require_tenant
from eitp_server.config import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp_server.ingest.index.series import Choice
    from eitp_server.storage.index_row import BaseRow, CorrectionRow, FeedRow, TickRow
    from eitp_server.volatility.base import Base

app = typer.Typer(no_args_is_help=True, help="The series of the volatility index.")

Tenant = Annotated[str, typer.Option(help="A feed of this shop's own.", show_default=False)]
Shared = Annotated[bool, typer.Option("--shared", help="A feed over all shops that share.")]


@app.command("list")
def list_feeds(
    data_dir: Annotated[
        Path | None, typer.Option(help="The server's data directory; EITP_DATA_DIR when left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not a table.")] = False,
) -> None:
    """List all feeds with their newest tick, also while the server runs.

    Example: eitp-server feeds list --json
    """
    found = run(_listed(data_directory(data_dir)))
    if as_json:
        typer.echo(json.dumps([_json(*each) for each in found], indent=2, allow_nan=False))
        return
    table = Table(
        Column("feed and its newest tick", overflow="fold"),
        Column("n", justify="right"),
        Column("index", justify="right"),
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for feed, tick, bases in found:
        table.add_row(*_cells(feed, tick, bases))
    CONSOLE.print(table if found else "There is no feed yet: feeds begin with their first session.")


@app.command("import-base")
def import_base(
    file: Annotated[
        Path,
        typer.Argument(help="JSON with median and spread, or CSV of closes.", show_default=False),
    ],
    tenant: Tenant = "",
    shared: Shared = False,
    vertical: Annotated[str, typer.Option(help="Of a shared feed: this trade.")] = "",
    region: Annotated[str, typer.Option(help="This region, as DE or US-CA.")] = "",
    page_section: Annotated[str, typer.Option(help="This part of a page, as form.")] = "",
) -> None:
    """Bring along what is usual, so that a feed has an index before its first week is over.

    FILE is JSON with `median` and `spread` of the level (what `lab evi --json`
    prints has them too), or CSV with the columns `time` and `close`: one-minute
    closes of the level on 7 days or more, 2,000 or more of them.

    The base is in force from today's midnight UTC, or from the next one where the
    feed has had another today, until the feed has a base of its own. Feeds of
    regions and parts of pages borrow it. The server must not be running.

    Examples:

      eitp-server feeds import-base base.json --tenant demo

      eitp-server feeds import-base closes.csv --shared --vertical retail
    """
    from eitp_server.lab.evi.error import EviInputError

    if shared == bool(tenant):
        refuse("say whose feed it is: --tenant NAME, or --shared")
    try:
        base = _base_in(file)
    except (EviInputError, OSError) as error:
        refuse(str(error))
    choice = _choice(tenant, vertical, region, page_section)
    row = run(_imported(choice, base))
    CONSOLE.print(
        f"{row.base.base_id} of {row.feed_id}: median {row.base.median:.4f}, spread "
        f"{row.base.spread:.4f}, in force from {_utc(row.base.effective_us)}.",
        highlight=False,
        soft_wrap=True,
    )


@app.command("correct")
def correct(
    feed_id: Annotated[str, typer.Argument(help="The feed, as `feeds list` names it.")],
    at: Annotated[str, typer.Argument(help="Moment of the tick, as 2026-11-27T09:30:05Z.")],
    explanation: Annotated[
        str, typer.Option(help="What was wrong, in one English sentence.", show_default=False)
    ],
    reason: Annotated[
        str, typer.Option(help="Why there should have been no value, as CONCENTRATED.")
    ] = "CONCENTRATED",
) -> None:
    """Take back a value that was published in error; the tick itself stays readable.

    Subscribers get the correction, GetIndex shows it beside the tick. The server
    must not be running.

    Example:

      eitp-server feeds correct own/demo/all/rolling/evi-0.1/local-2
      2026-11-27T09:30:05Z --explanation "A load test was counted as shoppers."
    """
    from eitp_server.lab.evi.csv_table import time_us
    from eitp_server.lab.evi.error import EviInputError
    from eitp_server.volatility.reason import NoValueReason

    if reason not in NoValueReason.__members__:
        refuse(f"--reason {reason!r} is none; there are {', '.join(NoValueReason.__members__)}")
    if not 0 < len(explanation) <= 500:
        refuse("--explanation needs 1 to 500 characters")
    try:
        at_us = time_us(at, Path("AT"))
    except EviInputError:
        refuse(f"{at!r} is no moment; write it as 2026-11-27T09:30:05Z")
    row = run(_corrected(feed_id, at_us, NoValueReason[reason], explanation))
    CONSOLE.print(f"Corrected the tick of {_utc(row.at_us)} of {row.feed_id}.", soft_wrap=True)


async def _listed(directory: Path) -> list[tuple[FeedRow, TickRow | None, list[BaseRow]]]:
    from eitp_server.storage.index_reader import IndexReader
    from eitp_server.storage.sqlite_reader import reading

    async with reading(directory) as database:
        index = IndexReader(database)
        feeds = await index.feeds()
        newest = {tick.feed_id: tick for tick in await index.newest(feeds)}
        return [(feed, newest.get(feed.feed_id), await index.bases(feed)) for feed in feeds]


def _own_directory() -> Path | None:
    directory = Settings().data_dir
    if directory is not None:
        require_data(directory)
    return directory


async def _imported(choice: Choice, base: Base) -> BaseRow:
    from eitp_server.classification.estimator import ESTIMATOR_VERSION
    from eitp_server.ingest.index.series import feed_id
    from eitp_server.storage.accounts import Accounts
    from eitp_server.storage.index_row import IMPORTED, BaseRow
    from eitp_server.storage.index_store import IndexStore
    from eitp_server.storage.sqlite_database import SQLiteDatabase
    from eitp_server.volatility.base import DAY_US, BaseKind

    name = feed_id(choice, BaseKind.ROLLING, ESTIMATOR_VERSION)
    today_us = time.time_ns() // 1000 // DAY_US * DAY_US
    async with await SQLiteDatabase.open(_own_directory()) as database:
        store, tenants = IndexStore(database), (await Accounts.open(database)).tenants
        if choice.tenant_id:
            require_tenant(choice.tenant_id, [tenant.tenant_id for tenant in tenants.all()])
        known = {feed.feed_id: feed for feed in await store.feeds()}.get(name)
        last = await store.tick_at(known, today_us + DAY_US) if known else None
        taken = last is not None and last.at_us >= today_us and last.base_id
        effective_us = today_us + DAY_US if taken else today_us
        window_us = (base.start_us, base.end_us) if base.end_us else (effective_us, effective_us)
        row = BaseRow(
            tenant_id=choice.tenant_id,
            feed_id=name,
            base=replace(
                base,
                base_id=f"{IMPORTED}{_utc(effective_us)[:10]}",
                kind=BaseKind.ROLLING,
                start_us=window_us[0],
                end_us=window_us[1],
                effective_us=effective_us,
            ),
        )
        if not await store.add_base(row):
            refuse(f"{name} has {row.base.base_id} already, and a base never changes")
    return row


async def _corrected(feed_id: str, at_us: int, reason: int, explanation: str) -> CorrectionRow:
    from eitp_server.storage.index_row import voided
    from eitp_server.storage.index_store import IndexStore
    from eitp_server.storage.sqlite_database import SQLiteDatabase

    async with await SQLiteDatabase.open(_own_directory()) as database:
        store = IndexStore(database)
        known = {feed.feed_id: feed for feed in await store.feeds()}
        if feed_id not in known:
            refuse(f"there is no feed {feed_id}; `eitp-server feeds list` says which there are")
        now_us = time.time_ns() // 1000
        return await store.correct(
            known[feed_id], at_us, lambda tick: voided(tick, reason), explanation, now_us
        )


def _base_in(file: Path) -> Base:
    from eitp_server.lab.evi.error import EviInputError
    from eitp_server.lab.evi.scaling import base_of_closes, given_base

    if file.suffix not in {".json", ".csv"}:
        raise EviInputError(f"{file}: name a .json file with a base or a .csv file with closes")
    base = (given_base if file.suffix == ".json" else base_of_closes)(file).base
    assert base is not None
    return base


def _choice(tenant: str, vertical: str, region: str, page_section: str) -> Choice:
    from eitp_server.ingest.index.series import Choice, section_number

    if tenant and vertical:
        refuse("--vertical parts shared feeds only; the feeds of a shop are parted by --region")
    if tenant and region and page_section:
        refuse("--region and --page-section: choose one of them")
    if not tenant and (page_section or (region and not vertical)):
        refuse("shared feeds are parted by --vertical, and those by --region")
    section = section_number(page_section) if page_section else 0
    if section is None:
        refuse(f"--page-section {page_section!r} is none; form, cart or reviews are some")
    return Choice(tenant_id=tenant, vertical=vertical, region=region.upper(), page_section=section)


def _cells(feed: FeedRow, tick: TickRow | None, bases: Sequence[BaseRow]) -> tuple[str, str, str]:
    from eitp_server.volatility.reason import NoValueReason

    state = "retired" if feed.ends_us else f"{len(bases)} bases" if bases else "no base of its own"
    if tick is None:
        return f"{feed.feed_id}\n  [dim]no tick is kept; {state}[/]", "", ""
    what = f"{feed.feed_id}\n  [dim]{_utc(tick.at_us)}, {state}[/]"
    if tick.index is None:
        return what, "", NoValueReason(tick.reason).name.lower().replace("_", " ")
    return what, f"{tick.min_sessions:,}", f"{tick.index:.1f}"


def _json(feed: FeedRow, tick: TickRow | None, bases: Sequence[BaseRow]) -> dict[str, Any]:
    return {
        **asdict(feed),
        "audience": feed.audience.name,
        "newest": tick and asdict(tick),
        "bases": [asdict(row.base) for row in bases],
    }


def _utc(at_us: int) -> str:
    from eitp_server.lab.evi.csv_table import iso

    return iso(at_us)[:19] + "Z"
