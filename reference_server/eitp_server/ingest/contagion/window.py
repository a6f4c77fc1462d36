"""A day of minutes as columns, and which of its regions may be analysed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.intelligence.contagion.preparation import STILL, VALID
from eitp_server.intelligence.contagion.profile import DAY, WEEK, Profile
from eitp_server.volatility.reason import NoValueReason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from eitp_server.intelligence.contagion.gram import Array
    from eitp_server.storage.contagion_value import Minute

MINUTE_US: Final = 60_000_000
WINDOW: Final = 1_440
"""Minutes."""
MOST_REGIONS: Final = 200
"""Beyond, an analysis takes longer than there is until the next one."""
SEEN: Final = 0.5
"""Share of 28 days in which a region needs a value for a profile of its week."""
_MONDAY: Final = 4 * 1_440
"""Minutes from the epoch, a Thursday, to the first Monday."""
_EMPTY: Final = int(NoValueReason.INSUFFICIENT_SESSIONS)
_TENANTS: Final = int(NoValueReason.INSUFFICIENT_TENANTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """T minutes of the N regions that may enter, and why others that were seen may not."""

    names: tuple[str, ...]
    values: Array
    """(T, N), NaN where there is none."""
    sessions: Array
    """(T, N)."""
    excluded: Mapping[str, str]
    """By name, with a name of `eitp.v1.RegionExclusionReason`."""
    seen: Mapping[str, int]
    """Sessions of all minutes together, of each region whether it may enter or not."""
    fewest: Mapping[str, int]
    """Sessions in the poorest minute with a value, 0 without one, as `seen`."""
    start_us: int
    end_us: int

    @property
    def minutes(self) -> int:
        """T."""
        return len(self.values)

    @property
    def minute(self) -> NDArray[np.int64]:
        """(T,) minutes since Monday 00:00 UTC, of each row's end."""
        first = self.start_us // MINUTE_US + 1 - _MONDAY
        return (first + np.arange(self.minutes)) % WEEK.minutes


def window_of(
    minutes: Sequence[Minute], end_us: int, length: int = WINDOW, *, least: float = VALID
) -> Window:
    """Put the minutes up to `end_us` together; it begins with the first one that there is.

    A region that a minute does not name had no session in it. A region enters that has a value in
    `least` of the minutes and moves; of more than MOST_REGIONS those with the most sessions. Where
    too few sessions, or else too few tenants, alone keep it from that share, they are the reason.
    """
    kept = [one for one in minutes if end_us - length * MINUTE_US < one.at_us <= end_us]
    first = kept[0].at_us if kept else end_us + MINUTE_US
    count = (end_us - first) // MINUTE_US + 1
    tally = _Tally(kept)
    excluded = tally.exclusions(count, least)
    names = tuple(name for name in tally.names if name not in excluded)
    values = np.full((count, len(names)), np.nan)
    sessions = np.zeros((count, len(names)))
    place = {name: number for number, name in enumerate(names)}
    named, to, of = tuple[str, ...](), np.zeros(0, np.intp), np.zeros(0, np.intp)
    for one in kept:
        row = (one.at_us - first) // MINUTE_US
        if one.regions != named:
            named = one.regions
            found = [(place[name], n) for n, name in enumerate(named) if name in place]
            to, of = np.array(found, np.intp).reshape(-1, 2).T
        values[row, to] = one.levels[of]
        sessions[row, to] = one.sessions[of]
    return Window(
        names=names,
        values=values,
        sessions=sessions,
        excluded=excluded,
        seen=dict(zip(tally.names, tally.seen.tolist(), strict=True)),
        fewest=dict(zip(tally.names, tally.fewest.tolist(), strict=True)),
        start_us=first - MINUTE_US,
        end_us=end_us,
    )


