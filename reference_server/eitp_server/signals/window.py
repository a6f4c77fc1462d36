"""Sliding windows of event time: a ring of buckets that hold integer sums.

Integer sums do not depend on the order or the grouping of their terms, so a window is the same,
bit for bit, however its events were batched. A bucket belongs to one epoch (a count of bucket
lengths since the session began); a later epoch takes it over and starts from zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Sum = TypeVar("Sum", np.int16, np.int32)

UNUSED = -(1 << 20)
"""Epoch of a bucket that never held anything."""


def deposit(
    sums: NDArray[Sum],
    epochs: NDArray[np.int32],
    *,
    slot: NDArray[np.integer[Any]],
    epoch: NDArray[np.int32],
    amounts: NDArray[Sum],
) -> None:
    """Add `amounts` (p, measures) to the buckets of (slot, epoch); no pair occurs twice.

    `sums` is (capacity, buckets, measures), `epochs` (capacity, buckets).
    """
    cell, live = _open(sums, epochs, slot=slot, epoch=epoch)
    if not live.all():
        cell, amounts = cell[live], amounts[live]
    sums.reshape(-1, sums.shape[2])[cell] += amounts


def deposit_each(
    sums: NDArray[Sum],
    epochs: NDArray[np.int32],
    *,
    slot: NDArray[np.integer[Any]],
    epoch: NDArray[np.int32],
    measure: NDArray[np.integer[Any]],
    amount: NDArray[Sum],
) -> None:
    """Add `amount` (p,) to one `measure` (p,) each of (slot, epoch); pairs may repeat."""
    cell, live = _open(sums, epochs, slot=slot, epoch=epoch)
    target = cell * sums.shape[2] + measure
    np.add.at(sums.reshape(-1), target[live], amount[live])


@dataclass(frozen=True, slots=True)
class Window(Generic[Sum]):
    """The buckets of m sessions and which of them lie within the window."""

    sums: NDArray[Sum]
    """(m, buckets, measures), also of buckets that have passed."""
    live: NDArray[np.bool_]
    """(m, buckets)"""

    def total(self) -> NDArray[Sum]:
        """Return (m, measures): the sum over the live buckets."""
        # Masking and reducing a short middle axis take several times as long.
        return np.einsum("mbk,mb->mk", self.sums, self.live.astype(self.sums.dtype))


def window_ending(
    epoch: NDArray[np.int32],
    *,
    sums: NDArray[Sum],
    epochs: NDArray[np.int32],
    slots: NDArray[np.integer[Any]],
) -> Window[Sum]:
    """Take the windows of `slots` (m,) whose newest bucket would be `epoch` (m,)."""
    return Window(sums[slots], epochs[slots] > epoch[:, None] - epochs.shape[1])


def _open(
    sums: NDArray[Sum],
    epochs: NDArray[np.int32],
    *,
    slot: NDArray[np.integer[Any]],
    epoch: NDArray[np.int32],
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    buckets = epochs.shape[1]
    flat = epochs.reshape(-1)
    cell = slot.astype(np.intp) * buckets + epoch % buckets
    before = flat[cell]
    np.maximum.at(flat, cell, epoch)
    newest = flat[cell]
    sums.reshape(-1, sums.shape[2])[cell[newest != before]] = 0
    return cell, epoch == newest
