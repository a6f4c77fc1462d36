"""Telemetry of many moods for the fault tests: equal arguments give equal bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eitp.v1.page_pb2 import (
    PAGE_SECTION_PRICE,
    PAGE_SECTION_TRUST,
    TARGET_ROLE_BUTTON,
    PageContext,
    PageSection,
    Target,
)
from eitp.v1.telemetry_pb2 import EventDetails, EventKind, SparseColumn, TelemetryBatch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_CLICK = [EventKind.EVENT_KIND_DOWN, EventKind.EVENT_KIND_UP, EventKind.EVENT_KIND_CLICK]


def _moves(batch: TelemetryBatch, number: int) -> None:
    _add(batch, [50] * 8, dx=[(number * 7 + i * 3) % 41 - 20 for i in range(8)])


def _clicks(batch: TelemetryBatch, _: int) -> None:
    """Four clicks on one button that does not answer."""
    _add(batch, [60, 40, 0] * 4, kind=_CLICK * 4)
    _target(batch, 11, PAGE_SECTION_PRICE, [0])


def _reading(batch: TelemetryBatch, number: int) -> None:
    _add(batch, [400] * 10, dx=[1, -1] * 5)
    _target(batch, 20 + number % 3, PAGE_SECTION_TRUST if number % 2 else PAGE_SECTION_PRICE, [0])


def _answered(batch: TelemetryBatch, number: int) -> None:
    kind = [*_CLICK, EventKind.EVENT_KIND_RESPONSE]
    _add(batch, [300, 80, 0, 100 + 50 * (number % 9)], kind=kind)
    batch.details.response_ms.CopyFrom(SparseColumn(event=[3], value=[100 + 50 * (number % 9)]))


def _page(batch: TelemetryBatch, number: int) -> None:
    _add(batch, [120, 50], kind=[EventKind.EVENT_KIND_NAVIGATE, EventKind.EVENT_KIND_MOVE])
    page: dict[str, Any] = {"type": number % 14, "cart": number % 9, "identity": number, "view": 1}
    batch.page.CopyFrom(PageContext(**page))


def _away(batch: TelemetryBatch, _: int) -> None:
    kinds = [EventKind.EVENT_KIND_HIDDEN, EventKind.EVENT_KIND_VISIBLE, EventKind.EVENT_KIND_COPY]
    _add(batch, [200, 4000, 50], kind=kinds)


def _back(batch: TelemetryBatch, _: int) -> None:
    _add(batch, [90, 400, 300], kind=[EventKind.EVENT_KIND_BACK] * 3)


def _scroll(batch: TelemetryBatch, number: int) -> None:
    _add(batch, [100] * 6, kind=[EventKind.EVENT_KIND_SCROLL] * 6)
    way = [300, 300, -300, -300, 300, -300] if number % 2 else [200] * 6
    batch.details.scroll_y.CopyFrom(SparseColumn(event=range(6), value=way))


def _scripted(batch: TelemetryBatch, _: int) -> None:
    """Clicks by a script, and a kind of a later protocol."""
    _add(batch, [50] * 4, kind=[*_CLICK, 77])
    batch.details.untrusted.CopyFrom(SparseColumn(event=[2], value=[1]))
    batch.dropped = 3


def _long(batch: TelemetryBatch, _: int) -> None:
    """The longest batch there can be, over more than eight hours."""
    _add(batch, [60_000] * 512, dx=[100_000, -100_000] * 256)


def _uneven(batch: TelemetryBatch, _: int) -> None:
    """Columns of unequal length: the batch is refused."""
    batch.dt_ms.extend([50, 50])
    batch.dx.extend([1])


def _too_wide(batch: TelemetryBatch, number: int) -> None:
    """A page wider than the schema allows: the batch is refused."""
    _page(batch, number)
    batch.page.viewport_width = 100_001


def _unnamed_kind(batch: TelemetryBatch, _: int) -> None:
    """An event of no kind: the batch is refused, but only once it is among the columns."""
    _add(batch, [50], kind=[EventKind.EVENT_KIND_UNSPECIFIED])


MOODS: dict[str, Callable[[TelemetryBatch, int], None]] = {
    "moves": _moves,
    "clicks": _clicks,
    "reading": _reading,
    "answered": _answered,
    "page": _page,
    "away": _away,
    "back": _back,
    "scroll": _scroll,
    "scripted": _scripted,
    "long": _long,
    "uneven": _uneven,
    "too wide": _too_wide,
    "unnamed kind": _unnamed_kind,
}
SOUND = tuple(mood for mood in MOODS if mood not in ("uneven", "too wide", "unnamed kind"))


def batch(session_id: str, sequence: int, *, mood: str = "moves", clock_ms: int) -> TelemetryBatch:
    """Return a batch; its content follows from mood and sequence."""
    head: dict[str, Any] = {
        "session_id": session_id,
        "sequence": sequence,
        "clock_ms": max(clock_ms, 0),
        "origin_x": 100 + sequence % 50,
        "origin_y": 200,
        "pointer_type": sequence % 4,
    }
    message = TelemetryBatch(**head)
    MOODS[mood](message, sequence)
    return message


def _add(
    batch: TelemetryBatch,
    dt_ms: Sequence[int],
    *,
    dx: Sequence[int] = (),
    kind: Sequence[int] = (),
) -> None:
    columns: dict[str, Any] = {
        "dt_ms": dt_ms,
        "dx": dx or [0] * len(dt_ms),
        "dy": [1 if i % 2 else -1 for i in range(len(dt_ms))],
        "kind": kind,
    }
    batch.MergeFrom(TelemetryBatch(**columns))


def _target(
    batch: TelemetryBatch, identity: int, section: PageSection, events: Sequence[int]
) -> None:
    batch.targets.append(Target(identity=identity, role=TARGET_ROLE_BUTTON, section=section))
    batch.details.CopyFrom(EventDetails(target=SparseColumn(event=events, value=[0] * len(events))))
