"""Packets for telemetry that is part of no session: the same path, with nothing kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from eitp_server.ingest.admission import Admission
from eitp_server.ingest.envelope import EnvelopeWriter
from eitp_server.ingest.input import Telemetry
from eitp_server.ingest.intake import Intake
from eitp_server.ingest.observer import Observer, page_facts
from eitp_server.ingest.session_table import SessionInfo, Sessions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp.v1.page_pb2 import PageContext
    from eitp.v1.telemetry_pb2 import TelemetryBatch

    from eitp_server.classification.packet import Packet
    from eitp_server.errors import DomainError
    from eitp_server.ingest.screen import Validator

_NOBODY: Final = "nobody"


def classify(
    batches: Sequence[TelemetryBatch], page: PageContext, validator: Validator, now_us: int
) -> Packet:
    """Return the packet after the last of `batches`, which are one shopper's.

    Raises the `DomainError` of the first batch that cannot be applied.
    """
    sessions, observer = Sessions(capacity=1), Observer(capacity=1)
    info = SessionInfo(
        session_id=_NOBODY,
        tenant_id=_NOBODY,
        visitor_hash="",
        consent_interventions=False,
        vertical="",
        region="",
        opened_us=now_us,
    )
    slot = sessions.open(info)
    observer.open(slot, sessions.capacity)
    observer.turn_page(sessions.columns, slot, page_facts(page))
    intake = Intake(sessions, Admission(sessions.columns), validator)
    payloads = [_nameless(batch).SerializeToString() for batch in batches]
    item = Telemetry(tenant_id=_NOBODY, session_id=_NOBODY, batches=payloads)
    taken = intake.take([item], EnvelopeWriter(), now_us)
    if taken.receipts[0].rejections:
        raise _error(taken.receipts[0].rejections[0].error)
    if taken.events is not None:
        observer.observe(sessions, taken.events, taken.pages, now_us)
    return replace(observer.peek(sessions, slot, now_us, described=True), session_id="")


def _nameless(batch: TelemetryBatch) -> TelemetryBatch:
    batch.session_id = _NOBODY
    return batch


def _error(error: DomainError | None) -> DomainError:
    assert error is not None
    return error
