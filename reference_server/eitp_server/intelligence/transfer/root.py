"""Where a function of one variable comes down to zero, as exactly as doubles can say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

_RELATIVE: Final = 4 * float(np.finfo(np.float64).eps)
_ABSOLUTE: Final = 1e-300
"""Far below any variance, so that the relative tolerance decides."""


def falling_zero(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where between `low` and `high` a function comes down to 0, by Brent's method.

    An end at which it is there already, be it by rounding, is returned as it is.
    """
    if function(low) <= 0:
        return low
    if function(high) >= 0:
        return high
    # An eighth of a second to import, which every start of the server would wait for.
    from scipy.optimize import brentq

    return float(brentq(function, low, high, xtol=_ABSOLUTE, rtol=_RELATIVE, maxiter=500))
