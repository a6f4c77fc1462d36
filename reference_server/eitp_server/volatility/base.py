"""What is usual for a feed: the median of its past one-minute closes and the spread about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eitp_server.volatility.methodology import SECOND_US

if TYPE_CHECKING:
    from numpy.typing import NDArray

MINUTE_US: Final = 60 * SECOND_US
DAY_US: Final = 24 * 60 * MINUTE_US
WINDOW_DAYS: Final = 28
"""Four of each weekday."""
LEAST_DAYS: Final = 7
LEAST_MINUTES: Final = 2_000
LEAST_SPREAD: Final = 0.05
COMPUTED_AFTER_US: Final = 10 * MINUTE_US
"""After midnight UTC: what comes late is in by then."""
_NORMAL: Final = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


class BaseKind(IntEnum):
    """How a base moves; numbers are those of `eitp.v1.BaseKind`."""

    ROLLING = 1
    FIXED = 2


class BaseSource(IntEnum):
    """Where the numbers of a base come from; numbers are those of `eitp.v1.BaseSource`."""

    OWN = 1
    PARENT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What a feed is scaled by."""

    base_id: str
    kind: BaseKind
    source: BaseSource
    median: float
    """Level at which the index reads 50, above 0."""
    spread: float
    """Of the natural logarithm of the level, LEAST_SPREAD or more."""
    start_us: int
    """First moment of the days that it was taken from."""
    end_us: int
    valid_minutes: int
    effective_us: int
    """First moment at which it is in force, a midnight UTC."""


@dataclass(frozen=True, slots=True)
class Closes:
    """Levels at the end of minutes, in any order; minutes without one are missing."""

    at_us: NDArray[np.int64]
    """(k,) first moment of the minute, UTC."""
    level: NDArray[np.float64]
    """(k,)"""

    def within(self, start_us: int, end_us: int) -> Closes:
        """Return the closes of [start, end) that are finite and not negative."""
        chosen = (self.at_us >= start_us) & (self.at_us < end_us)
        chosen &= np.isfinite(self.level) & (self.level >= 0)
        return Closes(self.at_us[chosen], self.level[chosen])

    @property
    def minutes(self) -> int:
        """Different minutes that have a close."""
        return len(np.unique(self.at_us // MINUTE_US))

    @property
    def days(self) -> int:
        """Different UTC days that have a close."""
        return len(np.unique(self.at_us // DAY_US))


def rolling_base(closes: Closes, effective_us: int) -> Base | None:
    """Return the base in force from the midnight `effective_us` for a day; None for too few closes.

    It is computed a day before, after COMPUTED_AFTER_US, from the WINDOW_DAYS whole days that were
    over then.
    """
    end_us = _midnight(effective_us) - DAY_US
    return _base(
        closes.within(end_us - WINDOW_DAYS * DAY_US, end_us),
        base_id=f"rolling-{_day(effective_us)}",
        kind=BaseKind.ROLLING,
        window_us=(end_us - WINDOW_DAYS * DAY_US, end_us),
        effective_us=_midnight(effective_us),
    )


def fixed_base(closes: Closes, *, start_us: int, end_us: int, effective_us: int) -> Base | None:
    """Return a base from [start, end) that is kept for good; None for too few closes."""
    return _base(
        closes.within(start_us, end_us),
        base_id=f"fixed-{_day(effective_us)}",
        kind=BaseKind.FIXED,
        window_us=(start_us, end_us),
        effective_us=_midnight(effective_us),
    )


def borrowed(parent: Base) -> Base:
    """Return the base of a feed that has none of its own, from its parent's."""
    if parent.source == BaseSource.PARENT:
        return parent
    return replace(parent, base_id=f"{parent.base_id}-parent", source=BaseSource.PARENT)


def median_and_spread(level: NDArray[np.float64]) -> tuple[float, float] | None:
    """Return the median of levels (k,) and their spread on the log scale, with its floor.

    None when there is no level, or half of them are 0: the logarithm has no scale then.
    """
    if not len(level):
        return None
    median = float(np.median(level))
    if median <= 0:
        return None
    with np.errstate(divide="ignore"):
        distance = float(np.median(np.abs(np.log(level / median))))
    return (median, max(LEAST_SPREAD, _NORMAL * distance)) if np.isfinite(distance) else None


def next_effective_us(now_us: int) -> int:
    """Return the midnight from which the newest base that can be computed at `now_us` holds."""
    return _midnight(now_us - COMPUTED_AFTER_US) + DAY_US


def _base(closes: Closes, *, window_us: tuple[int, int], **identity: Any) -> Base | None:
    if closes.days < LEAST_DAYS or closes.minutes < LEAST_MINUTES:
        return None
    found = median_and_spread(closes.level)
    if found is None:
        return None
    return Base(
        source=BaseSource.OWN,
        median=found[0],
        spread=found[1],
        start_us=window_us[0],
        end_us=window_us[1],
        valid_minutes=closes.minutes,
        **identity,
    )


def _midnight(at_us: int) -> int:
    return at_us // DAY_US * DAY_US


def _day(at_us: int) -> date:
    # Not from a timestamp: those before 1970 fail on some systems.
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return (epoch + timedelta(microseconds=at_us)).date()
