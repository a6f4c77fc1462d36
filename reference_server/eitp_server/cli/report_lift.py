"""`eitp-server report lift`: whether intervening helps, from a server's own data."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from eitp_server.cli.console import run
from eitp_server.cli.evaluate import ERRORS, check_picture, refuse
from eitp_server.cli.progress import counted
from eitp_server.cli.records import data_directory, require_tenant
from eitp_server.config import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp_server.cli.progress import Advance
    from eitp_server.services.experiment import Findings
    from eitp_server.storage.patterns import PatternRow

_MOST_PATTERNS: Final = 50


def lift(
    tenant: Annotated[str, typer.Option(help="The shop whose experiment is judged.")],
    data_dir: Annotated[
        Path | None, typer.Option(help="The server's data directory; EITP_DATA_DIR when left out.")
    ] = None,
    definition: Annotated[
        str, typer.Option(metavar="ID", help="Only this intervention beside the whole system.")
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what GetExperiment answers, as JSON.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A .png, .svg or .pdf to write.")
    ] = None,
) -> None:
    """Say whether intervening helps, and whether the experiment can be trusted.

    Compares all visitors who could be treated with those held out by chance.
    A visitor counts once, at the first moment at which an intervention was
    eligible, as soon as the day is over within which an outcome counts.
    Bounds hold at all times at once: look as often as you like.

    The server may be running. What it has counted already is not counted
    again; where nothing is kept, 100,000 decisions take half a minute. What
    only a running policy knows is left out: posterior means, and which
    interventions were withdrawn; probabilities are those of the newest
    decisions.

    Example:

      eitp-server report lift --tenant acme --plot lift.png
    """
    from eitp_server.cli.experiment_page import print_experiment

    check_picture(plot)
    directory = data_directory(data_dir)
    with counted("decisions") as progress:
        findings, patterns = run(_read(directory, tenant, definition, progress))
    if plot is not None:
        _draw(findings, tenant, plot)
        ERRORS.print(f"drawn: {plot}", markup=False, soft_wrap=True)
    if as_json:
        _print_json(findings)
    else:
        print_experiment(findings, patterns, tenant)


async def _read(
    directory: Path, tenant_id: str, definition_id: str, progress: Advance
) -> tuple[Findings, Sequence[PatternRow]]:
    from typing import cast

    from eitp_server.bandit.pattern import PatternStatus
    from eitp_server.services.experiment_records import examine_records
    from eitp_server.storage.patterns import PatternFilter, Patterns
    from eitp_server.storage.sqlite_reader import reading

    def now_us() -> int:
        return time.time_ns() // 1000

    async with reading(directory) as database:
        require_tenant(tenant_id, await database.tenant_ids())
        findings = await examine_records(
            database,
            tenant_id,
            now_us,
            holdout_share=Settings().holdout_share,
            definition_id=definition_id,
            progress=progress,
        )
        live = (int(PatternStatus.PROMOTED), int(PatternStatus.CONFIRMED))
        wanted = PatternFilter(
            statuses=live, in_use_at_us=now_us(), shared=False, definition_id=definition_id
        )
        patterns = Patterns(cast("Any", database))
        page = await patterns.page(tenant_id, _MOST_PATTERNS, wanted=wanted)
    _require_known(findings, definition_id)
    return findings, page.items


def _require_known(findings: Findings, definition_id: str) -> None:
    from eitp_server.services.experiment import known_arms

    known = known_arms(findings.examined)
    if definition_id not in known:
        there = ", ".join(sorted(known.keys() - {""})) or "none yet"
        refuse(f"{definition_id} was never eligible; there are: {there}")


def _print_json(findings: Findings) -> None:
    from google.protobuf.json_format import MessageToDict

    from eitp_server.services.experiment_message import experiment_message

    document = MessageToDict(experiment_message(findings), preserving_proto_field_name=True)
    typer.echo(json.dumps(document, indent=2, allow_nan=False))


def _draw(findings: Findings, tenant: str, path: Path) -> None:
    from eitp_server.bandit.study import Point
    from eitp_server.lab.plot.lift import draw

    study, whole = findings.examined.study, findings.evidence.overall
    history = list(study.history) if whole is not None else []
    if whole is not None and study.last_decided_at_us is not None:
        now = Point(
            decided_at_us=study.last_decided_at_us, units=study.system.sums.units, lift=whole
        )
        history.append(now)
    draw(
        history,
        {arm.definition_id: arm.lift for arm in findings.arms if arm.lift is not None},
        path,
        heading=f"Does intervening help at {tenant}?",
        statement=findings.conclusion.statement,
        holds_out=whole is not None,
    )
