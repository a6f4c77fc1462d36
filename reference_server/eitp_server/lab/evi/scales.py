"""How much each dimension usually changes in a second, from states."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.lab.evi.error import EviInputError
from eitp_server.volatility.increment import MovementTable, fold
from eitp_server.volatility.methodology import DIMENSIONS, DRAFT

if TYPE_CHECKING:
    from eitp_server.lab.evi.states import StateStream
    from eitp_server.volatility.methodology import Methodology

_FOREVER_S: Final = 1e15


def parse_scales(text: str) -> tuple[float, ...]:
    """Read seven numbers, or six without the session phase, which has no weight."""
    try:
        given = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise EviInputError(f"{text!r} is no list of numbers; write 0.04,0.02,...") from None
    if len(given) == len(DIMENSIONS) - 1:
        given = (*given, DRAFT.dimension_scales[-1])
    if len(given) != len(DIMENSIONS):
        raise EviInputError(
            f"{len(given)} scales were given; it takes one for each of {', '.join(DIMENSIONS)}"
        )
    return given


def measured_scales(stream: StateStream, methodology: Methodology = DRAFT) -> tuple[float, ...]:
    """Return (7,) the root mean square change per root second, over the index's own increments.

    A dimension that never moves keeps the scale that it has.
    """
    return tuple(_measured(stream, methodology, place) for place in range(len(DIMENSIONS)))


def _measured(stream: StateStream, methodology: Methodology, place: int) -> float:
    # One dimension alone, at scale 1, with sums that never fade: the rule itself measures.
    only = tuple(float(number == place) for number in range(len(DIMENSIONS)))
    rule = replace(
        methodology,
        dimension_weights=only,
        dimension_scales=(1.0,) * len(DIMENSIONS),
        volatility_half_life_s=_FOREVER_S,
    )
    table = MovementTable.allocate(stream.sessions)
    for rows in np.array_split(np.arange(len(stream.at_us)), len(stream.at_us) // 50_000 + 1):
        fold(
            table,
            slots=stream.session[rows],
            at_us=stream.at_us[rows],
            states=stream.states[rows],
            methodology=rule,
        )
    seconds, squares = float(table.seconds.sum()), float(table.squares.sum())
    return sqrt(squares / seconds) if squares > 0 else methodology.dimension_scales[place]
