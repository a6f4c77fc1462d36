"""`eitp-server lab transfer`: whether a pattern may be expected to help in another vertical."""

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

    from eitp_server.lab.transfer import Analysis, Report
    from eitp_server.lab.transfer.coverage import Coverage, Simulated


def measure_transfer(
    table: Annotated[
        Path, typer.Option(metavar="FILE", help="CSV with a header, a row per vertical.")
    ],
    method: Annotated[
        Literal["REML", "DL", "PM"],
        typer.Option(help="How the variance between verticals is estimated."),
    ] = "REML",
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MEANING=COLUMN",
            help="Which column is what; may be repeated.",
            show_default=False,
        ),
    ] = None,
    source: Annotated[
        Literal["counts", "effects"] | None,
        typer.Option("--from", help="What to read when there are both.", show_default=False),
    ] = None,
    include_ineligible: Annotated[
        bool,
        typer.Option(
            "--include-ineligible",
            help="Let in rows with fewer than 10 conversions in an arm or a small holdout.",
        ),
    ] = False,
    as_json: AsJson = False,
    plot: Picture = None,
) -> None:
    """Say from several verticals what to expect of a pattern in another.

    The table gives the counts of both randomised arms, in the columns
    vertical, treated_conversions, treated_n, holdout_conversions and
    holdout_n, or an effect and its variance (or se) per row. Names as metafor
    has them are known too: yi, vi, sei, ai, n1i, ci, n2i. A column `pattern`
    makes a finding of each, a column `tenant` puts several rows into a
    vertical. A row needs 10 conversions in each arm and a holdout of 10 % or
    400 visitors; others are left out and named.

    The verdict rests on the probability that the effect in a new vertical is
    above 0. It is TRANSFERABLE from 0.975, HARMFUL to 0.025, else VARIES
    where effects differ by more than chance, else UNDECIDED. With fewer than
    3 verticals it is INSUFFICIENT.

    Examples:

      eitp-server lab transfer --table lifts.csv --plot forest.png

      eitp-server lab transfer --table studies.csv --column effect=d
      --column variance=var_d --method DL --json
    """
    from eitp_server.intelligence.transfer import Method
    from eitp_server.lab.transfer import TransferError, analyse, read
    from eitp_server.lab.transfer import as_json as figures

    check_picture(plot)
    try:
        rows = read(table, columns=column or (), wanted=source)
        with counted("patterns") as progress:
            report = analyse(
                rows,
                method=Method(method),
                include_ineligible=include_ineligible,
                progress=progress,
            )
    except (TransferError, OSError) as error:
        refuse(str(error))
    if as_json:
        typer.echo(json.dumps(figures(report), indent=2, allow_nan=False))
    else:
        _show(report)
    if plot:
        from eitp_server.lab.plot.transfer import draw_transfer

        draw_transfer(report, plot)
        ERRORS.print(f"drawn: {plot}", markup=False, soft_wrap=True)


