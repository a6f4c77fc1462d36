"""From requests to events: find the sessions, read, screen, admit, flatten."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from zlib import crc32

import numpy as np
from eitp.v1.telemetry_pb2 import TelemetryBatch
from google.protobuf.message import DecodeError

from eitp_server.errors import Reason
from eitp_server.ingest.admission import Verdict
from eitp_server.ingest.columns import read_columns
from eitp_server.ingest.flatten import flatten
from eitp_server.ingest.input import Receipt, Rejection
from eitp_server.ingest.screen import diagnose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp.v1.page_pb2 import PageContext
    from numpy.typing import NDArray

    from eitp_server.ingest.admission import Admission
    from eitp_server.ingest.columns import Columns
    from eitp_server.ingest.envelope import EnvelopeWriter
    from eitp_server.ingest.input import Telemetry
    from eitp_server.ingest.screen import Validator
    from eitp_server.ingest.session_table import Sessions
    from eitp_server.signals.event import Events

_SESSION_ID: Final = 0x0A
"""Tag of `TelemetryBatch.session_id`, the first byte of nearly every batch of a relay."""
_CONFLICT: Final = (
    "was used before for a batch with other content; a resent batch must be the same byte for byte,"
    " a new one takes the next sequence"
)
_TOO_FAR: Final = "lies too far ahead of the next expected one; send the missing batches first"
_TOO_LATE: Final = (
    "came after the wait for it had run out; it is counted as lost, go on with later batches"
)
_REFUSALS: Final = {
    Verdict.CONFLICT: (Reason.SEQUENCE_CONFLICT, _CONFLICT),
    Verdict.TOO_FAR_AHEAD: (Reason.SEQUENCE_TOO_FAR_AHEAD, _TOO_FAR),
    Verdict.TOO_LATE: (Reason.SEQUENCE_TOO_LATE, _TOO_LATE),
}


@dataclass(slots=True, kw_only=True)
class Taken:
    """What a tick took in."""

    receipts: list[Receipt]
    events: Events | None = None
    """None when nothing was applied."""
    pages: list[tuple[int, PageContext]] = field(default_factory=list["tuple[int, PageContext]"])
    """(slot, page) where a page began."""
    repointed: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """Slots whose shopper took another kind of pointer, ascending."""
    timers: bool = False
    """Batches that waited were released because time passed."""


@dataclass(slots=True)
class _Offered:
    """The batches of a tick whose session is known, in arrival order."""

    payload: list[bytes] = field(default_factory=list[bytes])
    slot: list[int] = field(default_factory=list[int])
    index: list[int] = field(default_factory=list[int])
    """Position of each batch within its request."""
    begin: list[int] = field(default_factory=list[int])
    """First batch of each request."""

    def request_of(self, arrival: int) -> int:
        """Return the number of the request that a batch came with."""
        return bisect_right(self.begin, arrival) - 1


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
        offered = self._offered(items, taken.receipts)
        arrivals = len(offered.payload)
        if not arrivals and not released:
            return taken
        columns = self._read(offered)
        digest = np.array([crc32(payload) for payload in offered.payload], np.uint32)
        admitted = self._admission.admit(
            np.array(offered.slot, np.int64)[columns.arrival],
            columns.sequence,
            digest[columns.arrival],
            columns.broken,
            [offered.payload[arrival] for arrival in columns.arrival.tolist()],
            now_us,
        )
        verdict = np.full(arrivals, Verdict.BROKEN, np.int8)
        verdict[columns.arrival] = admitted.verdict
        self._account(items, offered, verdict, envelope, taken.receipts)
        released += admitted.released
        if released:
            columns = self._read_released(offered, released)
            verdict = np.append(verdict, np.zeros(len(released), np.int8))
        applied = np.flatnonzero(verdict[columns.arrival] == Verdict.APPLIED)
        if len(applied):
            self._flatten(columns, np.array(offered.slot, np.int64), applied, now_us, taken)
        return taken

    def _offered(self, items: Sequence[Telemetry], receipts: Sequence[Receipt]) -> _Offered:
        offered = _Offered()
        payloads, slots, indices = offered.payload, offered.slot, offered.index
        for item, receipt in zip(items, receipts, strict=True):
            offered.begin.append(len(payloads))
            names = self._sessions.names(item.tenant_id)
            own = item.session_id.encode()
            for index, payload in enumerate(item.batches):
                if len(payload) > 1 and payload[0] == _SESSION_ID:
                    name = payload[2 : 2 + payload[1]]
                    slot = -1 if own and name != own else names.get(name, -1)
                else:
                    slot = names.get(own, -1)
                if slot < 0:
                    slot = self._look_closer(item, index, receipt)
                if slot >= 0:
                    payloads.append(payload)
                    slots.append(slot)
                    indices.append(index)
        return offered

    def _look_closer(self, item: Telemetry, index: int, receipt: Receipt) -> int:
        """Return the slot of a batch whose session is not where it usually stands, or refuse it."""
        try:
            batch = TelemetryBatch.FromString(item.batches[index])
        except DecodeError:
            receipt.rejections.append(self._broken(index, item.batches[index]))
            return -1
        session_id = batch.session_id or item.session_id
        slot = self._sessions.find(item.tenant_id, session_id)
        if slot is None or item.session_id not in {"", session_id}:
            receipt.rejections.append(_unknown(index, batch))
            return -1
        return slot

    def _read(self, offered: _Offered) -> Columns:
        columns = read_columns(offered.payload)
        for arrival, page in columns.detailed.pages:
            if self._validator(page):
                columns.broken[np.searchsorted(columns.arrival, arrival)] = True
        return columns

    def _read_released(
        self, offered: _Offered, released: Sequence[tuple[int, int, bytes]]
    ) -> Columns:
        """Read everything again, with the batches that had waited behind those that arrived."""
        for slot, _, payload in released:
            offered.slot.append(slot)
            offered.payload.append(payload)
        return read_columns(offered.payload)

    def _account(
        self,
        items: Sequence[Telemetry],
        offered: _Offered,
        verdict: NDArray[np.int8],
        envelope: EnvelopeWriter,
        receipts: Sequence[Receipt],
    ) -> None:
        ends = [*offered.begin[1:], len(offered.payload)] if items else []
        odd = np.flatnonzero(verdict).tolist()
        for item, begin, end, receipt in zip(items, offered.begin, ends, receipts, strict=True):
            receipt.applied = end - begin
            if item.wants_progress:
                kept = [
                    s
                    for s, v in zip(offered.slot[begin:end], verdict[begin:end], strict=True)
                    if v in _KNOWN
                ]
                receipt.slots = list(dict.fromkeys(kept))
        for arrival in odd:
            receipt = receipts[offered.request_of(arrival)]
            payload = offered.payload[arrival]
            self._odd(offered.index[arrival], payload, Verdict(int(verdict[arrival])), receipt)
        for item, begin, end in zip(items, offered.begin, ends, strict=True):
            kept = offered.payload[begin:end]
            if odd:
                kept = [p for p, v in zip(kept, verdict[begin:end], strict=True) if v in _LOGGED]
            if kept:
                envelope.telemetry(item.tenant_id, item.session_id, kept)

    def _odd(self, index: int, payload: bytes, verdict: Verdict, receipt: Receipt) -> None:
        if verdict == Verdict.WAITING:
            return
        receipt.applied -= 1
        if verdict == Verdict.DUPLICATE:
            receipt.duplicates += 1
        elif verdict == Verdict.BROKEN:
            receipt.rejections.append(self._broken(index, payload))
        else:
            batch = TelemetryBatch.FromString(payload)
            reason, message = _REFUSALS[verdict]
            field = f"batches[{index}].sequence"
            message = f"{field}: {batch.sequence} {message}"
            receipt.rejections.append(_rejection(index, batch, reason, message, field))

    def _broken(self, index: int, payload: bytes) -> Rejection:
        error = diagnose(payload, index, self._validator)
        try:
            batch = TelemetryBatch.FromString(payload)
        except DecodeError:
            batch = TelemetryBatch()
        return Rejection(
            batch_index=index,
            session_id=batch.session_id,
            sequence=batch.sequence,
            reason=error.reason,
            message=error.message,
            field=error.metadata["field"],
            error=error,
        )

    def _flatten(
        self,
        columns: Columns,
        slots: NDArray[np.int64],
        applied: NDArray[np.int64],
        now_us: int,
        taken: Taken,
    ) -> None:
        slot = slots[columns.arrival[applied]]
        order = np.lexsort((columns.sequence[applied], slot))
        accepted, slot = applied[order], slot[order]
        session = self._sessions.columns
        taken.events = flatten(session, columns, slot, accepted, now_us)
        dropped = columns.dropped[accepted]
        if dropped.any():
            np.add.at(session.dropped, slot, dropped)
        pointer = columns.pointer[accepted]
        reported = (pointer > 0) & (pointer < POINTERS)
        before = session.pointer[slot]
        taken.repointed = np.unique(slot[reported & (before > 0) & (pointer != before)])
        session.pointer[slot[reported]] = pointer[reported]
        if columns.detailed.pages:
            # Batches that had waited stand behind those that arrived, but may come before them.
            page = dict(columns.detailed.pages)
            arrivals: list[int] = columns.arrival[accepted].tolist()
            taken.pages = [(int(slots[a]), page[a]) for a in arrivals if a in page]


_LOGGED: Final = (Verdict.APPLIED, Verdict.WAITING)
_KNOWN: Final = (Verdict.APPLIED, Verdict.WAITING, Verdict.DUPLICATE, Verdict.TOO_LATE)
POINTERS: Final = 4


def _unknown(index: int, batch: TelemetryBatch) -> Rejection:
    message = "no such session for this credential; open one with SessionService.OpenSession"
    field = f"batches[{index}].session_id"
    return _rejection(index, batch, Reason.SESSION_UNKNOWN, f"{field}: {message}", field)


def _rejection(
    index: int, batch: TelemetryBatch, reason: Reason, message: str, field: str
) -> Rejection:
    return Rejection(
        batch_index=index,
        session_id=batch.session_id,
        sequence=batch.sequence,
        reason=reason,
        message=message,
        field=field,
    )
