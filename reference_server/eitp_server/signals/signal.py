"""The signals that can stand as evidence, with their units and the rules that define them."""

from __future__ import annotations

from enum import IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Signal(IntEnum):
    """What a piece of evidence measures; numbers are those of `eitp.v1.SignalId`.

    *Recent* is event time in whole buckets, the current one included: movement of the last 9 to
    10 s, actions of the last 45 to 60 s, dwell of the last 40 to 60 s.
    """

    PATH_LENGTH = 1
    """px of pointer path, recent movement."""
    MEAN_SPEED = 2
    """px/s while the pointer moves at 20 px/s or more, recent movement."""
    PATH_EFFICIENCY = 3
    """Sum of the net displacements of the seconds over the path, 0..1, recent movement."""
    DIRECTION_FLIPS = 4
    """Reversals in x or y per second of movement, recent movement."""
    PAUSE_SHARE = 5
    """Share of the observed time in rests of 200 ms or more, 0..1, recent movement."""
    RAGE_CLICK = 6
    """Bursts, recent actions."""
    DEAD_CLICK = 7
    """Clicks that the page did not answer, recent actions."""
    SLOW_CLICK = 8
    """Clicks that the page answered late, recent actions."""
    HESITATION = 9
    """Time taken before the latest click, in spreads above the session's own usual time."""
    RESPONSE_LATENCY = 10
    """ms from the latest watched click to the page's answer, 2500 when none came."""
    CLICK_RATE = 11
    """Clicks per minute: those of the recent actions, whose window counts as a minute."""
    SCROLL_REVERSALS = 12
    """Changes of scroll direction, recent actions."""
    IDLE = 13
    """s since the pointer last moved or the hand last acted."""
    SCRIPT_ERROR = 14
    """Errors the page's scripts raised, recent actions."""
    QUICK_BACK = 15
    """Returns from a page soon after arriving, recent actions."""
    BACK_MASH = 16
    """Returns in quick succession, recent actions."""
    THRASH = 17
    """Seconds of hard back and forth, recent movement."""
    SECTION_DWELL = 18
    """s, recent dwell: in the sections that the label is about; in the one with most if in none."""
    DEPARTURES = 19
    """Times the page was hidden, recent actions."""
    SELECTIONS = 20
    """Texts selected or copied, recent actions."""
    SPEED_SD = 21
    """px/s, standard deviation of the speed of the steps; of `shape`, as are the next three."""
    TURN = 22
    """rad, mean absolute angle between a step and the next."""
    SPARC = 23
    """Spectral arc length of the speed, 0 at most; the closer to 0, the smoother."""
    ACCELERATION_RMS = 24
    """px/s^2, root mean square of the change of speed."""
    INITIATION = 25
    """Time from a click or navigation to movement, in spreads above the session's own usual."""
    CLICK_HOLD = 26
    """Time that a button was held, in spreads above the session's own usual."""
    EDGE_EXITS = 27
    """Fast ways up to the browser's own controls, recent actions."""
    ERROR_CLICK = 28
    """Clicks that a script error followed, recent actions."""
    RETREATS = 29
    """Stays on something to act on that ended without acting, recent actions."""
    REREADS = 30
    """Changes of scroll direction within one page section, recent actions."""
    UNMET_SHARE = 31
    """Dead and slow clicks over the clicks watched, 0..1, recent actions."""

    @property
    def column(self) -> int:
        """The signal's column in every (m, signals) array."""
        return self.value - 1


RULE_VERSIONS: Mapping[Signal, str] = MappingProxyType(
    {
        Signal.PATH_LENGTH: "path_length/1",
        Signal.MEAN_SPEED: "mean_speed/1",
        Signal.PATH_EFFICIENCY: "path_efficiency/1",
        Signal.DIRECTION_FLIPS: "direction_flips/1",
        Signal.PAUSE_SHARE: "pause_share/1",
        Signal.RAGE_CLICK: "rage_click/2",
        Signal.DEAD_CLICK: "dead_click/1",
        Signal.SLOW_CLICK: "slow_click/1",
        Signal.HESITATION: "hesitation/1",
        Signal.RESPONSE_LATENCY: "response_latency/1",
        Signal.CLICK_RATE: "click_rate/1",
        Signal.SCROLL_REVERSALS: "scroll_reversals/1",
        Signal.IDLE: "idle/1",
        Signal.SCRIPT_ERROR: "script_error/1",
        Signal.QUICK_BACK: "quick_back/1",
        Signal.BACK_MASH: "back_mash/1",
        Signal.THRASH: "thrash/1",
        Signal.SECTION_DWELL: "section_dwell/1",
        Signal.DEPARTURES: "departures/1",
        Signal.SELECTIONS: "selections/1",
        Signal.SPEED_SD: "speed_sd/1",
        Signal.TURN: "turn/1",
        Signal.SPARC: "sparc/1",
        Signal.ACCELERATION_RMS: "acceleration_rms/1",
        Signal.INITIATION: "initiation/1",
        Signal.CLICK_HOLD: "click_hold/1",
        Signal.EDGE_EXITS: "edge_exits/1",
        Signal.ERROR_CLICK: "error_click/1",
        Signal.RETREATS: "retreats/1",
        Signal.REREADS: "rereads/1",
        Signal.UNMET_SHARE: "unmet_share/1",
    }
)
"""The rule behind each signal; a changed threshold or exclusion is a new version."""
