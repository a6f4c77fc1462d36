"""The base that an index over a file is scaled by: given, from closes, or from the file itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from eitp_server.lab.evi.csv_table import rows, time_us
from eitp_server.lab.evi.error import EviInputError
from eitp_server.volatility.bar import bars
from eitp_server.volatility.base import (
    DAY_US,
    LEAST_DAYS,
    LEAST_MINUTES,
    LEAST_SPREAD,
    MINUTE_US,
    Base,
    BaseKind,
    BaseSource,
    Closes,
    fixed_base,
    median_and_spread,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from eitp_server.volatility.index import IndexTick

SAME_DATA: Final = "fixed-from-these-data"
"""Identity of a base that was taken from the states that it scales."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """A base, and where it is from."""

    base: Base | None
    origin: str
    """`none`, `given`, `closes` or `these data`."""

    def as_json(self) -> dict[str, Any] | None:
        """Return the base as --base reads it, None without one."""
        if self.base is None:
            return None
        return {
            "base_id": self.base.base_id,
            "median": self.base.median,
            "spread": self.base.spread,
            "valid_minutes": self.base.valid_minutes,
            "origin": self.origin,
        }


def given_base(file: Path) -> Scaling:
    """Read a base from JSON: `median` and `spread`, or a report of this command that has one.

    Raises EviInputError, OSError.
    """
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise EviInputError.at(file, f"is not JSON: {error}") from None
    fields = _fields(document)
    median, spread = (_number(fields, name, file) for name in ("median", "spread"))
    if median <= 0:
        raise EviInputError.at(file, f"median must be above 0, not {median:g}")
    if spread < LEAST_SPREAD:
        raise EviInputError.at(file, f"spread must be {LEAST_SPREAD:g} or more, not {spread:g}")
    base_id = fields.get("base_id")
    named = base_id if isinstance(base_id, str) and base_id else "fixed-given"
    return Scaling(_fixed(named, median, spread, 0, (0, 0)), "given")


def base_of_closes(file: Path) -> Scaling:
    """Take a base from all one-minute closes of a CSV file with the columns `time` and `close`.

    Raises EviInputError where they are not enough, OSError.
    """
    at: list[int] = []
    level: list[float] = []
    for line, (time, close) in rows(file, ("time", "close"), as_named={}):
        at.append(time_us(time, file, line, "time"))
        level.append(_close(close, file, line))
    closes = Closes(np.array(at, np.int64), np.array(level, np.float64))
    if not at:
        raise EviInputError.at(file, "has no row; a base needs closes")
    start_us, end_us = min(at), max(at) + MINUTE_US
    # In force from the first midnight after the last of them.
    effective_us = -(-end_us // DAY_US) * DAY_US
    base = fixed_base(closes, start_us=start_us, end_us=end_us, effective_us=effective_us)
    if base is None:
        raise EviInputError.at(
            file,
            f"has {closes.minutes:,} minutes on {closes.days} days; a base needs "
            f"{LEAST_MINUTES:,} on {LEAST_DAYS}, and half of the closes above 0",
        )
    return Scaling(base, "closes")


def base_of_these_data(ticks: Sequence[IndexTick], tick_us: int) -> Scaling:
    """Take a base from the closes of ticks that have none yet, however few they are.

    Raises EviInputError when no minute has a level that may count.
    """
    minutes = bars(ticks, tick_us=tick_us)
    found = median_and_spread(np.array([bar.level.close for bar in minutes]))
    if found is None:
        reasons = sorted({tick.fault.name for tick in ticks if tick.fault})
        raise EviInputError(
            "no minute of these data has a level to take a base from"
            + (f" ({', '.join(reasons)})" if reasons else "")
            + "; give one by --base or --base-closes"
        )
    window = (minutes[0].start_us, minutes[-1].end_us)
    return Scaling(_fixed(SAME_DATA, *found, len(minutes), window), "these data")


def _fixed(
    base_id: str, median: float, spread: float, minutes: int, window: tuple[int, int]
) -> Base:
    return Base(
        base_id=base_id,
        kind=BaseKind.FIXED,
        source=BaseSource.OWN,
        median=median,
        spread=spread,
        start_us=window[0],
        end_us=window[1],
        valid_minutes=minutes,
        effective_us=window[0],
    )


def _fields(document: object) -> dict[str, object]:
    if not isinstance(document, dict):
        return {}
    fields = cast("dict[str, object]", document)
    inner = fields.get("base")
    return cast("dict[str, object]", inner) if isinstance(inner, dict) else fields


def _number(fields: dict[str, object], name: str, file: Path) -> float:
    value = fields.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return float(value)
    problem = f'has no number "{name}"; write {{"median": 1.0, "spread": 0.1}}'
    raise EviInputError.at(file, problem)


def _close(text: str, file: Path, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if isfinite(value) and value >= 0:
        return value
    problem = f"{text!r} is no level of 0 or more; leave out minutes without one"
    raise EviInputError.at(file, problem, line=line, column="close")
