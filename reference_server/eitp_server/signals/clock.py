"""The session clock inside the slot tables: whole milliseconds in 32 bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEVER = -(1 << 29)
"""Before any event: far enough to be outside every window, near enough not to overflow."""

LATEST = 1 << 30
"""The last millisecond that tables can hold, twelve days into a session; later ones read as it."""


def whole_ms(t_ms: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
    """Return session times as the tables keep them: (n,) ms, within 0..LATEST."""
    # Half the cost of `np.clip`, which looks its bounds up.
    return np.minimum(np.maximum(t_ms, 0), LATEST).astype(np.int32)
