"""`eitp-server lab evaluate`: what the server reads from a hand, against labelled recordings."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer
from eitp.recording import RecordingError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from eitp_server.cli.console import CONSOLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from eitp_server.lab.evaluation import Evaluation, Rule

USAGE = 2
ERRORS = Console(stderr=True, highlight=False)
PICTURES = frozenset({".png", ".svg", ".pdf"})

Recordings = Annotated[
    Path, typer.Option(metavar="PATH", help="A recordings file, or a directory of them.")
]


def evaluate(
    recordings: Recordings,
    task: Annotated[
        str, typer.Option(help="hesitation, low-rating, stress, or any name with label and rule.")
    ],
    label: Annotated[
        str | None, typer.Option(help="Column of the labels file.", show_default=False)
    ] = None,
    positive: Annotated[
        str | None,
        typer.Option(
            metavar="RULE",
            help="Which values are positive: '<=2', '>=4', '=hard', '!=x', 'in a,b'; "
            "'hard' alone is read as '=hard'.",
            show_default=False,
        ),
    ] = None,
    included: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="FEATURE",
            help="A feature more, or a group; what --model server is scored by.",
            show_default=False,
        ),
    ] = None,
    left_out: Annotated[
        list[str] | None,
        typer.Option(
            "--without",
            metavar="FEATURE",
            help="A feature or group less; a signal is kept from the server too.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        Literal["fitted", "server"],
        typer.Option(help="Learn from other people, or ask the server as it is."),
    ] = "fitted",
    seed: Annotated[int, typer.Option(min=0, help="Deals people into folds, and draws.")] = 1,
    permutations: Annotated[
        int, typer.Option(min=0, help="Deals of the labels by which chance is judged.")
    ] = 199,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not a table.")] = False,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw it too: .png, .svg or .pdf.", show_default=False),
    ] = None,
) -> None:
    """Judge what the server reads from a hand, on people it never met.

    Moves are thinned to 20 Hz as the browser client does. A person's
    recordings are played in the order of the label `order`, else of the
    file, through the server's signals into one session, which knows their
    past and nothing that comes later. At the end of each recording the
    server's evidence is read.

    The fitted model is a logistic regression with declared features: penalty
    1, scaled on the people it learns from; a missing value counts as their
    mean, and as missing. It learns from nine tenths of the people and scores
    the rest, ten times; the scores are pooled. The model `server` fits
    nothing: it is the server's own estimate.

    AUC has a 95 % interval from drawing people, with all their recordings,
    2,000 times, and p: how often labels dealt anew within each person are
    told apart as well. Recordings on which the server abstains are counted,
    and their share is given. The baselines are judged in the same folds: the
    person's earlier labels, the duration, the duration against the person's
    own, the order, and what is missing.

    Examples:

      eitp-server lab evaluate --recordings choices.csv --task hesitation

      eitp-server lab evaluate --recordings map.csv --task low-rating
      --without response_latency

      eitp-server lab evaluate --recordings mine/ --task mine --label mood
      --positive 'in sad,angry'
    """
    from eitp_server.lab import evaluation as lab

    try:
        check_picture(plot)
        asked = lab.declare(
            task,
            label=label,
            positive=positive,
            included=included or (),
            left_out=left_out or (),
        )
        if positive is not None:
            say_how_read(asked.positive)
        with stages() as progress:
            found = lab.evaluate(
                recordings,
                asked,
                model=model,
                seed=seed,
                permutations=permutations,
                progress=progress,
            )
    except (lab.EvaluationError, RecordingError, OSError) as error:
        refuse(str(error))
    if as_json:
        typer.echo(json.dumps(lab.as_json(found), indent=2, allow_nan=False))
    else:
        CONSOLE.print(lab.as_table(found))
        _explain(found)
    if plot:
        _draw(found, plot)


def refuse(problem: str) -> NoReturn:
    """Say in one line what is wrong with what was asked, and end with status 2."""
    ERRORS.print(Text.assemble(("error: ", "red"), problem), soft_wrap=True)
    raise typer.Exit(USAGE)


def check_picture(plot: Path | None) -> None:
    """Refuse, before long work, a file that cannot be drawn."""
    if plot is None:
        return
    if plot.suffix not in PICTURES:
        refuse(f"{plot} is no picture that can be drawn; name a .png, .svg or .pdf file")
    if not plot.absolute().parent.is_dir():
        refuse(f"{plot.absolute().parent} is no directory; make it first")


def say_how_read(positive: Rule) -> None:
    """Say on stderr what a rule without an operator is taken for."""
    if positive.is_bare:
        ERRORS.print(
            Text.assemble(
                ("note: ", "yellow"),
                f"--positive {positive.text!r} has no operator and is read as "
                f"'={positive.operands[0]}': values that equal it are positive",
            ),
            soft_wrap=True,
        )


@contextmanager
def stages() -> Generator[Callable[[str, int, int], None]]:
    """Show how far each stage of a long work is: a bar on stderr, gone when it is done."""
    columns = (TextColumn("{task.description:<8}"), BarColumn(), MofNCompleteColumn())
    hidden = not ERRORS.is_terminal
    with Progress(*columns, console=ERRORS, transient=True, disable=hidden) as progress:
        tasks = {name: progress.add_task(name, total=None, visible=False) for name in _STAGES}

        def advance(what: str, done: int, of: int) -> None:
            progress.update(tasks[what], completed=done, total=of, visible=True)

        yield advance


_STAGES = ("reading", "playing", "fitting", "dealing")


def _explain(found: Evaluation) -> None:
    from eitp_server.lab.evaluation import in_words, notes

    CONSOLE.print(in_words(found), style="bold", highlight=False)
    weights = ", ".join(f"{name} {weight:+.2f}" for name, weight in found.opinion.weights.items())
    if weights:
        CONSOLE.print(f"Logits per standard deviation: {weights}.", markup=False, highlight=False)
    for warning in (*found.source.warnings, *notes(found)):
        ERRORS.print(Text.assemble(("note: ", "yellow"), warning), soft_wrap=True)


def _draw(found: Evaluation, plot: Path) -> None:
    from eitp_server.lab.plot.evaluation import draw

    draw(found, plot)
    ERRORS.print(f"drawn: {plot}", markup=False, soft_wrap=True)
