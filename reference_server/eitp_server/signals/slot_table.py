"""Struct of arrays: numpy columns that share one slot index per session."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


def column(dtype: str, *, shape: tuple[int, ...] = (), fill: float = 0) -> Any:
    """Declare a column of a slot table.

    `shape` is that of one slot's value; `fill` is what a fresh slot holds.
    """
    return field(metadata={"dtype": np.dtype(dtype), "shape": shape, "fill": fill})


@dataclass(slots=True)
class SlotTable:
    """Base of every per-session table: subclasses only declare columns.

    All columns have the capacity as their first axis. A slot is reused after `reset`.
    """

    @classmethod
    def allocate(cls, capacity: int) -> Self:
        """Return a table of `capacity` fresh slots."""
        return cls(**{name: _fresh(meta, capacity) for name, meta in cls._columns().items()})

    @classmethod
    def bytes_per_slot(cls) -> int:
        """Return the memory that one session takes in this table."""
        return sum(_fresh(meta, 1).nbytes for meta in cls._columns().values())

    def grow(self, capacity: int) -> None:
        """Extend every column to `capacity` slots; existing rows keep their values."""
        for name, meta in self._columns().items():
            old: NDArray[Any] = getattr(self, name)
            new = _fresh(meta, capacity)
            new[: len(old)] = old
            setattr(self, name, new)

    def reset(self, slots: NDArray[np.integer[Any]]) -> None:
        """Make `slots` fresh again."""
        for name, meta in self._columns().items():
            getattr(self, name)[slots] = meta["fill"]

    def dump(self, slots: NDArray[np.integer[Any]]) -> dict[str, NDArray[Any]]:
        """Copy the rows `slots` of every column, for a snapshot."""
        return {name: getattr(self, name)[slots] for name in self._columns()}

    def load(self, slots: NDArray[np.integer[Any]], rows: Mapping[str, NDArray[Any]]) -> None:
        """Write rows from `dump` into `slots`."""
        for name in self._columns():
            getattr(self, name)[slots] = rows[name]

    @classmethod
    def _columns(cls) -> dict[str, dict[str, Any]]:
        return {item.name: dict(item.metadata) for item in fields(cls)}


def _fresh(meta: Mapping[str, Any], capacity: int) -> NDArray[Any]:
    shape = (capacity, *meta["shape"])
    if meta["fill"] == 0:
        # Pages of zeros take no memory before they are written: slots ahead of need are free.
        return np.zeros(shape, dtype=meta["dtype"])
    return np.full(shape, meta["fill"], dtype=meta["dtype"])
