"""Transfers as messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from eitp.v1.audience_pb2 import Audience
from eitp.v1.time_window_pb2 import TimeWindow
from eitp.v1.transfer_pb2 import (
    ExcludedVertical,
    Transfer,
    TransferCounts,
    TransferEvidence,
    VerticalEffect,
)

from eitp_server.interventions.transfer_finding import METHODOLOGY
from eitp_server.services.moment import timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eitp_server.storage.transfers import TransferRow


def transfer_message(row: TransferRow) -> Transfer:
    """Return a finding."""
    document = row.document
    values: dict[str, Any] = {
        "kind": row.kind,
        "label": row.label,
        "page_section": row.page_section,
        "verdict": row.verdict,
    }
    shared = not row.tenant_id
    evidence = cast("Mapping[str, Any] | None", document["evidence"])
    return Transfer(
        transfer_id=row.transfer_id,
        audience=Audience.AUDIENCE_SHARED if shared else Audience.AUDIENCE_TENANT,
        evidence=None if evidence is None else TransferEvidence(**evidence),
        verticals=[_vertical(one) for one in document["verticals"]],
        excluded=[
            ExcludedVertical(vertical=name, reason=reason) for name, reason in document["excluded"]
        ],
        window=TimeWindow(start=timestamp(document["start_us"]), end=timestamp(document["end_us"])),
        methodology_id=METHODOLOGY,
        computed_at=timestamp(row.computed_at_us),
        statement=document["statement"],
        **values,
    )


def _vertical(one: Mapping[str, Any]) -> VerticalEffect:
    told = dict(one)
    counts = told.pop("counts")
    return VerticalEffect(**told, counts=None if counts is None else TransferCounts(**counts))
