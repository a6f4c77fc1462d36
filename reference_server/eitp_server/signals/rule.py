"""The thresholds of the friction rules, which a tenant may set for its own pages."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from eitp_server.signals.slot_table import SlotTable, column

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What makes a click or a return count; the defaults are those of the rules as published."""

    rage_clicks: int = 3
    """Clicks on one thing that the page left unanswered, which make a burst; 2 to 20.

    One more where nobody reports whether it answered.
    """
    rage_gap_ms: int = 1000
    """Longest time between two clicks of a burst; 100 to 5000."""
    rage_reach_px: int = 30
    """Longest distance between two clicks of a burst; 1 to 500."""
    slow_click_ms: int = 1000
    """Latency of an answer from which a click is slow; 100 to 10000."""
    dead_click_ms: int = 2500
    """Latency of an answer from which a click counts as unanswered; 500 to 30000."""
    quick_back_ms: int = 5000
    """Stay on a page below which a return is quick; 500 to 60000."""
    back_mash_ms: int = 2000
    """Time between two returns up to which the second is one of a series; 200 to 10000."""


DEFAULTS = Thresholds()


@dataclass(slots=True)
class RuleTable(SlotTable):
    """The thresholds of every session, as its tenant had set them when it began."""

    rage_clicks: NDArray[np.int16] = column("i2", fill=DEFAULTS.rage_clicks)
    rage_gap_ms: NDArray[np.int16] = column("i2", fill=DEFAULTS.rage_gap_ms)
    rage_reach_px: NDArray[np.int16] = column("i2", fill=DEFAULTS.rage_reach_px)
    slow_click_ms: NDArray[np.int16] = column("i2", fill=DEFAULTS.slow_click_ms)
    dead_click_ms: NDArray[np.int16] = column("i2", fill=DEFAULTS.dead_click_ms)
    quick_back_ms: NDArray[np.uint16] = column("u2", fill=DEFAULTS.quick_back_ms)
    back_mash_ms: NDArray[np.int16] = column("i2", fill=DEFAULTS.back_mash_ms)
    own: NDArray[np.bool_] = column("?")
    """(capacity,) whether any threshold is another than the published one."""

    def set(self, slot: int, thresholds: Thresholds) -> None:
        """Judge the session in `slot` by `thresholds` from now on."""
        for item in fields(thresholds):
            getattr(self, item.name)[slot] = getattr(thresholds, item.name)
        self.own[slot] = thresholds != DEFAULTS


def thresholds_from(document: dict[str, Any]) -> Thresholds:
    """Return the thresholds that `document` names, the published ones for all others."""
    known = {item.name for item in fields(Thresholds)}
    return Thresholds(**{name: value for name, value in document.items() if name in known})