def measure_coverage(
    runs: Annotated[int, typer.Option(min=2, help="Draws of each world.")] = 2_000,
    seed: Annotated[int, typer.Option(min=0, help="Of the draws.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Check what the rules of `lab transfer` promise, where the truth is known.

    Verticals are drawn from worlds with a known mean and deviation of
    effects: 2,000 to 100,000 visitors each, a fifth held out, 1 to 4 %
    converting. Each rule gives an effect that a new vertical's is above with
    probability 0.975; the table says how often that holds, and how often the
    rule claims that the pattern transfers. Where a share of 0.84 is above 0
    nothing should be claimed.

    Example:

      eitp-server lab transfer-coverage --runs 8000
    """
    from eitp_server.lab.transfer.coverage import WORLDS, simulate

    with counted("draws", of=runs * len(WORLDS)) as progress:
        found = simulate(runs, seed, progress)
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2, allow_nan=False))
    else:
        _show_coverage(found)


def _show(report: Report) -> None:
    from eitp_server.lab.transfer import METHOD

    if len(report.analyses) > 1:
        CONSOLE.print(_patterns(report.analyses))
    for one in report.analyses:
        _show_one(one)
    for note in report.table.notes:
        _note(note)
    CONSOLE.print(METHOD, style="dim", markup=False, highlight=False)


def _patterns(analyses: Sequence[Analysis]) -> Table:
    table = Table(title=f"{len(analyses)} patterns", title_justify="left")
    table.add_column("pattern", overflow="fold")
    for name in ("k", "mean", "P+", "q", "verdict"):
        table.add_column(name, justify="left" if name == "verdict" else "right")
    for one in analyses:
        new, estimate = one.finding.predictive, one.finding.estimate
        table.add_row(
            Text(one.pattern),
            str(one.finding.k),
            _number(estimate and estimate.pooled.mean),
            _number(new and new.positive, 4),
            _number(one.q_value, 4),
            one.finding.verdict.name,
        )
    return table


def _show_one(one: Analysis) -> None:
    from eitp_server.intelligence.transfer import statement
    from eitp_server.lab.transfer import WHY, notes

    if one.finding.estimate is not None:
        CONSOLE.print(_verticals(one))
        CONSOLE.print(_words(one), markup=False, highlight=False)
    heading = f"{one.pattern}: {one.finding.verdict.name}" if one.pattern else ""
    verdict = f"{heading or one.finding.verdict.name}. {statement(one.finding)}"
    CONSOLE.print(verdict, style="bold", markup=False, highlight=False)
    for row in one.excluded:
        assert row.exclusion is not None
        _note(f"left out: row {row.number} ({row.name}), {WHY[row.exclusion]}")
    for note in notes(one):
        _note(note)


def _verticals(one: Analysis) -> Table:
    estimate = one.finding.estimate
    assert estimate is not None
    mean = estimate.pooled
    table = Table(title=one.pattern and Text(one.pattern), title_justify="left")
    table.add_column("vertical", overflow="fold")
    for name in ("effect", "error", "weight", "shrunk", "others predict"):
        table.add_column(name, justify="right")
    columns = (mean.effects.value, mean.effects.variance, mean.weights, mean.shrunk)
    rows = zip(one.verticals, zip(*columns, strict=True), strict=True)
    for place, (vertical, (effect, variance, weight, shrunk)) in enumerate(rows):
        table.add_row(
            Text(vertical),
            f"{effect:.3f}",
            f"{variance**0.5:.3f}",
            f"{100 * weight:.1f} %",
            f"{shrunk:.3f}",
            _predicted(one, place),
        )
    return table


def _predicted(one: Analysis, place: int) -> str:
    left_out = one.finding.left_out
    if left_out is None:
        return "–"
    ends = f"{left_out.low[place]:.2f} to {left_out.high[place]:.2f}"
    return ends if left_out.inside[place] else f"missed: {ends}"


def _words(one: Analysis) -> str:
    estimate, left_out = one.finding.estimate, one.finding.left_out
    assert estimate is not None
    mean = estimate.pooled
    low, high = mean.confidence_interval()
    least, most = estimate.tau2_interval
    words = [
        f"mean {mean.mean:.4f}, plain error {mean.standard_error:.4f}",
        f"modified Knapp-Hartung interval {low:.4f} to {high:.4f}",
        f"tau2 {mean.tau2:.5g} by {estimate.method.value} ({least:.3g} to {most:.3g})",
        f"I2 {100 * estimate.i_squared:.1f} %",
        f"Q {estimate.q:.2f} on {one.finding.k - 1}",
    ]
    if estimate.tenant_tau2 is not None:
        words.append(f"tau2 between tenants {estimate.tenant_tau2:.5g}")
    if one.finding.k > 2:
        ends = mean.prediction_interval()
        words.append(f"classical prediction {ends[0]:.3f} to {ends[1]:.3f}")
    if left_out is not None:
        words.append(f"{left_out.inside.sum()} of {one.finding.k} as the others predict")
    return "; ".join(words) + "."


def _show_coverage(found: Simulated) -> None:
    from eitp_server.lab.transfer.coverage import NOMINAL, RULES

    table = Table(
        title=f"Coverage ({NOMINAL} is promised) in {found.runs:,} draws of each world, "
        f"standard error up to {_error(found):.4f}",
        title_justify="left",
    )
    table.add_column("k, mu, tau (above 0)", no_wrap=True)
    for name in RULES:
        table.add_column(name, justify="right")
    for world, rules in found.worlds.items():
        named = f"{world.k}, {world.mu:g}, {world.tau:g} ({world.share_positive:.2f})"
        table.add_row(f"{named}\n  claims", *(_covered(rules[name]) for name in RULES))
    CONSOLE.print(table)
    CONSOLE.print(
        "`gate` is the rule of the verdict; the others are classical prediction intervals, by "
        "DerSimonian and Laird with normal quantiles and by REML with t of k - 1 or k - 2 degrees.",
        style="dim",
        markup=False,
        highlight=False,
    )


def _error(found: Simulated) -> float:
    return max(own.error for rules in found.worlds.values() for own in rules.values())


def _covered(own: Coverage) -> str:
    return f"{own.covered:.3f}\n{own.claimed:.3f}"


def _number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _note(note: str) -> None:
    ERRORS.print(Text.assemble(("note: ", "yellow"), note), soft_wrap=True)
