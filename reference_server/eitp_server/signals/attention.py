"""Where on the page the pointer dwells: the time spent in each section, lately.

A price without a section counts as the price section, a form and its fields as the form section.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eitp_server.signals.clock import NEVER, whole_ms
from eitp_server.signals.event import Kind, Role
from eitp_server.signals.segment import run_starts
from eitp_server.signals.slot_table import SlotTable, column
from eitp_server.signals.window import UNUSED, deposit_each, window_ending

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.signals.event import Events
    from eitp_server.signals.segment import Segments

BUCKET_MS = 20_000
BUCKETS = 3
LONGEST_MS = 3000
"""How much of a silence after an event counts as dwell where the event was."""
SECTIONS = 21
"""Values of `eitp.v1.PageSection` that are told apart; 0 is not reported and holds no dwell."""
OTHER = SECTIONS - 1
PRICE, FORM = 7, 16
"""`eitp.v1.PageSection` of what costs something and of what is filled in."""

_OF_ROLE = np.zeros(256, np.uint8)
_OF_ROLE[Role.PRICE] = PRICE
_OF_ROLE[[Role.FORM, Role.TEXT_FIELD]] = FORM


@dataclass(slots=True)
class AttentionTable(SlotTable):
    """Where the pointer of every session is and was."""

    # A bucket cannot hold more than its own length and one silence: 16 bits are enough.
    sums: NDArray[np.int16] = column("i2", shape=(BUCKETS, SECTIONS))
    """(capacity, buckets, sections) ms."""
    epochs: NDArray[np.int32] = column("i4", shape=(BUCKETS,), fill=UNUSED)
    section: NDArray[np.uint8] = column("u1")
    """(capacity,) where the pointer is."""
    since_ms: NDArray[np.int32] = column("i4", fill=NEVER)
    """(capacity,) time up to which its dwell has been counted; NEVER while in no section."""


def fold_attention(table: AttentionTable, events: Events, segments: Segments) -> None:
    """Add the dwell that the time between `events`, of the sessions `segments`, adds."""
    section = np.minimum(events.section, np.uint8(OTHER))
    unnamed = np.flatnonzero((section == 0) & (events.role != 0))
    section[unnamed] = _OF_ROLE[events.role[unnamed]]
    section *= events.kind != Kind.HIDDEN
    if not section.any() and not table.section[segments.slot].any():
        return
    t = whole_ms(events.t_ms)
    before = segments.lagged(section, table.section[segments.slot])
    dwell = np.minimum(t - segments.lagged(t, table.since_ms[segments.slot]), LONGEST_MS)
    last = segments.last
    table.section[segments.slot] = section[last]
    table.since_ms[segments.slot] = np.where(section[last] == 0, NEVER, t[last])
    _deposit(table, slot=events.slot, t=t, section=before, dwell=dwell)


def dwell_ms(
    table: AttentionTable, slots: NDArray[np.integer[Any]], at_ms: NDArray[np.int32]
) -> NDArray[np.int16]:
    """Return (m, sections): dwell in the window of 40 to 60 s that ends at `at_ms` (m,)."""
    epoch = at_ms // BUCKET_MS
    window = window_ending(epoch, sums=table.sums, epochs=table.epochs, slots=slots)
    return window.total() if window.live.any() else np.zeros((len(slots), SECTIONS), np.int16)


def _deposit(
    table: AttentionTable,
    *,
    slot: NDArray[np.int32],
    t: NDArray[np.int32],
    section: NDArray[np.uint8],
    dwell: NDArray[np.int32],
) -> None:
    epoch = t // BUCKET_MS
    changed = (section[1:] != section[:-1]) | (epoch[1:] != epoch[:-1]) | (slot[1:] != slot[:-1])
    start = run_starts(changed)
    amount = np.add.reduceat(dwell, start, dtype=np.int32)
    somewhere = section[start] != 0
    start = start[somewhere]
    deposit_each(
        table.sums,
        table.epochs,
        slot=slot[start],
        epoch=epoch[start],
        measure=section[start],
        amount=amount[somewhere].astype(np.int16),
    )
