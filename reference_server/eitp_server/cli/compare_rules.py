"""`eitp-server lab compare-rules`: whether rules fire more where a label says so."""

from __future__ import annotations

import json
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated

import typer
from eitp.recording import RecordingError

from eitp_server.cli.console import CONSOLE
from eitp_server.cli.evaluate import ERRORS, Recordings, check_picture, refuse, say_how_read
from eitp_server.cli.false_alarms import AsJson, Picture, RuleNames, explain
from eitp_server.cli.progress import counted
from eitp_server.cli.table import figures

if TYPE_CHECKING:
    from rich.table import Table

    from eitp_server.lab.compare_rules import Compared, Comparison
    from eitp_server.lab.interval import Share


def compare_rules(
    recordings: Recordings,
    label: Annotated[str, typer.Option(metavar="COLUMN", help="Column of the labels file.")],
    positive: Annotated[
        str,
        typer.Option(
            metavar="RULE",
            help="Which values are positive: '<=2', '>=4', '=x', '!=x', 'in a,b'; "
            "'x' alone is read as '=x'.",
        ),
    ],
    rule: RuleNames = None,
    as_json: AsJson = False,
    plot: Picture = None,
) -> None:
    """Compare peers' rules and EITP's on labelled recordings.

    For each rule: the share of recordings that it trips in, with the label
    and without; the AUC of its count; its rate per active hour.

    Example:

      eitp-server lab compare-rules --recordings map.csv
      --label satisfaction --positive '<=2' --plot rules.png
    """
    from eitp_server.lab.compare_rules import METHOD, compare
    from eitp_server.lab.evaluation import EvaluationError, Rule
    from eitp_server.lab.rules import UnknownRuleError, chosen

    check_picture(plot)
    try:
        condition, rules = Rule.parse(positive), chosen(rule or ())
        say_how_read(condition)
        with counted("recordings") as progress:
            found = compare(recordings, rules, label=label, condition=condition, progress=progress)
    except (EvaluationError, RecordingError, UnknownRuleError, OSError) as error:
        refuse(str(error))
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2, allow_nan=False))
    else:
        CONSOLE.print(_table(found))
        _say_what_was_watched(found)
        explain(found.survey, METHOD)
    if plot:
        from eitp_server.lab.plot.rules import draw_comparison

        draw_comparison(found, plot)
        ERRORS.print(f"drawn: {plot}", markup=False, soft_wrap=True)


def _table(found: Comparison) -> Table:
    condition = f"{found.label} {found.condition.text}"
    table = figures(
        f"{condition}: {found.positives} recordings; {found.negatives} others",
        "rule",
        "trips, %\nwith it",
        "trips, %\nothers",
        "AUC\nof count",
        "/hour\nwith it",
        "/hour\nothers",
        caption="In brackets: 95 % intervals.",
    )
    for _, rules in groupby(found.survey.rules, attrgetter("kind")):
        for rule in rules:
            if own := found.rules[rule.name]:
                table.add_row(rule.name, *_cells(own))
        table.add_section()
    return table


def _say_what_was_watched(found: Comparison) -> None:
    shares = found.watched_positive.value, found.watched_negative.value
    with_it, others = (f"{100 * (share or 0):.0f} %" for share in shares)
    CONSOLE.print(
        f"Answers are recorded of {with_it} of the clicks with it, of {others} in others.",
        highlight=False,
    )


def _cells(own: Compared) -> tuple[str, ...]:
    return (
        _share(own.positive),
        _share(own.negative),
        f"{own.auc.value:.2f} ({own.auc.low:.2f}–{own.auc.high:.2f})",
        f"{own.rate_positive.value:.1f}",
        f"{own.rate_negative.value:.1f}",
    )


def _share(share: Share) -> str:
    value, low, high = (100 * (each or 0) for each in (share.value, share.low, share.high))
    return f"{value:.0f} ({low:.0f}–{high:.0f})"
