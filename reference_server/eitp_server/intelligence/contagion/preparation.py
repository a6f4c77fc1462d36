"""From one-minute series with gaps to values that a regression may see."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.intelligence.contagion.profile import LEVEL, Profile
from eitp_server.intelligence.contagion.refusal import Reason, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from eitp_server.intelligence.contagion.gram import Array
    from eitp_server.intelligence.contagion.profile import Cycle

VALID: Final = 0.9
"""Share of the window's minutes that a series needs a value in."""
BRIDGED: Final = 3
"""Minutes without a value that are bridged by a straight line; a longer gap drops its rows."""
STILL: Final = 1e-12
"""A series whose range is below this part of its largest value does not move."""


class Exclusion(StrEnum):
    """Why a series is not part of an analysis."""

    MISSING_MINUTES = "MISSING_MINUTES"
    CONSTANT = "CONSTANT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What is left of a window."""

    values: Array
    """(T, K) distances from the usual course; NaN in rows that do not count."""
    names: tuple[str, ...]
    excluded: Mapping[str, Exclusion]
    weights: Array | None
    """(T,) of the rows."""


def prepare(
    values: Array,
    names: Sequence[str],
    minute: NDArray[np.int64],
    usual: Profile | Cycle = LEVEL,
    *,
    left_out: NDArray[np.bool_] | None = None,
    sessions: Array | None = None,
) -> Prepared:
    """Leave out series with too few values, bridge short gaps, take the usual course out.

    `values` (T, N), NaN where a minute has none; `minute` (T,) of the cycle. `usual` is a profile
    of all N series, or the cycle that is fitted to this window alone. `left_out` (T,) marks rows
    of declared events. `sessions` (T, N) behind each value, above 0: a row weighs their harmonic
    mean, since the variance of a mean goes with 1 / n. Raises Refused (NOT_FINITE, INSUFFICIENT).
    """
    if np.isinf(values).any():
        name = names[int(np.isinf(values).any(axis=0).argmax())]
        raise Refused(Reason.NOT_FINITE, f"{name} holds an infinite value; leave it empty instead")
    excluded = dict(zip(names, (_exclusion(column) for column in values.T), strict=True))
    kept = np.array([n for n, name in enumerate(names) if excluded[name] is None], np.intp)
    if len(kept) < 2:
        raise Refused(Reason.INSUFFICIENT, _too_few(excluded))
    usable = bridged(values[:, kept])
    if left_out is not None:
        usable[left_out] = np.nan
    profile = usual.of(kept) if isinstance(usual, Profile) else Profile.fit(usable, minute, usual)
    return Prepared(
        values=profile.remove(usable, minute),
        names=tuple(str(names[n]) for n in kept.tolist()),
        excluded={name: why for name, why in excluded.items() if why},
        weights=None if sessions is None else _weights(sessions[:, kept]),
    )


def bridged(values: Array) -> Array:
    """Return `values` (T, N) with gaps of up to 3 minutes filled by a straight line.

    Longer gaps, and those at either end, stay NaN.
    """
    found = values.copy()
    for column in found.T:
        missing = np.isnan(column)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]]).astype(np.int8)))
        for begin, end in edges.reshape(-1, 2).tolist():
            if begin > 0 and end < len(column) and end - begin <= BRIDGED:
                steps = end - begin + 1
                rise = (column[end] - column[begin - 1]) / steps
                column[begin:end] = column[begin - 1] + rise * np.arange(1, steps)
    return found


def _exclusion(column: Array) -> Exclusion | None:
    known = column[np.isfinite(column)]
    if len(known) < VALID * len(column):
        return Exclusion.MISSING_MINUTES
    if np.ptp(known) <= STILL * np.abs(known).max():
        return Exclusion.CONSTANT
    return None


def _weights(sessions: Array) -> Array:
    harmonic: Array = sessions.shape[1] / (1.0 / sessions).sum(axis=1)
    return harmonic / float(np.nanmean(harmonic))


def _too_few(excluded: Mapping[str, Exclusion | None]) -> str:
    causes = ", ".join(f"{name} {why}" for name, why in excluded.items() if why)
    kept = sum(why is None for why in excluded.values())
    return f"{kept} series of two that it takes" + (f"; left out: {causes}" if causes else "")
