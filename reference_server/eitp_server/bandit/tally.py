"""What was tried and what came of it: for every arm in every cell, in the state of the server.

A decision is open for as long as an outcome may be credited to it. Open ones are kept one by one,
because how much of a trial each has been so far depends on its age; when its time is over it joins
sums that fade. From then on nothing changes it.
"""

from __future__ import annotations

import json
from bisect import bisect_left, insort
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from eitp_server.bandit.decision import Cell
from eitp_server.bandit.delay import DelayHistogram
from eitp_server.bandit.discount import NOTHING, from_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from eitp_server.bandit.discount import FadingCounts

Key = tuple[Cell, str]
"""A cell and an arm; the empty arm is 'no intervention'."""
Open = tuple[int, int]
"""When the decision was taken, µs, and how long after it the success came, µs; -1 when none has."""

WAITING: Final = -1
_SECOND_US: Final = 1_000_000
_ROUND_US: Final = 60 * _SECOND_US
"""How often it is looked which decisions have matured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The counts of one moment, to be computed with while the server goes on."""

    now_us: int
    faded: Mapping[Key, FadingCounts[float]]
    """Matured decisions; times in seconds."""
    waiting: Mapping[Key, tuple[Open, ...]]
    """Open decisions, oldest first."""
    delays: Mapping[str, Mapping[str, Any]]
    """State of the `DelayHistogram` of each tenant."""


