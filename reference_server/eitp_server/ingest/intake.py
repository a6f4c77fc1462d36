"""From requests to events: read out, screen, admit, flatten."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from eitp.v1.telemetry_pb2 import TelemetryBatch

from eitp_server.errors import Reason
from eitp_server.ingest.admission import Verdict
from eitp_server.ingest.columns import Columns
from eitp_server.ingest.flatten import flatten
from eitp_server.ingest.input import Receipt, Rejection
from eitp_server.ingest.screen import diagnose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp.v1.page_pb2 import PageContext
    from numpy.typing import NDArray

    from eitp_server.ingest.admission import Admission, Admitted
    from eitp_server.ingest.columns import Arrays
    from eitp_server.ingest.envelope import EnvelopeWriter
    from eitp_server.ingest.input import Telemetry
    from eitp_server.ingest.screen import Validator
    from eitp_server.ingest.session_table import Sessions
    from eitp_server.signals.event import Events

_REFUSALS: Final = {
    Verdict.CONFLICT: (
        Reason.SEQUENCE_CONFLICT,
        (
            "this sequence was used before for a batch with other content; a resent batch must be"
            " the same byte for byte, a new one takes the next sequence"
        ),
    ),
    Verdict.TOO_FAR_AHEAD: (
        Reason.SEQUENCE_TOO_FAR_AHEAD,
        "this sequence lies too far ahead of the next expected one; send the missing batches first",
    ),
}


@dataclass(slots=True, kw_only=True)
class Taken:
    """What a tick took in."""

    receipts: list[Receipt]
    events: Events | None = None
    """None when nothing was applied."""
    pages: list[tuple[int, PageContext]] = field(default_factory=list["tuple[int, PageContext]"])
    """(slot, page) where a page began."""
    timers: bool = False


@dataclass(slots=True)
class _Spans:
    """Which request each batch of the columns came with."""

    begin: list[int] = field(default_factory=list[int])
    """First batch in the columns of each request."""
    index: list[int] = field(default_factory=list[int])
    """Position within its request, of each batch in the columns."""


class Intake:
    """Turns the requests of a tick into events and receipts."""

    def __init__(self, sessions: Sessions, admission: Admission, validator: Validator) -> None:
        self._sessions = sessions
        self._admission = admission
        self._validator = validator

    def take(self, items: Sequence[Telemetry], envelope: EnvelopeWriter, now_us: int) -> Taken:
        """Apply the order and duplicate rules to all batches; log and return what is new."""
        taken = Taken(receipts=[Receipt() for _ in items])
        released = self._admission.overdue(now_us)
        taken.timers = bool(released)
        columns, spans = self._read(items, taken.receipts)
        if not len(columns) and not released:
            return taken
        arrays = columns.arrays()
        admitted = self._admission.admit(
            arrays.slot,
            arrays.sequence,
            arrays.digest.astype(np.uint32),
            arrays.broken,
            columns.payload,
            now_us,
        )
        self._account(items, columns, spans, admitted, envelope, taken.receipts)
        applied = np.flatnonzero(admitted.verdict == Verdict.APPLIED)
        released += admitted.released
        if released:
            arrays, applied = _with_released(columns, released, applied)
        if len(applied):
            self._flatten(columns, arrays, applied, now_us, taken)
        return taken

    def _read(
        self, items: Sequence[Telemetry], receipts: Sequence[Receipt]
    ) -> tuple[Columns, _Spans]:
        columns, spans = Columns(), _Spans()
        for item, receipt in zip(items, receipts, strict=True):
            spans.begin.append(len(columns))
            slots = self._sessions.of(item.tenant_id)
            own = item.session_id
            for index, batch in enumerate(item.batches):
                session_id = batch.session_id
                if not session_id:
                    session_id = batch.session_id = own
                slot = slots.get(session_id, -1)
                if slot < 0 or (own and session_id != own):
                    receipt.rejections.append(_unknown(index, batch))
                elif (batch.HasField("page") and self._validator(batch)) or not columns.add(
                    batch, slot
                ):
                    receipt.rejections.append(self._broken(index, batch))
                else:
                    spans.index.append(index)
        return columns, spans

    def _broken(self, index: int, batch: TelemetryBatch) -> Rejection:
        error = diagnose(batch, index, self._validator)
        return Rejection(
            batch_index=index,
            session_id=batch.session_id,
            sequence=batch.sequence,
            reason=error.reason,
            message=error.message,
            field=error.violations[0].field,
            error=error,
        )

    def _account(
        self,
        items: Sequence[Telemetry],
        columns: Columns,
        spans: _Spans,
        admitted: Admitted,
        envelope: EnvelopeWriter,
        receipts: Sequence[Receipt],
    ) -> None:
        ends = [*spans.begin[1:], len(columns)]
        odd = np.flatnonzero(admitted.verdict).tolist()
        for item, begin, end, receipt in zip(items, spans.begin, ends, receipts, strict=True):
            receipt.applied = end - begin
            if item.wants_progress:
                receipt.slots = list(dict.fromkeys(row[0] for row in columns.rows[begin:end]))
        for batch in odd:
            number = bisect_right(spans.begin, batch) - 1
            index = spans.index[batch]
            self._odd(
                items[number].batches[index], index, admitted.verdict[batch], receipts[number]
            )
        kept = admitted.verdict if odd else None
        for item, begin, end in zip(items, spans.begin, ends, strict=True):
            payloads = _kept(columns.payload, kept, begin, end)
            if payloads:
                envelope.telemetry(item.tenant_id, payloads)

    def _odd(self, batch: TelemetryBatch, index: int, verdict: int, receipt: Receipt) -> None:
        if verdict == Verdict.WAITING:
            return
        receipt.applied -= 1
        if verdict == Verdict.DUPLICATE:
            receipt.duplicates += 1
        elif verdict == Verdict.BROKEN:
            receipt.rejections.append(self._broken(index, batch))
        else:
            reason, message = _REFUSALS[Verdict(verdict)]
            receipt.rejections.append(
                Rejection(
                    batch_index=index,
                    session_id=batch.session_id,
                    sequence=batch.sequence,
                    reason=reason,
                    message=message,
                    field=f"batches[{index}].sequence",
                )
            )

    def _flatten(
        self,
        columns: Columns,
        arrays: Arrays,
        applied: NDArray[np.int64],
        now_us: int,
        taken: Taken,
    ) -> None:
        order = np.lexsort((arrays.sequence[applied], arrays.slot[applied]))
        accepted = applied[order]
        session = self._sessions.columns
        taken.events = flatten(session, columns, arrays, accepted, now_us)
        slot = arrays.slot[accepted]
        dropped = arrays.dropped[accepted]
        if dropped.any():
            np.add.at(session.dropped, slot, dropped)
        pointer = arrays.pointer[accepted]
        reported = (pointer > 0) & (pointer < 4)
        session.pointer[slot[reported]] = pointer[reported]
        known: set[int] = set(accepted.tolist()) if columns.pages else set()
        taken.pages = [(columns.rows[b][0], page) for b, page in columns.pages if b in known]


def _unknown(index: int, batch: TelemetryBatch) -> Rejection:
    return Rejection(
        batch_index=index,
        session_id=batch.session_id,
        sequence=batch.sequence,
        reason=Reason.SESSION_UNKNOWN,
        message="no such session for this credential; open one with SessionService.OpenSession",
        field=f"batches[{index}].session_id",
    )


def _kept(
    payload: list[bytes], verdict: NDArray[np.int8] | None, begin: int, end: int
) -> list[bytes]:
    if verdict is None:
        return payload[begin:end]
    keep = (Verdict.APPLIED, Verdict.WAITING)
    return [payload[batch] for batch in range(begin, end) if verdict[batch] in keep]


def _with_released(
    columns: Columns, released: list[tuple[int, int, bytes]], applied: NDArray[np.int64]
) -> tuple[Arrays, NDArray[np.int64]]:
    """Append batches that had waited to the columns and rebuild the arrays."""
    before = len(columns)
    for slot, _, payload in released:
        sound = columns.add(TelemetryBatch.FromString(payload), slot)
        assert sound, "a waiting batch was screened when it came"
    return columns.arrays(), np.concatenate((applied, np.arange(before, len(columns))))
