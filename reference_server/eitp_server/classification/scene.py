"""What is read from evidence and context before anything is concluded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eitp_server.classification.circumstance import circumstances
from eitp_server.classification.weights import CIRCUMSTANCE_READINGS, SIGNAL_READINGS, read
from eitp_server.signals.signal import Signal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.classification.circumstance import Circumstance
    from eitp_server.classification.state import ContextColumns
    from eitp_server.signals.evidence import EvidenceColumns


UNKNOWN, TOUCH = 0, 2
"""`eitp.v1.PointerType`"""
_OF_A_CURSOR = [
    signal.column
    for signal in (
        Signal.PATH_LENGTH,
        Signal.MEAN_SPEED,
        Signal.PATH_EFFICIENCY,
        Signal.DIRECTION_FLIPS,
        Signal.PAUSE_SHARE,
        Signal.THRASH,
        Signal.INITIATION,
        Signal.EDGE_EXITS,
        Signal.RETREATS,
    )
]
_OF_ONE_POINTER = [Signal.MEAN_SPEED.column, Signal.DIRECTION_FLIPS.column]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The values and readings of m sessions; what is absent is 0."""

    signals: NDArray[np.float32]
    """(m, signals) in the units of `Signal`."""
    circumstances: NDArray[np.float32]
    """(m, circumstances) in the units of `Circumstance`."""
    signal_readings: NDArray[np.float32]
    """(m, signals)"""
    circumstance_readings: NDArray[np.float32]
    """(m, circumstances)"""

    @classmethod
    def of(cls, evidence: EvidenceColumns, context: ContextColumns) -> Scene:
        """Read the evidence."""
        present = evidence.present & _telling(context)
        signals = np.where(present, evidence.value, 0)
        around = circumstances(evidence, context)
        readings = read(SIGNAL_READINGS, signals, evidence.baseline)
        readings *= present
        return cls(
            signals=signals,
            circumstances=around,
            signal_readings=readings,
            circumstance_readings=read(CIRCUMSTANCE_READINGS, around, np.zeros_like(around)),
        )

    def signal(self, signal: Signal) -> NDArray[np.float32]:
        """Return (m,): the value of a signal."""
        return self.signals[:, signal.column]

    def reading(self, signal: Signal) -> NDArray[np.float32]:
        """Return (m,): the reading of a signal."""
        return self.signal_readings[:, signal.column]

    def circumstance(self, circumstance: Circumstance) -> NDArray[np.float32]:
        """Return (m,): the value of a circumstance."""
        return self.circumstances[:, circumstance]

    def weighted(
        self, of_signals: NDArray[np.float32], of_circumstances: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return (m, k): sums of the readings under weights (signals, k), (circumstances, k)."""
        # Not a matrix product: that hands so small a sum to threads, which take longer to wake.
        weighted = np.einsum("sm,sk->km", self.signal_readings.T, of_signals)
        weighted += np.einsum("cm,ck->km", self.circumstance_readings.T, of_circumstances)
        return weighted.T


def _telling(context: ContextColumns) -> NDArray[np.bool_]:
    """Return (m, signals) what the session's kind of pointer lets a signal tell.

    A finger is seen only while it touches, so its paths and pauses are the page's; and a pointer
    of unknown kind has no usual speed to compare with, because it may be several.
    """
    # In the layout of the evidence, one row per signal: any other slows down all that follows.
    telling = np.ones((len(SIGNAL_READINGS), len(context.pointer)), np.bool_)
    telling[_OF_A_CURSOR] &= context.pointer != TOUCH
    telling[_OF_ONE_POINTER] &= context.pointer != UNKNOWN
    return telling.T