class _Tally:
    """What decides which regions enter, counted before there is a column for any.

    Visitors say which region they are in, and a column for each name that was ever said would take
    more memory than there is.
    """

    def __init__(self, minutes: Sequence[Minute]) -> None:
        self.names = sorted({name for names in {one.regions for one in minutes} for name in names})
        number = len(self.names)
        self.seen = np.zeros(number, np.int64)
        self._valid, self._tenants = np.zeros(number, np.int64), np.zeros(number, np.int64)
        self._empty = np.full(number, len(minutes), np.int64)
        self._poorest = np.full(number, np.iinfo(np.int64).max)
        self._lowest, self._highest = np.full(number, np.inf), np.full(number, -np.inf)
        place = {name: n for n, name in enumerate(self.names)}
        named, at = tuple[str, ...](), np.zeros(0, np.intp)
        for one in minutes:
            if one.regions != named:
                named, at = one.regions, np.array([place[name] for name in one.regions], np.intp)
            self._count(one, at)

    @property
    def fewest(self) -> NDArray[np.int64]:
        """(N,)."""
        return np.where(self._valid > 0, self._poorest, 0)

    def exclusions(self, count: int, least: float) -> dict[str, str]:
        """Return why regions may not enter a window of so many minutes."""
        found: dict[str, str] = {}
        for n, name in enumerate(self.names):
            if self._valid[n] / count < least:
                found[name] = self._lacking(n, count, least)
            # Before the usual course is taken out, which leaves the rounding of a constant.
            elif self._is_still(n):
                found[name] = "CONSTANT"
        left = [n for n, name in enumerate(self.names) if name not in found]
        left.sort(key=lambda n: -self.seen[n])
        return found | dict.fromkeys((self.names[n] for n in left[MOST_REGIONS:]), "TOO_MANY")

    def _count(self, one: Minute, at: NDArray[np.intp]) -> None:
        known = np.isfinite(one.levels)
        has, levels, sessions = at[known], one.levels[known], one.sessions[known]
        self.seen[at] += one.sessions
        self._empty[at] -= one.reasons != _EMPTY
        self._tenants[at] += one.reasons == _TENANTS
        self._valid[has] += 1
        self._poorest[has] = np.minimum(self._poorest[has], sessions)
        self._lowest[has] = np.minimum(self._lowest[has], levels)
        self._highest[has] = np.maximum(self._highest[has], levels)

    def _lacking(self, n: int, count: int, least: float) -> str:
        if 1 - self._empty[n] / count < least:
            return "INSUFFICIENT_SESSIONS"
        return "INSUFFICIENT_TENANTS" if 1 - self._tenants[n] / count < least else "MISSING_MINUTES"

    def _is_still(self, n: int) -> bool:
        low, high = float(self._lowest[n]), float(self._highest[n])
        return high - low <= STILL * max(abs(low), abs(high))


def calm(window: Window, weeks: Mapping[str, Sequence[float]]) -> tuple[Array, bool]:
    """Return (T, N) values less their usual course.

    That is a region's week in `weeks`, or a daily cycle that is fitted to the window alone; the
    second value is whether all had a week.
    """
    values = window.values
    usual = np.empty_like(values)
    basis = WEEK.basis(window.minute)
    for number, name in enumerate(window.names):
        if name in weeks:
            usual[:, number] = basis @ np.asarray(weeks[name], np.float64)
        else:
            own = Profile.fit(values[:, [number]], window.minute, DAY)
            usual[:, number] = DAY.basis(window.minute) @ own.weights[:, 0]
    return values - usual, all(name in weeks for name in window.names)


def steady(window: Window) -> Array:
    """Return (T, N) sessions for weighing; a bridged minute counts as its region's poorest."""
    counted = np.where(np.isnan(window.values), np.nan, window.sessions)
    return np.where(np.isnan(counted), np.nanmin(counted, axis=0), counted)


def weeks_of(window: Window) -> dict[str, list[float]]:
    """Return the weights of the week's waves of each region in the window."""
    return {
        name: Profile.fit(window.values[:, [n]], window.minute, WEEK).weights[:, 0].tolist()
        for n, name in enumerate(window.names)
    }
