"""The way in: one tick's events into the tables, and the evidence out of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eitp_server.signals.action import fold_actions, occurrences
from eitp_server.signals.attention import fold_attention
from eitp_server.signals.back import fold_backs
from eitp_server.signals.baseline import learn
from eitp_server.signals.click import fold_clicks
from eitp_server.signals.event import Kind
from eitp_server.signals.evidence import evidence
from eitp_server.signals.hesitation import Arrival, Paces, fold_hesitation
from eitp_server.signals.hover import fold_hover
from eitp_server.signals.kinematics import fold_motion
from eitp_server.signals.scroll import fold_scrolls
from eitp_server.signals.segment import Segments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.signals.event import Events
    from eitp_server.signals.tables import SignalTables

__all__ = ["evidence", "fold"]


def fold(tables: SignalTables, events: Events) -> None:
    """Add all events of a tick to `tables`.

    The outcome depends on each session's events and their order only, not on how they were
    divided into ticks.
    """
    if not len(events.slot):
        return
    segments = Segments.of(events.slot)
    rest = fold_motion(tables.motion, events)
    stays = fold_hover(tables.hover, events, segments)
    fold_attention(tables.attention, events, segments)
    row = np.flatnonzero(events.kind != Kind.MOVE)
    if len(row):
        arrival = Arrival(stays=stays, rest=rest, motion=tables.motion)
        paces = Paces(decision=tables.decision, deciding=tables.deciding, hovering=tables.hovering)
        fold_hesitation(paces, events, row, arrival)
        _fold_actions(tables, events, row)


def _fold_actions(tables: SignalTables, events: Events, row: NDArray[np.intp]) -> None:
    clicks, answers = fold_clicks(tables.click, events, row)
    learn(tables.latency, slot=answers.slot, t_ms=answers.t_ms, duration_ms=answers.latency_ms)
    tallies = [
        occurrences(events, row),
        *clicks,
        *fold_backs(tables.back, events, row),
        *fold_scrolls(tables.scroll, events, row),
    ]
    fold_actions(tables.action, events, row, tallies)
