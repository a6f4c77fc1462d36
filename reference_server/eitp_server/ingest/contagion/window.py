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
_DOWN: Final = 255
"""In place of a reason: the minute was not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """T minutes of N regions that were seen in them."""

    names: tuple[str, ...]
    values: Array
    """(T, N), NaN where there is none."""
    sessions: Array
    """(T, N)."""
    reasons: NDArray[np.uint8]
    """(T, N) 0 with a value, else a `NoValueReason`, 255 where the server did not count."""
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


def window_of(minutes: Sequence[Minute], end_us: int, length: int = WINDOW) -> Window:
    """Put the minutes up to `end_us` together; it begins with the first one that there is.

    A region that a minute does not name had no session in it.
    """
    kept = [one for one in minutes if end_us - length * MINUTE_US < one.at_us <= end_us]
    first = kept[0].at_us if kept else end_us + MINUTE_US
    count = (end_us - first) // MINUTE_US + 1
    names = tuple(sorted({name for regions in {one.regions for one in kept} for name in regions}))
    place = {name: number for number, name in enumerate(names)}
    values = np.full((count, len(names)), np.nan)
    sessions = np.zeros((count, len(names)))
    reasons = np.full((count, len(names)), _DOWN, np.uint8)
    columns: dict[tuple[str, ...], NDArray[np.intp]] = {}
    for one in kept:
        row = (one.at_us - first) // MINUTE_US
        if one.regions not in columns:
            columns[one.regions] = np.array([place[name] for name in one.regions], np.intp)
        at = columns[one.regions]
        reasons[row] = _EMPTY
        values[row, at] = one.levels
        sessions[row, at] = one.sessions
        reasons[row, at] = one.reasons
    return Window(
        names=names,
        values=values,
        sessions=sessions,
        reasons=reasons,
        start_us=first - MINUTE_US,
        end_us=end_us,
    )


def exclusions(window: Window) -> dict[str, str]:
    """Return the regions that may not enter, with a name of `eitp.v1.RegionExclusionReason`.

    A region needs a value in nine of ten minutes. Where too few sessions, or else too few tenants,
    alone keep it from that, they are the reason.
    """
    found: dict[str, str] = {}
    if not window.names:
        return found
    known = np.isfinite(window.values)
    valid = known.mean(axis=0)
    enough = {
        "INSUFFICIENT_SESSIONS": (window.reasons != _EMPTY).mean(axis=0),
        "INSUFFICIENT_TENANTS": (window.reasons != _TENANTS).mean(axis=0),
    }
    for number, name in enumerate(window.names):
        if valid[number] < VALID:
            reasons = (why for why, share in enough.items() if share[number] < VALID)
            found[name] = next(reasons, "MISSING_MINUTES")
        # Before the usual course is taken out, which leaves the rounding of a constant.
        elif _is_still(window.values[known[:, number], number]):
            found[name] = "CONSTANT"
    left = [name for name in window.names if name not in found]
    if len(left) > MOST_REGIONS:
        seen = dict(zip(window.names, window.sessions.sum(axis=0).tolist(), strict=True))
        left.sort(key=lambda name: (-seen[name], name))
        found |= dict.fromkeys(left[MOST_REGIONS:], "TOO_MANY")
    return found


def _is_still(values: Array) -> bool:
    return bool(np.ptp(values) <= STILL * np.abs(values).max())


def calm(
    window: Window, chosen: NDArray[np.intp], weeks: Mapping[str, Sequence[float]]
) -> tuple[Array, bool]:
    """Return (T, K) values of the chosen regions less their usual course.

    That is a region's week in `weeks`, or a daily cycle that is fitted to the window alone; the
    second value is whether all had a week.
    """
    values = window.values[:, chosen]
    names = [window.names[int(n)] for n in chosen]
    usual = np.empty_like(values)
    basis = WEEK.basis(window.minute)
    for number, name in enumerate(names):
        if name in weeks:
            usual[:, number] = basis @ np.asarray(weeks[name], np.float64)
        else:
            own = Profile.fit(values[:, [number]], window.minute, DAY)
            usual[:, number] = DAY.basis(window.minute) @ own.weights[:, 0]
    return values - usual, all(name in weeks for name in names)


def steady(window: Window, chosen: NDArray[np.intp]) -> Array:
    """Return (T, K) sessions for weighing; a bridged minute counts as its region's poorest."""
    counted = np.where(np.isnan(window.values), np.nan, window.sessions)[:, chosen]
    return np.where(np.isnan(counted), np.nanmin(counted, axis=0), counted)


def weeks_of(window: Window) -> dict[str, list[float]]:
    """Return the weights of the week's waves of each region with a value in half of the window."""
    enough = np.isfinite(window.values).mean(axis=0) >= SEEN
    return {
        window.names[n]: Profile.fit(window.values[:, [n]], window.minute, WEEK)
        .weights[:, 0]
        .tolist()
        for n in np.flatnonzero(enough).tolist()
    }
