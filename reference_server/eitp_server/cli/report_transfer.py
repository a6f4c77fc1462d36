"""`eitp-server report transfer`: what carries over to other verticals, from a server's own data."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from eitp_server.cli.console import CONSOLE, run
from eitp_server.cli.evaluate import check_picture, refuse
from eitp_server.cli.records import data_directory, require_tenant
from eitp_server.cli.table import figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from eitp_server.intelligence.transfer import Finding
    from eitp_server.lab.transfer import Analysis
    from eitp_server.storage.transfers import TransferRow

_CAPTION = (
    "Effects are log odds ratios of success, treated over held out. P+: probability that the "
    "effect in a vertical that is not in the data is above 0. q: 1 - P+ after control of the "
    "false discovery rate over all findings of this list."
)


def transfer(
    tenant: Annotated[
        str, typer.Option(help="The shop whose findings are shown.", show_default=False)
    ] = "",
    shared: Annotated[
        bool, typer.Option("--shared", help="The findings over shops that agreed to pooling.")
    ] = False,
    data_dir: Annotated[
        Path | None, typer.Option(help="The server's data directory; EITP_DATA_DIR when left out.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what ListTransfers lists, as JSON.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A .png, .svg or .pdf to write.")
    ] = None,
) -> None:
    """Say which interventions may be expected to help in verticals where they were not tried.

    A server judges every night what the visitors of the last 90 days did whose
    day is over, each by the first decision about it, against those held out by
    chance. A shop has one vertical, so its own findings say little; shared ones
    take five shops, and three of them in each vertical.

    Example:

      eitp-server report transfer --shared --plot forest.png
    """
    if bool(tenant) == shared:
        raise typer.BadParameter("give one of --tenant and --shared", param_hint="--tenant")
    check_picture(plot)
    rows = run(_read(data_directory(data_dir), tenant))
    if plot is not None:
        _draw(rows, plot)
    if as_json:
        _print_json(rows)
    else:
        _print(rows, tenant)


async def _read(directory: Path, tenant_id: str) -> Sequence[TransferRow]:
    from eitp_server.storage.sqlite_reader import reading
    from eitp_server.storage.transfers import KeptTransfers

    async with reading(directory) as database:
        if tenant_id:
            require_tenant(tenant_id, await database.tenant_ids())
        return await KeptTransfers(database).all([tenant_id])


def _print_json(rows: Sequence[TransferRow]) -> None:
    from google.protobuf.json_format import MessageToDict

    from eitp_server.services.transfer import transfer_message

    found = [MessageToDict(transfer_message(row), preserving_proto_field_name=True) for row in rows]
    typer.echo(json.dumps(found, indent=2, allow_nan=False))


def _print(rows: Sequence[TransferRow], tenant: str) -> None:
    whose = tenant or "the shops that share"
    CONSOLE.print(Text(f"What carries over to other verticals, by {whose}?", style="bold"))
    if not rows:
        CONSOLE.print(Text("Nothing was judged yet: that takes visitors whose day is over."))
        return
    computed = time.strftime("%d %b %Y %H:%M", time.gmtime(rows[0].computed_at_us / 1e6))
    CONSOLE.print(Text(f"Judged {computed} UTC.\n"))
    CONSOLE.print(_table(rows))
    CONSOLE.print(Text(f"{_CAPTION}\n", style="dim"))
    for row in rows:
        if row.probability_positive is not None:
            CONSOLE.print(Text(f"{_name(row)}: ", style="bold").append(row.document["statement"]))


def _table(rows: Sequence[TransferRow]) -> Table:
    table = figures("", "intervention, label, section", "k", "mean", "P+", "q", "verdict")
    for row in rows:
        evidence = row.document["evidence"]
        told = (
            ("–", "–", "–")
            if evidence is None
            else (
                f"{evidence['mean']:.3f}",
                f"{evidence['probability_positive']:.4f}",
                f"{evidence['q_value']:.2g}",
            )
        )
        table.add_row(_name(row), str(len(row.document["verticals"])), *told, _verdict(row))
    return table


def _verdict(row: TransferRow) -> str:
    from eitp_server.intelligence.transfer import Verdict

    return Verdict(row.verdict).name


def _name(row: TransferRow) -> str:
    from eitp.v1.intervention_pb2 import InterventionKind
    from eitp.v1.page_pb2 import PageSection
    from eitp.v1.state_pb2 import EmotionLabel

    named = [
        (InterventionKind, row.kind, "INTERVENTION_KIND_"),
        (EmotionLabel, row.label, "EMOTION_LABEL_"),
        (PageSection, row.page_section, "PAGE_SECTION_"),
    ]
    return ", ".join(
        enum.DESCRIPTOR.values_by_number[number].name.removeprefix(prefix).lower().replace("_", " ")
        for enum, number, prefix in named
        if number
    )


def _draw(rows: Sequence[TransferRow], path: Path) -> None:
    from eitp_server.intelligence.transfer import Method
    from eitp_server.lab.plot.transfer import draw_transfer
    from eitp_server.lab.transfer import Report
    from eitp_server.lab.transfer.table import Table as Source

    telling = [row for row in rows if row.document["verticals"]]
    if not telling:
        refuse("there is nothing to draw: no vertical has enough data")
    analyses = [_analysis(row) for row in telling]
    source = Source(
        rows=[one for analysis in analyses for one in analysis.rows],
        kind="counts",
        has_patterns=True,
        notes=(),
    )
    draw_transfer(Report(table=source, method=Method.REML, analyses=analyses), path)


def _analysis(row: TransferRow) -> Analysis:
    from eitp_server.lab.transfer import Analysis
    from eitp_server.lab.transfer.table import Row

    verticals = row.document["verticals"]
    evidence = row.document["evidence"]
    return Analysis(
        pattern=_name(row),
        finding=stored_finding(row),
        verticals=[one["vertical"] for one in verticals],
        rows=[
            Row(
                number=number,
                vertical=one["vertical"],
                tenant="",
                pattern=_name(row),
                effect=one["effect"],
                variance=one["variance"],
                exclusion=None,
            )
            for number, one in enumerate(verticals, start=1)
        ],
        excluded=(),
        q_value=None if evidence is None else evidence["q_value"],
    )


def stored_finding(row: TransferRow) -> Finding:
    """Return what the stored effects say: the same as when they were stored."""
    import numpy as np

    from eitp_server.intelligence.transfer import Effects, Tenants, find, find_over_tenants

    verticals = [one["vertical"] for one in row.document["verticals"]]
    rows = row.document["effects"]
    if row.tenant_id or len(verticals) < 2:
        rows = [(one["vertical"], one["effect"], one["variance"]) for one in _told(row)]
    effects = Effects(
        np.array([effect for _, effect, _ in rows]), np.array([variance for *_, variance in rows])
    )
    if row.tenant_id or len(verticals) < 2:
        return find(effects)
    place = np.array([verticals.index(name) for name, *_ in rows], np.intp)
    return find_over_tenants(Tenants(effects, place))


def _told(row: TransferRow) -> Sequence[dict[str, float | str]]:
    return row.document["verticals"]
