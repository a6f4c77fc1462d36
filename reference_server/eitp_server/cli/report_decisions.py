"""`eitp-server report decisions`: a shop's own log of decisions, for `lab ope` and other tools."""

from __future__ import annotations

import csv
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from eitp_server.cli.console import run
from eitp_server.cli.evaluate import ERRORS, refuse
from eitp_server.cli.progress import counted
from eitp_server.cli.records import data_directory, require_tenant
from eitp_server.errors import Conflict

if TYPE_CHECKING:
    from typing import TextIO

    from eitp_server.cli.progress import Advance
    from eitp_server.services.decision_sheet import DecisionSheet


def decisions(
    tenant: Annotated[str, typer.Option(help="The shop whose decisions are written.")],
    data_dir: Annotated[
        Path | None, typer.Option(help="The server's data directory; EITP_DATA_DIR when left out.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The CSV file to write, over what it held.", show_default="stdout"
        ),
    ] = None,
    holdout: Annotated[
        Literal["exclude", "include"],
        typer.Option(help="Whether visitors who are held out get rows, without a probability."),
    ] = "exclude",
    none: Annotated[
        str, typer.Option(metavar="NAME", help="What 'no intervention' is called.")
    ] = "none",
) -> None:
    """Write a row for each decision whose day is over, as CSV.

    A row says what was eligible, which arm was chosen, how probable that was
    (`probability`; `propensity` counts the holdout in) and whether the visitor
    succeeded within the day (`reward`). Decisions whose outcome can never be
    known are left out and counted.

    Reads only, in portions; the server may be running.

    Examples:

      eitp-server report decisions --tenant acme --output decisions.csv

      eitp-server lab ope --log decisions.csv --policy policy.csv
      --propensity probability --context eligible
    """
    from eitp_server.services.decision_sheet import DecisionSheet

    directory = data_directory(data_dir)
    if not none.strip():
        refuse("--none needs a name; an empty one would look like a missing arm")
    sheet = DecisionSheet(with_holdout=holdout == "include", none=none)
    # Progress takes sys.stdout over in a terminal; rows must not pass through it.
    stdout = sys.stdout
    try:
        with counted("decisions") as progress:
            pending = run(_write(directory, tenant, output, sheet, progress, stdout))
    except Conflict as error:
        refuse(f"{error} Give one by --none.")
    ERRORS.print(_closing(sheet, pending, output), markup=False, soft_wrap=True)


async def _write(
    directory: Path,
    tenant: str,
    output: Path | None,
    sheet: DecisionSheet,
    progress: Advance,
    stdout: TextIO,
) -> int:
    from eitp_server.services.decision_sheet import COLUMNS, write_decisions
    from eitp_server.storage.sqlite_reader import reading

    async with reading(directory) as database:
        require_tenant(tenant, await database.tenant_ids())
        with nullcontext(stdout) if output is None else _opened(output) as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            return await write_decisions(
                database,
                tenant,
                time.time_ns() // 1000,
                sheet,
                writer.writerows,
                progress=progress,
            )


def _opened(output: Path) -> TextIO:
    return output.open("w", encoding="utf-8", newline="")


def _closing(sheet: DecisionSheet, pending: int, output: Path | None) -> str:
    left_out = [
        f"{count:,} {what}"
        for count, what in (
            (sheet.held_out, "about held-out visitors (--holdout include)"),
            (sheet.censored, "whose outcome can never be known"),
            (pending, "whose day is not over"),
        )
        if count
    ]
    told = f"written: {output or 'stdout'}, {sheet.written:,} decisions"
    return f"{told}; left out: {', '.join(left_out)}" if left_out else told
