"""Why a batch breaks the schema: the field, the reason, and what would be right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eitp.v1.telemetry_pb2 import TelemetryBatch
from google.protobuf.message import DecodeError

from eitp_server.errors import Invalid, Reason, Violation
from eitp_server.ingest.columns import MAX_EVENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from eitp.v1.telemetry_pb2 import SparseColumn
    from google.protobuf.message import Message

    Validator = Callable[[Message], Sequence[Violation]]

_LENGTH_RULES: Final = frozenset(
    ("telemetry_batch.lengths", "telemetry_batch.kind_length", "sparse_column.lengths")
)
_SPARSE: Final = ("button", "scroll_x", "scroll_y", "target", "response_ms", "untrusted")


def diagnose(payload: bytes, index: int, validator: Validator) -> Invalid:
    """Return the error for a batch that the columns refused, the `index`-th of its request."""
    try:
        batch = TelemetryBatch.FromString(payload)
    except DecodeError:
        field = f"batches[{index}]"
        message = f"{field}: the bytes are no TelemetryBatch; they may have been cut off"
        return Invalid(Reason.MALFORMED_MESSAGE, message, metadata={"field": field})
    violations = list(validator(batch)) or list(_range_violations(batch))
    if not violations:
        rule = "telemetry_batch.schema"
        violations = [Violation("", rule, "the batch breaks a rule of its schema")]
    prefixed = [
        Violation(f"batches[{index}]{'.' if v.field else ''}{v.field}", v.rule, v.description)
        for v in violations
    ]
    reason = _reason(violations[0])
    message = f"{prefixed[0].field}: {prefixed[0].description}"
    metadata = {"field": prefixed[0].field, "rule": prefixed[0].rule}
    return Invalid(reason, message, metadata=metadata, violations=prefixed)


def _reason(violation: Violation) -> Reason:
    if violation.rule in _LENGTH_RULES:
        return Reason.COLUMN_LENGTH_MISMATCH
    if violation.rule == "target_range":
        return Reason.TARGET_INDEX_OUT_OF_RANGE
    if violation.rule == "event_range":
        return Reason.EVENT_INDEX_OUT_OF_RANGE
    return Reason.FIELD_INVALID


def _range_violations(batch: TelemetryBatch) -> Iterator[Violation]:
    count, targets = len(batch.dt_ms), len(batch.targets)
    if not 0 < count <= MAX_EVENTS:
        description = f"has {count} events; must have 1 to {MAX_EVENTS}"
        yield Violation("dt_ms", "repeated.items", description)
    for name in _SPARSE:
        column: SparseColumn = getattr(batch.details, name)
        field = f"details.{name}"
        for position, event in enumerate(column.event):
            if event >= count:
                description = f"is {event}; the batch has {count} events, so at most {count - 1}"
                yield Violation(f"{field}.event[{position}]", "event_range", description)
            elif position and event <= column.event[position - 1]:
                description = f"is {event} after {column.event[position - 1]}; must ascend strictly"
                yield Violation(f"{field}.event[{position}]", "event_range", description)
    for position, value in enumerate(batch.details.target.value):
        if not -1 <= value < targets:
            description = f"is {value}; the batch names {targets} targets, so -1 to {targets - 1}"
            yield Violation(f"details.target.value[{position}]", "target_range", description)