class Tallies:
    """Counts that neither the order nor the repetition of outcomes changes."""

    def __init__(self, *, window_us: int, half_life_us: int) -> None:
        """Keep decisions open for `window_us`; let matured ones weigh half after `half_life_us`."""
        self._window_us = window_us
        self._half_life_s = half_life_us / _SECOND_US
        self._faded: dict[Key, FadingCounts[float]] = {}
        self._open: dict[Key, list[Open]] = {}
        self._delays: dict[str, DelayHistogram] = {}
        self._round = 0
        """Until when it was looked; no part of the state, because looking again changes nothing."""
        self._keys: list[Key] = []
        """Whatever was counted, in the order of `dump`; some of it may be gone."""
        self._lines: dict[Key, str] = {}
        """What `dump` made of the counts that have not changed since."""
        self.events = 0
        """Bookings, credits and maturations since the process began; no part of the state."""

    def book(self, cell: Cell, arm: str, decided_us: int) -> None:
        """Count a decision."""
        key = cell, arm
        if key not in self._open and key not in self._faded:
            self._note(key)
        insort(self._open.setdefault(key, []), (decided_us, WAITING))
        self._changed(key)

    def credit(
        self, cell: Cell, arm: str, *, decided_us: int, delay_us: int, known_us: int = WAITING
    ) -> bool:
        """Note that a decision has succeeded; return False when it is open no more.

        `known_us` is the delay that was noted before, when an earlier success is heard of later.
        """
        if not self._take(cell, arm, (decided_us, known_us)):
            return False
        insort(self._open.setdefault((cell, arm), []), (decided_us, delay_us))
        return True

    def censor(self, cell: Cell, arm: str, *, decided_us: int) -> bool:
        """Forget a decision without a success; return False when it is open no more."""
        return self._take(cell, arm, (decided_us, WAITING))

    def restart(self, tenant_id: str, arm: str) -> None:
        """Forget what is known of an arm of a tenant, which is not what it was any more."""
        for kept in (self._faded, self._open, self._lines):
            for key in [key for key in kept if key[1] == arm and key[0].tenant_id == tenant_id]:
                del kept[key]

    def mature(self, now_us: int) -> None:
        """Move decisions whose window has closed to the sums; at most once a minute of log time."""
        if now_us // _ROUND_US <= self._round:
            return
        self._round = now_us // _ROUND_US
        # Of the round, not of the call: a refused request looks too, and the log does not have it.
        limit = (self._round * _ROUND_US - self._window_us, WAITING - 1)
        for key, waiting in list(self._open.items()):
            if waiting[0] < limit:
                count = bisect_left(waiting, limit)
                self._settle(key, waiting[:count])
                del waiting[:count]
                self.events += count
                if not waiting:
                    del self._open[key]

    def counts(self, cell: Cell, arm: str) -> tuple[float, float]:
        """Return successes and decisions of an arm, open and faded ones as they stand together."""
        faded = self._faded.get((cell, arm), NOTHING)
        waiting = self._open.get((cell, arm), ())
        won = sum(delay != WAITING for _, delay in waiting)
        return faded.successes + won, faded.trials + len(waiting)

    def frame(self, now_us: int) -> Frame:
        """Return a copy of everything; who computes with it disturbs nobody."""
        return Frame(
            now_us=now_us,
            faded=dict(self._faded),
            waiting={key: tuple(waiting) for key, waiting in self._open.items()},
            delays={tenant: delays.dump() for tenant, delays in self._delays.items()},
        )

    def dump(self) -> list[str]:
        """Return the state as lines of JSON; equal states give equal lines, order included.

        A snapshot is taken while everybody waits: the lines of what has not changed are kept.
        """
        keys = [key for key in self._keys if key in self._faded or key in self._open]
        for key in keys:
            if key not in self._lines:
                self._lines[key] = _encode(self._row(key))
        delays = [[tenant, kept.dump()] for tenant, kept in sorted(self._delays.items())]
        return [_encode(delays), *(self._lines[key] for key in keys)]

    def load(self, lines: Iterable[str]) -> None:
        """Take over what `dump` returned."""
        histograms, *rows = json.loads(f"[{','.join(lines)}]")
        self._round = 0
        self._faded, self._open, self._delays, self._lines = {}, {}, {}, {}
        self._keys = []
        for tenant, state in histograms:
            self._delays[tenant] = DelayHistogram()
            self._delays[tenant].load(state)
        for cell, arm, faded, waiting in rows:
            key = Cell.from_row(cell), arm
            self._keys.append(key)
            if faded is not None:
                self._faded[key] = from_row(faded)
            if waiting:
                self._open[key] = [(decided_us, delay_us) for decided_us, delay_us in waiting]

    def _note(self, key: Key) -> None:
        place = bisect_left(self._keys, _order(key), key=_order)
        if place == len(self._keys) or self._keys[place] != key:
            self._keys.insert(place, key)

    def _take(self, cell: Cell, arm: str, decision: Open) -> bool:
        """Take one open decision out; those of one moment that came as far are alike."""
        waiting = self._open.get((cell, arm), [])
        place = bisect_left(waiting, decision)
        if place == len(waiting) or waiting[place] != decision:
            return False
        del waiting[place]
        if not waiting:
            del self._open[cell, arm]
        self._changed((cell, arm))
        return True

    def _settle(self, key: Key, matured: list[Open]) -> None:
        faded = self._faded.get(key, NOTHING)
        delays = self._delays.setdefault(key[0].tenant_id, DelayHistogram())
        for decided_us, delay_us in matured:
            won = delay_us != WAITING
            faded = faded.add(
                successes=float(won),
                trials=1.0,
                at=decided_us / _SECOND_US,
                half_life=self._half_life_s,
            )
            if won:
                closed_us = decided_us + self._window_us
                delays.record(delay_s=delay_us / _SECOND_US, matured_s=closed_us / _SECOND_US)
        self._faded[key] = faded
        self._lines.pop(key, None)

    def _changed(self, key: Key) -> None:
        self.events += 1
        self._lines.pop(key, None)

    def _row(self, key: Key) -> list[Any]:
        cell, arm = key
        faded = self._faded.get(key)
        waiting = self._open.get(key, ())
        return [cell.as_row(), arm, None if faded is None else faded.as_row(), waiting]


def _order(key: Key) -> tuple[str, str, int, int, str]:
    cell, arm = key
    return cell.tenant_id, cell.vertical, cell.label, cell.page_section, arm


# One encoder for all: `json.dumps` makes one for each call.
_encode = json.JSONEncoder(separators=(",", ":")).encode
