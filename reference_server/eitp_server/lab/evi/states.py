"""States of sessions from a CSV file, as columns in the order of time."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from math import inf, isnan, nan
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.lab.evi.csv_table import rows, time_us
from eitp_server.lab.evi.error import EviInputError
from eitp_server.volatility.methodology import DIMENSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

GROUPS: Final = ("tenant", "vertical", "region", "page_section")
"""Columns that may be missing; they say which part of the sessions a row belongs to."""
REQUIRED: Final = ("time", "session", *DIMENSIONS)
COLUMNS: Final = (*REQUIRED, *GROUPS)
_EVERY: Final = 5_000
"""Rows between two reports of progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateStream:
    """n states in the order of arrival, those of one moment in the order of the file."""

    at_us: NDArray[np.int64]
    """(n,) below the time of arrival where a state comes late."""
    arrived_us: NDArray[np.int64]
    """(n,) ascending."""
    session: NDArray[np.int64]
    """(n,) 0..sessions-1; sessions of two tenants are two, whatever they are called."""
    states: NDArray[np.float64]
    """(n, 7) NaN where unknown."""
    group: Mapping[str, NDArray[np.int64]]
    """By the names of GROUPS: (n,) a place in `names`."""
    names: Mapping[str, Sequence[str]]
    """By the names of GROUPS: the values that occur."""
    sessions: int


def read_states(
    file: Path, *, as_named: Mapping[str, str] | None = None, progress: Callable[[int], None]
) -> StateStream:
    """Read a file of states; `progress` is told how many rows are in.

    The rows of a session stand in the order of arrival, those of others in any order. Columns are
    `time` (seconds since 1970 or ISO 8601), `session`, the seven dimensions and maybe those of
    GROUPS; an empty cell of a dimension says that it is unknown. `as_named` gives columns that are
    called otherwise. Raises EviInputError with file, line and column, OSError.
    """
    at, session, values = array("q"), array("q"), array("d")
    groups = {name: array("q") for name in GROUPS}
    codes: dict[str, dict[str, int]] = {name: {} for name in GROUPS}
    sessions: dict[tuple[str, str], int] = {}
    names = dict(as_named or {})
    for number, (line, cells) in enumerate(
        rows(file, REQUIRED, optional=GROUPS, as_named=names), start=1
    ):
        at.append(time_us(cells[0], file, line, names.get("time", "time")))
        if not cells[1]:
            column = names.get("session", "session")
            problem = "is empty; every state belongs to a session"
            raise EviInputError.at(file, problem, line=line, column=column)
        belongs = cells[len(REQUIRED) :]
        session.append(sessions.setdefault((belongs[0], cells[1]), len(sessions)))
        for name, text in zip(GROUPS, belongs, strict=True):
            groups[name].append(codes[name].setdefault(text, len(codes[name])))
        for name, text in zip(DIMENSIONS, cells[2:9], strict=True):
            values.append(_value(text, name, file, line, names))
        if number % _EVERY == 0:
            progress(number)
    if not len(at):
        raise EviInputError.at(file, "has no row; an index needs states")
    times, who = np.array(at, np.int64), np.array(session, np.int64)
    arrived = _arrivals(times, who)
    order = np.argsort(arrived, kind="stable")
    return StateStream(
        at_us=times[order],
        arrived_us=arrived[order],
        session=who[order],
        states=np.array(values).reshape(-1, len(DIMENSIONS))[order],
        group={name: np.array(groups[name], np.int64)[order] for name in GROUPS},
        names={name: tuple(codes[name]) for name in GROUPS},
        sessions=len(sessions),
    )


def _arrivals(times: NDArray[np.int64], session: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (n,) when each row can have come: with the latest of its session before it, or later.

    Rows of a session stand in the order of their arrival, those of different ones in any order.
    """
    arrived = np.empty_like(times)
    order = np.argsort(session, kind="stable")
    starts = np.flatnonzero(np.diff(session[order], prepend=-1))
    for own in np.split(order, starts[1:]):
        arrived[own] = np.maximum.accumulate(times[own])
    return arrived


def _value(text: str, name: str, file: Path, line: int, names: Mapping[str, str]) -> float:
    if not text:
        return nan
    try:
        value = float(text)
    except ValueError:
        value = inf
    low = -1.0 if name == "valence" else 0.0
    if isnan(value) or low <= value <= 1:
        return value
    problem = f"{text!r} is no number within {low:g} to 1; leave the cell empty for unknown"
    raise EviInputError.at(file, problem, line=line, column=names.get(name, name))
