"""What was tried and what came of it: for every arm in every cell, in the state of the server.

A decision is open for as long as an outcome may be credited to it. Open ones are kept one by one,
because how much of a trial each has been so far depends on its age; when its time is over it joins
sums that fade. From then on nothing changes it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eitp_server.bandit.delay import DelayHistogram
from eitp_server.bandit.discount import FadingCounts
from eitp_server.bandit.frame import Frame
from eitp_server.bandit.lines import encode
from eitp_server.bandit.open_decisions import WAITING, OpenDecisions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from eitp_server.bandit.decision import Cell

_SECOND_US: Final = 1_000_000
_ROUND_US: Final = _SECOND_US
"""How often it is looked which decisions have matured."""
_LEAST: Final = 256


class Tallies:
    """Counts that neither the order nor the repetition of outcomes changes."""

    def __init__(self, *, window_us: int, half_life_us: int) -> None:
        """Keep decisions open for `window_us`; let matured ones weigh half after `half_life_us`."""
        self._window_us = window_us
        self._half_life_s = half_life_us / _SECOND_US
        self._codes: dict[Cell, int] = {}
        self._cells: list[Cell] = []
        self._cell_lines: list[str] = []
        """The cells as JSON."""
        self._arms: dict[str, int] = {}
        self._rows: list[dict[str, int]] = []
        """By the code of a cell, the row of each of its arms."""
        self._size = 0
        self._cell: NDArray[np.int32] = np.zeros(_LEAST, np.int32)
        self._arm: NDArray[np.int32] = np.zeros(_LEAST, np.int32)
        self._successes: NDArray[np.float64] = np.zeros(_LEAST)
        self._trials: NDArray[np.float64] = np.zeros(_LEAST)
        self._at: NDArray[np.float64] = np.zeros(_LEAST)
        self._open = OpenDecisions()
        self._delays: dict[str, DelayHistogram] = {}
        self._delay_lines: dict[str, str] = {}
        """What `frame` says of each tenant's delays, until they change."""
        self._round = 0
        """Until when it was looked; no part of the state, because looking again changes nothing."""
        self.events = 0
        """Bookings, credits and maturations since the process began; no part of the state."""

    def book(self, cell: Cell, arm: str, decided_us: int) -> None:
        """Count a decision."""
        row = self._row(cell, arm)
        self._open.add(self._new_row(cell, arm) if row is None else row, decided_us)
        self.events += 1

    def credit(
        self, cell: Cell, arm: str, *, decided_us: int, delay_us: int, known_us: int = WAITING
    ) -> bool:
        """Note that a decision has succeeded; return False when it is open no more.

        `known_us` is the delay that was noted before, when an earlier success is heard of later.
        """
        row = self._row(cell, arm)
        known = row is not None and self._open.replace(
            row, decided_us, known_us=known_us, delay_us=delay_us
        )
        self.events += known
        return known

    def censor(self, cell: Cell, arm: str, *, decided_us: int) -> bool:
        """Forget a decision without a success; return False when it is open no more."""
        row = self._row(cell, arm)
        known = row is not None and self._open.remove(row, decided_us)
        self.events += known
        return known

    def restart(self, tenant_id: str, arm: str) -> None:
        """Forget what is known of an arm of a tenant, which is not what it was any more."""
        rows = [
            self._rows[code][arm]
            for cell, code in self._codes.items()
            if cell.tenant_id == tenant_id and arm in self._rows[code]
        ]
        for column in (self._successes, self._trials, self._at):
            column[rows] = 0.0
        self._open.remove_rows(rows)

    def mature(self, now_us: int) -> None:
        """Move decisions whose window has closed to the sums; at most once a second of log time."""
        if now_us // _ROUND_US <= self._round:
            return
        self._round = now_us // _ROUND_US
        # Of the round, not of the call: a refused request looks too, and the log does not have it.
        for decision in self._open.take_before(self._round * _ROUND_US - self._window_us):
            self._settle(*decision)
            self.events += 1

    def frame(self) -> Frame:
        """Return a copy of the whole state; it takes little, because everybody waits meanwhile."""
        for tenant_id, delays in self._delays.items():
            if tenant_id not in self._delay_lines:
                self._delay_lines[tenant_id] = encode([tenant_id, delays.dump()])
        cell, arm = self._cell[: self._size].copy(), self._arm[: self._size].copy()
        successes, trials, at = (
            column[: self._size].copy() for column in (self._successes, self._trials, self._at)
        )
        return Frame(
            cells=list(self._cell_lines),
            arms=list(self._arms),
            cell=cell,
            arm=arm,
            successes=successes,
            trials=trials,
            at=at,
            open=self._open.columns(),
            delays=[self._delay_lines[tenant_id] for tenant_id in self._delays],
        )

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return the state; the same calls in the same order give the same bytes."""
        return self.frame().as_arrays()

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `dump` returned."""
        frame = Frame.from_arrays(arrays)
        self._round = 0
        self._cell_lines = list(frame.cells)
        self._cells = frame.places()
        self._codes = {cell: code for code, cell in enumerate(self._cells)}
        self._arms = {arm: code for code, arm in enumerate(frame.arms)}
        self._rows = [{} for _ in self._cells]
        self._size = len(frame.cell)
        for row, (cell, arm) in enumerate(
            zip(frame.cell.tolist(), frame.arm.tolist(), strict=True)
        ):
            self._rows[cell][frame.arms[arm]] = row
        self._cell, self._arm = frame.cell.copy(), frame.arm.copy()
        self._successes, self._trials = frame.successes.copy(), frame.trials.copy()
        self._at = frame.at.copy()
        self._open.load(frame.open)
        self._delays, self._delay_lines = {}, {}
        for line in frame.delays:
            tenant_id, state = json.loads(line)
            self._delays[tenant_id] = DelayHistogram()
            self._delays[tenant_id].load(state)
            self._delay_lines[tenant_id] = line

    def _row(self, cell: Cell, arm: str) -> int | None:
        code = self._codes.get(cell)
        return None if code is None else self._rows[code].get(arm)

    def _new_row(self, cell: Cell, arm: str) -> int:
        code = self._codes.get(cell)
        if code is None:
            code = self._codes[cell] = len(self._cells)
            self._cells.append(cell)
            self._cell_lines.append(encode(cell.as_row()))
            self._rows.append({})
        row = self._rows[code][arm] = self._size
        if row == len(self._cell):
            self._grow()
        self._cell[row] = code
        self._arm[row] = self._arms.setdefault(arm, len(self._arms))
        self._size += 1
        return row

    def _grow(self) -> None:
        more = max(_LEAST, self._size // 4)
        for name in ("_cell", "_arm", "_successes", "_trials", "_at"):
            column = getattr(self, name)
            setattr(self, name, np.concatenate([column, np.zeros(more, column.dtype)]))

    def _settle(self, row: int, decided_us: int, delay_us: int) -> None:
        won = delay_us != WAITING
        # One after the other: sums of another grouping would differ in their last digit, and how
        # many mature at once depends on when somebody looked.
        faded = FadingCounts(
            successes=float(self._successes[row]),
            trials=float(self._trials[row]),
            at=float(self._at[row]),
        ).add(
            successes=float(won),
            trials=1.0,
            at=decided_us / _SECOND_US,
            half_life=self._half_life_s,
        )
        self._successes[row], self._trials[row] = faded.successes, faded.trials
        self._at[row] = faded.at
        tenant_id = self._cells[int(self._cell[row])].tenant_id
        delays = self._delays.setdefault(tenant_id, DelayHistogram())
        if won:
            closed_us = decided_us + self._window_us
            delays.record(delay_s=delay_us / _SECOND_US, matured_s=closed_us / _SECOND_US)
            self._delay_lines.pop(tenant_id, None)
