"""`eitp-server lab simulate-policy`: what the bandit and its rule of proof do in worlds we made."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from eitp_server.cli.console import CONSOLE
from eitp_server.cli.evaluate import ERRORS, check_picture, refuse
from eitp_server.cli.false_alarms import AsJson, Picture
from eitp_server.cli.progress import counted

if TYPE_CHECKING:
    from eitp_server.lab.simulation import Simulation
    from eitp_server.lab.simulation.table import Bar, Figure
    from eitp_server.lab.simulation.table import Table as Found

MISSED = 1
ALL = "all"


def simulate_policy(
    scenario: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="null, drift, lift30, lift50, pooling, pooling-strong, pooling-none, delay, all.",
        ),
    ] = ALL,
    runs: Annotated[
        int | None,
        typer.Option(min=2, help="Runs of each scenario.", show_default="60 to 1,000"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another one plays other runs.")] = 1,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes; the figures are the same.", show_default="all cores"),
    ] = None,
    as_json: AsJson = False,
    plot: Picture = None,
) -> None:
    """Play the bandit in worlds whose truth is known, and judge its rules by set bars.

    Promotion (null, drift, lift30, lift50): four interventions, 60,000
    visitors in batches of 400, a tenth held out. How often is a useless
    intervention promoted, how soon a useful one? Rules look after every
    batch.

    Pooling: 56 cells, 6 interventions, 40,000 decisions. Which share of what
    can be won over choosing at random is won, by which prior?

    Delay: outcomes come 12 minutes late on average. Which way of counting
    the open ones believes the truth after an hour?

    All of it takes a minute or two on two cores. Ends with status 1 when a
    bar is missed; with few runs chance alone may do that.

    Examples:

      eitp-server lab simulate-policy --plot policy.png

      eitp-server lab simulate-policy --scenario null --runs 4000 --json
    """
    from eitp_server.lab.simulation import SCENARIOS, SimulationError, simulate
    from eitp_server.lab.simulation.simulation import METHOD, total_runs

    check_picture(plot)
    names = tuple(SCENARIOS) if scenario == ALL else (scenario,)
    try:
        with counted("runs", total_runs(names, runs)) as progress:
            found = simulate(
                names,
                seed=seed,
                runs=runs,
                workers=workers or os.cpu_count() or 1,
                progress=progress,
            )
    except SimulationError as error:
        refuse(str(error))
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2, allow_nan=False))
    else:
        _show(found)
        CONSOLE.print(METHOD, style="dim")
        if not found.held and runs is not None:
            CONSOLE.print(_FEW_RUNS, style="dim")
    if plot:
        from eitp_server.lab.plot.simulation import draw

        draw(found, plot)
        ERRORS.print(f"drawn: {plot}", markup=False, soft_wrap=True)
    if not found.held:
        raise typer.Exit(MISSED)


_FEW_RUNS: Final = "The bars are meant for the default runs: with fewer, chance alone may miss one."


def _show(found: Simulation) -> None:
    for own in found.tables:
        CONSOLE.print(Text(f"{own.title}; {own.runs:,} runs", style="bold"))
        CONSOLE.print(_table(own))
        for bar in own.bars:
            CONSOLE.print(_verdict(bar))
        CONSOLE.print()


def _table(own: Found) -> Table:
    table = Table()
    table.add_column("rule")
    for column in own.columns:
        table.add_column(column, justify="right")
    for rule, figures in own.rows.items():
        table.add_row(rule, *(_figure(figures[column]) for column in own.columns))
    return table


def _figure(figure: Figure | None) -> str:
    if figure is None:
        return "not in half"
    if figure.error is None:
        return f"{figure.value:,.0f}" if figure.value > 1 else f"{figure.value:.3f}"
    if figure.error == 0.0:
        # "0.000 ± 0.000" would read as if it could not be otherwise.
        return {0.0: "never", 1.0: "always"}.get(figure.value, f"{figure.value:.3f}")
    digits = 4 if 0.0 < figure.error < 0.0015 and figure.value < 0.1 else 3
    return f"{figure.value:.{digits}f} ± {figure.error:.{digits}f}"


def _verdict(bar: Bar) -> Text:
    word, style = ("held", "green") if bar.held else ("MISSED", "red")
    return Text.assemble((f"{word}: ", style), f"{bar.demand}; it is {bar.found:.4g}")
