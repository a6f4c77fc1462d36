"""States through the index: what each tick sums up, as if they came in now."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.lab.evi.error import EviInputError
from eitp_server.volatility.constituent import SILENCE_US, constituents
from eitp_server.volatility.increment import MovementTable, Step, fold
from eitp_server.volatility.methodology import DRAFT, SECOND_US
from eitp_server.volatility.partial import Partials
from eitp_server.volatility.quantile import histogram, quantile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from eitp_server.lab.evi.states import StateStream
    from eitp_server.volatility.constituent import Constituents
    from eitp_server.volatility.methodology import Methodology
    from eitp_server.volatility.partial import Partial

MOST_TICKS: Final = 1_000_000
SHARES: Final = (0.1, 0.5, 0.9)
_EVERY: Final = 100
"""Ticks between two reports of progress."""


@dataclass(frozen=True, slots=True)
class TickSums:
    """What a feed has of a tick."""

    at_us: int
    by_tenant: Mapping[str, Partial]
    quantiles: tuple[float | None, ...]
    """The volatility below which SHARES of the weight lie."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """All ticks from the first state to the last."""

    ticks: tuple[TickSums, ...]
    steps: Mapping[Step, int]
    """How many states became what."""


def replay(
    stream: StateStream,
    *,
    tick_us: int,
    only: Mapping[str, str] | None = None,
    methodology: Methodology = DRAFT,
    progress: Callable[[int], None],
) -> Replayed:
    """Play states in the order of time and sum up at every whole multiple of `tick_us`.

    `only` keeps, by column, sessions whose latest state says so. Raises EviInputError for values
    that never occur and for a stretch of time with more than MOST_TICKS ticks.
    """
    wanted = _codes(stream, only or {})
    table = MovementTable.allocate(stream.sessions)
    latest = {name: np.zeros(stream.sessions, np.int64) for name in stream.group}
    times = _tick_times(stream, tick_us)
    ends = np.searchsorted(stream.arrived_us, times, side="right")
    recent = np.searchsorted(stream.arrived_us, times - SILENCE_US, side="left")
    steps: Counter[Step] = Counter()
    ticks: list[TickSums] = []
    start = 0
    for number, (at_us, oldest, end) in enumerate(
        zip(times.tolist(), recent.tolist(), ends.tolist(), strict=True), start=1
    ):
        steps += _take(stream, slice(start, end), table, latest, methodology)
        slots = np.unique(stream.session[oldest:end])
        for name, code in wanted.items():
            slots = slots[latest[name][slots] == code]
        found = constituents(table, slots, at_us, methodology=methodology)
        ticks.append(_summed(stream, at_us, latest["tenant"][slots], found, methodology))
        start = end
        if number % _EVERY == 0:
            progress(number)
    return Replayed(tuple(ticks), steps)


def ticks_between(stream: StateStream, tick_us: int) -> int:
    """Return how many ticks a replay has."""
    return len(_tick_times(stream, tick_us))


def _tick_times(stream: StateStream, tick_us: int) -> NDArray[np.int64]:
    first, last = (-(-int(at) // tick_us) for at in (stream.arrived_us[0], stream.arrived_us[-1]))
    if last - first >= MOST_TICKS:
        days = (last - first) * tick_us / SECOND_US / 86_400
        raise EviInputError(
            f"the states span {days:,.0f} days, which is {last - first:,} ticks; check the times, "
            f"or let ticks be further apart: at most {MOST_TICKS:,} are computed"
        )
    return np.arange(first, last + 1, dtype=np.int64) * tick_us


def _take(
    stream: StateStream,
    rows: slice,
    table: MovementTable,
    latest: Mapping[str, NDArray[np.int64]],
    methodology: Methodology,
) -> Counter[Step]:
    slots = stream.session[rows]
    taken = fold(
        table,
        slots=slots,
        at_us=stream.at_us[rows],
        states=stream.states[rows],
        methodology=methodology,
    )
    for name, codes in latest.items():
        # The last of repeated slots is what stays.
        codes[slots] = stream.group[name][rows]
    return Counter({Step(code): int(n) for code, n in enumerate(np.bincount(taken)) if n})


def _summed(
    stream: StateStream,
    at_us: int,
    tenant: NDArray[np.int64],
    found: Constituents,
    methodology: Methodology,
) -> TickSums:
    names = stream.names["tenant"]
    parts = Partials.of_sessions(tenant, found).by_key()
    bins = histogram(found)
    return TickSums(
        at_us,
        {names[code]: part for code, part in parts.items()},
        tuple(quantile(bins, share, methodology) for share in SHARES),
    )


def _codes(stream: StateStream, only: Mapping[str, str]) -> dict[str, int]:
    codes: dict[str, int] = {}
    for name, value in only.items():
        there = stream.names[name]
        if value not in there:
            known = ", ".join(sorted(one or "(empty)" for one in there)[:10])
            raise EviInputError(f"no state has the {name} {value!r}; there are {known}")
        codes[name] = there.index(value)
    return codes
