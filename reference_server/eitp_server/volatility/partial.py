"""Whole sums over sessions: they merge exactly, in any order, over any number of servers."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eitp_server.volatility.increment import NEVER_US

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from eitp_server.volatility.constituent import Constituents


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial:
    """What is known of a set of sessions at a tick.

    With w the weight and v the volatility of a session, both whole.
    """

    sessions: int = 0
    """n: sessions that count."""
    weight: int = 0
    """Sw: sum of w."""
    squared_weight: int = 0
    """Sww: sum of w²."""
    weighted: int = 0
    """Swv: sum of w v."""
    squared_weight_weighted: int = 0
    """Swwv: sum of w² v."""
    squared_weighted: int = 0
    """Swwvv: sum of w² v²."""
    volatility: int = 0
    """Sv: sum of v."""
    largest_weight: int = 0
    """wmax: the largest w."""
    newest_us: int = NEVER_US
    """The latest state of any of the sessions, also of those that do not count."""

    def __add__(self, other: Partial) -> Partial:
        return merged((self, other))


def merged(partials: Iterable[Partial]) -> Partial:
    """Return the partial of all sessions of `partials`, which have none in common."""
    parts = tuple(partials)
    totals = {name: sum(getattr(one, name) for one in parts) for name in _SUMMED}
    return Partial(
        **totals,
        largest_weight=max((one.largest_weight for one in parts), default=0),
        newest_us=max((one.newest_us for one in parts), default=NEVER_US),
    )


_SUMMED: Final = tuple(
    item.name for item in fields(Partial) if item.name not in {"largest_weight", "newest_us"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Partials:
    """Partials by key, as columns; 64 bits hold nine million sessions of any kind in each."""

    key: NDArray[np.int64]
    """(k,)"""
    sums: NDArray[np.int64]
    """(k, 7) in the order of the fields of Partial."""
    largest_weight: NDArray[np.int64]
    """(k,)"""
    newest_us: NDArray[np.int64]
    """(k,)"""

    @classmethod
    def of_sessions(cls, key: NDArray[np.integer[Any]], found: Constituents) -> Partials:
        """Return one partial per different `key` (m,) of the sessions, keys ascending."""
        n, w, v = found.counted.astype(np.int64), found.weight, found.volatility
        return cls(
            key=key.astype(np.int64),
            sums=np.stack((n, w, w * w, w * v, w * w * v, w * w * v * v, v), axis=1),
            largest_weight=w,
            newest_us=found.last_us,
        ).combined()

    def combined(self) -> Partials:
        """Return one partial per different key, keys ascending."""
        if not len(self.key):
            return self
        order = np.argsort(self.key, kind="stable")
        key = self.key[order]
        start = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
        return Partials(
            key=key[start],
            sums=np.add.reduceat(self.sums[order], start, axis=0),
            largest_weight=np.maximum.reduceat(self.largest_weight[order], start),
            newest_us=np.maximum.reduceat(self.newest_us[order], start),
        )

    def rekeyed(self, key: NDArray[np.integer[Any]]) -> Partials:
        """Return the partials under other keys (k,), those that became equal combined."""
        return Partials(
            key=key.astype(np.int64),
            sums=self.sums,
            largest_weight=self.largest_weight,
            newest_us=self.newest_us,
        ).combined()

    def by_key(self) -> dict[int, Partial]:
        """Return each partial by its key."""
        columns = (self.sums.tolist(), self.largest_weight.tolist(), self.newest_us.tolist())
        return {
            key: Partial(
                **dict(zip(_SUMMED, sums, strict=True)), largest_weight=largest, newest_us=newest
            )
            for key, sums, largest, newest in zip(self.key.tolist(), *columns, strict=True)
        }
