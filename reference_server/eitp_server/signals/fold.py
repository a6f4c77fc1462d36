"""The way in: one tick's events into the tables, and the evidence out of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eitp_server.signals.action import fold_actions, occurrences
from eitp_server.signals.attention import fold_attention
from eitp_server.signals.back import fold_backs
from eitp_server.signals.baseline import learn
from eitp_server.signals.click import fold_clicks
from eitp_server.signals.edge import edge_exits
from eitp_server.signals.event import Kind
from eitp_server.signals.evidence import evidence
from eitp_server.signals.hesitation import Arrival, Paces, fold_hesitation
from eitp_server.signals.hold import fold_holds
from eitp_server.signals.hover import fold_hover
from eitp_server.signals.initiation import fold_initiation, waits_for_movement
from eitp_server.signals.kinematics import fold_motion
from eitp_server.signals.retreat import fold_retreats
from eitp_server.signals.scroll import fold_scrolls
from eitp_server.signals.segment import Segments
from eitp_server.signals.trail import fold_trail

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.signals.action import Tally
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
    row = np.flatnonzero(events.kind != Kind.MOVE)
    rest, movement = fold_motion(tables.motion, events)
    fold_trail(tables.trail, movement)
    stays = fold_hover(tables.hover, events, segments)
    fold_attention(tables.attention, events, segments)
    tallies = [edge_exits(events, movement), *fold_retreats(tables.retreat, events, row, stays)]
    waits = waits_for_movement(tables.initiation, events, row, segments)
    fold_initiation(tables.initiation, tables.initiating, waits, movement)
    if len(row):
        arrival = Arrival(stays=stays, rest=rest, motion=tables.motion)
        paces = Paces(decision=tables.decision, deciding=tables.deciding, hovering=tables.hovering)
        fold_hesitation(paces, events, row, arrival)
        fold_holds(tables.hold, tables.holding, events, row)
        tallies += _tallies(tables, events, row)
    fold_actions(tables.action, events, row, tallies)


def _tallies(tables: SignalTables, events: Events, row: NDArray[np.intp]) -> list[Tally]:
    clicks, answers = fold_clicks(tables.click, tables.rule, events, row)
    learn(tables.latency, slot=answers.slot, t_ms=answers.t_ms, duration_ms=answers.latency_ms)
    return [
        occurrences(events, row),
        *clicks,
        *fold_backs(tables.back, tables.rule, events, row),
        *fold_scrolls(tables.scroll, events, row),
    ]
