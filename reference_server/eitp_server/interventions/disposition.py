"""What the page did with an intervention, and which report goes on from which."""

from __future__ import annotations

from enum import IntEnum


class InterventionDisposition(IntEnum):
    """What became of it; numbers are those of `eitp.v1.InterventionDisposition`."""

    DELIVERED = 1
    SHOWN = 2
    CLICKED = 3
    DISMISSED = 4
    SUPPRESSED = 5
    EXPIRED = 6

    def follows(self, earlier: InterventionDisposition) -> bool:
        """Return whether a report of this goes on from `earlier`: delivered, shown, an end."""
        return _stage(earlier) < _stage(self)


def _stage(disposition: InterventionDisposition) -> int:
    return min(disposition, InterventionDisposition.CLICKED)
