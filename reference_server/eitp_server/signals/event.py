"""What the hand did: the flat columns that every signal is computed from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Kind(IntEnum):
    """What an event is; numbers are those of `eitp.v1.EventKind`."""

    MOVE = 1
    DOWN = 2
    UP = 3
    CLICK = 4
    SCROLL = 5
    KEY = 6
    FOCUS = 7
    BLUR = 8
    HIDDEN = 9
    VISIBLE = 10
    BACK = 11
    FORWARD = 12
    NAVIGATE = 13
    RESPONSE = 14
    NO_RESPONSE = 15
    SCRIPT_ERROR = 16
    SELECT = 17
    COPY = 18


class Role(IntEnum):
    """What a target is to the shopper; numbers are those of `eitp.v1.TargetRole`."""

    UNSPECIFIED = 0
    BUTTON = 1
    LINK = 2
    TEXT_FIELD = 3
    SELECT = 4
    CHECKBOX = 5
    STEPPER = 6
    PAGER = 7
    IMAGE = 8
    CANVAS = 9
    VIDEO = 10
    PRICE = 11
    FORM = 12
    TEXT = 13
    OTHER = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """All events of one tick, n of them, sessions contiguous and time ascending inside each.

    Time is the session clock: whole milliseconds since the session's first event, never
    decreasing within a slot. Positions are CSS pixels of the page's viewport.
    """

    slot: NDArray[np.int32]
    """(n,) row of the session in every slot table; equal values are adjacent."""
    t_ms: NDArray[np.int64]
    """(n,) session clock, ms."""
    x: NDArray[np.int32]
    """(n,) px."""
    y: NDArray[np.int32]
    """(n,) px, downward."""
    kind: NDArray[np.uint8]
    """(n,) a `Kind`."""
    target: NDArray[np.int64]
    """(n,) salted identity of the element under the pointer, 0 when not reported."""
    role: NDArray[np.uint8]
    """(n,) a `Role`, UNSPECIFIED when not reported."""
    section: NDArray[np.uint8]
    """(n,) `eitp.v1.PageSection` of the target, 0 when not reported."""
    scroll_x: NDArray[np.int32]
    """(n,) px scrolled right by a SCROLL, else 0."""
    scroll_y: NDArray[np.int32]
    """(n,) px scrolled down by a SCROLL, else 0."""
    response_ms: NDArray[np.int32]
    """(n,) latency in ms of the page's answer, on RESPONSE; -1 on all else."""
