"""What is believed about sessions, in which context, and what of it is carried along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eitp_server.classification.packet import DIMENSIONS
from eitp_server.signals.clock import NEVER
from eitp_server.signals.slot_table import SlotTable, column

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(slots=True)
class StateTable(SlotTable):
    """The state of every session as last estimated."""

    mean: NDArray[np.float32] = column("f4", shape=(len(DIMENSIONS),))
    """(capacity, dimensions), meaningless before the first estimate."""
    at_ms: NDArray[np.int32] = column("i4", fill=NEVER)
    """(capacity,) session time of that estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextColumns:
    """Where m sessions stand; numbers are those of the `eitp.v1` enums, 0 when not reported."""

    page_type: NDArray[np.integer[Any]]
    page_section: NDArray[np.integer[Any]]
    cart_bucket: NDArray[np.integer[Any]]
    seconds: NDArray[np.float32]
    """(m,) s since the session began."""
    pages: NDArray[np.integer[Any]]
    """(m,) pages seen."""
    pointer: NDArray[np.integer[Any]]
    """(m,) a `eitp.v1.PointerType`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class States:
    """What is believed about m sessions."""

    mean: NDArray[np.float32]
    """(m, dimensions) in the order of DIMENSIONS, NaN where unknown."""
    sd: NDArray[np.float32]
    """(m, dimensions) standard deviations, NaN where unknown."""
    known: NDArray[np.bool_]
    """(m, dimensions)"""
    label: NDArray[np.uint8]
    """(m,) a `Label`, UNSPECIFIED when there is none."""
    confidence: NDArray[np.float32]
    """(m,) probability of the label, NaN when there is none."""
    abstain_reason: NDArray[np.uint8]
    """(m,) an `AbstainReason`, UNSPECIFIED when there is a label."""
    weighed: NDArray[np.uint8]
    """(m,) the label that `weights` are about: the one given; the strongest other one when that is
    NEUTRAL; the likeliest when there is none."""
    weights: NDArray[np.float32]
    """(m, signals) logits by which each signal speaks for the label weighed; by which it speaks
    against it when the label given is NEUTRAL."""
    active: NDArray[np.bool_]
    """(m,) whether the hand did something lately."""
