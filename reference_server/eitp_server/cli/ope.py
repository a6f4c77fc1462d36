"""`eitp-server lab ope`: what another policy would have earned, from a log of decisions."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from eitp_server.cli.console import CONSOLE
from eitp_server.cli.evaluate import ERRORS, check_picture, refuse
from eitp_server.cli.false_alarms import AsJson, Picture
from eitp_server.cli.progress import counted

if TYPE_CHECKING:
    from eitp_server.bandit.off_policy import Estimate
    from eitp_server.lab.ope import OffPolicyEvaluation

WITHHELD = 3
_NAMES = {
    "ips": "IPS",
    "snips": "SNIPS",
    "clipped_ips": "clipped IPS",
    "dm": "DM",
    "dr": "DR",
    "sndr": "SNDR",
    "switch_dr": "Switch-DR",
}


def evaluate_policy(
    log: Annotated[
        Path, typer.Option(metavar="FILE", help="Decisions that were made, one a row, as CSV.")
    ],
    policy: Annotated[
        Path, typer.Option(metavar="FILE", help="The policy to evaluate: probabilities, as CSV.")
    ],
    item: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="What was shown.", show_default="item_id, item, action or arm"
        ),
    ] = None,
    reward: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="What came of it.", show_default="click or reward"),
    ] = None,
    propensity: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="P(item shown | position, context) of the draw.",
            show_default="propensity_score or propensity",
        ),
    ] = None,
    position: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Where it was shown; '' leaves the position out.",
            show_default="position, if there is one",
        ),
    ] = None,
    context: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN", help="What was known before; may be repeated.", show_default=False
        ),
    ] = None,
    policy_item: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="The item, in the policy file.",
            show_default="the log's, or item_id, item, action, arm",
        ),
    ] = None,
    policy_probability: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Its probability, in the policy file.",
            show_default="probability, or the log's name of the propensity",
        ),
    ] = None,
    clip: Annotated[float, typer.Option(help="Largest weight in clipped IPS.")] = 10.0,
    switch: Annotated[
        float, typer.Option(metavar="TAU", help="Largest weight that Switch-DR trusts.")
    ] = 10.0,
    seed: Annotated[int, typer.Option(min=0, help="Deals the rows into folds.")] = 1,
    as_json: AsJson = False,
    plot: Picture = None,
) -> None:
    """Estimate what another policy would have earned, without running it.

    The log has a row per decision: the item shown, the reward, and the
    probability with which the item was drawn. The policy file has a row per
    item and, if the policy depends on them, position and context, in columns
    named as in the log; in each context its probabilities sum to 1.

    Seven estimators are printed beside what the logging policy earned. No
    number is printed when the effective sample size is below 100 or the mean
    weight outside 0.8 to 1.2: then the reason and the remedy are, and the
    exit status is 3. Above the estimates stands whether the propensities can
    be those of the draw, within each position and context; --json says it by
    `trustworthy`.

    Examples:

      eitp-server lab ope --log decisions.csv --policy policy.csv

      eitp-server lab ope --log visits.csv --policy mine.csv --item banner
      --reward bought --propensity p --context device --plot mine.png
    """
    from eitp_server.lab import ope

    check_picture(plot)
    _check_weights(clip, switch)
    names = ope.ColumnNames(
        item=item,
        reward=reward,
        propensity=propensity,
        position=position,
        contexts=tuple(context or ()),
    )
    try:
        with counted("rows") as progress:
            decisions = ope.DecisionLog.read(log, names, progress)
        wanted = ope.Policy.read(
            policy, decisions, item=policy_item, probability=policy_probability
        )
    except ope.OffPolicyError as error:
        refuse(str(error))
    found = ope.evaluate(decisions, wanted, ope.Settings(clip=clip, switch=switch, seed=seed))
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2, allow_nan=False))
        _say(found, *found.warnings(), *found.notes())
    else:
        _show(found)
        _say(found, *found.notes())
    if plot:
        from eitp_server.lab.plot.off_policy import draw_off_policy

        draw_off_policy(found, plot)
        ERRORS.print(f"drawn: {plot}", markup=False, soft_wrap=True)
    if found.estimates is None:
        raise typer.Exit(WITHHELD)


def _check_weights(clip: float, switch: float) -> None:
    for flag, value in (("--clip", clip), ("--switch", switch)):
        if not (value > 0 and math.isfinite(value)):
            refuse(f"{flag} {value:g} is no weight; give a number above 0, such as 10")


def _show(found: OffPolicyEvaluation) -> None:
    report = found.as_json()
    contexts = f", {_count(found.contexts, 'context')}" if found.contexts else ""
    CONSOLE.print(
        f"{_count(report['n'], 'decision')}, {_count(report['items'], 'item')}{contexts}; "
        f"effective sample size {report['ess']:,.1f}, mean weight {report['mean_weight']:.3f}, "
        f"largest {report['max_weight']:.4g}",
        highlight=False,
    )
    # Whoever reads the estimates must have read whether to believe them.
    for warning in found.warnings():
        CONSOLE.print(Text.assemble(("Not to be trusted: ", "bold red"), f"{warning}."))
    _show_calibration(found)
    CONSOLE.print(_table(found))
    if found.estimates:
        from eitp_server.lab.ope import METHOD

        CONSOLE.print(METHOD, style="dim", markup=False, highlight=False)


def _show_calibration(found: OffPolicyEvaluation) -> None:
    calibration = found.calibration
    error = calibration.standard_error
    spread = f" (error {error:.2g})" if error else ""
    verdict = {
        True: "fits",
        False: "does not fit",
        None: "not known, too few rows to tell (20 for each item of a group)",
    }
    CONSOLE.print(
        Text(
            f"Calibration: {verdict[calibration.fits]}. Mean of 1 / propensity "
            f"{calibration.mean_inverse:.4g}{spread}, number of items {calibration.expected:.4g}"
            + (f"; {calibration.scope}." if calibration.tested else ".")
        )
    )


def _table(found: OffPolicyEvaluation) -> Table:
    table = Table()
    table.add_column("estimator")
    for name in ("value", "standard error", "95 % interval"):
        table.add_column(name, justify="right")
    table.add_row("on-policy", *_cells(found.on_policy))
    table.add_section()
    for name, estimate in (found.estimates or {}).items():
        table.add_row(_NAMES[name], *_cells(estimate))
    return table


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _cells(estimate: Estimate) -> tuple[str, str, str]:
    if math.isnan(estimate.standard_error):
        return f"{estimate.value:.5g}", "unknown", "unknown"
    interval = f"{estimate.low:.5g} to {estimate.high:.5g}"
    return f"{estimate.value:.5g}", f"{estimate.standard_error:.3g}", interval


def _say(found: OffPolicyEvaluation, *notes: str) -> None:
    for note in notes:
        ERRORS.print(Text.assemble(("note: ", "yellow"), note), soft_wrap=True)
    if found.estimates is None:
        reason = "; ".join(found.problems)
        ERRORS.print(Text.assemble(("withheld: ", "red"), reason), soft_wrap=True)
        ERRORS.print(Text.assemble(("remedy: ", "yellow"), found.remedy), soft_wrap=True)
