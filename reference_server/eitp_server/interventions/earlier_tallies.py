"""The tallies of a snapshot that kept them as lines of JSON, one for each arm in each cell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from eitp_server.bandit.frame import Frame
from eitp_server.bandit.lines import encode
from eitp_server.bandit.open_decisions import OpenColumns

if TYPE_CHECKING:
    from collections.abc import Sequence


def frame_of(lines: Sequence[str]) -> Frame:
    """Return what the lines count: first the delays of all tenants, then each row.

    A row is its cell, its arm, the faded successes, trials and moment or nothing, and the open
    decisions with their delays.
    """
    delays, *rows = (json.loads(line) for line in lines)
    cells: dict[str, int] = {}
    arms: dict[str, int] = {}
    cell = [cells.setdefault(encode(row[0]), len(cells)) for row in rows]
    arm = [arms.setdefault(row[1], len(arms)) for row in rows]
    faded = np.array([row[2] or (0.0, 0.0, 0.0) for row in rows], np.float64).reshape(-1, 3)
    waiting = [(at, number, delay) for number, row in enumerate(rows) for at, delay in row[3]]
    # By time; delays of one row and moment ascend, and what waits comes last.
    waiting.sort(key=lambda item: (item[0], item[1], item[2] < 0, item[2]))
    decided_us, row, delay_us = np.array(waiting, np.int64).reshape(-1, 3).T
    return Frame(
        cells=list(cells),
        arms=list(arms),
        cell=np.array(cell, np.int32),
        arm=np.array(arm, np.int32),
        successes=faded[:, 0].copy(),
        trials=faded[:, 1].copy(),
        at=faded[:, 2].copy(),
        open=OpenColumns(row=row.astype(np.int32), decided_us=decided_us, delay_us=delay_us),
        delays=[encode(item) for item in delays],
    )
