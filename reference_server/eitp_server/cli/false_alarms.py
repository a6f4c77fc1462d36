"""`eitp-server lab false-alarms`: how often rules fire per hour of ordinary use."""

from __future__ import annotations

import json
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from eitp.recording import RecordingError

from eitp_server.cli.console import CONSOLE
from eitp_server.cli.evaluate import ERRORS, Recordings, check_picture, refuse
from eitp_server.cli.progress import counted
from eitp_server.cli.table import figures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eitp_server.lab.false_alarms import FalseAlarms
    from eitp_server.lab.interval import Rate
    from eitp_server.lab.survey import Survey

RuleNames = Annotated[
    list[str] | None,
    typer.Option(
        "--rule", metavar="NAME", help="Only this one; may be repeated.", show_default=False
    ),
]
Picture = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Draw it too: .png, .svg or .pdf.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, not a table.")]


def measure_false_alarms(
    recordings: Recordings,
    rule: RuleNames = None,
    as_json: AsJson = False,
    plot: Picture = None,
) -> None:
    """Count what rules find, and how often the server would step in, per active hour.

    In recordings of people who were not known to be frustrated, all of it
    is a false alarm, or nearly all. Rules of peers and of EITP are counted
    on the same recordings; what a recording cannot show is not counted as 0.

    Examples:

      eitp-server lab false-alarms --recordings visits.csv

      eitp-server lab false-alarms --recordings visits/ --rule eitp-rage
      --rule posthog-rage --plot rates.png
    """
    from eitp_server.lab.false_alarms import measure
    from eitp_server.lab.playback import PlaybackError
    from eitp_server.lab.rules import UnknownRuleError, chosen

    check_picture(plot)
    try:
        rules = chosen(rule or ())
        with counted("recordings") as progress:
            found = measure(recordings, rules, progress)
    except (RecordingError, UnknownRuleError, PlaybackError, OSError) as error:
        refuse(str(error))
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2, allow_nan=False))
    else:
        _show(found)
    if plot:
        from eitp_server.lab.plot.rules import draw_false_alarms

        draw_false_alarms(found, plot)
        ERRORS.print(f"drawn: {plot}", markup=False, soft_wrap=True)


def _show(found: FalseAlarms) -> None:
    from eitp_server.lab.false_alarms import FRICTION, METHOD

    report = found.as_json()
    table = figures(_heading(report), "rule", "count", "per hour", "95 % interval")
    for _, rules in groupby(found.survey.rules, attrgetter("kind")):
        for rule in rules:
            if (rate := found.rate(rule.name)) is not None:
                table.add_row(rule.name, *cells(rate))
        table.add_section()
    table.add_row("friction interventions, at most", *cells(found.rate(FRICTION)))
    for label, per_hour in report["moments_per_hour"].items():
        table.add_row(f"  moments of {label}", "", f"{per_hour:.2f}", "")
    CONSOLE.print(table)
    explain(found.survey, METHOD)


def cells(rate: Rate | None) -> tuple[str, str, str]:
    """Return count, rate and interval; dashes where the rule is not applicable."""
    if rate is None or rate.value is None:
        return "–", "not applicable", "–"
    return str(rate.count), f"{rate.value:.2f}", f"{rate.low:.2f} to {rate.high:.2f}"


def explain(survey: Survey, method: str) -> None:
    """Print why rules are not applicable, how others are approximated, and the method."""
    headings = {"Not applicable": survey.not_applicable(), "Approximated": survey.approximated()}
    for heading, ways in headings.items():
        for way in dict.fromkeys(ways.values()):
            names = ", ".join(name for name, own in ways.items() if own == way)
            CONSOLE.print(f"{heading}: {names}: {way}.", markup=False, highlight=False)
    CONSOLE.print(method, style="dim", markup=False, highlight=False)


def _heading(report: Mapping[str, object]) -> str:
    people, recordings = report["people"], report["recordings"]
    return f"{recordings} recordings of {people} people, {report['active_hours']:.2f} active hours"
