"""Sets of sessions with given weights and volatilities, and bases to hold them against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from eitp_server.volatility.base import Base, BaseKind, BaseSource
from eitp_server.volatility.constituent import Constituents
from eitp_server.volatility.partial import Partial, Partials

if TYPE_CHECKING:
    from collections.abc import Sequence

AT_US = 1_700_000_000_000_000


def counted(pairs: Sequence[tuple[int, int]], at_us: int = AT_US) -> Constituents:
    """Return sessions with these whole weights and volatilities, heard just now."""
    columns = np.array(pairs, np.int64).reshape(-1, 2)
    return Constituents(
        weight=columns[:, 0],
        volatility=columns[:, 1],
        last_us=np.full(len(pairs), at_us, np.int64),
    )


def partial(pairs: Sequence[tuple[int, int]], at_us: int = AT_US) -> Partial:
    """Return the sums over such sessions."""
    table = Partials.of_sessions(np.zeros(len(pairs), np.int64), counted(pairs, at_us))
    return table.by_key().get(0, Partial())


def base(median: float = 1.0, spread: float = 0.1) -> Base:
    """Return a base that has these numbers."""
    return Base(
        base_id="rolling-2023-11-14",
        kind=BaseKind.ROLLING,
        source=BaseSource.OWN,
        median=median,
        spread=spread,
        start_us=0,
        end_us=AT_US,
        valid_minutes=10_000,
        effective_us=AT_US,
    )
