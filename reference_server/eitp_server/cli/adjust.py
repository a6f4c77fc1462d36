"""`eitp-server lab adjust`: a difference between two sides, adjusted for what was known before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eitp_server.cli.console import CONSOLE
from eitp_server.cli.evaluate import refuse
from eitp_server.cli.false_alarms import AsJson
from eitp_server.cli.progress import counted
from eitp_server.cli.table import figures

if TYPE_CHECKING:
    from eitp_server.lab.adjustment import Adjustment


def adjust_difference(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="One unit a row, as CSV.")],
    outcome: Annotated[
        str, typer.Option(metavar="COLUMN", help="What came of the unit, a number.")
    ] = "outcome",
    before: Annotated[
        str, typer.Option(metavar="COLUMN", help="What was known of it before, a number.")
    ] = "before",
    side: Annotated[
        str, typer.Option(metavar="COLUMN", help="Whether it was treated or held out.")
    ] = "side",
    treated: Annotated[
        str, typer.Option(metavar="VALUE", help="What that column says of the treated.")
    ] = "treated",
    as_json: AsJson = False,
) -> None:
    """Compare two sides of a finished experiment, adjusted (CUPED).

    A number that was known of each unit before it was assigned, such as its
    purchases of last month, explains a part of the outcome's scatter. Without
    that part the same units give a narrower interval. The result is withheld
    when the sides differ in that number, as the treatment may have changed it.

    Example:

      eitp-server lab adjust visitors.csv --outcome revenue
      --before revenue_before --side group --treated shown
    """
    from eitp_server.lab.adjustment import METHOD, AdjustmentColumns, compare_sides
    from eitp_server.lab.ope.error import OffPolicyError

    columns = AdjustmentColumns(outcome=outcome, before=before, side=side, treated=treated)
    try:
        with counted("rows") as progress:
            found = compare_sides(file, columns, progress)
    except (OffPolicyError, OSError) as error:
        refuse(str(error))
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2, allow_nan=False))
        return
    _print(found)
    CONSOLE.print(METHOD, markup=False)


def _print(found: Adjustment) -> None:
    said = found.as_json()
    table = figures(
        f"{found.treated_units:,} treated, {found.holdout_units:,} held out",
        "treated minus held out",
        "difference",
        "95 % interval",
    )
    for name, value, interval in (
        ("as it is", said["unadjusted"], said["unadjusted_interval"]),
        ("adjusted", said["estimate"], said["interval"]),
    ):
        ends = "–" if interval is None else " to ".join(f"{end:+.4g}" for end in interval)
        table.add_row(name, "withheld" if value is None else f"{value:+.4g}", ends)
    CONSOLE.print(table)
    if found.reason:
        CONSOLE.print(f"Withheld: {found.reason}.", markup=False)
    elif found.narrowing is not None:
        CONSOLE.print(f"The interval is {100 * found.narrowing:.0f} % narrower.")
