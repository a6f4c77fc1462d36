"""`eitp-server report`: what a server's own data says, also while it runs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import structlog
import typer
from rich.box import SIMPLE_HEAD
from rich.table import Column, Table
from rich.text import Text

from eitp_server.cli.console import CONSOLE, configure_logs, run
from eitp_server.cli.evaluate import check_picture
from eitp_server.cli.records import data_directory, require_tenant
from eitp_server.cli.report_contagion import contagion
from eitp_server.cli.report_decisions import decisions
from eitp_server.cli.report_evi import evi
from eitp_server.cli.report_lift import lift
from eitp_server.cli.report_transfer import transfer

if TYPE_CHECKING:
    from eitp_server.classification.hypothesis import Analysis, Comparison
    from eitp_server.classification.roc import Interval
    from eitp_server.services.hypothesis import Findings

app = typer.Typer(no_args_is_help=True, help="What the data of a server says, also while it runs.")

_CAPTION = (
    "Areas are those under ROC curves: 0.5 is chance. In brackets: 95 % intervals.\n"
    "A session counts only once its outcome is known: a minute after the first report, or half an "
    "hour after its end without one."
)
_STYLES = {"TOO_EARLY": "yellow", "SUPPORTED": "bold green", "NOT_SUPPORTED": "bold red"}


@contextmanager
def _warned() -> Generator[None]:
    """Write warnings to stderr meanwhile: what a report prints may be read by a program."""
    before = structlog.get_config()
    configure_logs("warning")
    try:
        yield
    finally:
        structlog.configure(**before)


@app.callback()
def report(context: typer.Context) -> None:
    """Read the data directory of a server, running or not, and report."""
    context.with_resource(_warned())


app.command("contagion")(contagion)
app.command("decisions")(decisions)
app.command("evi")(evi)
app.command("lift")(lift)
app.command("transfer")(transfer)


@app.command("hypothesis")
def hypothesis(
    tenant: Annotated[str, typer.Option(help="The shop whose sessions are judged.")],
    data_dir: Annotated[
        Path | None, typer.Option(help="The server's data directory; EITP_DATA_DIR when left out.")
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print what GetHypothesis answers, as JSON. Keys are those of the schema, in "
            "snake_case; the server's own JSON has them in camelCase.",
        ),
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A .png, .svg or .pdf to write.")
    ] = None,
) -> None:
    """Say how well behaviour has foretold which sessions are abandoned.

    Judges the sessions that ended within the last 90 days, the newest
    100,000 of them, each by its first packet with a known state, against
    what page, cart and time on site foretell alone. A session counts only
    once its outcome is known.
    """
    check_picture(plot)
    findings = run(_examined(data_directory(data_dir), tenant))
    if plot is not None:
        _draw(findings, tenant, plot)
    if as_json:
        _print_json(findings)
    else:
        _print(findings, tenant)


async def _examined(directory: Path, tenant_id: str) -> Findings:
    from eitp_server.services.hypothesis import examine
    from eitp_server.storage.forecasts import KeptForecasts
    from eitp_server.storage.sqlite_reader import reading

    async with reading(directory) as database:
        require_tenant(tenant_id, await database.tenant_ids())
        return await examine(KeptForecasts(database), tenant_id, time.time_ns() // 1000)


def _print_json(findings: Findings) -> None:
    from google.protobuf.json_format import MessageToDict

    from eitp_server.services.hypothesis import hypothesis_message

    message = hypothesis_message(findings)
    typer.echo(json.dumps(MessageToDict(message, preserving_proto_field_name=True), indent=2))


def _draw(findings: Findings, tenant: str, path: Path) -> None:
    from eitp_server.lab.plot.hypothesis import draw

    primary = findings.primary.comparison is not None
    sample = findings.kept.sample
    draw(
        sample.untouched() if primary else sample,
        findings.primary if primary else findings.secondary,
        path,
        heading=f"Does behaviour foretell abandonment at {tenant}?",
        statement=findings.statement,
        of="held-out sessions" if primary else "sessions of all kinds",
    )


def _print(findings: Findings, tenant: str) -> None:
    verdict = findings.primary.verdict.name
    heading = Text(f"Does behaviour foretell abandonment at {tenant}?  ", style="bold")
    CONSOLE.print(heading.append(verdict.replace("_", " ").lower(), style=_STYLES[verdict]))
    CONSOLE.print(_table(findings))
    CONSOLE.print(Text(f"{_CAPTION}\n", style="dim"))
    CONSOLE.print(Text(findings.statement))
    CONSOLE.print(Text(findings.conclusion))
    CONSOLE.print()
    for caveat in findings.caveats:
        bullet = Table.grid(padding=(0, 1, 0, 0))
        bullet.add_row("·", caveat)
        CONSOLE.print(bullet, style="dim")


def _table(findings: Findings) -> Table:
    both = (findings.primary, findings.secondary)
    table = Table(
        "",
        Column("held out", justify="right"),
        Column("all sessions", justify="right"),
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for name, count in _COUNTED:
        table.add_row(name, *(f"{count(analysis):,}" for analysis in both))
    for name, told in _COMPARED:
        table.add_row(name, *("–" if a.comparison is None else told(a.comparison) for a in both))
    return table


def _figured(interval: Interval, *, signed: bool = False) -> str:
    sign = "+" if signed else ""
    return f"{interval.value:{sign}.3f} ({interval.low:.3f} to {interval.high:.3f})"


def _slope(comparison: Comparison) -> str:
    found = comparison.reliability
    return f"{found.intercept:+.2f}, {found.slope:.2f}"


_COUNTED: Sequence[tuple[str, Callable[[Analysis], int]]] = (
    ("sessions with a known outcome", lambda a: a.sessions),
    ("  abandoned", lambda a: a.abandoned),
    ("  with an intervention", lambda a: a.treated),
)
_COMPARED: Sequence[tuple[str, Callable[[Comparison], str]]] = (
    ("area: state", lambda c: _figured(c.state)),
    ("  page, cart, time alone", lambda c: _figured(c.page_only)),
    ("  time alone", lambda c: _figured(c.duration_only)),
    ("state minus the better", lambda c: _figured(c.gain, signed=True)),
    ("  bounds of the verdict", lambda c: _figured(c.strict, signed=True)),
    ("Brier score", lambda c: f"{c.reliability.brier:.4f}"),
    ("  of the overall share", lambda c: f"{c.reliability.brier_of_share:.4f}"),
    ("intercept, slope", _slope),
)
