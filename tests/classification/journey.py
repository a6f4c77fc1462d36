"""From events to states in one call, and evidence made up for tests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from eitp_server.classification.estimator import estimate
from eitp_server.classification.state import ContextColumns, States, StateTable
from eitp_server.signals.evidence import EvidenceColumns
from eitp_server.signals.fold import evidence
from eitp_server.signals.signal import Signal
from signals.stream import Row, folded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

PRODUCT, CHECKOUT = 4, 8
UNKNOWN, MOUSE, TOUCH = 0, 1, 2
FINANCING, REVIEWS, DESCRIPTION = 8, 12, 5
SLOT = np.array([0])


def context(
    *,
    page_type: int = PRODUCT,
    page_section: int = 0,
    cart: int = 0,
    pages: int = 1,
    pointer: int = MOUSE,
    m: int = 1,
) -> ContextColumns:
    """Return one context for m sessions."""
    return ContextColumns(
        page_type=np.full(m, page_type, np.uint8),
        page_section=np.full(m, page_section, np.uint8),
        cart_bucket=np.full(m, cart, np.uint8),
        seconds=np.zeros(m, np.float32),
        pages=np.full(m, pages, np.int32),
        pointer=np.full(m, pointer, np.uint8),
    )


def wandering(
    seconds: int, *, start: int = 0, section: int = 0, target: int = 0, px: int = 12
) -> list[Row]:
    """Return unhurried movement at 20 Hz."""
    return [
        Row(start + 50 * i, x=100 + px * (i % 40), y=200, section=section, target=target)
        for i in range(20 * seconds)
    ]


def state_after(
    rows: Sequence[Row], *, at: int | None = None, around: ContextColumns | None = None
) -> States:
    """Return the state of the session in slot 0, by default at its last event."""
    at_ms = np.array([rows[-1].t if at is None else at])
    known = evidence(folded(rows), SLOT, at_ms)
    return estimate(known, around or context(), StateTable.allocate(1), SLOT, at_ms)


def found(
    values: Mapping[Signal, float] | None = None,
    *,
    baselines: Mapping[Signal, float] | None = None,
    dwell_s: Mapping[int, float] | None = None,
    m: int = 1,
) -> EvidenceColumns:
    """Return made-up evidence, the same for m sessions, of a hand that has moved enough."""
    value = np.full((m, len(Signal)), np.nan, np.float32)
    baseline = np.full((m, len(Signal)), np.nan, np.float32)
    for signal, number in (values or {}).items():
        value[:, signal.column] = number
    for signal, number in (baselines or {}).items():
        baseline[:, signal.column] = number
    dwell = np.zeros((m, 21), np.float32)
    for section, number in (dwell_s or {}).items():
        dwell[:, section] = number
    return EvidenceColumns(
        value=value,
        baseline=baseline,
        present=~np.isnan(value),
        dwell_s=dwell,
        moving_s=np.full(m, 10, np.float32),
        clicks=np.full(m, 5, np.int32),
        recent_moving_s=np.full(m, 5, np.float32),
        recent_clicks=np.full(m, 3, np.int32),
        sampling_hz=np.full(m, 20, np.float32),
        idle_s=np.zeros(m, np.float32),
    )


def estimated(
    known: EvidenceColumns, around: ContextColumns | None = None, *, at: int = 60_000
) -> States:
    """Return the first state of sessions with that evidence."""
    m = len(known.clicks)
    return estimate(
        known, around or context(m=m), StateTable.allocate(m), np.arange(m), np.full(m, at)
    )


def with_signal(
    known: EvidenceColumns, signal: Signal, values: NDArray[np.float32]
) -> EvidenceColumns:
    """Return the evidence with one signal's column replaced."""
    value = known.value.copy()
    value[:, signal.column] = values
    return replace(known, value=value, present=~np.isnan(value))
