"""Batches that break one rule each, with the reason and the field that the answer has to name."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eitp.v1.page_pb2 import PageContext
from eitp.v1.telemetry_pb2 import EventDetails, EventKind, SparseColumn
from end_to_end.shopper import BUTTON, brief

if TYPE_CHECKING:
    from eitp.v1.telemetry_pb2 import TelemetryBatch

MOST = 2**53 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """One way to break a batch of three events."""

    name: str
    reason: str = "FIELD_INVALID"
    path: str
    """Of the field, within the batch; empty when the rule is about the batch as a whole."""
    fields: dict[str, Any] = field(default_factory=dict[str, Any])

    def batch(self, session_id: str) -> TelemetryBatch:
        """Return the batch, the session's first unless its sequence is what is wrong."""
        fields: dict[str, Any] = {"sequence": 1, "session_id": session_id, **self.fields}
        return brief(**fields)


def _details(**columns: SparseColumn) -> EventDetails:
    return EventDetails(**columns)


def _column(event: list[int], value: list[int]) -> SparseColumn:
    return SparseColumn(event=event, value=value)


_LENGTHS = "COLUMN_LENGTH_MISMATCH"
_EVENT = "EVENT_INDEX_OUT_OF_RANGE"
_TARGET = "TARGET_INDEX_OUT_OF_RANGE"
_CLICK = EventKind.EVENT_KIND_CLICK

BROKEN = (
    Broken(
        name="a ratio that is no number",
        path="page.device_pixel_ratio",
        fields={"page": PageContext(device_pixel_ratio=math.nan)},
    ),
    Broken(
        name="an infinite ratio",
        path="page.device_pixel_ratio",
        fields={"page": PageContext(device_pixel_ratio=math.inf)},
    ),
    Broken(
        name="a ratio of zero",
        path="page.device_pixel_ratio",
        fields={"page": PageContext(device_pixel_ratio=0.0)},
    ),
    Broken(
        name="a viewport wider than any",
        path="page.viewport_width",
        fields={"page": PageContext(viewport_width=2**32 - 1)},
    ),
    Broken(name="a short dx", reason=_LENGTHS, path="", fields={"dx": [1, 2]}),
    Broken(name="a long dy", reason=_LENGTHS, path="", fields={"dy": [1, 2, 3, 4]}),
    Broken(name="a short kind", reason=_LENGTHS, path="", fields={"kind": [_CLICK]}),
    Broken(
        name="an uneven sparse column",
        reason=_LENGTHS,
        path="details.scroll_y",
        fields={"details": _details(scroll_y=_column([0, 1], [5]))},
    ),
    Broken(name="no events", path="dt_ms", fields={"dt_ms": [], "dx": [], "dy": []}),
    Broken(
        name="too many events",
        path="dt_ms",
        fields={"dt_ms": [1] * 513, "dx": [1] * 513, "dy": [1] * 513},
    ),
    Broken(
        name="a silence of more than a minute",
        path="dt_ms[1]",
        fields={"dt_ms": [1, 60_001, 1]},
    ),
    Broken(name="a step of more than any screen", path="dx[2]", fields={"dx": [1, 1, 100_001]}),
    Broken(name="a step as far back", path="dy[0]", fields={"dy": [-100_001, 1, 1]}),
    Broken(name="a start beyond any screen", path="origin_x", fields={"origin_x": 1_000_001}),
    Broken(name="a start as far above", path="origin_y", fields={"origin_y": -(2**31)}),
    Broken(name="sequence 0", path="sequence", fields={"sequence": 0}),
    Broken(name="a sequence that JSON cannot hold", path="sequence", fields={"sequence": MOST + 1}),
    Broken(name="a clock that JSON cannot hold", path="clock_ms", fields={"clock_ms": MOST + 1}),
    Broken(name="an event of no kind", path="kind[1]", fields={"kind": [_CLICK, 0, _CLICK]}),
    Broken(
        name="a target that is not named",
        reason=_TARGET,
        path="details.target.value[0]",
        fields={"details": _details(target=_column([0], [1])), "targets": [BUTTON]},
    ),
    Broken(
        name="a target below none",
        reason=_TARGET,
        path="details.target.value[1]",
        fields={"details": _details(target=_column([0, 1], [0, -2])), "targets": [BUTTON]},
    ),
    Broken(
        name="too many targets",
        path="targets",
        fields={"targets": [BUTTON] * 129},
    ),
    Broken(
        name="a detail of an event that is not there",
        reason=_EVENT,
        path="details.button.event[0]",
        fields={"details": _details(button=_column([3], [0]))},
    ),
    Broken(
        name="details that do not ascend",
        reason=_EVENT,
        path="details.response_ms.event[1]",
        fields={"details": _details(response_ms=_column([1, 1], [10, 10]))},
    ),
    Broken(
        name="a detail of an event beyond counting",
        reason=_EVENT,
        path="details.scroll_x.event[0]",
        fields={"details": _details(scroll_x=_column([2**32 - 1], [0]))},
    ),
)
