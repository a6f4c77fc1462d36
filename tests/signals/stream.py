"""Event streams for tests: rows a reader can write, columns that the signals read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from eitp_server.signals.event import Events, Kind, Role
from eitp_server.signals.fold import evidence, fold
from eitp_server.signals.tables import SignalTables
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp_server.signals.evidence import EvidenceColumns

CAPACITY = 8


@dataclass(frozen=True, slots=True)
class Row:
    """One event."""

    t: int
    kind: int = Kind.MOVE
    x: int = 100
    y: int = 100
    target: int = 0
    role: int = Role.UNSPECIFIED
    section: int = 0
    scroll_y: int = 0
    response_ms: int = -1
    slot: int = 0


def columns(rows: Sequence[Row]) -> Events:
    """Return the events of one tick; rows of one session stay in their order."""
    ordered = sorted(rows, key=lambda row: row.slot)
    return Events(
        slot=np.array([row.slot for row in ordered], np.int32),
        t_ms=np.array([row.t for row in ordered], np.int64),
        x=np.array([row.x for row in ordered], np.int32),
        y=np.array([row.y for row in ordered], np.int32),
        kind=np.array([row.kind for row in ordered], np.uint8),
        target=np.array([row.target for row in ordered], np.int64),
        role=np.array([row.role for row in ordered], np.uint8),
        section=np.array([row.section for row in ordered], np.uint8),
        scroll_x=np.zeros(len(ordered), np.int32),
        scroll_y=np.array([row.scroll_y for row in ordered], np.int32),
        response_ms=np.array([row.response_ms for row in ordered], np.int32),
    )


def folded(*ticks: Sequence[Row]) -> SignalTables:
    """Return fresh tables after some ticks."""
    tables = SignalTables.allocate(CAPACITY)
    for rows in ticks:
        fold(tables, columns(rows))
    return tables


def seen(rows: Sequence[Row], *, at: int | None = None) -> EvidenceColumns:
    """Return the evidence on the session in slot 0, by default at its last event."""
    at_ms = np.array([rows[-1].t if at is None else at])
    return evidence(folded(rows), np.array([0]), at_ms)


def shifted(rows: Sequence[Row], ms: int) -> list[Row]:
    """Return the same events some time later."""
    return [replace(row, t=row.t + ms) for row in rows]


def clicks(*times: int, x: int = 100, target: int = 7, role: Role = Role.BUTTON) -> list[Row]:
    """Return clicks on one target."""
    return [Row(t, Kind.CLICK, x=x, target=target, role=role) for t in times]


def answer(t: int, response_ms: int) -> Row:
    """Return the page's answer to the latest click."""
    return Row(t, Kind.RESPONSE, response_ms=response_ms)


def silence(t: int) -> Row:
    """Return the client's report that the page did not answer the latest click."""
    return Row(t, Kind.NO_RESPONSE)


_STEPS_MS = (
    *(50,) * 8, 0, 0, 1, 8, 199, 200, 249, 250, 251, 300, 900, 1000, 1001, 2500, 15_000, 60_000
)  # fmt: skip
_STEPS_PX = (0, 0, 0, 0, -5000, -40, -20, -3, -2, 1, 3, 4, 21, 300)
_KINDS = (
    *(Kind.MOVE,) * 12, *(Kind.CLICK,) * 8, Kind.RESPONSE, Kind.RESPONSE, Kind.DOWN, Kind.UP, *Kind
)  # fmt: skip
_CHANGES = st.builds(
    Row,
    t=st.sampled_from(_STEPS_MS),
    kind=st.sampled_from(_KINDS),
    x=st.sampled_from(_STEPS_PX),
    y=st.sampled_from(_STEPS_PX),
    target=st.sampled_from((0, 1, 1, 2)),
    role=st.sampled_from(
        (Role.BUTTON, Role.BUTTON, Role.TEXT, Role.STEPPER, Role.LINK, Role.PRICE)
    ),
    section=st.sampled_from((0, 7, 7, 13, 255)),
    scroll_y=st.sampled_from((-300, -9, 0, 10, 300)),
    response_ms=st.sampled_from((-1, 0, 200, 999, 1000, 2499, 2500, 9000)),
    slot=st.integers(0, 2),
)
"""Events whose time and place count from the session's event before."""


@st.composite
def journeys(draw: st.DrawFn, *, sessions: int = 3, most: int = 40) -> list[Row]:
    """Draw the events of some sessions, interleaved in the order of their arrival."""
    latest = [Row(0)] * sessions
    rows: list[Row] = []
    for change in draw(st.lists(_CHANGES, min_size=1, max_size=most)):
        slot = change.slot % sessions
        before = latest[slot]
        t, x, y = before.t + change.t, before.x + change.x, before.y + change.y
        latest[slot] = replace(change, t=t, x=x, y=y, slot=slot)
        rows.append(latest[slot])
    return rows
